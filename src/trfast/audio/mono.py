"""Pieces of several channels -> mono blocks at 16 kHz."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import isfinite

import numpy as np
import soxr

from trfast.audio.opened import FloatArray, Piece, as_float
from trfast.audio.sound_check import SoundCheck
from trfast.errors import AudioError

SAMPLE_RATE = 16000
"""Samples a second of everything after this module."""

_BLOCK = 1 << 20  # samples for which there is room at first


def mixed(
    pieces: Iterable[Piece],
    channel: int | None,
    sample_rate: int,
    name: str,
    check: SoundCheck | None,
) -> Iterator[FloatArray]:
    """Yield the mean of the channels of each piece, or one of them; count it for a check."""
    position = 0
    for piece in pieces:
        n_channels = piece.shape[1]
        if channel is not None and channel >= n_channels:  # a broadcast that turns mono
            channel = None
        is_mean = channel is None and n_channels > 1
        if is_mean:
            # Scaled by the weights: one pass less.
            scale = np.float32(2.0**-15 if piece.dtype == np.int16 else 1.0)
            wide = piece.astype(np.float32, copy=False)
            mono = wide @ np.full(n_channels, np.float32(1 / n_channels) * scale)
        else:
            mono = as_float(np.ascontiguousarray(piece[:, channel or 0]))
        energy = energy_of(mono)
        # That is quick; where it overflows, all may be finite.
        if not isfinite(energy) and not (finite := np.isfinite(mono)).all():
            first = (position + int(finite.argmin())) / sample_rate
            raise AudioError(
                f"{name} holds NaN or infinity, first at {first:.3f} s."
                " Samples must be finite: write the file again from its source."
            )
        position += len(mono)
        if check is not None:
            of_channels = energy_of(wide) * float(scale) ** 2 if is_mean else 0.0
            check.add(len(mono), energy, n_channels * is_mean, of_channels)
        yield mono


def energy_of(samples: FloatArray) -> float:
    """Return the sum of squares; infinity where it overflows."""
    flat = samples.ravel(order="K")
    return float(np.vdot(flat, flat))


def resampled(pieces: Iterable[FloatArray], sample_rate: int) -> Iterator[FloatArray]:
    """Yield pieces at `SAMPLE_RATE`."""
    if sample_rate == SAMPLE_RATE:
        yield from pieces
        return
    resampler = soxr.ResampleStream(sample_rate, SAMPLE_RATE, 1, "float32", "HQ")
    for piece in pieces:
        yield resampler.resample_chunk(piece)
    yield resampler.resample_chunk(np.empty(0, np.float32), last=True)


def regrouped(pieces: Iterable[FloatArray], size: int) -> Iterator[FloatArray]:
    """Yield blocks of `size` samples; the last is shorter. Pieces are copied at once, so that their
    memory is used again: most of the time went into new pages."""
    block, n_filled = np.empty(min(size, _BLOCK), np.float32), 0
    for piece in pieces:
        start = 0
        while start < len(piece):
            if n_filled == len(block):  # of a size that is beyond all sound, perhaps
                block = np.concatenate([block, np.empty(min(size, 2 * n_filled) - n_filled, "f4")])
            n_copied = min(len(piece) - start, len(block) - n_filled)
            block[n_filled : n_filled + n_copied] = piece[start : start + n_copied]
            start, n_filled = start + n_copied, n_filled + n_copied
            if n_filled == size:
                yield block
                block, n_filled = np.empty(min(size, _BLOCK), np.float32), 0
    if n_filled:
        yield block[:n_filled]
