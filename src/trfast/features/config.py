"""FrameConfig, MfccConfig, FbankConfig: what a frame is."""

from __future__ import annotations

from dataclasses import dataclass

from trfast._checks import check_integer, check_not_negative, check_positive
from trfast.errors import ParameterError

# Beyond these no frame is of speech, and tables are large.
_LONGEST = 1.0  # seconds of a window
_MOST_MELS = 1024


@dataclass(frozen=True, kw_only=True)
class FrameConfig:
    """Where frames lie; what the clock needs to know of them.

    Parameters
    ----------
    sample_rate : int
        Hz, of the samples that frames are made of.
    window, hop : float
        Length and step of a frame in seconds, 1 at most, which are rounded to whole samples.

    Raises
    ------
    ParameterError
        If a value makes no sense, alone or beside the others.
    """

    sample_rate: int = 16_000
    window: float = 0.025
    hop: float = 0.010

    def __post_init__(self) -> None:
        check_integer(self.sample_rate, "sample_rate", least=1)
        check_positive(self.window, "window")
        check_positive(self.hop, "hop")
        if self.window > _LONGEST:
            raise ParameterError(f"window must be at most {_LONGEST} s, got {self.window}")
        if not 1 <= self.hop_samples <= self.window_samples:
            raise ParameterError(
                f"window {self.window} s and hop {self.hop} s at {self.sample_rate} Hz: "
                "the hop must be at least one sample and at most the window"
            )

    @property
    def window_samples(self) -> int:
        """Length of a frame in samples."""
        return round(self.window * self.sample_rate)

    @property
    def hop_samples(self) -> int:
        """Step from a frame to the next in samples."""
        return round(self.hop * self.sample_rate)


@dataclass(frozen=True, kw_only=True)
class MfccConfig(FrameConfig):
    """What an MFCC frame is; the defaults are those of the default model.

    Parameters
    ----------
    sample_rate : int
        Hz, of the samples that `Mfcc` gets. A model takes only what `trfast.audio` gives, 16 kHz.
    window, hop : float
        Length and step of a frame in seconds, 1 at most, rounded to whole samples; times go by the
        rounded ones (`trfast.features.frame_hop`).
    n_cepstra : int
        Cepstra kept, c1 first; the log-energy stands before them.
    n_mels : int
        Number of mel filters.
    low_frequency, high_frequency : float
        Edges of the filter bank in Hz.
    pre_emphasis : float
        Coefficient of the first-order difference.
    floor : float
        Mean square of a white noise whose power is added to every frame, so that digital
        silence has a finite logarithm. The default is the rounding noise of 16-bit audio.

    Raises
    ------
    ParameterError
        If a value makes no sense, alone or beside the others.
    """

    n_cepstra: int = 19
    n_mels: int = 40
    low_frequency: float = 100.0
    high_frequency: float = 7600.0
    pre_emphasis: float = 0.97
    floor: float = 2.0**-30 / 12

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer(self.n_cepstra, "n_cepstra", least=1)
        _check_filters(self)
        if not self.n_cepstra < self.n_mels:
            raise ParameterError(
                f"n_cepstra must be from 1 to n_mels - 1 = {self.n_mels - 1}, got {self.n_cepstra}"
            )


@dataclass(frozen=True, kw_only=True)
class FbankConfig(FrameConfig):
    """What a frame of Kaldi's filter banks is; the defaults are those of neural embeddings.

    Parameters
    ----------
    sample_rate : int
        Hz, of the samples that `Fbank` gets.
    window, hop : float
        Length and step of a frame in seconds, 1 at most, rounded to whole samples; times go by the
        rounded ones (`trfast.features.frame_hop`).
    n_mels : int
        Number of mel filters.
    low_frequency, high_frequency : float
        Edges of the filter bank in Hz.
    pre_emphasis : float
        Coefficient of the first-order difference.
    floor : float
        Least output of a filter, before the logarithm. The default is the rounding of float32 at
        1, as in Kaldi.

    Raises
    ------
    ParameterError
        If a value makes no sense, alone or beside the others.
    """

    n_mels: int = 80
    low_frequency: float = 20.0
    high_frequency: float = 8000.0
    pre_emphasis: float = 0.97
    floor: float = 2.0**-23

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_filters(self)


def _check_filters(config: MfccConfig | FbankConfig) -> None:
    check_integer(config.n_mels, "n_mels", least=1, most=_MOST_MELS)
    check_positive(config.high_frequency, "high_frequency")
    for name in ("low_frequency", "pre_emphasis", "floor"):
        check_not_negative(getattr(config, name), name)
    if not 0 <= config.low_frequency < config.high_frequency <= config.sample_rate / 2:
        raise ParameterError(
            f"mel filters from {config.low_frequency} to {config.high_frequency} Hz do not lie "
            f"between 0 and half the sample rate, {config.sample_rate / 2} Hz"
        )
    if not config.pre_emphasis < 1:
        raise ParameterError(f"pre_emphasis must lie in [0, 1), got {config.pre_emphasis}")
