"""What is suspicious about the sound of a recording, counted while it is decoded."""

from __future__ import annotations

from math import inf, isfinite, nan

import numpy as np

# Mean squares of what is silence, with the last bit of 16 dithered: -90 dB of full scale.
_SILENCE = 1e-9
# Energy of the mean of channels by that of the channels: 1 if they are alike, 1 / n if they have
# nothing in common. Below, one is the other upside down.
_CANCELLED = 0.01
# What a header may be wrong by: seconds, and a share.
_SECONDS, _SHARE = 1.0, 0.05


class SoundCheck:
    """What `trfast.audio.stream` decoded: seconds and levels, and whether they are suspicious.

    Examples
    --------
    >>> from trfast.audio import Waveform, load
    >>> tone = np.sin(np.arange(16000, dtype=np.float32))
    >>> check = SoundCheck()
    >>> _ = load(Waveform(np.stack([tone, -tone], axis=1), 16000), check=check)
    >>> print(*check.warnings)
    its 2 channels cancel each other in their mean: take one, with --channel 0, in Python Job(...,
    channel=0)
    """

    def __init__(self) -> None:
        self.expected = nan
        self.duration = 0.0
        self._rate = 0
        self._n_samples = 0
        self._n_channels = 0
        self._energy = 0.0
        self._energy_of_channels = 0.0

    def begin(self, expected: float, rate: int) -> None:
        """Take seconds as the file says, NaN if it does not, and its rate."""
        self.expected, self._rate = expected, rate

    def add(
        self, n_samples: int, energy: float, n_channels: int = 0, of_channels: float = 0.0
    ) -> None:
        """Take the sum of squares of samples, and, if they are the mean of channels, of all of
        these."""
        self._n_samples += n_samples
        self.duration = self._n_samples / self._rate
        self._energy += energy
        if n_channels:
            self._n_channels = n_channels
            self._energy_of_channels += of_channels / n_channels

    @property
    def level(self) -> float:
        """Mean level in dB of full scale; -inf if there is nothing."""
        return 10 * float(np.log10(self._mean_square)) if self._mean_square else -inf

    @property
    def is_silent(self) -> bool:
        """All is silence, be it of channels that cancel each other."""
        return self._mean_square < _SILENCE

    @property
    def _mean_square(self) -> float:
        return self._energy / self._n_samples if self._n_samples else 0.0

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is suspicious, a sentence each."""
        found = []
        loud = self._energy_of_channels > _SILENCE * self._n_samples
        if loud and self._energy < _CANCELLED * self._energy_of_channels:
            found.append(
                f"its {self._n_channels} channels cancel each other in their mean: take one, with"
                " --channel 0, in Python Job(..., channel=0)"
            )
        elif self._n_samples and self.is_silent:
            found.append("all of it is silence")
        apart = abs(self.duration - self.expected)
        if isfinite(apart) and apart > max(_SECONDS, _SHARE * self.expected):
            found.append(
                f"it says that it lasts {self.expected:.1f} s, and holds {self.duration:.1f} s"
            )
        return tuple(found)
