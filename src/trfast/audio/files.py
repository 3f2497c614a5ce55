"""Audio files: which there are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from trfast._checks import check_listed, check_path
from trfast.audio.encoded import Encoded
from trfast.audio.remote import is_url
from trfast.audio.source import Source, check_source
from trfast.audio.waveform import Waveform
from trfast.errors import AudioError, ParameterError

_FORMATS = (
    "wav w64 rf64 flac ogg oga opus mp3 aif aiff aifc au caf sph"  # codespell:ignore caf
    " amr ac3 aac m4a mka mp4 m4v mkv mov webm ts mts m2ts mpg mpeg avi wma wmv 3gp"
)

AUDIO_SUFFIXES = frozenset(f".{suffix}" for suffix in _FORMATS.split())

Refused = Callable[[Path, AudioError], None]


def find_audio(
    paths: Iterable[str | os.PathLike[str]], *, refused: Refused | None = None
) -> list[Path | str]:
    """Return the files, and all audio files below the folders (by suffix, hidden ones left out).

    Links are followed, to a folder once: one that was seen is not entered again.

    Parameters
    ----------
    paths : iterable of path
        Files and folders, and URLs of files, which stay as they are.
    refused : callable, optional
        Called with each folder that cannot be read, and why; default: that is an error.

    Raises
    ------
    AudioError
        If a folder cannot be read, and there is no `refused`.
    ParameterError
        If `paths` is no list of paths, or a folder that can be read holds no audio file.

    Examples
    --------
    >>> find_audio(["a/show.wav"])
    [PosixPath('a/show.wav')]
    """
    found: dict[Path | str, None] = {}
    for given in check_listed(paths, "paths", "paths"):
        if is_url(given):
            found[given] = None
            continue
        path = Path(check_path(given, "path"))
        if not os.path.isdir(path):
            found[path] = None
            continue
        search = _Search()
        files = sorted(search.below(path))
        for folder, error in search.closed.items():
            if refused is None:
                raise error
            refused(folder, error)
        if not files and not search.closed:
            raise ParameterError(
                f"{path}: no audio file in this folder;"
                f" looked for {', '.join(sorted(AUDIO_SUFFIXES))}. Name other files one by one."
            )
        found.update(dict.fromkeys(files))
    return list(found)


class _Search:
    """A walk over folders; `closed` are those that could not be read."""

    def __init__(self) -> None:
        self.closed: dict[Path, AudioError] = {}
        self._seen: set[tuple[int, int]] = set()

    def below(self, folder: Path) -> Iterator[Path]:
        """Yield the audio files; folders before links to them, so that files keep their paths."""
        folders, links = [folder], list[Path]()
        while folders or links:
            folder = folders.pop() if folders else links.pop(0)
            for entry in self._entries(folder):
                path, is_link = folder / entry.name, entry.is_symlink()
                if entry.name.startswith("."):
                    continue
                if os.path.isdir(path) if is_link else entry.is_dir():
                    (links if is_link else folders).append(path)
                # What is no file, a pipe or a link to nothing, is told when it is read.
                elif path.suffix.lower() in AUDIO_SUFFIXES:
                    yield path

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            status = os.stat(folder)
            if (status.st_dev, status.st_ino) in self._seen:
                return []
            self._seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self.closed[folder] = AudioError(
                f"{folder}: this folder cannot be read ({error.strerror}). Make it readable, or"
                " name the files inside it that can be."
            )
            return []


def source_size(source: Source) -> int:
    """Return the bytes of a file, or of what is in memory; 0 if it is not there, or at a URL."""
    source = check_source(source)
    if isinstance(source, Waveform):
        return source.samples.nbytes
    if isinstance(source, Encoded):
        return source.size
    try:
        return os.path.getsize(source)
    except OSError:
        return 0


def absolute(path: str | os.PathLike[str]) -> str:
    """Return the absolute path of a file; a URL stays as it is.

    Examples
    --------
    >>> absolute("s3://archive/monday.mp3"), absolute("/shows/monday.mp3")
    ('s3://archive/monday.mp3', '/shows/monday.mp3')
    """
    return path if is_url(path) else os.path.abspath(path)
