"""The assignment of thousands of speakers, against SciPy's dense one."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array

from trfast._matching import PAIRS_AT_ONCE
from trfast.evaluation import sweep

N_SPEAKERS, N_INTERVALS = 1_500, 9_000


@pytest.mark.parametrize("room", [10, N_SPEAKERS], ids=["recordings", "collection"])
def test_the_best_mapping_of_many_speakers(room: int) -> None:
    # Who speaks is mixed up with others of the same room; with one room, with everybody.
    rng = np.random.default_rng(0)
    reference = rng.integers(N_SPEAKERS, size=N_INTERVALS)
    hypothesis = reference // room * room + rng.integers(room, size=N_INTERVALS)
    seconds = rng.integers(5, size=N_INTERVALS).astype(float)  # ties, and time without weight
    speaks, said = (
        csr_array((np.ones(N_INTERVALS), (who, np.arange(N_INTERVALS))), (N_SPEAKERS, N_INTERVALS))
        for who in (reference, hypothesis)
    )
    common = sweep.time_in_common(speaks, said, seconds)
    assert common.nnz > 2 * PAIRS_AT_ONCE
    mapping = sweep.best_mapping(speaks, said, seconds)
    assert mapping.sum(axis=0).max() == mapping.sum(axis=1).max() == 1
    dense = common.toarray()
    best = dense[linear_sum_assignment(dense, maximize=True)].sum()
    assert mapping.multiply(common).sum() == pytest.approx(best)


def test_nobody_to_map() -> None:
    nobody = csr_array((3, 0))
    assert sweep.best_mapping(nobody, csr_array((2, 0)), np.zeros(0)).shape == (3, 2)
