"""Agglomeration of 1,000 windows of 240 dimensions by evidence, beside the peers' linkages.

Nobody else joins by this criterion; Ward's, on vectors, is the nearest that they have, and costs
one product a pair where evidence costs a division and a logarithm.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.cluster.hierarchy import fcluster
from scipy.cluster.hierarchy import linkage as scipy_linkage

from benchmarks._common import measure
from trfast.evidence import agglomerate

N, D, N_SPEAKERS = 1_000, 240, 8

Array = npt.NDArray[Any]


@pytest.fixture(scope="module")
def eigenvalues() -> Array:
    return np.linspace(8, 0.2, D).astype(np.float32)


@pytest.fixture(scope="module")
def windows(eigenvalues: Array) -> Array:
    """Speakers as the model draws them."""
    rng = np.random.default_rng(0)
    voices = rng.normal(size=(N_SPEAKERS, D)) * np.sqrt(eigenvalues)
    noise = rng.normal(size=(N, D))
    return (voices[rng.integers(0, N_SPEAKERS, N)] + noise).astype(np.float32)


def trfast(x: Array, v: Array) -> int:
    return int(agglomerate(x, np.full(len(x), 0.5), v).max()) + 1


def scipy_ward(x: Array, _: Array) -> int:
    return int(fcluster(scipy_linkage(x, "ward"), N_SPEAKERS, criterion="maxclust").max())


def fastcluster(x: Array, _: Array) -> int:
    peer = pytest.importorskip("fastcluster", reason="fastcluster is not installed: trfast[peers]")
    return int(fcluster(peer.linkage_vector(x, "ward"), N_SPEAKERS, criterion="maxclust").max())


@pytest.mark.parametrize("system", [trfast, scipy_ward, fastcluster], ids=lambda f: f.__name__)
def test_evidence(benchmark: Any, windows: Array, eigenvalues: Array, system: Any) -> None:
    assert measure(benchmark, "evidence", system.__name__, system, windows, eigenvalues) == 8


@pytest.mark.parametrize("hours", [1, 24])
def test_long_recordings(benchmark: Any, windows: Array, eigenvalues: Array, hours: int) -> None:
    """Each 4,800 units an hour, in blocks of neighbours first."""
    x = np.tile(windows, (5 * hours, 1))
    measure(benchmark, f"evidence, {hours} h", "trfast", trfast, x, eigenvalues)
