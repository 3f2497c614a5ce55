"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trfast._checks import check_path
from trfast._resources import full_folder, is_full
from trfast.errors import ParameterError


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path in the folder of `path`; it takes the place of `path` at the end.

    If the block raises, `path` stays as it was and the temporary file is removed. An error of
    the system about the temporary file names `path` instead; where there is no room, it is a
    ResourceError.
    """
    target = Path(check_path(path, "path"))
    if not target.name:
        raise ParameterError(f"{path} is a folder, expected the name of a file to write")
    # Same folder, since os.replace is atomic only inside one file system; file systems count a
    # name's bytes, 255 at most.
    start = os.fsencode(target.name)[:200].decode(errors="ignore")
    temporary = target.with_name(f".{start}.{secrets.token_hex(4)}.tmp")
    try:
        yield temporary
        os.replace(temporary, target)
    except OSError as error:
        if is_full(error):
            raise full_folder(target, error) from error
        if str(error.filename) != str(temporary):
            raise
        raise OSError(error.errno, error.strerror, str(target)) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_atomic(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write `content` to `path` in one step; text as UTF-8, line ends as they are."""
    with replacing(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
