"""Files -> (m, channels) float32 pieces at the file's own rate: libsndfile, then FFmpeg.

Both libraries read a file that is cut off without a word; the checks that notice
are here.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import nan
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import soundfile

from trfast._log import log
from trfast.audio.encoded import Encoded, OnDisk
from trfast.audio.limits import check_gaps, check_length
from trfast.errors import AudioError, MissingExtraError

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class AudioInfo:
    """What a recording is.

    Parameters
    ----------
    duration : float
        Seconds, as the file says; NaN where it does not say.
    sample_rate, channels : int
        As stored, before any resampling or mixing.
    format : str
        Container and codec, such as ``"wav pcm_16"`` or ``"mov aac"``.
    """

    duration: float
    sample_rate: int
    channels: int
    format: str


_Opened = tuple[AudioInfo, Iterator[FloatArray]]

_PIECE = 1 << 16  # samples that libsndfile decodes at once
_LENGTH_NEVER_WRITTEN = frozenset({0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF})
_UNKNOWN_FRAMES = (1 << 63) - 1  # SF_COUNT_MAX
_LARGEST_OGG_PAGE = 27 + 255 + 255 * 255
_GAP = 0.1  # seconds; smaller steps between time stamps are rounding

# What FFmpeg may take a file for: containers and streams of sound. No playlist is among them, nor
# anything else that names other files (concat, hls, dash, sdp), and no guess by a file's name.
_DEMUXERS = (
    "aac,aax,ac3,ac4,adx,aea,aiff,amr,amrnb,amrwb,ape,asf,asf_o,au,avi"
    ",caf,dsf,dss,dts,dtshd,dv"  # codespell:ignore caf
    ",eac3,flac,flv,g722,g729,gsm,gxf,iff,ircam,loas,matroska,mlp,mov,mp3,mpc,mpc8,mpeg,mpegts,mxf"
    ",nistsphere,nsv,nut,ogg,oma,paf,pva,qcp,rm,shn,sox,tak,truehd,tta,voc,w64,wav,wtv,wv,xwma"
)


@contextmanager
def open_file(given: OnDisk | Encoded) -> Iterator[_Opened]:
    """Open a file; give its AudioInfo and its pieces, (m, channels) float32."""
    _check_readable(given)
    with _open_one(given) as (info, pieces):
        check_length(given.name, info.duration, given.size)
        yield info, _bounded(given, info, pieces)


def _bounded(
    given: OnDisk | Encoded, info: AudioInfo, pieces: Iterator[FloatArray]
) -> Iterator[FloatArray]:
    n_samples, size = 0, given.size
    for piece in pieces:
        n_samples += len(piece)
        check_length(given.name, n_samples / info.sample_rate, size, says=False)
        yield piece


@contextmanager
def _open_one(given: OnDisk | Encoded) -> Iterator[_Opened]:
    try:
        file = soundfile.SoundFile(given.for_soundfile())
    # soundfile raises TypeError for any name that ends in .raw.
    except (soundfile.LibsndfileError, TypeError) as error:
        reason = getattr(error, "error_string", "a headerless file")
        with _open_with_ffmpeg(given, reason) as opened:
            yield opened
        return
    with file:
        reason = _doubt_about_length(given, file)
        if reason is None:
            _check_whole(given, file)
            info = AudioInfo(
                file.frames / file.samplerate,
                file.samplerate,
                file.channels,
                f"{file.format} {file.subtype}".lower(),
            )
            yield info, _libsndfile_pieces(given.name, file)
            return
    with _open_with_ffmpeg(given, reason) as opened:
        yield opened


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


def _cut_off(name: str, found: str, readable: float, expected: float = nan) -> AudioError:
    promised = "" if expected != expected else f" of {expected:.2f} s"
    return AudioError(
        f"{name} is cut off or damaged: {found}; {readable:.2f} s{promised} can be read."
        " Fetch it again, or keep what is there: ffmpeg -i"
        f' "{"FILE" if name.startswith("<") else name}" repaired.flac'
    )


def _libsndfile_pieces(name: str, file: soundfile.SoundFile) -> Iterator[FloatArray]:
    n_read, rate = 0, file.samplerate
    # libsndfile scales 16 bits slowly.
    dtype, scale = ("int16", 2.0**-15) if file.subtype == "PCM_16" else ("float32", 1.0)
    while True:
        try:
            piece = file.read(_PIECE, dtype=dtype, always_2d=True)
        except soundfile.LibsndfileError as error:
            found = error.error_string.rstrip(".")
            raise _cut_off(name, found, n_read / rate, file.frames / rate) from error
        if not len(piece):
            break
        n_read += len(piece)
        yield piece if scale == 1 else piece * np.float32(scale)
    if n_read < file.frames:
        raise _cut_off(name, "the sound ends early", n_read / rate, file.frames / rate)


def _doubt_about_length(given: OnDisk | Encoded, file: soundfile.SoundFile) -> str | None:
    """Say why libsndfile, which stops at the length it believes in, would lose sound."""
    if file.frames == _UNKNOWN_FRAMES:
        return "its header does not say how long it is"
    if file.format == "MP3" and not _counts_its_frames(given):
        return "an MP3 file without a true frame count"
    if file.format in ("WAV", "WAVEX") and file.frames == 0 and _goes_on_after_riff(given):
        return "a WAV file whose length was never written"
    return None


def _check_whole(given: OnDisk | Encoded, file: soundfile.SoundFile) -> None:
    name, readable = given.name, file.frames / file.samplerate
    if file.format == "OGG" and not _ogg_ends(given):
        raise _cut_off(name, "the end of the Ogg stream is missing", readable)
    if file.format in ("WAV", "WAVEX", "RF64", "AIFF"):
        promised, present = _promised_bytes(given)
        # A few bytes missing are a wrong header, not lost sound.
        if promised - present > 64 and promised not in _LENGTH_NEVER_WRITTEN:
            expected = readable * promised / present if present else nan
            found = f"{present} bytes of sound where its header says {promised}"
            raise _cut_off(name, found, readable, expected)


def _promised_bytes(given: OnDisk | Encoded) -> tuple[int, int]:
    """Size of the sound chunk of a RIFF or AIFF file: by its header, and in the file."""
    with given.open() as file:
        file_type = file.read(12)[:4]
        order = ">" if file_type in (b"FORM", b"RIFX") else "<"
        long_size = None
        while len(header := file.read(8)) == 8:
            chunk, size = struct.unpack(order + "4sI", header)
            if chunk == b"ds64":
                content = file.read(size + size % 2)
                (long_size,) = struct.unpack_from("<Q", content, 8)
            elif chunk in (b"data", b"SSND"):
                if size == 0xFFFFFFFF and long_size is not None:
                    size = long_size
                return size, given.size - file.tell()
            else:
                file.seek(size + size % 2, os.SEEK_CUR)
    return 0, 0


def _goes_on_after_riff(given: OnDisk | Encoded) -> bool:
    """Say if a WAV file is longer than its first header says: the size was left at 0."""
    with given.open() as file:
        (size,) = struct.unpack_from("<I", file.read(8), 4)
    return bool(given.size > 8 + size + 64)


def _ogg_ends(given: OnDisk | Encoded) -> bool:
    """Say if the last Ogg page is whole and flagged as the end of its stream."""
    with given.open() as file:
        tail = _last_bytes(file, 2 * _LARGEST_OGG_PAGE)
    page = tail[tail.rfind(b"OggS") :]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return False
    whole = 27 + page[26] + sum(page[27 : 27 + page[26]])
    return len(page) >= whole and bool(page[5] & 4)


def _last_bytes(file: BinaryIO, size: int) -> bytes:
    file.seek(max(0, file.seek(0, os.SEEK_END) - size))
    return file.read()


def _counts_its_frames(given: OnDisk | Encoded) -> bool:
    """Say if an MP3 file starts with a Xing header that accounts for the whole file."""
    with given.open() as file:
        tag = file.read(10)
        start = 0
        if tag[:3] == b"ID3":
            start = 10 + (tag[6] << 21 | tag[7] << 14 | tag[8] << 7 | tag[9])
        file.seek(start)
        frame = file.read(4096)
    at = max(frame.find(b"Xing"), frame.find(b"Info"))
    if at < 0 or len(frame) < at + 16:
        return False
    flags, _, n_bytes = struct.unpack_from(">III", frame, at + 4)
    # More bytes than counted: files that were joined.
    joined = flags & 2 and given.size - start > 1.01 * n_bytes + 65536
    return bool(flags & 1) and not joined


@contextmanager
def _open_with_ffmpeg(given: OnDisk | Encoded, reason: str) -> Iterator[_Opened]:
    name = given.name
    log.debug("%s is left to FFmpeg: %s", name, reason)
    try:
        import av
    except ImportError as error:
        raise MissingExtraError(
            f"{name} cannot be read by libsndfile alone ({reason.rstrip('.')})."
            ' If it is audio or video: pip install "trfast[av]"'
        ) from error
    try:
        # A recording never makes FFmpeg open anything else.
        file, others = given.for_ffmpeg()
        options = {"protocol_whitelist": others, "format_whitelist": _DEMUXERS}
        container = av.open(file, options=options)
    except (av.FFmpegError, ValueError) as error:
        raise AudioError(
            f"{name} is not audio that can be read"
            f" (libsndfile: {reason.rstrip('.')}; FFmpeg: {_reason(error)})."
            " Give a sound or video file."
            + " Bytes are what is in it, not its name."
            * isinstance(given, Encoded)
        ) from error
    with container:
        if not container.streams.audio:
            streams = ", ".join(f"{s.type} {_codec(s)}" for s in container.streams) or "none"
            raise AudioError(
                f"{name} has no audio track (streams: {streams}). Give a file with sound."
            )
        track = container.streams.audio[0]
        if not track.rate:
            raise AudioError(f"{name} has an audio track without sound. Record it again.")
        start = (container.start_time or 0) / 1e6
        expected = _stored_duration(container, track, start)
        seconds = (container.duration or nan) / 1e6
        info = AudioInfo(
            seconds if expected is None else expected,
            track.rate,
            track.channels,
            f"{container.format.name.split(',')[0]} {_codec(track)}",
        )
        yield info, _ffmpeg_pieces(given, container, track, start, expected)


def _codec(stream: Any) -> str:
    return stream.codec_context.name if stream.codec_context else "unknown"


def _reason(error: Exception) -> str:
    if getattr(error, "errno", None) == errno.EINVAL:
        return "no kind of file that is opened; playlists and what else names other files never are"
    return getattr(error, "strerror", None) or str(error)


def _stored_duration(container: Any, track: Any, start: float) -> float | None:
    """Seconds from the start of the file to the end of the track, if the file stores it."""
    if container.format.name.startswith("mov") and track.duration:
        return float((track.duration + (track.start_time or 0)) * track.time_base) - start
    hours, colon, rest = track.metadata.get("DURATION", "").partition(":")
    if container.format.name.startswith("matroska") and colon:
        minutes, _, seconds = rest.partition(":")
        return 3600 * int(hours) + 60 * int(minutes) + float(seconds) - start
    return None


def _ffmpeg_pieces(
    given: OnDisk | Encoded, container: Any, track: Any, start: float, expected: float | None
) -> Iterator[FloatArray]:
    import av

    name, rate, n_read, n_filled = given.name, track.rate, 0, 0
    known = nan if expected is None else expected
    longest = container.duration / 1e6 if container.duration else 0.0
    frames = container.decode(track)
    while True:
        try:
            frame = next(frames, None)
        except av.FFmpegError as error:
            raise _cut_off(name, _reason(error), n_read / rate, known) from error
        if frame is None:
            break
        if frame.sample_rate != rate:
            raise AudioError(
                f"{name} changes from {rate} to {frame.sample_rate} samples a second"
                f' at {n_read / rate:.2f} s. Even it out: ffmpeg -i "{name}" even.flac'
            )
        if n_read == 0 and container.start_time is None:
            start = frame.time or 0.0
        # A track that starts late, or has a hole: silence keeps the times right.
        time = n_read / rate if frame.time is None else frame.time - start
        if n_read / rate + _GAP < time <= longest:
            n_missing = round(time * rate) - n_read
            n_read += n_missing
            n_filled += n_missing
            check_gaps(name, n_filled / rate, time)
            for first in range(0, n_missing, _PIECE):
                yield np.zeros((min(_PIECE, n_missing - first), track.channels), np.float32)
        n_read += frame.samples
        yield _samples(frame)
    ends_early = expected is not None and n_read / rate < expected - 0.5
    if ends_early or (container.format.name == "ogg" and not _ogg_ends(given)):
        raise _cut_off(name, "the sound ends early", n_read / rate, known)


def _samples(frame: Any) -> FloatArray:
    stored = frame.to_ndarray()
    stored = stored.T if frame.format.is_planar else stored.reshape(frame.samples, -1)
    values: FloatArray = stored.astype(np.float32)
    if stored.dtype == np.uint8:
        return values / np.float32(128) - np.float32(1)
    if stored.dtype.kind == "i":
        return values * np.float32(2.0 ** (1 - 8 * stored.dtype.itemsize))
    return values
