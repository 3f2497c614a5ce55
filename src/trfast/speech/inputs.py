"""What the network of the speech detector sees of a recording, 25 times a second."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._filters import running_max, running_mean, running_min
from trfast.features.frames import Frames

FloatArray = npt.NDArray[Any]

# Natural log-energy (samples in +-1, a frame of 400) of what is not even recording noise:
# about 1e-5 of full scale a sample.
SILENCE = float(np.log(400 * 1e-10))

# Frames of a block, which the network sees as one: neighbours say the same.
STEP = 4
# Frames whose columns are in memory at a time: 2 minutes, a multiple of blocks.
_CHUNK = 12_000
# Blocks over which mean and deviation are taken: half a second, of syllables, and 5 seconds, of
# the channel; and over which energy is lowest and highest.
_SHORT, _LONG = 13, 125
_RANGES = (25, 75, 251)
# Blocks before and after, of which the first static columns are seen.
_STEPS = (-15, -12, -9, -6, -3, 3, 6, 9, 12, 15)
_N_SEEN = 4
_SMOOTH = 3
_REACH = max(_RANGES) // 2 + _SMOOTH
# In log-energy, 35 dB: how far below the loud frames, or above the quiet ones, makes no difference.
_DEEP = 8.0
# Added to a deviation before its logarithm: less is nothing.
_LEAST = 0.1


def n_inputs(n_static: int) -> int:
    """Return how many inputs there are of so many static columns."""
    return 5 * n_static + 3 * len(_RANGES) + 2 + len(_STEPS) * min(_N_SEEN, n_static)


def energy_of(static: Frames) -> FloatArray:
    """Return the log-energy of each frame."""
    # Copies: a column alone would keep its whole chunk in memory.
    starts = range(0, len(static), _CHUNK)
    chunks = [static[first : first + _CHUNK][:, 0].copy() for first in starts]
    return np.concatenate([np.empty(0, np.float32), *chunks])


def levels_of(energy: FloatArray) -> tuple[float, float]:
    """Return the energy of a recording's quiet and loud frames."""
    heard = energy[energy > SILENCE]
    if len(heard) == 0:
        return 0.0, 0.0
    quiet, loud = np.percentile(heard, [5, 90])
    return float(quiet), float(loud)


def inputs(static: Frames, levels: tuple[float, float]) -> Iterator[FloatArray]:
    """Yield what the network sees of each block, chunk by chunk.

    Cepstra are relative to their mean over 5 seconds, energy to the loud and the quiet frames of
    the recording and to the extremes nearby: channel and level do not count. Deviations and
    steps are logarithms: how much, not how much more.

    Yields
    ------
    ndarray (n_blocks, n_inputs), float32
    """
    n_blocks = -(-len(static) // STEP)
    for first in range(0, n_blocks, _CHUNK // STEP):
        last = min(first + _CHUNK // STEP, n_blocks)
        low, high = max(0, first - _REACH), min(n_blocks, last + _REACH)
        near = static[low * STEP : high * STEP]
        columns = _columns(near, levels)
        yield np.concatenate([part[first - low : last - low] for part in columns], axis=1)


def _columns(static: FloatArray, levels: tuple[float, float]) -> list[FloatArray]:
    quiet, loud = levels
    n_blocks = -(-len(static) // STEP)
    frames = np.pad(static, ((0, STEP * n_blocks - len(static)), (0, 0)), mode="edge")
    frames[:, 0] = np.maximum(frames[:, 0] - loud, -_DEEP)
    steps = np.diff(frames, axis=0, prepend=frames[:1])
    own, square, step = (_blocks(values) for values in (frames, frames**2, steps**2))
    mean, long_mean = running_mean(own, _SHORT), running_mean(own, _LONG)
    columns = [
        own - long_mean,
        mean - long_mean,
        _log_deviation(running_mean(square, _SHORT) - mean**2),
        _log_deviation(running_mean(step, _SHORT)),
        _log_deviation(running_mean(square, _LONG) - long_mean**2),
    ]
    energy = own[:, 0]
    smooth = running_mean(own[:, :_N_SEEN], _SMOOTH)
    for size in _RANGES:
        least, most = (f(smooth[:, 0], size) for f in (running_min, running_max))
        columns.append(np.stack([energy - least, energy - most, most - least], axis=1))
    span = np.full(n_blocks, min(loud - quiet, _DEEP))
    columns.append(np.stack([np.clip(energy + loud - quiet, 0, _DEEP), span], axis=1))
    relative = smooth - long_mean[:, :_N_SEEN]
    at = np.arange(n_blocks)
    columns += [relative[np.clip(at + k, 0, n_blocks - 1)] for k in _STEPS]
    return [values.astype(np.float32, copy=False) for values in columns]


def _blocks(frames: FloatArray) -> FloatArray:
    """Mean of each block, in double precision: what is subtracted later is nearly alike."""
    total = frames[::STEP].astype(np.float64)
    for k in range(1, STEP):
        total += frames[k::STEP]
    return np.asarray(total / STEP)


def _log_deviation(variance: FloatArray) -> FloatArray:
    return np.asarray(np.log(np.sqrt(np.maximum(variance, 0)) + _LEAST))
