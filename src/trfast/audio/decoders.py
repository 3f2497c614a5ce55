"""Files -> (m, channels) pieces of int16 or float32 at their own rate: libsndfile, then FFmpeg."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from trfast.audio.encoded import Encoded, OnDisk
from trfast.audio.ffmpeg import open_with_ffmpeg
from trfast.audio.headers import Given, split
from trfast.audio.libsndfile import Left, joined_flac_duration, open_with_libsndfile
from trfast.audio.limits import check_length
from trfast.audio.opened import AudioInfo, Opened, Piece, at_rate, check_has_track
from trfast.errors import AudioError


@contextmanager
def open_file(
    given: OnDisk | Encoded, track: int = 0, *, thorough: bool = True, counted: bool = False
) -> Iterator[Opened]:
    """Open a file; give the AudioInfo and the pieces, (m, channels), of an audio track.

    Not `thorough`, it reads no more than it must to say what the file is. FLAC files that were
    joined to it are met by who reads the pieces; `counted`, the duration is with them, and all of
    the file is read for it.
    """
    _check_readable(given)
    parts = split(given, thorough=thorough)
    opened = _open_one(given, track) if len(parts) == 1 else _open_joined(parts, track)
    with opened as (info, pieces):
        if counted and info.format.startswith("flac"):
            info = replace(info, duration=info.duration + joined_flac_duration(given))
        check_length(given.name, info.duration, given.size)
        yield info, _bounded(given, info, pieces)


def _bounded(given: OnDisk | Encoded, info: AudioInfo, pieces: Iterator[Piece]) -> Iterator[Piece]:
    n_samples, size = 0, given.size
    for piece in pieces:
        n_samples += len(piece)
        check_length(given.name, n_samples / info.sample_rate, size, says=False)
        yield piece


@contextmanager
def _open_joined(parts: Sequence[Given], track: int) -> Iterator[Opened]:
    """Open files that were joined to one, at the highest rate of them."""
    infos = []
    for part in parts:
        with _open_one(part, track) as (info, _):
            infos.append(info)
    rate = max(info.sample_rate for info in infos)
    duration = sum(info.duration for info in infos)
    yield replace(infos[0], duration=duration, sample_rate=rate), _joined(parts, track, rate)


def _joined(parts: Iterable[Given], track: int, rate: int) -> Iterator[Piece]:
    for part in parts:
        with _open_one(part, track) as opened:
            yield from at_rate(opened, rate)


@contextmanager
def _open_one(given: Given, track: int) -> Iterator[Opened]:
    with open_with_libsndfile(given) as opened:
        if not isinstance(opened, Left):
            check_has_track(given.name, 1, track)
            yield opened
            return
    with open_with_ffmpeg(given, track, opened) as found:
        info = opened.info
        yield found if info is None else (info, at_rate(found, info.sample_rate))


def check_there(path: str | os.PathLike[str]) -> None:
    """Raise an error if nothing is there, or what can be read only once and may never come."""
    name = os.fspath(path)
    try:
        mode = os.stat(name).st_mode
    except FileNotFoundError as error:
        raise AudioError(f"{name} does not exist. Check the path.") from error
    except OSError as error:
        raise AudioError(f"{name} cannot be opened: {error.strerror}.") from error
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise AudioError(
            f"{name} is a pipe or a device, expected a file: sound is read more than once."
            " Write it to a file first."
        )


def _check_readable(given: OnDisk | Encoded) -> None:
    name = given.name
    if isinstance(given, OnDisk):
        check_there(name)
        if os.path.isdir(name):
            raise AudioError(f"{name} is a folder. Give the files inside it.")
    try:
        with given.open() as file:
            empty = not file.read(1)
    except OSError as error:
        raise AudioError(f"{name} cannot be opened: {error.strerror}.") from error
    if empty:
        raise AudioError(f"{name} is empty (0 bytes). Fetch or record it again.")
