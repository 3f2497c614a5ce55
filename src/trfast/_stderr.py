"""Standard error of a process that is ours: what C libraries print there while they decode."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO

from trfast._log import log

_OWN: list[int] = []  # standard error itself, once it is taken
_notes: IO[bytes] | None = None


def take() -> None:
    """Let `caught` keep the messages of C libraries off standard error, which is for Python alone
    from now on. For the command line and its workers: a program that imports trfast has its own."""
    try:
        if _OWN or sys.stderr.fileno() != 2:
            return
    except (OSError, ValueError, AttributeError):  # there is none, or it is somebody's buffer
        return
    _OWN.append(os.dup(2))
    sys.stderr = open(  # noqa: SIM115 (for as long as the process lives)
        os.dup(2), "w", buffering=1, encoding=sys.stderr.encoding, errors="backslashreplace"
    )


@contextmanager
def caught(name: str) -> Iterator[None]:
    """Log what is printed there inside, as being of a file, and show it nowhere else."""
    global _notes
    if not _OWN:
        yield
        return
    if _notes is None:
        _notes = TemporaryFile()  # noqa: SIM115 (nor this one)
    os.dup2(_notes.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(_OWN[0], 2)
        if size := os.lseek(_notes.fileno(), 0, os.SEEK_CUR):
            os.lseek(_notes.fileno(), 0, os.SEEK_SET)
            said = os.read(_notes.fileno(), size).decode(errors="backslashreplace")
            os.ftruncate(_notes.fileno(), 0)
            os.lseek(_notes.fileno(), 0, os.SEEK_SET)
            log.debug("%s: the decoder says: %s", name, " ".join(said.split()))
