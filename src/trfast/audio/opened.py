"""What decoders give: what a recording is, and its pieces; or the error that it is cut off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import nan

import numpy as np
import numpy.typing as npt
import soxr

from trfast.errors import AudioError

FloatArray = npt.NDArray[np.float32]
Piece = npt.NDArray[np.float32 | np.int16]


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
    tracks : int
        Audio tracks of the file.
    """

    duration: float
    sample_rate: int
    channels: int
    format: str
    tracks: int = 1


Opened = tuple[AudioInfo, Iterator[Piece]]
"""What a recording is, and its pieces, (m, channels)."""


def as_float(piece: Piece) -> FloatArray:
    """Return samples with full scale at +-1."""
    if piece.dtype == np.int16:
        return piece * np.float32(2.0**-15)
    return piece.astype(np.float32, copy=False)


def at_rate(opened: Opened, rate: int) -> Iterator[Piece]:
    """Yield the pieces, resampled where the recording has another rate."""
    info, pieces = opened
    if info.sample_rate == rate:
        yield from pieces
        return
    resampler = soxr.ResampleStream(info.sample_rate, rate, info.channels, "float32", "HQ")
    for piece in pieces:
        yield resampler.resample_chunk(as_float(piece))
    yield resampler.resample_chunk(np.empty((0, info.channels), np.float32), last=True)


def check_has_track(name: str, n_tracks: int, track: int) -> None:
    """Raise an error if there is no such track."""
    if track >= n_tracks:
        raise AudioError(
            f"{name} has {n_tracks} audio track(s), so no track {track}. They are counted from 0."
        )


def cut_off(name: str, found: str, readable: float, expected: float = nan) -> AudioError:
    """Return the error for a file that ends early: seconds that can be read, and promised."""
    promised = "" if expected != expected else f" of {expected:.2f} s"
    return AudioError(
        f"{name} is cut off or damaged: {found}; {readable:.2f} s{promised} can be read."
        " Fetch it again, or keep what is there: ffmpeg -i"
        f' "{"FILE" if name.startswith("<") else name}" repaired.flac'
    )
