"""The clock of frames: the only place where frames become seconds, and seconds frames."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trfast.annotation import Timeline
from trfast.features.config import MfccConfig


def timeline_to_frames(
    timeline: Timeline, n_frames: int, config: MfccConfig
) -> npt.NDArray[np.int64]:
    """Return the (k, 2) frame bounds [first, last) whose centres lie inside each segment.

    Empty results are dropped, bounds are clipped to ``0..n_frames``.
    """
    centre = config.window / 2
    bounds = np.stack([timeline.starts, timeline.ends], axis=1)
    frames = np.ceil((bounds - centre) / config.hop - 1e-6).astype(np.int64)
    frames = np.clip(frames, 0, n_frames)
    return frames[frames[:, 1] > frames[:, 0]]


def frames_to_seconds(
    frames: npt.ArrayLike, n_frames: int, duration: float, config: MfccConfig
) -> npt.NDArray[np.float64]:
    """Return the times of frame bounds: frame t stands for one hop around its centre.

    The first bound of the recording is 0 and the last is `duration`, so that nothing at
    the edges is lost to the window.
    """
    index = np.asarray(frames)
    seconds = index * config.hop + (config.window - config.hop) / 2
    seconds = np.where(index <= 0, 0.0, seconds)
    return np.minimum(np.where(index >= n_frames, duration, seconds), duration)
