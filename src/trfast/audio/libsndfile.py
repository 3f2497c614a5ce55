"""Files that libsndfile reads, and what it would lose of them.

It reads a file that is cut off, that was joined, or whose header says too little, without a
word; the checks that notice are here.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from itertools import pairwise
from math import nan

import soundfile

from trfast._stderr import caught
from trfast.audio.encoded import Part
from trfast.audio.headers import (
    Given,
    Sound,
    find_sound,
    flac_starts,
    mp3_count,
    ogg_ends,
)
from trfast.audio.opened import AudioInfo, Opened, Piece, at_rate, cut_off
from trfast.errors import AudioError

_LAME_DELAY = (
    576  # samples before the sound, besides those of the decoder, which libsndfile takes out
)
_PIECE = 1 << 16  # samples that libsndfile decodes at once
_WAV = ("WAV", "WAVEX")
# Bytes of what is coded sample by sample, and needs no header but for the format.
_SAMPLE_SIZES = dict.fromkeys(("PCM_S8", "PCM_U8", "ULAW", "ALAW"), 1) | {
    "PCM_16": 2,
    "PCM_24": 3,
    "PCM_32": 4,
    "FLOAT": 4,
    "DOUBLE": 8,
}
_UNKNOWN_FRAMES = (1 << 63) - 1  # SF_COUNT_MAX


class SoundFile(soundfile.SoundFile):  # type: ignore[misc]
    """A file that is read from start to end.

    soundfile seeks to where it is after each read. In MP3 that starts the decoder anew, and 20 ms
    of each piece are other sound.
    """

    def seekable(self) -> bool:
        """Whether to seek: never."""
        return False


@dataclass(frozen=True)
class Left:
    """A file that is left to FFmpeg, and why; or it `goes_on` behind the end that it states, or
    `info` is what it is."""

    reason: str
    goes_on: bool = False
    info: AudioInfo | None = None


@contextmanager
def open_with_libsndfile(given: Given) -> Iterator[Opened | Left]:
    """Open a file, if libsndfile reads it whole."""
    try:
        with caught(given.name):
            file = SoundFile(given.for_soundfile())
    # soundfile raises TypeError for any name that ends in .raw.
    except (soundfile.LibsndfileError, TypeError) as error:
        yield Left(getattr(error, "error_string", "a headerless file"))
        return
    with file:
        sound = find_sound(given)
        beyond = sound is not None and _goes_beyond(file, sound)
        reason = _doubt_about_length(given, file, beyond)
        if reason is not None:
            yield Left(reason, beyond)
            return
        _check_whole(given, file, sound)
        info = AudioInfo(
            file.frames / file.samplerate,
            file.samplerate,
            file.channels,
            f"{file.format} {file.subtype}".lower(),
        )
        if file.subtype == "OPUS" and file.samplerate == 48000 and find_spec("av"):
            yield Left("FFmpeg decodes full-band Opus twice as fast", info=info)
        elif sound is not None and beyond:
            with _without_header(given, file, sound) as plain:
                info = replace(info, duration=plain.frames / plain.samplerate)
                yield info, _pieces(given, plain)
        else:
            yield info, _READERS.get(file.format, _pieces)(given, file)


def _flac_pieces(given: Given, file: SoundFile) -> Iterator[Piece]:
    """Read a FLAC file, and those that were joined to it."""
    with given.open() as opened:
        try:
            number = None if os.name == "nt" else opened.fileno()
        except io.UnsupportedOperation:
            number = None
        with SoundFile(number or opened, closefd=False) as again:
            yield from _pieces(given, again)
        read = os.lseek(number, 0, os.SEEK_CUR) if number else opened.tell()
    for opened_next in _joined_flac(given, read):
        yield from at_rate(opened_next, file.samplerate)


def _joined_flac(given: Given, at: int = 0) -> Iterator[Opened]:
    """Open FLAC files that were joined to one, and start at a place of it or little before."""
    for start, end in pairwise([*flac_starts(given, at), given.size]):
        with open_with_libsndfile(Part(given, start, end)) as found:
            if isinstance(found, Left):
                raise AudioError(
                    f"{given.name} is damaged: a FLAC file was joined to it that cannot be read"
                    f" ({found.reason}). Write it again from its sources."
                )
            yield found


def joined_flac_duration(given: Given) -> float:
    """Return the seconds of FLAC files that were joined to one; all of it is read."""
    return sum(info.duration for info, _ in _joined_flac(given))


def _mp3_pieces(given: Given, file: SoundFile) -> Iterator[Piece]:
    delay = 0 if mp3_count(given).tells_delay else _LAME_DELAY
    for piece in _pieces(given, file):
        yield piece[delay:]
        delay = max(0, delay - len(piece))


def _pieces(given: Given, file: SoundFile) -> Iterator[Piece]:
    name, n_read, rate = given.name, 0, file.samplerate
    dtype = "int16" if file.subtype == "PCM_16" else "float32"
    while n_read < file.frames:  # FLAC behind it would be taken for damage
        try:
            with caught(name):
                piece = file.read(min(_PIECE, file.frames - n_read), dtype=dtype, always_2d=True)
        except soundfile.LibsndfileError as error:
            found = error.error_string.rstrip(".")
            raise cut_off(name, found, n_read / rate, file.frames / rate) from error
        if not len(piece):
            break
        n_read += len(piece)
        yield piece
    if n_read < file.frames:
        raise cut_off(name, "the sound ends early", n_read / rate, file.frames / rate)


_READERS = {"FLAC": _flac_pieces, "MP3": _mp3_pieces}


def _doubt_about_length(given: Given, file: SoundFile, beyond: bool) -> str | None:
    """Say why libsndfile, which stops at the length it believes in, would lose sound."""
    if file.frames == _UNKNOWN_FRAMES:
        return "its header does not say how long it is"
    if file.format == "MP3" and not mp3_count(given).is_whole:
        return "an MP3 file without a true frame count"
    if file.format != "MP3" and file.subtype.startswith("MPEG_LAYER"):
        return "MP3 in another container"
    if beyond and file.subtype not in _SAMPLE_SIZES:
        if file.format not in _WAV:
            raise AudioError(
                f"{given.name} is damaged: sound goes on behind the"
                f" {file.frames / file.samplerate:.2f} s that its header says, in a code that"
                f" cannot be read without it ({file.subtype}). Write it again from its source."
            )
        return "its header says less than it holds"
    return None


def _goes_beyond(file: SoundFile, sound: Sound) -> bool:
    """Say if there is sound behind the length that libsndfile believes in."""
    if file.subtype in _SAMPLE_SIZES:
        n_bytes = _SAMPLE_SIZES[file.subtype] * file.channels
        if abs(sound.stated - n_bytes * file.frames) > n_bytes and sound.stated > 0:
            return False  # coded in another way
        return sound.goes_on and sound.present - n_bytes * file.frames >= n_bytes
    return sound.goes_on and not (sound.stated < 0 < file.frames)


def _without_header(given: Given, file: SoundFile, sound: Sound) -> SoundFile:
    """Open the samples of a file, up to its end."""
    big = file.endian == "BIG" or (file.endian == "FILE" and file.format in ("AIFF", "AU", "CAF"))
    return SoundFile(
        Part(given, sound.start, given.size).open(),
        samplerate=file.samplerate,
        channels=file.channels,
        format="RAW",
        subtype=file.subtype,
        endian="BIG" if big else "LITTLE",
    )


def _check_whole(given: Given, file: SoundFile, sound: Sound | None) -> None:
    readable = file.frames / file.samplerate
    if file.format == "OGG" and not ogg_ends(given):
        raise cut_off(given.name, "the end of the Ogg stream is missing", readable)
    if sound is not None and sound.is_cut:
        expected = readable * sound.stated / sound.present if sound.present else nan
        found = f"{sound.present} bytes of sound where its header says {sound.stated}"
        raise cut_off(given.name, found, readable, expected)
