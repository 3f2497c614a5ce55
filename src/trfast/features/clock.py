"""The clock of frames: the only place where frames become seconds, and seconds frames.

A frame starts a whole number of samples after the one before. What a configuration asks for is
rounded to that; the clock goes by what is so, or times would drift: by 9 s in an hour with a hop
of 10.1 ms at 16 kHz, which is 162 samples, not 161.6.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trfast._checks import check_integer, check_integers, check_not_negative
from trfast.annotation import Timeline, check_timeline
from trfast.audio import SAMPLE_RATE
from trfast.errors import ParameterError
from trfast.features.config import FrameConfig, MfccConfig


def frame_hop(config: FrameConfig) -> float:
    """Return the seconds from a frame to the next, a whole number of samples.

    Examples
    --------
    >>> frame_hop(MfccConfig()), frame_hop(MfccConfig(hop=0.0101))
    (0.01, 0.010125)
    """
    return config.hop_samples / config.sample_rate


HOP = frame_hop(MfccConfig())
"""Seconds from a frame to the next by default."""


_MOST = 2**31  # frames: 248 days


def frames_in(seconds: float, hop: float) -> int:
    """Return how many frames last so long, to the nearest, at most what kernels can count; `hop`
    is that of `frame_hop`.

    Examples
    --------
    >>> frames_in(2.5, HOP)
    250
    """
    return round(min(seconds / hop, _MOST))


def lasts(n_frames: npt.NDArray[np.int64], seconds: float, hop: float) -> npt.NDArray[np.bool_]:
    """Say which numbers of frames last at least so many seconds; `hop` as for `frames_in`."""
    return np.asarray(n_frames * hop >= seconds)


def check_audio_rate(config: FrameConfig) -> None:
    """Raise an error if frames so configured are not made of what `trfast.audio` gives.

    There, all audio is at one rate. Sound of less needs no other: filters may end where it does.
    """
    if config.sample_rate != SAMPLE_RATE:
        raise ParameterError(
            f"frames are configured for {config.sample_rate} Hz, but all audio is resampled to"
            f" {SAMPLE_RATE} Hz: take sample_rate={SAMPLE_RATE}, and for narrow-band sound a"
            f" lower high_frequency (3800 for a telephone's)"
        )


def timeline_to_frames(
    timeline: Timeline, n_frames: int, config: FrameConfig
) -> npt.NDArray[np.int64]:
    """Return the (k, 2) frame bounds [first, last) whose centres lie inside each segment.

    Empty results are dropped, bounds are clipped to ``0..n_frames``.
    """
    check_timeline(timeline, "timeline")
    check_integer(n_frames, "n_frames", least=0)
    centre = _window(config) / 2
    bounds = np.stack([timeline.starts, timeline.ends], axis=1)
    frames = np.ceil((bounds - centre) / frame_hop(config) - 1e-6).astype(np.int64)
    frames = np.clip(frames, 0, n_frames)
    return frames[frames[:, 1] > frames[:, 0]]


def timeline_mask(timeline: Timeline, n_frames: int, config: FrameConfig) -> npt.NDArray[np.bool_]:
    """Say of each frame whether it lies inside, (n_frames,), as `timeline_to_frames` does."""
    mask = np.zeros(n_frames, dtype=bool)
    for first, last in timeline_to_frames(timeline, n_frames, config):
        mask[first:last] = True
    return mask


def frames_to_seconds(
    frames: npt.ArrayLike, n_frames: int, duration: float, config: FrameConfig
) -> npt.NDArray[np.float64]:
    """Return the times of frame bounds: frame t stands for one hop around its centre.

    The first bound of the recording is 0 and the last is `duration`, so that nothing at
    the edges is lost to the window.
    """
    check_integer(n_frames, "n_frames", least=0)
    check_not_negative(duration, "duration")
    index = check_integers(frames, "frames")
    hop = frame_hop(config)
    seconds = index * hop + (_window(config) - hop) / 2
    seconds = np.where(index <= 0, 0.0, seconds)
    return np.minimum(np.where(index >= n_frames, duration, seconds), duration)


def _window(config: FrameConfig) -> float:
    return config.window_samples / config.sample_rate
