"""The best path of states: by hand, the twin, and all paths."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reference import viterbi as reference
from trfast._viterbi import best_path


def path(frames: npt.ArrayLike, penalty: float, block: int, dtype: Any = np.float64) -> list[int]:
    """Best path over frames (rows) and states (columns), given `block` frames at a time."""
    rows = np.array(frames, dtype=dtype)
    blocks = (
        np.ascontiguousarray(rows[first : first + block].T) for first in range(0, len(rows), block)
    )
    return list(best_path(blocks, rows.shape[1], len(rows), penalty=penalty))


@pytest.mark.parametrize(
    ("penalty", "expected"),
    [(0.0, [0, 1, 0, 1, 1]), (1.5, [0, 0, 0, 1, 1]), (9.0, [1, 1, 1, 1, 1])],
)
def test_path_by_hand(penalty: float, expected: list[int]) -> None:
    assert path([[0, -3], [-1, 0], [0, -2], [-4, 0], [-4, 0]], penalty, block=5) == expected


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("block", [1, 7, 60])
@pytest.mark.parametrize("penalty", [0.0, 0.7, 3.0])
@pytest.mark.parametrize("n_states", [1, 2, 4])
def test_path_equals_twin(n_states: int, penalty: float, block: int, dtype: Any) -> None:
    rows = np.random.default_rng(3).normal(size=(60, n_states)).astype(dtype)
    assert path(rows, penalty, block, dtype) == reference.viterbi_path(rows, penalty)


@given(
    st.lists(st.lists(st.integers(-9, 9), min_size=3, max_size=3), min_size=1, max_size=6),
    st.integers(0, 12),
    st.integers(1, 6),
)
def test_no_path_is_better(frames: list[list[int]], penalty: int, block: int) -> None:
    found = path(frames, float(penalty), block)
    assert reference.path_score(found, frames, penalty) == reference.best_score(frames, penalty)


def test_scores_of_float32_add_up_in_double_precision() -> None:
    # 1e8 swallows a 1 in single precision, and state 0 would win.
    frames = [[1e8, 1e8], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]]
    assert path(frames, 0.5, block=4, dtype=np.float32) == [1, 1, 1, 1]


def test_no_frames() -> None:
    found = best_path([], 3, 0, penalty=1.0)
    assert found.shape == (0,)
    assert found.dtype == np.int32
