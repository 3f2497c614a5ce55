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
