"""Speech regions -> short units, of which windows are made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trfast._checks import check_bounds, check_positive
from trfast.features.clock import HOP, frames_in
from trfast.features.frames import Frames
from trfast.segmentation.chain import SegmentationConfig, segment
from trfast.segmentation.moments import Bounds


@dataclass(frozen=True, eq=False)
class Units:
    """Units of speech.

    Parameters
    ----------
    bounds : ndarray (n, 2), int64
        In frames.
    regions : ndarray (n,), int64
        Number of the speech region of each, or of the part of one between two clear changes.
    """

    bounds: Bounds
    regions: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.bounds)


def cut_units(regions: npt.ArrayLike, n_frames: int, *, duration: float, hop: float = HOP) -> Units:
    """Cut speech regions into equal parts of about `duration`.

    Parameters
    ----------
    regions : array_like (k, 2)
        Speech, frame bounds.
    n_frames : int
        Of the recording.
    duration : float
        Seconds.
    hop : float
        Seconds from frame to frame, as `trfast.features.frame_hop` gives them.

    Returns
    -------
    Units
        They cover the regions exactly; one that is shorter than half of `duration` is one unit.

    Raises
    ------
    ParameterError
        If bounds do not rise or lie outside the frames.

    Examples
    --------
    >>> cut_units([[0, 150], [200, 230]], 300, duration=0.75).bounds.tolist()
    [[0, 75], [75, 150], [200, 230]]
    """
    bounds = check_bounds(regions, "regions", n_frames)
    length = max(1, frames_in(check_positive(duration, "duration"), hop))
    lengths = bounds[:, 1] - bounds[:, 0]
    n_units = np.maximum(1, np.rint(lengths / length)).astype(np.int64)
    place = np.repeat(np.arange(len(bounds)), n_units)
    part = np.arange(len(place)) - np.repeat(np.cumsum(n_units) - n_units, n_units)
    edges = [
        bounds[place, 0] + np.rint((part + k) * lengths[place] / n_units[place]).astype(np.int64)
        for k in (0, 1)
    ]
    return Units(np.stack(edges, axis=1), place)


def units_between_changes(
    features: Frames | npt.ArrayLike,
    regions: npt.ArrayLike,
    *,
    duration: float,
    config: SegmentationConfig | None = None,
    hop: float = HOP,
) -> Units:
    """Cut speech regions into units that no clear change lies in, where divergence and BIC see one.

    Parameters
    ----------
    features, regions, config, hop
        As for `segment`, whose segments stand for the regions of what comes out.
    duration : float
        Seconds of a unit, about.

    Returns
    -------
    Units

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(2000, 4))
    >>> x[1000:] += 3
    >>> units_between_changes(x, [[0, 2000]], duration=5.0).bounds.tolist()
    [[0, 500], [500, 1000], [1000, 1500], [1500, 2000]]
    """
    found = segment(features, regions, config=config, hop=hop)
    last = int(found[-1, 1]) if len(found) else 0
    return cut_units(found, last, duration=duration, hop=hop)


def windows_around(units: Units, n_frames: int) -> Bounds:
    """Return the bounds of a window around the middle of each unit, (n, 2), inside its region.

    A window that would reach beyond is moved in; where the region is shorter than `n_frames`, it
    is the region.

    Examples
    --------
    >>> windows_around(cut_units([[0, 300], [400, 450]], 450, duration=0.75), 150).tolist()
    [[0, 150], [37, 187], [112, 262], [150, 300], [400, 450]]
    """
    starts = np.flatnonzero(np.diff(units.regions, prepend=-1))
    lasts = np.append(starts[1:], len(units)) - 1 if len(units) else starts
    region = np.repeat(np.arange(len(starts)), lasts - starts + 1)
    low, high = units.bounds[starts, 0][region], units.bounds[lasts, 1][region]
    middle = units.bounds.sum(axis=1) // 2
    start = np.minimum(np.maximum(middle - n_frames // 2, low), np.maximum(high - n_frames, low))
    return np.stack([start, np.minimum(start + n_frames, high)], axis=1)


def longest_windows(
    segments: Bounds, labels: npt.NDArray[np.int64], n_frames: int, *, most: int
) -> tuple[Bounds, npt.NDArray[np.int64]]:
    """Return windows in the middle of each speaker's longest turns, side by side.

    Parameters
    ----------
    segments : ndarray (n, 2), int64
        Frame bounds, rising.
    labels : ndarray (n,), int64
        Speaker of each; touching segments of one are one turn.
    n_frames : int
        Of a window; a shorter turn is one window.
    most : int
        Frames of a speaker: when they are reached, no further window is taken.

    Returns
    -------
    windows : ndarray (m, 2), int64
    labels : ndarray (m,), int64
        Speaker of each window.

    Examples
    --------
    >>> segments, labels = np.array([[0, 40], [40, 340], [400, 500]]), np.array([0, 0, 1])
    >>> windows, speakers = longest_windows(segments, labels, 150, most=1000)
    >>> windows.tolist(), speakers.tolist()
    ([[20, 170], [170, 320], [400, 500]], [0, 0, 1])
    """
    goes_on = np.zeros(len(segments), bool)
    goes_on[1:] = (labels[1:] == labels[:-1]) & (segments[1:, 0] == segments[:-1, 1])
    first = np.flatnonzero(~goes_on)
    last = np.append(first[1:], len(segments))[: len(first)] - 1
    start, end, speaker = segments[first, 0], segments[last, 1], labels[first]
    windows, speakers = [], []
    left = dict.fromkeys(speaker.tolist(), most)
    for turn in np.argsort(start - end, kind="stable").tolist():
        own, length = int(speaker[turn]), int(end[turn] - start[turn])
        n_windows = min(max(1, length // n_frames), -(-left[own] // n_frames))
        size = min(length, n_frames)
        begin = int(start[turn]) + (length - n_windows * size) // 2
        windows += [(begin + k * size, begin + (k + 1) * size) for k in range(n_windows)]
        speakers += [own] * n_windows
        left[own] -= n_windows * size
    return np.array(windows, np.int64).reshape(-1, 2), np.array(speakers, np.int64)
