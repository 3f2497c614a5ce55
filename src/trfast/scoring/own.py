"""What a back-end takes of one's own: a score, or a projection."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]


@runtime_checkable
class Score(Protocol):
    """A similarity of one's own, as `Backend` takes it for its estimator.

    It may have more: ``project(x)``, which makes rows that are compared of vectors, (n, k) of
    (n, rank), once for all pairs; ``edges_above(rows, threshold, *, n_threads)``, as
    `CompiledScore.edges_above`, where there is a quicker way than blocks of all scores;
    ``factors(rows)``, two rows for each whose products are the scores, where there are such:
    without them, average linkage takes up to 4,096 rows; ``fit(X, y)``, for `trfast.training`; and
    a ``fingerprint``, a text that changes where its results would, if recordings are diarized by
    it. `tests/test_own_parts.py` holds an example of each.
    """

    def similarity(self, a: FloatArray, b: FloatArray, /) -> npt.ArrayLike:
        """Score each row of `a` with each of `b`, (n, m): finite, higher for more alike, and the
        same whichever comes first."""


@runtime_checkable
class Projection(Protocol):
    """A projection of one's own, as `Backend` takes it for its estimator: the cosine of what comes
    out is the similarity. Any transformer of scikit-learn is one; for more, see `Score`."""

    def transform(self, x: FloatArray, /) -> npt.ArrayLike:
        """Turn vectors (n, rank) into others (n, k)."""


OwnEstimator = Score | Projection
