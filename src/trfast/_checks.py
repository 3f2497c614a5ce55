"""The argument checks that public functions share: one rule for each kind of argument."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Real
from reprlib import repr as short
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from trfast.errors import ParameterError, ParameterTypeError

Kind = TypeVar("Kind")
Choice = TypeVar("Choice", bound=str)

# Larger numbers have squares whose sum may overflow: norms are infinite, and rows vanish.
_LARGEST = {"f": 1e15, "d": 1e150}


def check_type(value: object, kind: type[Kind], name: str, *, hint: str = "") -> Kind:
    """Return `value` if it is a `kind`; `hint` says how to make one."""
    if not isinstance(value, kind):
        raise ParameterTypeError(
            f"{name} must be of type {kind.__name__}, got {type(value).__name__}"
            + f": {hint}" * bool(hint)
        )
    return value


def check_path(value: object, name: str) -> str | os.PathLike[str]:
    """Return `value` if it is a path, and not the empty one, which would be the current folder."""
    if not isinstance(value, str | os.PathLike):
        raise ParameterTypeError(f"{name} must be a path, got {short(value)}")
    if not os.fspath(value):
        raise ParameterError(f"{name} is empty, expected a path")
    return value


def check_listed(values: object, name: str, of: str) -> list[Any]:
    """Return what is listed; one thing alone, whose parts would be taken for it, is refused."""
    if isinstance(values, str | bytes | os.PathLike | Mapping) or not isinstance(values, Iterable):
        raise ParameterTypeError(
            f"{name} must be a list of {of}, got {short(values)}. For one, give a list of it"
        )
    return list(values)


def check_flag(value: object, name: str) -> bool:
    """Return `value` if it is true or false, and nothing that only counts as one."""
    if not isinstance(value, bool | np.bool_):
        raise ParameterTypeError(f"{name} must be True or False, got {short(value)}")
    return bool(value)


def check_choice(value: object, name: str, choices: Sequence[Choice]) -> Choice:
    """Return `value` if it is one of `choices`."""
    for choice in choices:
        if isinstance(value, str) and value == choice:
            return choice
    raise ParameterError(f"{name} must be one of {', '.join(choices)}, got {value!r}")


def check_number(value: object, name: str) -> float:
    """Return `value` if it is a finite number."""
    number = _number(value, name)
    if not math.isfinite(number):
        raise ParameterError(f"{name} must be a finite number, got {value}")
    return number


def check_positive(value: object, name: str) -> float:
    """Return `value` if it is finite and above zero."""
    number = _number(value, name)
    if not (math.isfinite(number) and number > 0):
        raise ParameterError(f"{name} must be above 0, got {value}")
    return number


def check_not_negative(value: object, name: str) -> float:
    """Return `value` if it is finite and not below zero."""
    number = _number(value, name)
    if not (math.isfinite(number) and number >= 0):
        raise ParameterError(f"{name} must be 0 or more, got {value}")
    return number


def check_share(value: object, name: str) -> float:
    """Return `value` if it is a share, 0 and 1 included."""
    number = _number(value, name)
    if not 0 <= number <= 1:
        raise ParameterError(f"{name} must lie in 0 to 1, got {value}")
    return number


def check_probability(value: object, name: str) -> float:
    """Return `value` if it is the probability of what neither is sure nor never happens."""
    number = _number(value, name)
    if not 0 < number < 1:
        raise ParameterError(f"{name} must lie between 0 and 1, got {value}")
    return number


def check_cosine(value: object, name: str) -> float:
    """Return `value` if it is a cosine."""
    number = _number(value, name)
    if not -1 <= number <= 1:
        raise ParameterError(f"{name} is a cosine similarity, -1 to 1, got {value}")
    return number


def check_integer(
    value: object, name: str, *, least: int | None = None, most: int | None = None
) -> int:
    """Return `value` if it is a whole number of at least `least`, and at most `most`."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise ParameterTypeError(f"{name} must be a whole number, got {short(value)}")
    number = int(value)
    if least is not None and number < least:
        raise ParameterError(f"{name} must be at least {least}, got {value}")
    if most is not None and number > most:
        raise ParameterError(f"{name} must be at most {most}, got {value}")
    return number


