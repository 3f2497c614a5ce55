"""The argument checks that public functions share."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import issparse

from trfast.errors import ParameterError


def check_matrix(
    values: npt.ArrayLike,
    name: str,
    *,
    n_columns: int | None = None,
    dtype: npt.DTypeLike = np.float32,
    min_rows: int = 0,
) -> npt.NDArray[Any]:
    """Return `values` as a finite C-contiguous (n, d) array of `dtype`."""
    if issparse(values):
        raise ParameterError(f"{name} is sparse, expected a dense array: give {name}.toarray()")
    if np.iscomplexobj(values):
        raise ParameterError(f"Complex data not supported: {name} must hold real numbers")
    array = np.ascontiguousarray(values, dtype=dtype)
    if array.ndim != 2:
        raise ParameterError(
            f"{name} must be 2-D (one item a row), got shape {array.shape}. Reshape your data"
        )
    if n_columns is not None and array.shape[1] != n_columns:
        raise ParameterError(
            f"{name} must have {n_columns} columns, got {array.shape[1]} (shape {array.shape})"
        )
    if array.shape[0] < min_rows:
        raise ParameterError(f"{name} must have at least {min_rows} rows, got {array.shape[0]}")
    check_finite(array, name)
    return array


def check_finite(array: npt.NDArray[Any], name: str) -> None:
    """Raise an error that names the first row of `array` (n, d) that is not finite."""
    if not np.isfinite(array).all():
        wrong = np.flatnonzero(~np.isfinite(array).all(axis=1))
        raise ParameterError(
            f"{name} holds NaN or infinity, first in row {wrong[0]}"
            f" ({len(wrong)} of {len(array)} rows)"
        )


def check_positive(value: float, name: str) -> float:
    """Return `value` if it is finite and above zero."""
    if not (np.isfinite(value) and value > 0):
        raise ParameterError(f"{name} must be above 0, got {value}")
    return float(value)


def check_not_negative(value: float, name: str) -> float:
    """Return `value` if it is finite and not below zero."""
    if not (np.isfinite(value) and value >= 0):
        raise ParameterError(f"{name} must be 0 or more, got {value}")
    return float(value)


def check_cosine(value: float, name: str) -> float:
    """Return `value` if it is a cosine."""
    if not -1 <= value <= 1:
        raise ParameterError(f"{name} is a cosine similarity, -1 to 1, got {value}")
    return float(value)


def check_offsets(offsets: npt.ArrayLike, n_rows: int) -> npt.NDArray[np.int64]:
    """Return segment offsets: n_segments + 1 rising row numbers within ``0..n_rows``."""
    array = np.ascontiguousarray(offsets, dtype=np.int64)
    if array.ndim != 1 or len(array) < 1:
        raise ParameterError(f"offsets must be 1-D and not empty, got shape {array.shape}")
    if array[0] < 0 or array[-1] > n_rows or (np.diff(array) < 0).any():
        raise ParameterError(f"offsets must rise from 0 or more to at most {n_rows} (the rows)")
    return array


def check_bounds(
    values: npt.ArrayLike, name: str, n_frames: int, *, apart: bool = True
) -> npt.NDArray[np.int64]:
    """Return (k, 2) frame bounds [first, last): not empty, in ``0..n_frames``, starts rising.

    With `apart`, they do not overlap.
    """
    bounds = np.ascontiguousarray(values, dtype=np.int64)
    if bounds.size == 0:
        return bounds.reshape(0, 2)
    if bounds.ndim != 2 or bounds.shape[1] != 2:
        raise ParameterError(f"{name} must be (k, 2) frame bounds, got shape {bounds.shape}")
    wrong = np.flatnonzero(bounds[:, 1] <= bounds[:, 0])
    if len(wrong):
        raise ParameterError(f"{name}[{wrong[0]}] is empty: {bounds[wrong[0]].tolist()}")
    falls = (bounds[1:, 0] < bounds[:-1, int(apart)]).any()
    if falls or bounds[0, 0] < 0 or bounds[:, 1].max() > n_frames:
        raise ParameterError(
            f"{name} must rise from 0 to at most {n_frames}{' without overlap' * apart}"
        )
    return bounds


def check_trials(
    scores: npt.ArrayLike, labels: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return the scores, finite, and the labels of trials, of which there must be both kinds."""
    score, label = np.asarray(scores, np.float64), np.asarray(labels)
    if score.ndim != 1 or score.shape != label.shape:
        raise ParameterError(
            f"scores and labels must be 1-D and equally long, got {score.shape} and {label.shape}"
        )
    if not np.isin(label, (0, 1)).all():
        raise ParameterError("labels must be true (target) or false (non-target)")
    if not np.isfinite(score).all():
        raise ParameterError(f"scores hold NaN or infinity in {(~np.isfinite(score)).sum()} places")
    label = label.astype(bool)
    if label.all() or not label.any():
        raise ParameterError(
            f"{label.sum()} target and {(~label).sum()} non-target trials, expected some of both"
        )
    return score, label
