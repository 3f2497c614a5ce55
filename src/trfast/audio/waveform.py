"""Audio in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trfast._checks import check_positive
from trfast.audio.opened import AudioInfo, Opened, check_has_track
from trfast.errors import ParameterError, ParameterTypeError

# Half of the rate is all the band there is. A telephone gives 3.4 kHz of speech, and with less than
# 2 kHz there are no words left: then something else was taken for the rate, as where it is above
# that of any converter.
LOWEST_RATE, HIGHEST_RATE = 4_000, 10_000_000
RATES = f"{LOWEST_RATE} to {HIGHEST_RATE} samples a second"
_MOST_CHANNELS = 64  # of an array; more are samples

_FULL_SCALE = {"int16": 2.0**15, "int32": 2.0**31, "float32": 1.0, "float64": 1.0}
_PIECE = 1 << 16  # samples that are converted at once


@dataclass(frozen=True, eq=False)
class Waveform:
    """Audio in memory.

    Parameters
    ----------
    samples : ndarray (n,) or (n, channels)
        int16, int32, or float32 or float64 with full scale at +-1; at most 64 channels.
    sample_rate : int
        Samples a second, 4,000 to 10,000,000: with fewer there is no speech left.

    Raises
    ------
    ParameterError
        If the array has another shape or type, or the rate is out of range.

    Examples
    --------
    >>> from trfast.audio import probe
    >>> probe(Waveform(np.zeros((44100, 2), dtype=np.int16), 44100))
    AudioInfo(duration=1.0, sample_rate=44100, channels=2, format='int16 array', tracks=1)
    """

    samples: npt.NDArray[np.generic]
    sample_rate: int

    def __repr__(self) -> str:
        return f"<Waveform {self.samples.shape} of {self.samples.dtype} at {self.sample_rate} Hz>"

    def __post_init__(self) -> None:
        samples = self.samples
        if not isinstance(samples, np.ndarray) or str(samples.dtype) not in _FULL_SCALE:
            found = getattr(samples, "dtype", type(samples).__name__)
            raise ParameterTypeError(
                f"samples must be an array of {', '.join(_FULL_SCALE)}, got {found}"
            )
        if samples.ndim not in (1, 2) or 0 in samples.shape[1:]:
            raise ParameterError(
                f"samples must have shape (n,) or (n, channels), got {samples.shape}"
            )
        if samples.ndim == 2 and samples.shape[1] > _MOST_CHANNELS:
            raise ParameterError(
                f"samples of shape {samples.shape} are {samples.shape[1]} channels, expected (n,)"
                f" or (n, channels) with at most {_MOST_CHANNELS}: where channels come first, give"
                " samples.T"
            )
        rate = check_positive(self.sample_rate, "sample_rate")
        if not LOWEST_RATE <= rate <= HIGHEST_RATE:
            raise ParameterError(f"sample_rate must be {RATES}, got {self.sample_rate}")


@contextmanager
def open_waveform(waveform: Waveform, track: int) -> Iterator[Opened]:
    check_has_track("the waveform", 1, track)
    samples = waveform.samples if waveform.samples.ndim == 2 else waveform.samples[:, None]
    scale = np.float32(1 / _FULL_SCALE[str(samples.dtype)])
    yield (
        AudioInfo(
            len(samples) / waveform.sample_rate,
            waveform.sample_rate,
            samples.shape[1],
            f"{samples.dtype} array",
        ),
        (
            samples[start : start + _PIECE].astype(np.float32) * scale
            for start in range(0, len(samples), _PIECE)
        ),
    )
