"""Link again, in a thread: the pages go on meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from trfast.errors import TrfastError


@dataclass(frozen=True)
class State:
    """Whether it links now; how often it has ended, and, in words, how the last time."""

    running: bool = False
    n_done: int = 0
    said: str = ""
    failed: bool = False


class Relink:
    """One link at a time; `link` does it, and returns what to say."""

    def __init__(self, link: Callable[[], str]) -> None:
        self._link = link
        self._lock = threading.Lock()
        self.state = State()

    def start(self) -> State:
        """Start to link, unless that is under way."""
        with self._lock:
            if not self.state.running:
                self.state = State(True, self.state.n_done)
                # A link writes in one transaction at its end: it may be left alone at exit.
                threading.Thread(target=self._run, daemon=True).start()
            return self.state

    def _run(self) -> None:
        said, failed = "the link ended in an error", True
        try:
            said, failed = self._link(), False
        except TrfastError as error:
            said = str(error)
        finally:
            self.state = State(False, self.state.n_done + 1, said, failed)
