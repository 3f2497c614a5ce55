"""Cores: what the machine, the container and OMP_NUM_THREADS allow is used, and no more."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from trfast import _threads
from trfast._threads import available_cores, blas_limit, effective_n_threads, one_thread
from trfast.diarization import Diarizer
from trfast.errors import ParameterError
from trfast.execution import map_recordings, workers
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


def threads_of(api: str) -> list[int]:
    """Threads of each library of that kind."""
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == api]


def test_blas_limit_holds_inside_the_block_only() -> None:
    before = threads_of("blas")
    with blas_limit():
        assert set(threads_of("blas")) == {1}
    assert threads_of("blas") == before


def test_the_lowest_of_nested_limits_holds() -> None:
    with threadpool_limits(limits=3, user_api="blas"):
        with blas_limit(2):
            assert set(threads_of("blas")) == {2}
            with blas_limit(1):
                with blas_limit(2):
                    assert set(threads_of("blas")) == {1}
                assert set(threads_of("blas")) == {1}
            assert set(threads_of("blas")) == {2}
            with blas_limit(8):
                assert set(threads_of("blas")) == {2}
        assert set(threads_of("blas")) == {3}


def test_an_error_inside_ends_the_limit() -> None:
    before = threads_of("blas")
    with pytest.raises(KeyError), blas_limit():
        raise KeyError
    assert threads_of("blas") == before


@pytest.mark.parametrize("limit", [blas_limit, one_thread])
def test_blas_is_as_before_when_the_last_of_two_threads_is_out(
    limit: Callable[[], AbstractContextManager[None]],
) -> None:
    """The second thread enters while the first one is inside, and stays in when it leaves."""
    both_inside, first_outside = threading.Barrier(2, timeout=10), threading.Barrier(2, timeout=10)

    def second() -> list[int]:
        with limit():
            both_inside.wait()
            first_outside.wait()
            return threads_of("blas")

    with threadpool_limits(limits=2, user_api="blas"), ThreadPoolExecutor(1) as pool:
        with limit():
            inside = pool.submit(second)
            both_inside.wait()
        first_outside.wait()
        assert set(inside.result()) == {1}
        assert set(threads_of("blas")) == {2}


def test_threads_that_share_a_diarizer_find_what_each_would_alone() -> None:
    diarizer = Diarizer()
    alone = diarizer(EXAMPLE)
    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(diarizer, [EXAMPLE] * 2):
            assert found.annotation == alone.annotation
            np.testing.assert_array_equal(found.vectors, alone.vectors)


def test_one_thread_holds_openmp_of_its_thread_only() -> None:
    inside, checked = threading.Barrier(2, timeout=10), threading.Barrier(2, timeout=10)

    def other() -> None:
        with one_thread():
            assert set(threads_of("openmp")) == {1}
            inside.wait()
            checked.wait()

    with threadpool_limits(limits=2, user_api="openmp"), ThreadPoolExecutor(1) as pool:
        done = pool.submit(other)
        inside.wait()
        assert set(threads_of("openmp")) == {2}
        checked.wait()
        done.result()


def test_the_environment_is_as_before_when_two_threads_start_workers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "3")
    inside = threading.Event()

    def second() -> None:
        inside.wait(10)
        with workers._one_thread_for_children():
            assert os.environ["OMP_NUM_THREADS"] == "1"

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(second)
        with workers._one_thread_for_children():
            inside.set()
            time.sleep(0.05)  # for one that would not wait to read what is set here
        done.result()
    assert "OMP_NUM_THREADS" not in os.environ
    assert os.environ["MKL_NUM_THREADS"] == "3"


def work(_: int) -> tuple[int, set[int], int, int]:
    """Process, sizes of its thread pools, its threads and cores, after work that takes them all."""
    x = np.random.default_rng(0).normal(size=(2000, 50)).astype(np.float32)
    cosine_components(x, 0.9)
    x @ x.T
    pools = {pool["num_threads"] for pool in threadpool_info()}
    tasks = Path("/proc/self/task")
    n_threads = 2
    if tasks.exists():  # pyarrow, where pandas finds it, has one that tidies its memory
        names = [(task / "comm").read_text() for task in tasks.iterdir()]
        n_threads = sum("jemalloc" not in name for name in names)
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
