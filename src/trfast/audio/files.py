"""Audio files: which there are, and the names of their recordings."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from trfast.audio.source import Source, Waveform
from trfast.errors import ParameterError

_FORMATS = (
    "wav w64 rf64 flac ogg oga opus mp3 aif aiff aifc au caf sph"  # codespell:ignore caf
    " amr ac3 aac m4a mka mp4 m4v mkv mov webm ts mts m2ts mpg mpeg avi wma wmv 3gp"
)

AUDIO_SUFFIXES = frozenset(f".{suffix}" for suffix in _FORMATS.split())


def find_audio(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Return the files, and all audio files below the folders (by suffix, hidden ones left out).

    Raises
    ------
    ParameterError
        If a folder holds no audio file.

    Examples
    --------
    >>> find_audio(["a/show.wav"])
    [PosixPath('a/show.wav')]
    """
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        if not path.is_dir():
            found[path] = None
            continue
        files = [
            file
            for file in sorted(path.rglob("*"))
            if file.suffix.lower() in AUDIO_SUFFIXES
            and not any(part.startswith(".") for part in file.relative_to(path).parts)
            and file.is_file()
        ]
        if not files:
            raise ParameterError(
                f"{path}: no audio file in this folder;"
                f" looked for {', '.join(sorted(AUDIO_SUFFIXES))}. Name other files one by one."
            )
        found.update(dict.fromkeys(files))
    return list(found)


def name_recordings(
    paths: Iterable[str | os.PathLike[str]], known: Mapping[str, str | None] | None = None
) -> dict[str, Path]:
    """Name each file by its stem, after as many of its folders as it takes to tell all apart.

    Whitespace becomes ``_``, since RTTM has none in names.

    Parameters
    ----------
    paths : iterable of path
        Audio files; one given twice counts once.
    known : mapping of str to (str or None), optional
        Names given before, to absolute paths. These files keep their names; a name whose file
        is gone is free again.

    Returns
    -------
    dict of str to Path

    Raises
    ------
    ParameterError
        If two files differ in their suffix only.

    Examples
    --------
    >>> sorted(name_recordings(["2021/news.mp3", "2022/news.mp3", "2022/late show.mp3"]))
    ['2021_news', '2022_news', 'late_show']
    """
    known = known or {}
    names = {source: name for name, source in known.items() if source is not None}
    todo = {os.path.abspath(path): Path(path) for path in paths}
    named = {names[absolute]: todo.pop(absolute) for absolute in list(todo) if absolute in names}
    taken = named.keys() | {
        name for name, source in known.items() if source is None or os.path.exists(source)
    }
    depth = 0
    while todo:
        depth += 1
        candidates = {absolute: _last_parts(absolute, depth) for absolute in todo}
        shared = {name for name, count in Counter(candidates.values()).items() if count > 1}
        for absolute, name in candidates.items():
            if name not in shared and name not in taken:
                named[name] = todo.pop(absolute)
        taken = taken | named.keys()
        if all(depth >= len(Path(absolute).parts) for absolute in todo) and todo:
            raise ParameterError(
                "files that cannot be told apart by name: "
                + ", ".join(sorted(map(str, todo.values())))
                + ". If they hold the same recording, give one; otherwise rename one."
            )
    return named


def _last_parts(absolute: str, depth: int) -> str:
    path = Path(absolute)
    parts = path.with_suffix("").parts[1:]
    return re.sub(r"\s+", "_", "_".join(parts[-depth:]))


def source_size(source: Source) -> int:
    """Return the bytes of a file, or of samples in memory; 0 if the file is not there."""
    if isinstance(source, Waveform):
        return source.samples.nbytes
    try:
        return os.path.getsize(source)
    except OSError:
        return 0
