"""Total variability of rank 200 on 256 Gaussians of 60 columns: training and i-vectors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks._common import Sidekit, measure
from trfast.embedding.gmm import BaumWelchStatistics, DiagonalGmm
from trfast.embedding.ivector import TotalVariability

N, N_COMPONENTS, N_FEATURES, RANK = 5000, 256, 60, 200

# Segments that SIDEKIT is given: it takes a while, and takes them one by one.
N_SIDEKIT = 500

Array = npt.NDArray[Any]

SIDEKIT = """
import copy, sys
import numpy, sidekit

data = numpy.load(sys.argv[1] + "/model.npz")
ubm = sidekit.Mixture()
ubm.w, ubm.mu, ubm.invcov = data["weights"], data["means"], 1 / data["variances"]
ubm._compute_all()
n = len(data["zeroth"])
matrix = data["matrix"] * numpy.sqrt(ubm.invcov)[:, :, None]
matrix = matrix.reshape(-1, matrix.shape[2])
server = sidekit.StatServer()
server.modelset = server.segset = numpy.array([f"{k:05}" for k in range(n)], dtype=object)
server.start = server.stop = numpy.empty(n, dtype=object)
server.stat0 = data["zeroth"].astype(numpy.float64)
server.stat1 = data["first"].reshape(n, -1).astype(numpy.float64)
server.write(sys.argv[1] + "/statistics.h5")

def vectors():
    analyser = sidekit.FactorAnalyser(F=matrix)
    found = analyser.extract_ivectors_single(ubm, copy.deepcopy(server))
    numpy.save(sys.argv[1] + "/vectors.npy", found.stat1)

def iteration():
    analyser = sidekit.FactorAnalyser()
    analyser.total_variability_single(
        sys.argv[1] + "/statistics.h5", ubm, matrix.shape[1], nb_iter=1, tv_init=matrix.copy()
    )