def check_random_state(value: object) -> int:
    """Return `value` if it is a seed: results are to come again."""
    return check_integer(value, "random_state", least=0, most=2**32 - 1)


def check_names(
    values: object, name: str, n: int, of: str, *, or_integers: bool = False
) -> list[Any]:
    """Return the names of `n` things, which `of` calls: a sequence of str, or of integers."""
    if isinstance(values, str | bytes) or not hasattr(values, "__len__"):
        raise ParameterTypeError(
            f"{name} must be a sequence of names, one for each {of}, got {short(values)}"
        )
    names: list[Any] = list(values)  # type: ignore[call-overload]
    if len(names) != n:
        raise ParameterError(f"{name} must name one for each of {n} {of}s, got {len(names)}")
    kinds = set(map(type, names))  # which is quicker than to look at each
    if or_integers and all(issubclass(kind, Integral) for kind in kinds):
        return names
    if not all(issubclass(kind, str) for kind in kinds):
        k = next(k for k, found in enumerate(names) if not isinstance(found, str))
        also = ", or all integers" * or_integers
        raise ParameterTypeError(f"{name}[{k}] must be a str{also}, got {short(names[k])}")
    return names


def check_groups(values: npt.ArrayLike, name: str, n: int, of: str) -> npt.NDArray[Any]:
    """Return what `n` things belong to, integers or names; `of` calls those things."""
    groups = _array(values, name)
    if groups.shape != (n,):
        raise ParameterError(f"{name} must be one {of}, shape ({n},), got {groups.shape}")
    if not isinstance(values, np.ndarray) or groups.dtype.kind not in "iuU":
        check_names(values, name, n, of.split()[-1], or_integers=True)
    return groups


def check_integers(values: npt.ArrayLike, name: str) -> npt.NDArray[np.int64]:
    """Return an array of whole numbers, contiguous: fractions are never cut off."""
    array = _array(values, name)
    if array.size and array.dtype.kind not in "iu":
        raise ParameterTypeError(f"{name} must be whole numbers, got {array.dtype}")
    return np.ascontiguousarray(array, dtype=np.int64)


def check_vector(
    values: npt.ArrayLike, name: str, n: int, of: str, *, least: float = -np.inf, unit: str = ""
) -> npt.NDArray[np.floating]:
    """Return `n` finite numbers, one for each of what `of` calls; float32 stays."""
    array = _array(values, name)
    if array.shape != (n,):
        raise ParameterError(f"{name} must be one {of}, shape ({n},), got {array.shape}")
    dtype = np.float32 if array.dtype == np.float32 else np.float64
    vector = _converted(array, name, dtype)
    lowest = float(np.finfo(vector.dtype).min)
    # NaN is the least and the largest of all.
    if n and not (max(least, lowest) <= vector.min() and vector.max() <= -lowest):
        wrong = (
            f"NaN, infinity or less than {least:g} {unit}" if least > lowest else "NaN or infinity"
        )
        raise ParameterError(f"{name} hold {wrong.rstrip()}")
    return vector


def check_real(values: npt.ArrayLike, name: str) -> npt.NDArray[np.floating]:
    """Return numbers of any shape, NaN and infinity too; float32 stays."""
    array = _array(values, name)
    return _converted(array, name, np.float32 if array.dtype == np.float32 else np.float64)


def check_places(
    values: npt.ArrayLike, name: str, n: int, of: str, n_places: int
) -> npt.NDArray[np.int64]:
    """Return a number from 0 to less than `n_places` for each of `n` things."""
    places = check_integers(values, name)
    if places.shape != (n,):
        raise ParameterError(f"{name} must be one {of}, shape ({n},), got {places.shape}")
    if n and not (places.min() >= 0 and places.max() < n_places):
        raise ParameterError(
            f"{name} must be 0 to {n_places - 1}, got {places.min()} to {places.max()}"
        )
    return places


