"""Diagonal GMM, by the book."""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def log_joint(x: Array, weights: Array, means: Array, variances: Array) -> Array:
    """log(weight * density) of each frame for each Gaussian, (n, c)."""
    difference = x[:, None, :].astype(np.float64) - means
    return np.asarray(
        np.log(weights)
        - 0.5
        * (np.log(2 * np.pi * variances).sum(axis=1) + (difference**2 / variances).sum(axis=2))
    )


def posteriors(x: Array, weights: Array, means: Array, variances: Array) -> tuple[Array, Array]:
    """Posteriors (n, c) and log-likelihoods (n,)."""
    joint = log_joint(x, weights, means, variances)
    log_likelihood = np.logaddexp.reduce(joint, axis=1)
    return np.exp(joint - log_likelihood[:, None]), log_likelihood


def statistics(x: Array, offsets: Array, posterior: Array, floor: float) -> tuple[Array, Array]:
    """Zeroth-order (s, c) and first-order (s, c, d) statistics of each segment."""
    kept = np.where(posterior > floor, posterior, 0)
    kept = kept / np.maximum(kept.sum(axis=1, keepdims=True), 1e-300)
    bounds = list(pairwise(offsets))
    zeroth = np.stack([kept[a:b].sum(axis=0) for a, b in bounds])
    first = np.stack([kept[a:b].T @ x[a:b].astype(np.float64) for a, b in bounds])
    return zeroth, first