"""


@pytest.fixture(scope="module")
def model() -> TotalVariability:
    rng = np.random.default_rng(0)
    shape = (N_COMPONENTS, N_FEATURES)
    ubm = DiagonalGmm.of(
        rng.dirichlet(np.full(N_COMPONENTS, 5.0)),
        rng.normal(size=shape),
        rng.uniform(0.3, 1.5, size=shape),
    )
    fitted = TotalVariability(ubm=ubm, rank=RANK, n_threads=1)
    fitted.matrix_ = 0.05 * rng.standard_normal((*shape, RANK), dtype=np.float32)
    return fitted


@pytest.fixture(scope="module")
def statistics(model: TotalVariability) -> BaumWelchStatistics:
    """Segments of some 280 frames, drawn from the model."""
    rng = np.random.default_rng(1)
    counts = rng.gamma(1.0, 280 / N_COMPONENTS, size=(N, N_COMPONENTS)).astype(np.float32)
    w = rng.standard_normal((N, RANK), dtype=np.float32)
    first = np.tensordot(w, model.matrix_, axes=(1, 2))
    first += model.ubm.means_.astype(np.float32)
    first *= counts[:, :, None]
    for k in range(N_COMPONENTS):
        deviation = np.sqrt(counts[:, k, None] * model.ubm.variances_[k]).astype(np.float32)
        first[:, k] += deviation * rng.standard_normal((N, N_FEATURES), dtype=np.float32)
    return BaumWelchStatistics(counts, first)


def torch_posterior(model: TotalVariability, statistics: BaumWelchStatistics) -> Any:
    """Yield the posterior of 500 segments at a time, in float32 and without packing."""
    peer = pytest.importorskip("torch", reason="torch is not installed: trfast[peers]")
    peer.set_num_threads(1)
    matrix = peer.from_numpy(model.matrix_)
    variances = peer.from_numpy(model.ubm.variances_.astype(np.float32))
    means = peer.from_numpy(model.ubm.means_.astype(np.float32))
    scaled = matrix / variances[:, :, None]
    products = (matrix.mT @ scaled).reshape(N_COMPONENTS, -1)
    for start in range(0, N, 500):
        zeroth = peer.from_numpy(statistics.zeroth[start : start + 500])
        first = peer.from_numpy(statistics.first[start : start + 500])
        centred = (first - zeroth[:, :, None] * means).reshape(len(zeroth), -1)
        precision = (zeroth @ products).reshape(-1, RANK, RANK) + peer.eye(RANK)
        factor = peer.linalg.cholesky(precision)
        projected = (centred @ scaled.reshape(-1, RANK))[:, :, None]
        yield zeroth, centred, factor, peer.cholesky_solve(projected, factor)


def torch_vectors(model: TotalVariability, statistics: BaumWelchStatistics) -> Array:
    parts = [mean[:, :, 0].numpy() for *_, mean in torch_posterior(model, statistics)]
    return np.concatenate(parts)


def torch_iteration(model: TotalVariability, statistics: BaumWelchStatistics) -> Any:
    peer = pytest.importorskip("torch", reason="torch is not installed: trfast[peers]")
    moments = peer.zeros(N_COMPONENTS, RANK * RANK)
    projections = peer.zeros(RANK, N_COMPONENTS * N_FEATURES)
    for zeroth, centred, factor, mean in torch_posterior(model, statistics):
        moment = peer.cholesky_inverse(factor) + mean @ mean.mT
        moments += zeroth.T @ moment.reshape(len(mean), -1)
        projections += mean[:, :, 0].T @ centred
    rows = projections.reshape(RANK, N_COMPONENTS, N_FEATURES).transpose(0, 1)
    return peer.linalg.solve(moments.reshape(-1, RANK, RANK), rows)


def test_vectors(benchmark: Any, model: TotalVariability, statistics: BaumWelchStatistics) -> None:
    found = measure(benchmark, "i-vectors", "trfast", model.transform, statistics)
    assert np.isfinite(found).all()


@pytest.mark.slow
def test_vectors_torch(
    benchmark: Any, model: TotalVariability, statistics: BaumWelchStatistics
) -> None:
    found = measure(benchmark, "i-vectors", "torch", torch_vectors, model, statistics)
    np.testing.assert_allclose(found, model.transform(statistics), atol=1e-3)


@pytest.fixture
def sidekit(
    model: TotalVariability, statistics: BaumWelchStatistics, tmp_path: Path
) -> Iterator[Sidekit]:
    Sidekit.interpreter()
    np.savez(
        tmp_path / "model.npz",
        weights=model.ubm.weights_,
        means=model.ubm.means_,
        variances=model.ubm.variances_,
        matrix=model.matrix_,
        zeroth=statistics.zeroth[:N_SIDEKIT],
        first=statistics.first[:N_SIDEKIT],
    )
    with Sidekit(SIDEKIT, tmp_path) as process:
        yield process


@pytest.mark.slow
def test_vectors_sidekit(
    benchmark: Any,
    model: TotalVariability,
    statistics: BaumWelchStatistics,
    sidekit: Sidekit,
    tmp_path: Path,
) -> None:
    share = N_SIDEKIT / N
    measure(benchmark, "i-vectors", "SIDEKIT", sidekit, "vectors", share=share)
    some = BaumWelchStatistics(statistics.zeroth[:N_SIDEKIT], statistics.first[:N_SIDEKIT])
    np.testing.assert_allclose(np.load(tmp_path / "vectors.npy"), model.transform(some), atol=1e-3)


@pytest.mark.slow
def test_training_sidekit(benchmark: Any, sidekit: Sidekit) -> None:
    share = N_SIDEKIT / N
    measure(benchmark, "total variability", "SIDEKIT", sidekit, "iteration", share=share)


def test_training(benchmark: Any, model: TotalVariability, statistics: BaumWelchStatistics) -> None:
    start = model.matrix_

    def iteration() -> None:
        model.matrix_ = start
        model._em_step([statistics])

    measure(benchmark, "total variability", "trfast", iteration)
    model.matrix_ = start


@pytest.mark.slow
def test_training_torch(
    benchmark: Any, model: TotalVariability, statistics: BaumWelchStatistics
) -> None:
    measure(benchmark, "total variability", "torch", torch_iteration, model, statistics)


def test_one_recording(benchmark: Any, model: TotalVariability) -> None:
    """Statistics and i-vectors of 60 segments, 9 minutes of speech, as diarization asks."""
    frames = np.random.default_rng(2).standard_normal((55_000, N_FEATURES), dtype=np.float32)
    offsets = np.linspace(0, len(frames), 61).astype(np.int64)
    ubm = DiagonalGmm.of(model.ubm.weights_, model.ubm.means_, model.ubm.variances_, n_threads=1)

    def embed() -> Array:
        vectors: Array = model.transform(ubm.statistics(frames, offsets))
        return vectors

    measure(benchmark, "statistics and i-vectors of one recording", "trfast", embed)