def check_classes(values: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
    """Return labels that can be told apart and sorted."""
    try:
        np.unique(values)
    except TypeError as error:
        raise ParameterTypeError(f"{name} must be all numbers or all names: {error}") from error
    return values


def _is_sparse(values: object) -> bool:
    """Whether it is a matrix of `scipy.sparse`, which is loaded then."""
    sparse = sys.modules.get("scipy.sparse")
    return sparse is not None and sparse.issparse(values)


def check_matrix(
    values: npt.ArrayLike,
    name: str,
    *,
    n_columns: int | None = None,
    dtype: npt.DTypeLike = np.float32,
    min_rows: int = 0,
    summed_in: npt.DTypeLike | None = None,
) -> npt.NDArray[Any]:
    """Return `values` as a finite C-contiguous (n, d) array of `dtype`; see `check_finite`."""
    if _is_sparse(values):
        raise ParameterTypeError(f"{name} is sparse, expected a dense array: give {name}.toarray()")
    given = _array(values, name)
    array = _converted(given, name, dtype)
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
    check_finite(array, name, given=given, summed_in=summed_in)
    return array


def check_finite(
    array: npt.NDArray[Any],
    name: str,
    *,
    given: npt.NDArray[Any] | None = None,
    summed_in: npt.DTypeLike | None = None,
) -> None:
    """Raise an error that names the first row of `array` (n, d) that cannot be worked with.

    A number is NaN or infinite, or so large that a sum of squares in `summed_in` (default: the
    type of `array`) may overflow. `given` is what `array` was converted from.
    """
    largest = _LARGEST[np.dtype(summed_in or array.dtype).char]
    # One pass, and not by BLAS, which would wake its threads; NaN is not less than anything.
    flat = array.ravel("K")
    with np.errstate(over="ignore", invalid="ignore"):
        if float(np.einsum("i,i->", flat, flat)) <= largest**2:
            return
    finite = np.isfinite(array if given is None else given.astype(np.float64)).all(axis=1)
    small = (np.abs(array, dtype=np.float64) <= largest).all(axis=1)
    shown = min(largest, float(np.finfo(array.dtype).max))
    large = f"numbers above {shown:g}, whose squares are too large to add up: scale them"
    for right, found in ((finite, "NaN or infinity"), (small, large)):
        wrong = np.flatnonzero(~right)
        if len(wrong):
            raise ParameterError(
                f"{name} holds {found}, first in row {wrong[0]} ({len(wrong)} of {len(array)} rows)"
            )


def check_offsets(offsets: npt.ArrayLike, n_rows: int) -> npt.NDArray[np.int64]:
    """Return segment offsets: n_segments + 1 rising row numbers within ``0..n_rows``."""
    array = check_integers(offsets, "offsets")
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
    bounds = check_integers(values, name)
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
    score = _converted(_array(scores, "scores"), "scores", np.float64)
    label = _array(labels, "labels")
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


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ParameterTypeError(f"{name} must be a number, got {short(value)}")
    try:
        return float(value)
    except OverflowError:  # an int of hundreds of digits
        return math.nan


def _array(values: npt.ArrayLike, name: str) -> npt.NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ParameterError(f"{name} must be an array, its rows equally long: {error}") from error


def _converted(given: npt.NDArray[Any], name: str, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Real numbers as contiguous floats; what is too large for `dtype` becomes infinite."""
    if given.dtype.kind == "c":
        raise ParameterError(f"Complex data not supported: {name} must hold real numbers")
    if given.dtype.kind not in "biufO":
        raise ParameterTypeError(f"{name} must hold numbers, got {given.dtype}")
    try:
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(given, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise ParameterTypeError(f"{name} must hold numbers: {error}") from error
