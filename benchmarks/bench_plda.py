"""PLDA of rank 100 on vectors of 200 dimensions: scores of 5,000 x 5,000, and training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks._common import OURS, Sidekit, measure
from trfast.scoring import Plda

N, D, RANK = 5_000, 200, 100

Array = npt.NDArray[Any]

SIDEKIT = """
import sys
import numpy, sidekit
from sidekit.iv_scoring import fast_PLDA_scoring

data = numpy.load(sys.argv[1] + "/plda.npz")
n = len(data["vectors"])
names = numpy.array([f"{k:05}" for k in range(n)], dtype=object)
server, trials = sidekit.StatServer(), sidekit.Ndx()
server.modelset = server.segset = trials.modelset = trials.segset = names
server.start = server.stop = numpy.empty(n, dtype=object)
server.stat0, server.stat1 = numpy.ones((n, 1)), data["vectors"].astype(numpy.float64)
trials.trialmask = numpy.ones((n, n), dtype=bool)

def scores():
    found = fast_PLDA_scoring(
        server, server, trials, data["mean"], data["factor"], data["within"], check_missing=False
    )
    numpy.save(sys.argv[1] + "/scores.npy", found.scoremat[:50, :50])
"""


@pytest.fixture(scope="module")
def vectors() -> Array:
    """Five vectors a speaker."""
    rng = np.random.default_rng(0)
    speakers = rng.normal(size=(N // 5, RANK)) @ rng.normal(size=(RANK, D)) / 10
    return (np.repeat(speakers, 5, axis=0) + rng.normal(size=(N, D))).astype(np.float32)


@pytest.fixture(scope="module")
def model(vectors: Array) -> Plda:
    return Plda(rank=RANK).fit(vectors, np.arange(N) // 5)


def full_rank(model: Plda, x: Array) -> Array:
    """The textbook's ``x'Qx + y'Qy + 2 x'Py`` in all dimensions; less the constant."""
    between = model.factor_ @ model.factor_.T
    total = between + model.within_
    inverse = np.linalg.inv(total)
    schur = np.linalg.inv(total - between @ inverse @ between)
    p, q = (inverse @ between @ schur).astype(x.dtype), (inverse - schur).astype(x.dtype)
    centred = x - model.mean_.astype(x.dtype)
    own = np.einsum("ij,ij->i", centred @ q, centred) / 2
    result = centred @ p @ centred.T
    result += own[:, None]
    result += own
    return np.asarray(result)


def test_scores(benchmark: Any, vectors: Array, model: Plda) -> None:
    scores = measure(benchmark, "PLDA scores", OURS, model.similarity, vectors)
    expected = full_rank(model, vectors[:50])
    constant = model.similarity(model.mean_[None])
    np.testing.assert_allclose(scores[:50, :50], expected + constant, atol=1e-2)


def test_scores_of_numpy(benchmark: Any, vectors: Array, model: Plda) -> None:
    scores = measure(benchmark, "PLDA scores", "NumPy, all dimensions", full_rank, model, vectors)
    assert scores.shape == (N, N)


def test_scores_sidekit(benchmark: Any, vectors: Array, model: Plda, tmp_path: Path) -> None:
    Sidekit.interpreter()
    np.savez(
        tmp_path / "plda.npz",
        vectors=vectors,
        mean=model.mean_,
        factor=model.factor_,
        within=model.within_,
    )
    with Sidekit(SIDEKIT, tmp_path) as process:
        measure(benchmark, "PLDA scores", "SIDEKIT", process, "scores")
    found = np.load(tmp_path / "scores.npy")
    np.testing.assert_allclose(found, model.similarity(vectors[:50]), atol=1e-2)


def test_scores_of_sets(benchmark: Any, vectors: Array, model: Plda) -> None:
    counts = np.arange(N) % 10 + 1
    scores = measure(
        benchmark,
        "PLDA scores of sets",
        OURS,
        model.similarity_of_sets,
        counts,
        vectors * counts[:, None],
    )
    assert scores.shape == (N, N)


def test_training(benchmark: Any, vectors: Array) -> None:
    labels = np.arange(N) // 5
    model = measure(benchmark, "PLDA training", OURS, Plda(rank=RANK).fit, vectors, labels)
    assert model.eigenvalues_.shape == (RANK,)
