"""Any recording -> mono float32 blocks at 16 kHz, streamed.

WAV, FLAC, Ogg, Opus, MP3, AIFF and the like are read by libsndfile; MP4, M4A, MKV,
WebM, TS, AAC, WMA and what else libsndfile does not know by FFmpeg's libraries
(PyAV, the extra ``trfast[av]``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from math import isfinite, nan
from typing import BinaryIO

import numpy as np

from trfast._checks import check_integer, check_positive
from trfast.audio.decoders import open_file
from trfast.audio.encoded import Encoded, OnDisk
from trfast.audio.mono import SAMPLE_RATE, energy_of, mixed, regrouped, resampled
from trfast.audio.opened import AudioInfo, FloatArray, Opened
from trfast.audio.remote import fetched, is_url
from trfast.audio.sound_check import SoundCheck
from trfast.audio.waveform import HIGHEST_RATE, LOWEST_RATE, RATES, Waveform, open_waveform
from trfast.errors import (
    AudioError,
    MissingExtraError,
    ParameterError,
    ParameterTypeError,
    TrfastError,
)

Source = str | os.PathLike[str] | Waveform | Encoded | bytes | BinaryIO
"""A path, a URL as a str, samples in memory, or an audio file in memory or opened for reading
bytes."""

CheckedSource = str | os.PathLike[str] | Waveform | Encoded
"""What can be read again and again, and sent to another process."""


def check_source(source: object) -> CheckedSource:
    """Return `source` if it is a path or a `Waveform`; of bytes, and of what a file object has left
    to read, an `Encoded`.

    Raises
    ------
    AudioError
        If a file object cannot be read.
    ParameterError
        If it is something else.

    Examples
    --------
    >>> check_source("show.wav")
    'show.wav'
    """
    if isinstance(source, str | os.PathLike | Waveform):
        return source
    encoded = Encoded.of(source)
    if encoded is not None:
        return encoded
    raise ParameterTypeError(
        "a recording must be a path, a Waveform, the bytes of an audio file or a file object, got"
        f" {type(source).__name__}. Samples in memory: Waveform(samples, rate)"
    )


def check_channel(channel: int | None) -> int | None:
    """Return `channel` if it is None, or a whole number from 0 on.

    Raises
    ------
    ParameterError
        If it is not.
    """
    if channel is not None and check_integer(channel, "channel") < 0:
        raise ParameterError(f"channel counts from 0, got {channel}")
    return channel


def check_track(track: int) -> int:
    """Return `track` if it is a whole number from 0 on.

    Raises
    ------
    ParameterError
        If it is not.
    """
    if check_integer(track, "track") < 0:
        raise ParameterError(f"track counts from 0, got {track}")
    return track


def probe(source: Source, *, track: int = 0) -> AudioInfo:
    """Say what a recording is, without decoding it.

    Files that were joined to it are counted, but for MP3 and AAC streams; FLAC and Ogg files are
    read from end to end for that.

    Parameters
    ----------
    source : path, Waveform, bytes or file object
        The recording. A str that is a URL, such as ``"s3://archive/show.mp3"``, is fetched, all of
        it, each time it is opened (``trfast[remote]``).
    track : int
        Which of several audio tracks, such as languages of a film, counted from 0.

    Returns
    -------
    AudioInfo
        Duration in seconds, and sample rate, channels and format as stored.

    Raises
    ------
    AudioError
        If there is no such file, it holds no audio, is a playlist or else names other files,
        is seen to be cut off, or claims more than `SECONDS_ANY` and `SECONDS_A_BYTE` allow.
    MissingExtraError
        If the format needs PyAV, or a URL fsspec, which is not installed.
    ParameterError
        If `source` is nothing of the kind.

    Examples
    --------
    >>> probe("show.mp4").duration  # doctest: +SKIP
    3600.04
    """
    with _open(check_source(source), check_track(track), counted=True) as (info, _):
        return info


def header_duration(source: Source) -> float:
    """Return the seconds that a file says it has, without those that only reading all of it shows;
    NaN if it does not say, cannot be read, or is at a URL and would have to be fetched."""
    if is_url(source):
        return nan
    try:
        with _open(check_source(source), 0, thorough=False) as (info, _):
            return info.duration if isfinite(info.duration) else nan
    except (TrfastError, OSError):
        return nan  # whoever decodes it says why


def stream(
    source: Source,
    *,
    channel: int | None = None,
    track: int = 0,
    block_duration: float = 30.0,
    check: SoundCheck | None = None,
) -> Iterator[FloatArray]:
    """Decode a recording block by block, mixed to mono and resampled to 16 kHz.

    The samples do not depend on `block_duration`, and a few blocks are all that lies
    in memory. Sample i stands for the time ``i / SAMPLE_RATE`` of the recording: the
    delays of codecs and of the resampler are taken out. Where the file does not tell
    them (MP3 without a LAME header, MP2, and AAC and AC-3 but in MP4 and Matroska), they are those
    of FFmpeg's encoders, LAME and twoLAME; another AAC encoder may have some 1,100 samples
    more (25 ms at 44.1 kHz), with SBR twice as many. Files that were joined to one, links of
    an Ogg chain too, are read to the last, at the highest rate of them.

    Parameters
    ----------
    source : path, Waveform, bytes or file object
        The recording; as for `probe`, a URL too.
    channel : int, optional
        The channel to take, counted from 0; the mean of all by default.
    track : int
        As for `probe`.
    block_duration : float
        Seconds a block, above 0; the last block is shorter.
    check : SoundCheck, optional
        Counts what is decoded, and says afterwards what of it is suspicious.

    Yields
    ------
    ndarray (m,) of float32
        Consecutive samples, full scale +-1; never empty.

    Raises
    ------
    AudioError
        As `probe`; and if the file has no such channel or track, is damaged or cut off, is at
        less than 4,000 samples a second, holds NaN or infinity, or has more gaps than
        `LONGEST_GAPS`. An MP3 file without
        a frame count and a transport stream do not say how long they should be: cut
        between two frames, they are read as they are.
    MissingExtraError
        As `probe`.
    ParameterError
        If `source` is nothing of the kind, `channel` is no whole number from 0
        on, or `block_duration` is not above 0.

    Examples
    --------
    >>> noise = Waveform(np.random.default_rng(0).normal(size=48000) / 10, 48000)
    >>> [len(block) for block in stream(noise, block_duration=0.4)]
    [6400, 6400, 3200]
    """
    size = max(1, round(check_positive(block_duration, "block_duration") * SAMPLE_RATE))
    source = check_source(source)
    return _stream(source, check_channel(channel), check_track(track), size, check)


def load(
    source: Source,
    *,
    channel: int | None = None,
    track: int = 0,
    check: SoundCheck | None = None,
) -> FloatArray:
    """Decode a whole recording: the blocks of `stream`, joined.

    Parameters
    ----------
    source : path, Waveform, bytes or file object
        The recording; an hour takes 230 MB.
    channel : int, optional
        The channel to take, counted from 0; the mean of all by default.
    track, check
        As for `stream`.

    Returns
    -------
    ndarray (n,) of float32
        Mono samples at 16 kHz, full scale +-1.

    Raises
    ------
    AudioError, MissingExtraError, ParameterError
        As `stream`.

    Examples
    --------
    >>> load(Waveform(np.array([0, 16384], dtype=np.int16), 16000))
    array([0. , 0.5], dtype=float32)
    """
    blocks = stream(source, channel=channel, track=track, check=check)
    return np.concatenate([np.empty(0, np.float32), *blocks])


def has_sound(source: Source, *, track: int = 0) -> bool:
    """Say if an audio track is not all silence; it is decoded up to its first sound."""
    for block in stream(source, track=track):
        check = SoundCheck()
        check.begin(nan, SAMPLE_RATE)
        check.add(len(block), energy_of(block))
        if not check.is_silent:
            return True
    return False


def _stream(
    source: CheckedSource, channel: int | None, track: int, size: int, check: SoundCheck | None
) -> Iterator[FloatArray]:
    name = "the waveform" if isinstance(source, Waveform) else _file(source).name
    with _open(source, track) as (info, pieces):
        if channel is not None and channel >= info.channels:
            raise AudioError(
                f"{name} has {info.channels} channel(s), so no channel {channel}."
                " They are counted from 0; without a channel, the mean of all is taken."
            )
        if not LOWEST_RATE <= info.sample_rate <= HIGHEST_RATE:
            raise AudioError(
                f"{name} says that it is at {info.sample_rate} samples a second, expected {RATES}:"
                " if that is wrong, write it again with the right rate"
            )
        if check is not None:
            check.begin(info.duration, info.sample_rate)
        mono = mixed(pieces, channel, info.sample_rate, name, check)
        yield from regrouped(resampled(mono, info.sample_rate), size)


def _open(
    source: CheckedSource, track: int, *, thorough: bool = True, counted: bool = False
) -> AbstractContextManager[Opened]:
    if isinstance(source, Waveform):
        return open_waveform(source, track)
    if is_url(source):
        return _open_url(source, track, counted)
    return open_file(_file(source), track, thorough=thorough, counted=counted)


def _file(source: str | os.PathLike[str] | Encoded) -> OnDisk | Encoded:
    return source if isinstance(source, Encoded) else OnDisk(source)


@contextmanager
def _open_url(url: str, track: int, counted: bool) -> Iterator[Opened]:
    with fetched(url) as file:
        try:
            with open_file(OnDisk(file), track, counted=counted) as opened:
                yield opened
        except (AudioError, MissingExtraError) as error:
            raise type(error)(str(error).replace(file, url)) from error
