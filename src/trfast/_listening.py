"""How far the work on one recording is: who does it tells whoever listens in this thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Tell = Callable[[float, float], None]
"""Called with seconds of audio done, and in all."""

_listener: ContextVar[Tell | None] = ContextVar("listener", default=None)


def listener() -> Tell | None:
    """Return who listens, if anybody does."""
    return _listener.get()


@contextmanager
def listening(tell: Tell | None) -> Iterator[None]:
    """Let the work inside tell how far it is."""
    token = _listener.set(tell)
    try:
        yield
    finally:
        _listener.reset(token)
