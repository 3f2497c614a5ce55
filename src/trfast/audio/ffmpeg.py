"""Files -> (m, channels) pieces of int16 or float32 at their own rate, by FFmpeg's libraries."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from math import nan
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._log import log
from trfast.audio.encoded import Encoded
from trfast.audio.headers import Given, find_sound, ogg_ends
from trfast.audio.libsndfile import Left
from trfast.audio.limits import check_gaps
from trfast.audio.opened import AudioInfo, Opened, Piece, check_has_track, cut_off
from trfast.errors import AudioError, MissingExtraError

_PIECE = 1 << 15  # samples; larger pieces cost page faults
# Samples that encoders put before the sound: FFmpeg's, LAME, twoLAME. Of MPEG audio by its layer's
# bits; AAC's are a frame, of some encoders more.
_MPEG_DELAYS = {1: 1105, 2: 481, 3: 481}
_DELAYS = {"ac3": 256, "eac3": 256}
_DURATION = re.compile(r"(\d+):(\d+):(\d+\.?\d*)\0*", re.ASCII)
_DTYPES = {"u8": "u1", "s16": "=i2", "s32": "=i4", "s64": "=i8", "flt": "=f4", "dbl": "=f8"}
_MOST_PLANES = 7  # of a frame; PyAV counts one too many of 8, and its to_ndarray reads there
_GAP = 0.1  # seconds; smaller steps between time stamps are rounding

# What FFmpeg may take a file for: containers and streams of sound. No playlist is among them, nor
# anything else that names other files (concat, hls, dash, sdp), and no guess by a file's name.
_DEMUXERS = (
    "aac,aax,ac3,ac4,adx,aea,aiff,amr,amrnb,amrwb,ape,asf,asf_o,au,avi"
    ",caf,dsf,dss,dts,dtshd,dv"
    ",eac3,flac,flv,g722,g729,gsm,gxf,iff,ircam,loas,matroska,mlp,mov,mp3,mpc,mpc8,mpeg,mpegts,mxf"
    ",nistsphere,nsv,nut,ogg,oma,paf,pva,qcp,rm,shn,sox,tak,truehd,tta,voc,w64,wav,wtv,wv,xwma"
)


@contextmanager
def open_with_ffmpeg(given: Given, number: int, left: Left) -> Iterator[Opened]:
    name, reason = given.name, left.reason
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
        if left.goes_on:
            options["ignore_length"] = "1"  # of WAV files
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
            streams = ", ".join(map(_described, container.streams)) or "none"
            raise AudioError(
                f"{name} has no audio track (streams: {streams}). Give a file with sound."
            )
        tracks = container.streams.audio
        check_has_track(name, len(tracks), number)
        track = tracks[number]
        if track.codec_context is None:
            raise AudioError(
                f"{name} has an audio track of a codec that FFmpeg does not know"
                f" (libsndfile: {reason.rstrip('.')}). Write it again in another format."
            )
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
            len(tracks),
        )
        yield info, _ffmpeg_pieces(given, container, track, start, expected)


def _described(stream: Any) -> str:
    if type(stream).__name__ == "Stream":  # of no type: to ask for it crashes older PyAV
        return "unknown"
    return f"{stream.type} {_codec(stream)}"


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
    stored = _DURATION.fullmatch(track.metadata.get("DURATION", ""))
    if container.format.name.startswith("matroska") and stored:
        hours, minutes, seconds = map(float, stored.groups())
        return 3600 * hours + 60 * minutes + seconds - start
    return None


def _ffmpeg_pieces(
    given: Given, container: Any, track: Any, start: float, expected: float | None
) -> Iterator[Piece]:
    import av

    name, rate, n_read, n_filled = given.name, track.rate, 0, 0
    known = nan if expected is None else expected
    longest = container.duration / 1e6 if container.duration else 0.0
    held = _Gathered()
    try:
        for packet, frame in _frames(container, track):
            if frame.sample_rate != rate:
                raise AudioError(
                    f"{name} changes from {rate} to {frame.sample_rate} samples a second"
                    f' at {n_read / rate:.2f} s. Even it out: ffmpeg -i "{name}" even.flac'
                )
            stamp = frame.time
            if n_read == 0:
                held.skip = _untold_delay(container, track, packet, frame)
                if container.start_time is None:
                    start = stamp or 0.0
            # A track that starts late, or has a hole: silence keeps the times right.
            time = 0.0 if stamp is None else stamp - start
            if n_read / rate + _GAP < time <= longest:
                n_missing = round(time * rate) - n_read
                n_read += n_missing
                n_filled += n_missing
                check_gaps(name, n_filled / rate, time)
                yield from held.take()
                for first in range(0, n_missing, _PIECE):
                    shape = min(_PIECE, n_missing - first), track.channels
                    yield held.without_delay(np.zeros(shape, np.float32))
            n_samples = frame.samples
            n_read += n_samples
            yield from held.add(frame, n_samples)
    except av.FFmpegError as error:
        raise cut_off(name, _reason(error), n_read / rate, known) from error
    yield from held.take()
    ends_early = expected is not None and n_read / rate < expected - 0.5
    sound = find_sound(given)
    if sound is not None and sound.is_cut:
        ends_early, known = True, n_read / rate * sound.stated / max(1, sound.present)
    if ends_early or (container.format.name == "ogg" and not ogg_ends(given)):
        raise cut_off(name, "the sound ends early", n_read / rate, known)


def _frames(container: Any, track: Any) -> Iterator[tuple[Any, Any]]:
    decode = track.codec_context.decode
    while True:
        try:
            for packet in container.demux(track):
                for frame in decode(packet):
                    yield packet, frame
            return
        except IndexError:  # PyAV met a packet of a track that was not there at the start
            continue


def _untold_delay(container: Any, track: Any, packet: Any, frame: Any) -> int:
    """Return the samples before the sound that FFmpeg leaves, for the file does not tell them."""
    kind, codec = container.format.name, _codec(track)
    if kind.startswith(("mov", "matroska")) or (kind == "mp3" and track.start_time):
        return 0
    if codec.startswith(("mp1", "mp2", "mp3")):
        header = bytes(packet)[:2]
        return _MPEG_DELAYS.get(header[1] >> 1 & 3, 0) if header[:1] == b"\xff" else 0
    if codec.startswith("aac"):
        return int(frame.samples)  # twice as many with SBR
    return _DELAYS.get(codec, 0)


class _Gathered:
    """Frames, which are short, until they are a piece; `skip` samples of the first are left out."""

    def __init__(self) -> None:
        self.skip = self._n_samples = self._n_channels = 0
        self._format = ""
        self._queue: Any = None

    def add(self, frame: Any, n_samples: int) -> tuple[Piece, ...]:
        """Hold a frame; return what was held, if that is enough, or of another kind."""
        before: tuple[Piece, ...] = ()
        if frame.format.name != self._format or frame.layout.nb_channels != self._n_channels:
            before = self.take()
            self._begin(frame)
        elif self._n_samples >= _PIECE:
            before = self.take()
        frame.pts = None  # a queue refuses gaps
        self._queue.write(frame)
        self._n_samples += n_samples
        return before

    def _begin(self, frame: Any) -> None:
        import av

        self._format, self._n_channels = frame.format.name, frame.layout.nb_channels
        self._queue = av.AudioFifo()  # it checks formats, not channels

    def take(self) -> tuple[Piece, ...]:
        """Return what is held, if anything is, and hold nothing."""
        if not self._n_samples:
            return ()
        self._n_samples = 0
        return (self.without_delay(_samples(self._queue.read())),)

    def without_delay(self, piece: Piece) -> Piece:
        """Return a piece, without what is to be left out."""
        left = piece[self.skip :]
        self.skip = max(0, self.skip - len(piece))
        return left


def _samples(frame: Any) -> Piece:
    """Return the samples of a frame, (n, channels)."""
    n, n_channels = frame.samples, frame.layout.nb_channels
    planar = frame.format.is_planar
    if planar and n_channels > _MOST_PLANES:
        frame, planar = _packed(frame), False
    name, planes = frame.format.name.removesuffix("p"), frame.planes
    if not planar:
        stored = np.frombuffer(planes[0], _DTYPES[name], n * n_channels)
        return _scaled(stored.reshape(n, n_channels), name)
    stored = np.empty((n_channels, n), _DTYPES[name])
    for row, plane in zip(stored, planes[:n_channels], strict=True):
        row[:] = np.frombuffer(plane, stored.dtype, n)
    return _scaled(stored.T, name)


def _scaled(stored: npt.NDArray[Any], name: str) -> Piece:
    if name == "s16":
        return stored
    values: npt.NDArray[np.float32] = stored.astype(np.float32, copy=False)
    if name == "u8":
        return values / np.float32(128) - np.float32(1)
    if stored.dtype.kind == "i":
        return values * np.float32(2.0 ** (1 - 8 * stored.dtype.itemsize))
    return values


def _packed(frame: Any) -> Any:
    import av

    name = frame.format.name.removesuffix("p")
    (packed,) = av.AudioResampler(name, frame.layout, frame.sample_rate).resample(frame)
    return packed
