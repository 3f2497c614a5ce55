"""How far the items in flight are, in memory that worker processes share."""

from __future__ import annotations

import time
from collections.abc import Callable
from multiprocessing.context import BaseContext
from typing import Any, Generic, TypeVar

from trfast._listening import Tell

Item = TypeVar("Item")
Moved = Callable[[Item, float, float], None]

INTERVAL = 0.25  # seconds between two looks


class Board(Generic[Item]):
    """A line for each item in flight, which its worker writes, and nobody waits for.

    Parameters
    ----------
    context : multiprocessing context
    size : int
        Lines; an item that finds none free tells nothing.
    moved : callable
        Called with an item, its seconds done, and in all.
    """

    def __init__(self, context: BaseContext, size: int, moved: Moved[Item]) -> None:
        self.lines: Any = context.RawArray("d", 2 * size)
        self._free = list(range(size))
        self._items: dict[int, Item] = {}
        self._seen: dict[int, float] = {}
        self._moved = moved
        self._looked = time.monotonic()

    def claim(self, item: Item) -> int | None:
        """Return a line for an item."""
        if not self._free:
            return None
        line = self._free.pop()
        self.lines[2 * line] = self._seen[line] = 0.0
        self._items[line] = item
        return line

    def release(self, line: int | None) -> None:
        """Take a line back; may be called in another thread."""
        if line is not None:
            del self._items[line]
            self._free.append(line)

    def look(self) -> None:
        """Tell what has moved, if it is time."""
        if time.monotonic() < self._looked + INTERVAL:
            return
        self._looked = time.monotonic()
        for line, item in list(self._items.items()):
            done, total = self.lines[2 * line : 2 * line + 2]
            if done != self._seen.get(line):
                self._seen[line] = done
                self._moved(item, done, total)


def writer(lines: Any, line: int | None) -> Tell | None:
    """Return what writes a line, in the worker."""
    if line is None:
        return None

    def tell(done: float, total: float) -> None:
        lines[2 * line + 1] = total
        lines[2 * line] = done

    return tell


class StoppedError(BaseException):
    """Carries an error of the listener, which is none of the recording's."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def seldom(item: Item, moved: Moved[Item]) -> Tell:
    """Return what tells of an item that is worked on in this process, a few times a second."""
    told = time.monotonic()

    def tell(done: float, total: float) -> None:
        nonlocal told
        if time.monotonic() < told + INTERVAL:
            return
        told = time.monotonic()
        try:
            moved(item, done, total)
        except Exception as error:
            raise StoppedError(error) from None

    return tell
