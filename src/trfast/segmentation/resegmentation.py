"""Viterbi resegmentation: move the borders of segments to where the clusters' models change."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from trfast._checks import (
    check_bounds,
    check_flag,
    check_integer,
    check_integers,
    check_not_negative,
)
from trfast._mixture import LinearForm, linear_form, maximize, statistics
from trfast._threads import blas_limit
from trfast._viterbi import best_path
from trfast.errors import ParameterError
from trfast.features.frames import Frames, checked_frames
from trfast.segmentation.moments import column_moments

FloatArray = npt.NDArray[np.floating]

# A Gaussian gets at least so many frames, and a variance of at least this share of the
# variance of all frames.
_FRAMES_A_GAUSSIAN = 50
# Of more frames, a cluster's mixture is trained on every other one, or every third, and so on.
_MOST_FRAMES = 6_000
_VARIANCE_FLOOR = 0.01

# EM iterations after a split, and after the last one.
_ITERATIONS, _LAST_ITERATIONS = 2, 6

# Frames whose log-likelihoods are in memory at a time.
_BLOCK = 2000


def viterbi_resegmentation(
    features: Frames | npt.ArrayLike,
    segments: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    n_gaussians: int = 8,
    penalty: float = 250.0,
    local: bool = False,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Train a model of each cluster, and find the best path through them.

    Each cluster is a mixture of diagonal Gaussians, trained by splitting and EM on its
    frames. Each run of touching segments is decoded on its own, from any cluster to any:
    only the frames of the segments are looked at, and a pause costs nothing.

    Parameters
    ----------
    features : array_like (n_frames, n_features)
    segments : array_like (m, 2)
        Frame bounds.
    labels : array_like (m,)
        Cluster of each segment, an integer.
    n_gaussians : int
        Gaussians of a cluster; fewer where it has under 50 frames for each.
    penalty : float
        What a change of cluster costs, in log-likelihood.
    local : bool
        A run goes only through clusters that one of its segments has: borders move, and no more.

    Returns
    -------
    segments : ndarray (k, 2), int64
        Frame bounds; they cover the same frames.
    labels : ndarray (k,), int64
        Their clusters, under the names given. Touching segments differ; a cluster that no
        frame prefers is gone.

    Raises
    ------
    ParameterError
        If bounds, labels or features cannot be used.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(1000, 4))
    >>> x[480:] += 2
    >>> segments, labels = viterbi_resegmentation(x, [[0, 500], [500, 1000]], [7, 3])
    >>> segments.tolist(), labels.tolist()
    ([[0, 480], [480, 1000]], [7, 3])
    """
    x = checked_frames(features, "features")
    dtype = x[:0].dtype
    bounds = check_bounds(segments, "segments", len(x))
    names, states = np.unique(check_integers(labels, "labels"), return_inverse=True)
    if states.shape != (len(bounds),):
        raise ParameterError(f"labels must be one a segment, got {states.shape} for {len(bounds)}")
    check_integer(n_gaussians, "n_gaussians", least=1)
    check_not_negative(penalty, "penalty")
    check_flag(local, "local")
    if len(bounds) == 0:
        return bounds, names
    mean, variance = column_moments(x, bounds)
    scale = 1 / np.sqrt(variance)
    found, found_states = [], []
    with blas_limit():
        models = []
        for state in range(len(names)):
            frames = _some_frames(x, bounds[states == state])
            models.append(_train(((frames - mean) * scale).astype(dtype), n_gaussians))
        holes = np.flatnonzero(bounds[1:, 0] != bounds[:-1, 1]) + 1
        for start, stop in pairwise([0, *holes.tolist(), len(bounds)]):
            first, last = bounds[start, 0], bounds[stop - 1, 1]
            own = np.unique(states[start:stop]) if local else np.arange(len(names))
            path = np.repeat(own[:1], last - first)
            if len(own) > 1:
                scores = _log_likelihoods(x, first, last, mean, scale, [models[k] for k in own])
                path = own[best_path(scores, len(own), last - first, penalty=penalty)]
            cuts = np.flatnonzero(np.diff(path)) + 1
            edges = first + np.array([0, *cuts, len(path)])
            found.append(np.stack([edges[:-1], edges[1:]], axis=1))
            found_states.append(path[np.array([0, *cuts])])
    return np.concatenate(found), names[np.concatenate(found_states)]


def _train(x: FloatArray, n_gaussians: int) -> LinearForm:
    """Train a mixture on frames of about unit variance.

    The heaviest Gaussians are split along their standard deviation until there are enough.
    """
    n_gaussians = max(1, min(n_gaussians, len(x) // _FRAMES_A_GAUSSIAN))
    whole = np.array([0, len(x)])
    weights = np.ones(1)
    means = x.mean(axis=0, dtype=np.float64)[None]
    variances = np.maximum(x.var(axis=0, dtype=np.float64)[None], _VARIANCE_FLOOR)
    while len(weights) < n_gaussians:
        split = np.argsort(-weights, kind="stable")[: n_gaussians - len(weights)]
        step = 0.2 * np.sqrt(variances[split])
        weights[split] /= 2
        weights = np.concatenate([weights, weights[split]])
        means = np.concatenate([means, means[split] + step])
        means[split] -= step
        variances = np.concatenate([variances, variances[split]])
        for _ in range(_ITERATIONS if len(weights) < n_gaussians else _LAST_ITERATIONS):
            mixture = linear_form(weights, means, variances, x.dtype)
            zeroth, sums, _ = statistics(x, whole, mixture, order=2)
            weights, means, variances = maximize(zeroth[0], sums[0], _VARIANCE_FLOOR)
    return linear_form(weights, means, variances, x.dtype)


def _some_frames(x: Frames, bounds: npt.NDArray[np.int64]) -> FloatArray:
    step = -(-int((bounds[:, 1] - bounds[:, 0]).sum()) // _MOST_FRAMES)
    return np.concatenate([x[a:b][::step] for a, b in bounds])


def _log_likelihoods(
    x: Frames,
    first: int,
    last: int,
    mean: FloatArray,
    scale: FloatArray,
    models: list[LinearForm],
) -> Iterator[FloatArray]:
    """Yield the log-likelihoods of one run's frames by each model, block by block."""
    # All mixtures in one product, a Gaussian of each side by side; what one lacks counts nothing.
    n_gaussians = max(len(bias) for _, bias in models)
    dtype = models[0][0].dtype
    weights = np.zeros((n_gaussians, len(models), 2 * x.shape[1]), dtype=dtype)
    biases = np.full((n_gaussians, len(models), 1), -np.inf, dtype=dtype)
    for k, (matrix, bias) in enumerate(models):
        weights[: len(bias), k], biases[: len(bias), k, 0] = matrix, bias
    for start in range(first, last, _BLOCK):
        frames = ((x[start : min(start + _BLOCK, last)] - mean) * scale).astype(dtype)
        squares = np.concatenate([frames, frames**2], axis=1)
        joint = (weights.reshape(-1, 2 * x.shape[1]) @ squares.T).reshape(*biases.shape[:2], -1)
        joint += biases
        top = joint.max(axis=0)
        yield top + np.log(np.exp(joint - top).sum(axis=0))
