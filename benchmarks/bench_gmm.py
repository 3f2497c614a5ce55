"""Posteriors, Baum-Welch statistics and UBM training: 60 columns, 256 Gaussians."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.mixture import GaussianMixture

from benchmarks._common import Sidekit, measure
from trfast.embedding.gmm import DiagonalGmm

N_COMPONENTS, N_FEATURES = 256, 60

Array = npt.NDArray[Any]
Work = Callable[[], Any]

SIDEKIT = """
import itertools, sys
import numpy, sidekit
from sidekit.mixture import sum_log_probabilities

frames = numpy.load(sys.argv[1] + "/frames.npy")
data = numpy.load(sys.argv[1] + "/ubm.npz")
ubm = sidekit.Mixture()
ubm.w, ubm.mu, ubm.invcov = data["weights"], data["means"], 1 / data["variances"]
ubm._compute_all()

def statistics():
    found = []
    for a, b in itertools.pairwise(data["offsets"]):
        posterior, _ = sum_log_probabilities(ubm.compute_log_posterior_probabilities(frames[a:b]))
        found.append((posterior.sum(0), posterior.T @ frames[a:b]))

def iteration():
    accumulators = sidekit.Mixture()
    accumulators.w, accumulators.mu, accumulators.invcov = (
        numpy.zeros_like(part) for part in (ubm.w, ubm.mu, ubm.invcov)
    )
    for a, b in itertools.pairwise(data["offsets"]):
        ubm._expectation(accumulators, frames[a:b])
