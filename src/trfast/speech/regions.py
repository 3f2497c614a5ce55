"""Regions of speech: from the score of each frame, from energy alone, and in seconds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trfast._checks import check_bounds, check_not_negative, check_type
from trfast._viterbi import best_path
from trfast.annotation import Timeline
from trfast.features import MfccConfig, frame_hop, frames_to_seconds
from trfast.features.clock import lasts
from trfast.features.frames import CHUNK, Frames, checked_frames
from trfast.speech.inputs import SILENCE, energy_of


def detect_by_energy(
    static: Frames,
    *,
    config: MfccConfig | None = None,
    min_duration: float = 0.2,
    min_gap: float = 0.5,
) -> npt.NDArray[np.int64]:
    """Find speech without a model: frames louder than half-way between quiet and loud.

    Parameters
    ----------
    static : ndarray (n_frames, n_static)
        Static frames, log-energy first.
    config : MfccConfig, optional
        What the frames are.
    min_duration, min_gap : float
        Seconds, as in `SpeechDetector`.

    Returns
    -------
    ndarray (n_regions, 2), int64
        Bounds ``[first, last)`` of the regions, in frames.

    Examples
    --------
    >>> import numpy as np
    >>> static = np.full((300, 1), -12.0)
    >>> static[100:200] = -2.0
    >>> detect_by_energy(static)
    array([[100, 200]])
    """
    check_not_negative(min_duration, "min_duration")
    check_not_negative(min_gap, "min_gap")
    config = MfccConfig() if config is None else check_type(config, MfccConfig, "config")
    energy = energy_of(checked_frames(static, "static")).astype(np.float64)
    heard = energy[energy > SILENCE]
    if len(heard) == 0:
        return np.empty((0, 2), dtype=np.int64)
    quiet, loud = np.percentile(heard, [10, 90])
    threshold = max((quiet + loud) / 2, SILENCE) if loud - quiet > 2 else loud - 2
    return closed(energy > threshold, min_duration, min_gap, frame_hop(config))


def regions_to_timeline(
    regions: npt.NDArray[np.int64], n_frames: int, duration: float, config: MfccConfig
) -> Timeline:
    """Turn frame bounds into seconds."""
    regions = check_bounds(regions, "regions", n_frames, apart=False)
    return Timeline.from_arrays(*frames_to_seconds(regions, n_frames, duration, config).T)


def closed(
    speech: npt.NDArray[np.bool_], min_duration: float, min_gap: float, hop: float
) -> npt.NDArray[np.int64]:
    """Bounds of the runs of True, short gaps (in seconds) closed, then short runs dropped."""
    edges = np.flatnonzero(np.diff(speech.astype(np.int8), prepend=np.int8(0), append=np.int8(0)))
    starts, ends = edges[::2], edges[1::2]
    if len(starts) == 0:
        return np.empty((0, 2), dtype=np.int64)
    apart = lasts(starts[1:] - ends[:-1], min_gap, hop)
    starts = starts[np.concatenate([[True], apart])]
    ends = ends[np.concatenate([apart, [True]])]
    keep = lasts(ends - starts, min_duration, hop)
    return np.stack([starts[keep], ends[keep]], axis=1)


def likely(ratio: npt.NDArray[np.float64], penalty: float) -> npt.NDArray[np.bool_]:
    """Best two-state path: `ratio` is the score of speech over the rest in each frame."""
    chunks = (ratio[first : first + CHUNK] for first in range(0, len(ratio), CHUNK))
    scores = (np.stack([np.zeros_like(chunk), chunk]) for chunk in chunks)
    return np.asarray(best_path(scores, 2, len(ratio), penalty=penalty) == 1)
