"""Viterbi resegmentation: changes by hand, and S4D's answer on a real show."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from trfast.errors import ParameterError
from trfast.segmentation import resegmentation
from trfast.segmentation.resegmentation import viterbi_resegmentation


def two_speakers(dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
    x = np.random.default_rng(0).normal(size=(1200, 5))
    x[400:900] += 4
    return x.astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_border_moves_to_the_change(dtype: npt.DTypeLike) -> None:
    segments, labels = viterbi_resegmentation(
        two_speakers(dtype), [[0, 430], [430, 860], [860, 1200]], [5, 2, 5]
    )
    assert labels.tolist() == [5, 2, 5]
    assert segments[:, 0].tolist() == [0, 400, 900]


def test_pieces_of_one_cluster_become_one_and_regions_stay() -> None:
    x = two_speakers()
    segments, labels = viterbi_resegmentation(
        x, [[0, 200], [200, 380], [410, 800], [920, 1200]], [0, 0, 1, 0]
    )
    assert segments.tolist() == [[0, 380], [410, 800], [920, 1200]]
    assert labels.tolist() == [0, 1, 0]


def test_local_runs_know_their_own_clusters_only() -> None:
    x = two_speakers()
    given = [[0, 200], [230, 600], [620, 900]], [0, 0, 1]
    segments, labels = viterbi_resegmentation(x, *given, local=True)
    assert (segments.tolist(), labels.tolist()) == given
    moved = viterbi_resegmentation(x, [[0, 430], [430, 900]], [0, 1], local=True)
    assert moved[0].tolist() == [[0, 400], [400, 900]]


def test_of_many_frames_some_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resegmentation, "_MOST_FRAMES", 120)
    segments, _ = viterbi_resegmentation(
        two_speakers(), [[0, 430], [430, 860], [860, 1200]], [5, 2, 5]
    )
    assert segments[:, 0].tolist() == [0, 400, 900]


def test_block_size_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    segments, labels = [[0, 430], [430, 860], [860, 1200]], [0, 1, 0]
    whole = viterbi_resegmentation(two_speakers(), segments, labels)
    monkeypatch.setattr(resegmentation, "_BLOCK", 77)
    blocked = viterbi_resegmentation(two_speakers(), segments, labels)
    assert blocked[0].tolist() == whole[0].tolist()
    assert blocked[1].tolist() == whole[1].tolist()


@pytest.mark.parametrize("n_frames", [1, 3, 60])
def test_clusters_of_few_or_equal_frames(n_frames: int) -> None:
    x = np.full((200, 3), -80.0)
    x[n_frames:] = np.random.default_rng(1).normal(size=(200 - n_frames, 3))
    segments, labels = viterbi_resegmentation(x, [[0, n_frames], [n_frames, 200]], [0, 1])
    assert segments[0, 0] == 0
    assert segments[-1, 1] == 200
    assert labels[-1] == 1


def test_nothing_in_nothing_out() -> None:
    segments, labels = viterbi_resegmentation(np.ones((10, 3)), [], [])
    assert segments.shape == (0, 2)
    assert labels.shape == (0,)


def test_nearly_equals_s4d(golden: Path) -> None:
    # The mixtures differ in how they are split and floored, so borders move by a few frames
    # where the two models are about as good.
    with np.load(golden / "f_segmentation.npz") as file:
        show = dict(file)
    names, states = np.unique(show["viterbi_in_labels"], return_inverse=True)

    def frames(segments: npt.NDArray[Any], labels: Iterable[int]) -> npt.NDArray[Any]:
        result = np.full(len(show["cep"]), -1)
        for (first, last), label in zip(segments, labels, strict=True):
            result[first:last] = label
        return result

    segments, labels = viterbi_resegmentation(show["cep"], show["hac_a1.5_segs"], states)
    ours = frames(segments, labels)
    place = {name: state for state, name in enumerate(names)}
    theirs = frames(show["viterbi_segs"], [place[name] for name in show["viterbi_labels"]])
    assert ((ours < 0) == (theirs < 0)).all()
    assert (ours == theirs)[ours >= 0].mean() > 0.99
    assert len(segments) == len(show["viterbi_segs"])


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        ([0], {}, "one a segment"),
        ([0, 1], {"n_gaussians": 0}, "n_gaussians must be at least 1"),
        ([0, 1], {"penalty": -1.0}, "penalty must be 0 or more"),
    ],
)
def test_wrong_arguments_are_named(labels: list[int], options: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        viterbi_resegmentation(np.ones((20, 2)), [[0, 10], [10, 20]], labels, **options)
