"""Many recordings: their files, their names, and diarizing them all."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Protocol

from trfast.annotation import Timeline
from trfast.audio import Source, Waveform
from trfast.diarization import Diarization
from trfast.errors import AnnotationError, ParameterError
from trfast.execution import Outcome, map_recordings

_FORMATS = (
    "wav w64 rf64 flac ogg oga opus mp3 aif aiff aifc au caf sph"  # codespell:ignore caf
    " amr ac3 aac m4a mka mp4 m4v mkv mov webm ts mts m2ts mpg mpeg avi wma wmv 3gp"
)
AUDIO_SUFFIXES = frozenset(f".{suffix}" for suffix in _FORMATS.split())


class DiarizesOne(Protocol):
    """What diarizes one recording: a `Diarizer`, or anything with the same face."""

    @property
    def fingerprint(self) -> str:
        """Changes with the model and with every option that changes the result."""

    def __call__(
        self,
        source: Source,
        *,
        recording: str | None = None,
        speech: Timeline | None = None,
        channel: int | None = None,
    ) -> Diarization: ...


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


def diarize_all(
    diarizer: DiarizesOne,
    sources: Mapping[str, Source],
    *,
    speech: Mapping[str, Timeline] | None = None,
    channel: int | None = None,
    executor: Executor | None = None,
    jobs: int | None = None,
) -> Iterator[Outcome[str, Diarization]]:
    """Diarize recordings side by side, the largest files first, and yield each as it finishes.

    Parameters
    ----------
    diarizer : Diarizer
        Called with each source.
    sources : mapping of str to Source
        Files, or audio in memory, by name of recording.
    speech : mapping of str to Timeline, optional
        Speech marks from outside; a recording without any is an error.
    channel : int, optional
        Channel to take; default: the mean of all.
    executor, jobs
        As in `map_recordings`.

    Yields
    ------
    Outcome
        Its item is the name of the recording.
    """
    tasks = []
    for name in sorted(sources, key=lambda name: (-source_size(sources[name]), name)):
        if speech is not None and name not in speech:
            error = AnnotationError(f"no speech marks for recording {name!r}")
            yield Outcome(name, None, error, 0.0)
        else:
            tasks.append((name, sources[name], None if speech is None else speech[name]))
    for outcome in map_recordings(
        partial(_diarize, diarizer, channel), tasks, executor=executor, jobs=jobs
    ):
        yield Outcome(outcome.item[0], outcome.result, outcome.error, outcome.seconds)


def source_size(source: Source) -> int:
    """Return the bytes of a file, or of samples in memory; 0 if the file is not there."""
    if isinstance(source, Waveform):
        return source.samples.nbytes
    try:
        return os.path.getsize(source)
    except OSError:
        return 0


def _diarize(
    diarizer: DiarizesOne, channel: int | None, task: tuple[str, Source, Timeline | None]
) -> Diarization:
    recording, source, speech = task
    return diarizer(source, recording=recording, speech=speech, channel=channel)
