"""Recordings that are named by a URL: fetched by fsspec, to a temporary file."""

from __future__ import annotations

import os
import posixpath
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeGuard

from trfast._resources import temporary_space
from trfast.errors import AudioError, MissingExtraError, ResourceError

# Two letters at least: one is a drive.
_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


def is_url(source: object) -> TypeGuard[str]:
    """Whether a recording is named by a URL: a str, for a path that is none takes its ``//``.

    Examples
    --------
    >>> is_url("s3://archive/monday.mp3"), is_url("shows/monday.mp3")
    (True, False)
    """
    return isinstance(source, str) and _URL.match(source) is not None


def path_in_url(url: str) -> str:
    """Return a URL as a path, without what comes behind a question mark, to name it by.

    Examples
    --------
    >>> path_in_url("https://example.org/2021/monday.mp3?signed=7")
    '/https/example.org/2021/monday.mp3'
    """
    scheme, _, rest = url.partition("://")
    if scheme.lower() in ("http", "https"):
        rest = rest.partition("?")[0]
    return posixpath.normpath(f"/{scheme}/{rest}")


@contextmanager
def fetched(url: str) -> Iterator[str]:
    """Fetch a file, and give its path, until the block ends.

    Raises
    ------
    AudioError
        If it cannot be fetched.
    MissingExtraError
        If fsspec, or what it needs for this kind of URL, is not installed.
    ResourceError
        If the folder for temporary files is full.
    """
    try:
        import fsspec
    except ImportError as error:
        raise MissingExtraError(
            f'{url} is a URL, which fsspec fetches: pip install "trfast[remote]"'
        ) from error
    need = f"{url} is fetched there, all of it"
    with temporary_space(need):
        temporary = tempfile.TemporaryDirectory(prefix="trfast-")
    with temporary as folder:
        file = os.path.join(folder, "recording" + posixpath.splitext(path_in_url(url))[1])
        try:
            system, path = fsspec.core.url_to_fs(url)
            with temporary_space(need):
                system.get_file(path, file)
        except ResourceError:
            raise
        except ImportError as error:
            raise MissingExtraError(f"{url} cannot be fetched: {error}") from error
        except Exception as error:  # every kind of store has errors of its own
            raise AudioError(
                f"{url} cannot be fetched ({type(error).__name__}: {error}). Check the address, and"
                " that this machine may read it."
            ) from error
        yield file