"""


@pytest.fixture(scope="module")
def ubm() -> DiagonalGmm:
    rng = np.random.default_rng(0)
    shape = (N_COMPONENTS, N_FEATURES)
    return DiagonalGmm.of(
        rng.dirichlet(np.full(N_COMPONENTS, 5.0)),
        rng.normal(scale=0.38, size=shape),
        rng.uniform(0.3, 1, size=shape),
        n_threads=1,
    )


@pytest.fixture(scope="module")
def frames(ubm: DiagonalGmm) -> Array:
    """60,000 frames, each Gaussian heard for 50 ms; 7 posteriors a frame are above 0.001."""
    rng = np.random.default_rng(1)
    heard = np.repeat(rng.choice(N_COMPONENTS, size=12_000, p=ubm.weights_), 5)
    noise = rng.standard_normal((60_000, N_FEATURES))
    drawn: Array = ubm.means_[heard] + np.sqrt(ubm.variances_[heard]) * noise
    return drawn.astype(np.float32)


def trfast(ubm: DiagonalGmm, frames: Array, offsets: Array) -> Work:
    return lambda: ubm.statistics(frames, offsets)


def trfast_exact(ubm: DiagonalGmm, frames: Array, offsets: Array) -> Work:
    exact = DiagonalGmm.of(ubm.weights_, ubm.means_, ubm.variances_, posterior_floor=0, n_threads=1)
    return trfast(exact, frames, offsets)


def torch(ubm: DiagonalGmm, frames: Array, offsets: Array, *, order: int = 1) -> Work:
    peer = pytest.importorskip("torch", reason="torch is not installed: trfast[peers]")
    peer.set_num_threads(1)
    linear, bias = map(peer.from_numpy, ubm._linear_form(np.float32))
    x = peer.from_numpy(frames)

    def work() -> list[Any]:
        found = []
        for a, b in pairwise(offsets.tolist()):
            y = peer.cat([x[a:b], x[a:b] ** 2], dim=1)
            posterior = peer.softmax(peer.addmm(bias, y, linear.T), dim=1)
            found.append((posterior.sum(dim=0), posterior.T @ y[:, : order * N_FEATURES]))
        return found

    return work


def scikit_learn(ubm: DiagonalGmm, frames: Array, offsets: Array) -> Work:
    peer = GaussianMixture(N_COMPONENTS, covariance_type="diag")
    peer.weights_, peer.means_ = ubm.weights_, ubm.means_
    peer.covariances_, peer.precisions_cholesky_ = ubm.variances_, ubm.variances_**-0.5

    def work() -> list[Any]:
        found = []
        for a, b in pairwise(offsets):
            posterior = peer.predict_proba(frames[a:b])
            found.append((posterior.sum(axis=0), posterior.T @ frames[a:b]))
        return found

    return work


def sidekit(folder: Path, ubm: DiagonalGmm, frames: Array, offsets: Array) -> Sidekit:
    """Return a process of SIDEKIT that has the data."""
    Sidekit.interpreter()
    np.save(folder / "frames.npy", frames)
    np.savez(
        folder / "ubm.npz",
        weights=ubm.weights_,
        means=ubm.means_,
        variances=ubm.variances_,
        offsets=offsets,
    )
    return Sidekit(SIDEKIT, folder)


MAKERS = {
    "trfast": trfast,
    "trfast, all posteriors": trfast_exact,
    "torch": torch,
    "scikit-learn": scikit_learn,
}
SYSTEMS = [*list(MAKERS)[:3], pytest.param("scikit-learn", marks=pytest.mark.slow)]


@pytest.mark.parametrize("system", SYSTEMS)
def test_statistics(benchmark: Any, ubm: DiagonalGmm, frames: Array, system: str) -> None:
    work = MAKERS[system](ubm, frames, np.array([0, len(frames)]))
    measure(benchmark, "statistics", system, work)


@pytest.mark.slow
def test_statistics_sidekit(
    benchmark: Any, ubm: DiagonalGmm, frames: Array, tmp_path: Path
) -> None:
    with sidekit(tmp_path, ubm, frames, np.array([0, len(frames)])) as process:
        measure(benchmark, "statistics", "SIDEKIT", process, "statistics")


@pytest.fixture(scope="module")
def segments(frames: Array) -> tuple[Array, Array]:
    """1.4 M frames and the bounds of 5,000 segments."""
    lengths = 30 + np.random.default_rng(2).multinomial(1_250_000, np.full(5000, 1 / 5000))
    return np.tile(frames, (24, 1))[: lengths.sum()], np.append(0, np.cumsum(lengths))


@pytest.mark.parametrize("system", SYSTEMS)
def test_segment_statistics(benchmark: Any, ubm: DiagonalGmm, segments: Any, system: str) -> None:
    measure(benchmark, "segment statistics", system, MAKERS[system](ubm, *segments))


@pytest.mark.slow
def test_segment_statistics_sidekit(
    benchmark: Any, ubm: DiagonalGmm, segments: Any, tmp_path: Path
) -> None:
    with sidekit(tmp_path, ubm, *segments) as process:
        measure(benchmark, "segment statistics", "SIDEKIT", process, "statistics")


@pytest.fixture(scope="module")
def recordings(segments: Any) -> tuple[Array, Array]:
    """1 M frames, 10,000 a recording."""
    return segments[0][:1_000_000], np.arange(0, 1_000_001, 10_000)


@pytest.mark.parametrize(("system", "floor"), [("trfast", 1e-3), ("trfast, all posteriors", 0.0)])
def test_ubm(benchmark: Any, ubm: DiagonalGmm, recordings: Any, system: str, floor: float) -> None:
    x = [recordings[0][a:b] for a, b in pairwise(recordings[1])]
    model = DiagonalGmm.of(
        ubm.weights_, ubm.means_, ubm.variances_, posterior_floor=floor, n_threads=1
    )
    measure(benchmark, "ubm", system, model.accumulate, x)


@pytest.mark.slow
def test_ubm_torch(benchmark: Any, ubm: DiagonalGmm, recordings: Any) -> None:
    measure(benchmark, "ubm", "torch", torch(ubm, *recordings, order=2))


@pytest.mark.slow
def test_ubm_sidekit(benchmark: Any, ubm: DiagonalGmm, recordings: Any, tmp_path: Path) -> None:
    with sidekit(tmp_path, ubm, *recordings) as process:
        measure(benchmark, "ubm", "SIDEKIT", process, "iteration")
