"""Cores: what the machine, the container and OMP_NUM_THREADS allow is used, and no more."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from trfast import _threads
from trfast._threads import available_cores, blas_limit, effective_n_threads
from trfast.diarization import Diarizer
from trfast.errors import ParameterError
from trfast.execution import map_recordings
from trfast.scoring import cosine_components

EXAMPLE = Path(__file__).parents[1] / "examples" / "audio" / "show-1.opus"


@pytest.fixture
def eight_cores(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Eight cores and no limit; returns the file in which a container's quota would stand."""
    quota = tmp_path / "cpu.max"
    monkeypatch.setattr(_threads, "_CGROUP_QUOTA", quota)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    return quota


def test_cores_are_those_of_the_affinity(eight_cores: Path) -> None:
    assert not eight_cores.exists()
    assert available_cores() == 8


@pytest.mark.parametrize(
    ("quota", "cores"),
    [
        ("max 100000\n", 8),
        ("400000 100000\n", 4),
        ("150000 100000\n", 2),
        ("50000 100000\n", 1),
        ("1600000 100000\n", 8),
        ("not a quota\n", 8),
    ],
)
def test_quota_of_a_container(eight_cores: Path, quota: str, cores: int) -> None:
    eight_cores.write_text(quota)
    assert available_cores() == cores


@pytest.mark.usefixtures("eight_cores")
@pytest.mark.parametrize(
    ("value", "cores"), [("3", 3), ("1", 1), ("2,1", 2), ("64", 8), ("0", 8), ("", 8), ("many", 8)]
)
def test_omp_num_threads(monkeypatch: pytest.MonkeyPatch, value: str, cores: int) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert available_cores() == cores


@pytest.mark.usefixtures("eight_cores")
def test_number_of_threads() -> None:
    assert effective_n_threads(None) == 8
    assert effective_n_threads(3) == 3
    with pytest.raises(ParameterError, match="at least 1, got 0"):
        effective_n_threads(0)


def test_blas_limit_holds_inside_the_block_only() -> None:
    def blas_threads() -> list[int]:
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    before = blas_threads()
    with blas_limit():
        assert set(blas_threads()) == {1}
    assert blas_threads() == before


def work(_: int) -> tuple[int, set[int], int, int]:
    """Process, sizes of its thread pools, its threads and cores, after work that takes them all."""
    x = np.random.default_rng(0).normal(size=(2000, 50)).astype(np.float32)
    cosine_components(x, 0.9)
    x @ x.T
    pools = {pool["num_threads"] for pool in threadpool_info()}
    tasks = Path("/proc/self/task")
    n_threads = len(list(tasks.iterdir())) if tasks.exists() else 2
    return os.getpid(), pools, n_threads, available_cores()


def test_jobs_are_processes_of_one_thread() -> None:
    outcomes = [outcome.result for outcome in map_recordings(work, range(6), jobs=2)]
    results = [result for result in outcomes if result is not None]
    assert len(results) == 6
    assert len({process for process, *_ in results} - {os.getpid()}) <= 2
    for _, pools, n_threads, cores in results:
        assert pools == {1}
        assert n_threads == 2  # that of the work, and the one that watches the parent
        assert cores == 1


def test_omp_num_threads_limits_the_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    (outcome, *_) = list(map_recordings(work, range(2)))
    assert outcome.result is not None
    assert outcome.result[0] == os.getpid()


def test_a_recording_is_diarized_in_one_thread() -> None:
    diarizer = Diarizer()
    thread, process = time.thread_time(), time.process_time()
    diarizer(EXAMPLE)
    thread, process = time.thread_time() - thread, time.process_time() - process
    assert process < 1.1 * thread
