"""Memory and disk: when they are used up, errors say of what, and what to do."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from trfast.errors import ResourceError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_OF_MEMORY = ("failed to map segment", "annot allocate memory")


def is_full(error: OSError) -> bool:
    """Whether a disk, a quota or the largest size of a file stands behind an error."""
    return error.errno in _FULL


def is_short_of_memory(error: BaseException) -> bool:
    """Whether memory stands behind an error: a library too cannot be loaded without."""
    if isinstance(error, ImportError):
        return any(said in str(error) for said in _OF_MEMORY)
    of_system = isinstance(error, OSError) and error.errno == errno.ENOMEM
    return isinstance(error, MemoryError) or of_system


def out_of_memory(error: BaseException) -> ResourceError:
    """Return an error that says what to do."""
    return ResourceError(
        f"out of memory ({str(error) or 'none is left'}): run fewer jobs (--jobs), end other"
        " programs, or raise the limit (ulimit -v, a container's)"
    )


@contextmanager
def enough_memory() -> Iterator[None]:
    """A MemoryError inside comes out as a ResourceError."""
    try:
        yield
    except MemoryError as error:
        raise out_of_memory(error) from error


@contextmanager
def temporary_space(
    need: str = "a recording of more than two hours takes 29 MB an hour",
) -> Iterator[None]:
    """What is written inside goes to the temporary folder, which may be full."""
    try:
        yield
    except OSError as error:
        if not is_full(error):
            raise
        raise ResourceError(
            f"{tempfile.gettempdir()}: this folder for temporary files is full"
            f" ({error.strerror}). Make room there, or set TMPDIR to a folder that has more: {need}"
        ) from error


def full_folder(path: str | os.PathLike[str], error: OSError) -> ResourceError:
    """Return the error of a file that cannot be written, which says where room is to be made."""
    folder = os.path.dirname(os.path.abspath(path))
    return ResourceError(
        f"{os.fspath(path)}: cannot be written ({error.strerror}). Make room in {folder}, raise the"
        " quota or the largest size of a file (ulimit -f), or give another output"
    )
