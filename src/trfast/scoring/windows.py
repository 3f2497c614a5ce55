"""Windows of a recording -> rows that say, added up, how likely they are of one speaker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._checks import check_integer, check_not_negative, check_number, check_positive
from trfast.embedding.ivector import ProjectedStatistics
from trfast.errors import ParameterError
from trfast.scoring.normalization import LengthNorm, Whitening
from trfast.scoring.two_covariance import TwoCovariance

FloatArray = npt.NDArray[Any]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class WindowConfig:
    """How the windows of a recording are made, and clustered.

    Parameters
    ----------
    unit : float
        Seconds of a unit of speech; each gets a label.
    lengths : tuple of float
        Seconds of the windows around each unit, in its speech region.
    scale : float
        How much a second of speech counts, in each length of window: as ``scale / length``
        windows. What stands near has not been heard independently.
    threshold : float
        Least gain in log-likelihood for which two clusters are joined.
    relevance : float
        Speakers that weigh as much as the training's mean against that of the recording.
    min_speech : float
        Seconds of speech of a speaker; one with less joins the nearest with enough.
    n_gaussians : int
        Of each speaker's mixture, with which borders are refined.
    penalty : float
        What a change of speaker costs then, in log-likelihood.
    """

    unit: float = 0.75
    lengths: tuple[float, ...] = (1.5, 3.0)
    scale: float = 0.65
    threshold: float = -16.0
    relevance: float = 3.0
    min_speech: float = 2.0
    n_gaussians: int = 8
    penalty: float = 150.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "lengths", tuple(self.lengths))  # a file has lists
        if not self.lengths:
            raise ParameterError("lengths must hold at least one, got none")
        for value in (self.unit, self.scale, *self.lengths):
            check_positive(value, "unit, lengths and scale")
        check_number(self.threshold, "threshold")
        for name in ("relevance", "min_speech", "penalty"):
            check_not_negative(getattr(self, name), name)
        check_integer(self.n_gaussians, "n_gaussians", least=1)

    @property
    def reach(self) -> int:
        """How many units before and after one its longest window takes in."""
        return max(len(self.weights(length)) // 2 for length in self.lengths)

    def weights(self, length: float) -> FloatArray:
        """How much of the units around one a window takes: half of those at its ends, or so.

        Examples
        --------
        >>> WindowConfig().weights(1.5), WindowConfig().weights(3.0)
        (array([0.5, 1. , 0.5]), array([0.5, 1. , 1. , 1. , 0.5]))
        """
        half = max(length / self.unit, 1.0) / 2
        reach = int(np.ceil(half - 0.5))
        return np.clip(half + 0.5 - np.abs(np.arange(-reach, reach + 1)), 0, 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class WindowScoring:
    """What makes comparable rows of the statistics of units.

    Parameters
    ----------
    config : WindowConfig
    whitenings : sequence of Whitening
        One a length of window, before their length normalization.
    models : sequence of TwoCovariance
        One a length of window.
    """

    config: WindowConfig
    whitenings: Sequence[Whitening]
    models: Sequence[TwoCovariance]

    @property
    def eigenvalues(self) -> FloatArray:
        """Covariance between speakers, of all lengths beside each other, per second of speech."""
        scaled = [
            model.eigenvalues_ * self.config.scale / length
            for model, length in zip(self.models, self.config.lengths, strict=True)
        ]
        return np.concatenate(scaled).astype(np.float32)

    def rows(
        self,
        statistics: ProjectedStatistics,
        regions: IntArray,
        vectors_of: Callable[[ProjectedStatistics], FloatArray],
    ) -> npt.NDArray[np.float32]:
        """Return what the windows around each unit say, per second of speech.

        Parameters
        ----------
        statistics : ProjectedStatistics
            One row a unit.
        regions : ndarray (n,), int64
            Speech region of each.
        vectors_of : callable
            Makes vectors of the statistics of windows, such as `SimplifiedIvectors`.

        Returns
        -------
        ndarray (n, sum of components), float32
            In the basis where the covariance within speakers is the identity.
        """
        if len(statistics) == 0:
            return np.empty((0, len(self.eigenvalues)), np.float32)
        found = []
        for length, whitening, model in zip(
            self.config.lengths, self.whitenings, self.models, strict=True
        ):
            vectors = vectors_of(windows(statistics, regions, self.config.weights(length)))
            rows = model.transform(LengthNorm().fit_transform(whitening.transform(vectors)))
            found.append(rows * np.sqrt(self.config.scale / length))
        return np.hstack(found).astype(np.float32)


def windows(
    statistics: ProjectedStatistics, regions: IntArray, weights: FloatArray
) -> ProjectedStatistics:
    """Add up the statistics of the units around each, inside its region.

    Parameters
    ----------
    statistics : ProjectedStatistics
        One row a unit.
    regions : ndarray (n,), int64
        Speech region of each, rising.
    weights : ndarray (2 k + 1,)
        Of the k units before, the unit itself, and the k after.
    """
    return ProjectedStatistics(
        in_windows(statistics.zeroth, regions, weights),
        in_windows(statistics.first, regions, weights),
    )


def in_windows(values: FloatArray, regions: IntArray, weights: FloatArray) -> FloatArray:
    """Add up the rows around each, as `windows` does.

    Examples
    --------
    >>> values = np.array([[1.0], [2.0], [4.0]])
    >>> in_windows(values, np.array([0, 0, 1]), np.array([0.5, 1.0, 0.5]))
    array([[2. ],
           [2.5],
           [4. ]])
    """
    total = np.zeros_like(values)
    reach = len(weights) // 2
    for shift in range(-reach, reach + 1):
        rows = slice(max(0, -shift), len(values) - max(0, shift))
        others = slice(rows.start + shift, rows.stop + shift)
        if rows.stop > rows.start:
            inside = (regions[rows] == regions[others])[:, None]
            total[rows] += weights[reach + shift] * inside * values[others]
    return total
