"""CPU time by stage, and how far each is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class StageTimes:
    """Adds up the CPU seconds of this thread in each stage.

    Parameters
    ----------
    passed : callable, optional
        Called, in long stages, with the name of the stage and how much of it is done, 0 to 1.

    Examples
    --------
    >>> clock = StageTimes()
    >>> with clock("rest"):
    ...     pass
    >>> list(clock.seconds)
    ['rest']
    """

    def __init__(self, passed: Callable[[str, float], None] | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self._passed = passed

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.thread_time()
        try:
            yield
        finally:
            self.add(stage, time.thread_time() - start)

    def passed(self, stage: str, part: float) -> None:
        """Say how much of a stage is done."""
        if self._passed is not None:
            self._passed(stage, part)

    def add(self, stage: str, seconds: float) -> None:
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds
