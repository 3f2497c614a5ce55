"""What the arrays of a model file must be, for a whole file may be senseless."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast.errors import ParameterError

# Shapes by name; what has the same name has the same size, in all arrays.
_SHAPES = {
    "speech.first.weights": "inputs hidden",
    "speech.first.bias": "hidden",
    "speech.second.weights": "hidden second",
    "speech.second.bias": "second",
    "speech.output.weights": "second 1",
    "speech.output.bias": "1",
    "ubm.weights": "gaussians",
    "ubm.means": "gaussians columns",
    "ubm.variances": "gaussians columns",
    "total_variability": "gaussians columns rank",
    "whitening.mean": "rank",
    "whitening.matrix": "rank rank",
    "cohort": "strangers rank",
    "wccn.within": "rank rank",
    "wccn.matrix": "rank rank",
    "lda.mean": "rank",
    "lda.matrix": "rank lda",
    "lda.eigenvalues": "lda",
    "plda.mean": "rank",
    "plda.factor": "rank plda",
    "plda.within": "rank rank",
    "plda.projection": "rank plda",
    "plda.eigenvalues": "plda",
    "tr.weights": "rank tr",
    "tr.bias": "tr",
}
_OF_WINDOWS = {
    "whitening.mean": "rank",
    "whitening.matrix": "rank rank",
    "mean": "rank",
    "matrix": "rank {k}",
    "eigenvalues": "{k}",
}
# In half precision; all others are float32.
_HALF = ("total_variability", "cohort")


def check_arrays(
    tensors: Mapping[str, npt.NDArray[Any]], *, n_windows: int = 0, **sizes: int
) -> None:
    """Check that the arrays of a model file fit each other, and hold finite numbers.

    Parameters
    ----------
    tensors : mapping of str to ndarray
        Names that no model has are passed over; what lacks is found by who needs it.
    n_windows : int
        Lengths of windows.
    **sizes : int
        Those that the settings say, by the names above.

    Raises
    ------
    ParameterError
        If they do not.
    """
    shapes = dict(_SHAPES)
    for k in range(n_windows):
        for part, shape in _OF_WINDOWS.items():
            shapes[f"windows.{k}.{part}"] = shape.format(k=f"windows-{k}")
    sizes["1"] = 1
    for name, shape in shapes.items():
        if name in tensors:
            _check_array(name, tensors[name], shape.split(), sizes)


def _check_array(
    name: str, array: npt.NDArray[Any], axes: list[str], sizes: dict[str, int]
) -> None:
    expected = np.dtype(np.float16 if name in _HALF else np.float32)
    if array.dtype != expected:
        raise ParameterError(f"{name} is of {array.dtype}, expected {expected}")
    known = [sizes.get(axis, axis) for axis in axes]
    fits = len(axes) == array.ndim and array.size > 0
    for axis, size in zip(axes, array.shape, strict=False):
        fits = fits and sizes.setdefault(axis, size) == size
    if not fits:
        shape = f"({', '.join(map(str, known))})"
        raise ParameterError(f"{name} is of shape {array.shape}, expected {shape}")
    if not np.isfinite(array).all():
        raise ParameterError(f"{name} holds NaN or infinity")
    if name.endswith("eigenvalues") and array.min() < 0:
        raise ParameterError(f"{name} must be 0 or more, got {array.min():g}")
