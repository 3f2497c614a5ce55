"""How many threads to use, and how to hold libraries to one."""

from __future__ import annotations

import mmap
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from threadpoolctl import OpenBLASController, ThreadpoolController

from trfast._checks import check_integer
from trfast._resources import out_of_memory

Item = TypeVar("Item")
Result = TypeVar("Result")

_CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_most_cores: list[int] = []  # what `cores_limit` blocks that run now allow


def available_cores() -> int:
    """Cores this process may use: affinity, container quota and ``OMP_NUM_THREADS``.

    Examples
    --------
    >>> available_cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    limit = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]  # a number for each nested level
    if limit.isdigit() and int(limit) > 0:
        cores = min(cores, int(limit))
    return max(1, min(cores, _cgroup_cores(), *_most_cores))


@contextmanager
def cores_limit(most: int) -> Iterator[None]:
    """Context manager: this process takes at most so many cores inside the block.

    Examples
    --------
    >>> with cores_limit(1):
    ...     available_cores()
    1
    """
    _most_cores.append(most)
    try:
        yield
    finally:
        _most_cores.remove(most)


def _cgroup_cores() -> int:
    """CPU quota of the container (cgroup v2), rounded up; a large number where there is none."""
    try:
        quota, period = _CGROUP_QUOTA.read_text("ascii").split()
    except (OSError, ValueError):
        return 1 << 16
    return 1 << 16 if quota == "max" else max(1, -(-int(quota) // int(period)))


def effective_n_threads(n_threads: int | None) -> int:
    """Turn the ``n_threads`` argument of a public function into a number.

    Parameters
    ----------
    n_threads : int or None
        ``None`` takes all available cores; otherwise at least 1.

    Examples
    --------
    >>> effective_n_threads(1)
    1
    """
    if n_threads is None:
        return available_cores()
    return check_integer(n_threads, "n_threads", least=1)


def map_in_threads(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    n_threads: int | None,
    executor: Executor | None = None,
) -> list[Result]:
    """Call `function` with each item, in this thread if one is enough; or on an executor, which
    gets the function once if it is a `DaskExecutor`."""
    if executor is not None:
        sent = executor.shared(function) if hasattr(executor, "shared") else function
        return [
            future.result() for future in [executor.submit(_alone, sent, item) for item in items]
        ]
    n = min(effective_n_threads(n_threads), len(items))
    if n <= 1:
        return [function(item) for item in items]
    with ThreadPoolExecutor(n) as threads:
        return list(threads.map(function, items))


def _alone(function: Callable[[Item], Result], item: Item) -> Result:
    with blas_limit():
        return function(item)


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


# The number of threads of BLAS is one for the whole process. Whoever saved and restored it alone
# would restore the limit of another thread that is still inside, and leave it so for good.
_lock = threading.Lock()
_limits: list[int] = []  # of the blocks that run now, in whatever thread
_held: dict[str, tuple[Any, int]] = {}  # BLAS libraries by file, and their threads before


# Bytes that OpenBLAS takes when it first multiplies, twice: NumPy and SciPy have one each.
_BUFFERS = 2 * (33 << 20)


@cache
def take_blas_buffers() -> None:
    """Let BLAS take its memory, if there is enough: it asks for ever where there is not.

    Raises
    ------
    ResourceError
        If there is too little.
    """
    from trfast._ext import _ivector  # whose products are SciPy's; scipy.linalg takes long to load

    try:
        mmap.mmap(-1, _BUFFERS).close()
        x = np.ones((200, 200), np.float32)  # products of fewer rows take none
        _ivector.add_products(x, x @ x, np.zeros((200, 200)), 1)
    except (MemoryError, OSError) as error:
        raise out_of_memory(error) from error


@contextmanager
def blas_limit(n_threads: int = 1) -> Iterator[None]:
    """Context manager: BLAS uses at most `n_threads` inside the block.

    Of blocks that run at a time, in one thread or in several, the lowest limit holds for the
    process. The first one in saves what was set before, and the last one out restores it: until
    then BLAS is limited in threads that have nothing to do with trfast too.

    Examples
    --------
    >>> with blas_limit():
    ...     sorted({pool["num_threads"] for pool in _controller().select(user_api="blas").info()})
    [1]
    """
    with _blas_limit(n_threads, _controller()):
        yield


@contextmanager
def one_thread() -> Iterator[None]:
    """Context manager: BLAS, as in `blas_limit`, and OpenMP use one thread inside the block.

    OpenMP keeps a number for each thread of Python, so that only this one's is set. It covers
    libraries that were loaded just now, which takes a millisecond to find out.
    """
    controller = ThreadpoolController()
    with _blas_limit(1, controller), controller.limit(limits=1, user_api="openmp"):
        yield


@contextmanager
def _blas_limit(n_threads: int, controller: ThreadpoolController) -> Iterator[None]:
    take_blas_buffers()
    libraries = [library for library in controller.lib_controllers if library.user_api == "blas"]
    own = [(library, library.num_threads) for library in libraries if _is_of_a_thread(library)]
    for library, before in own:
        library.set_num_threads(min(before, n_threads))
    with _lock:
        _limits.append(n_threads)
        for library in libraries:
            # None: a library that does not say.
            if not _is_of_a_thread(library) and (threads := library.num_threads) is not None:
                _held.setdefault(library.filepath, (library, threads))
        _limit_held()
    try:
        yield
    finally:
        with _lock:
            _limits.remove(n_threads)
            _limit_held()
            if not _limits:
                _held.clear()
        for library, before in own:
            library.set_num_threads(before)


def _limit_held() -> None:
    for library, before in _held.values():
        wanted = min([before, *_limits])
        if library.num_threads != wanted:
            _let_any_thread_set()
            library.set_num_threads(wanted)
            _let_any_thread_set()


# Since threadpoolctl 3.8, OpenBLAS obeys in silence only the thread that limited it first; here,
# the last one out may be any. And where OpenBLAS is built on OpenMP, a number is set for a thread.
_HAS_OWNER = hasattr(OpenBLASController, "clear_controlling_thread")


def _let_any_thread_set() -> None:
    if _HAS_OWNER:
        OpenBLASController.clear_controlling_thread(force=True)


def _is_of_a_thread(library: Any) -> bool:
    is_openmp = getattr(library, "threading_layer", None) == "openmp"
    return _HAS_OWNER and is_openmp and isinstance(library, OpenBLASController)
