"""How many threads to use, and how to hold BLAS to one."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TypeVar

from threadpoolctl import ThreadpoolController

from trfast.errors import ParameterError

Item = TypeVar("Item")
Result = TypeVar("Result")

_CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")


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
    return max(1, min(cores, _cgroup_cores()))


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
    if n_threads < 1:
        raise ParameterError(f"n_threads must be at least 1, got {n_threads}")
    return int(n_threads)


def map_in_threads(
    function: Callable[[Item], Result], items: Sequence[Item], n_threads: int | None
) -> list[Result]:
    """Call `function` with each item, in this thread if one is enough."""
    n = min(effective_n_threads(n_threads), len(items))
    if n <= 1:
        return [function(item) for item in items]
    with ThreadPoolExecutor(n) as threads:
        return list(threads.map(function, items))


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def blas_limit(n_threads: int = 1):  # type: ignore[no-untyped-def]
    """Context manager: BLAS uses at most `n_threads` inside the block."""
    return _controller().limit(limits=n_threads, user_api="blas")
