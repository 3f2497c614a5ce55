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


def mixed(
    pieces: Iterable[Piece],
    channel: int | None,
    sample_rate: int,
    name: str,
    check: SoundCheck | None,
) -> Iterator[FloatArray]:
    position = 0
    for piece in pieces:
        n_channels = piece.shape[1]
        if channel is not None and channel >= n_channels:  # a broadcast that turns mono
            channel = None
        mixed = channel is None and n_channels > 1
        if mixed:
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
            of_channels = energy_of(wide) * float(scale) ** 2 if mixed else 0.0
            check.add(len(mono), energy, n_channels * mixed, of_channels)
        yield mono


def energy_of(samples: FloatArray) -> float:
    flat = samples.ravel(order="K")
    with np.errstate(over="ignore", invalid="ignore"):
        return float(flat @ flat)


def resampled(pieces: Iterable[FloatArray], sample_rate: int) -> Iterator[FloatArray]:
    if sample_rate == SAMPLE_RATE:
        yield from pieces
        return
    resampler = soxr.ResampleStream(sample_rate, SAMPLE_RATE, 1, "float32", "HQ")
    for piece in pieces:
        yield resampler.resample_chunk(piece)
    yield resampler.resample_chunk(np.empty(0, np.float32), last=True)


def regrouped(pieces: Iterable[FloatArray], size: int) -> Iterator[FloatArray]:
    held: list[FloatArray] = []
    n_held = 0
    for piece in pieces:
        held.append(piece)
        n_held += len(piece)
        if n_held >= size:
            joined = np.concatenate(held)
            whole = n_held - n_held % size
            for start in range(0, whole, size):
                yield joined[start : start + size]
            held, n_held = [joined[whole:]], n_held - whole
    if n_held:
        yield np.concatenate(held)
