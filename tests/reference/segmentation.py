"""The segmentation, slowly: every window and every covariance from its definition."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def gaussian_divergence(x: npt.ArrayLike, window: int, min_length: int | None = None) -> FloatArray:
    x, shortest = np.asarray(x, dtype=np.float64), min_length or window
    curve = []
    for t in range(shortest, len(x) - shortest + 1):
        left, right = x[max(t - window, 0) : t], x[t : t + window]
        spread = left.std(axis=0, ddof=1) * right.std(axis=0, ddof=1)
        divergence = np.sum((left.mean(axis=0) - right.mean(axis=0)) ** 2 / spread)
        harmonic_mean = 2 * len(left) * len(right) / (len(left) + len(right))
        curve.append(divergence * harmonic_mean / window)
    return np.array(curve)


def delta_bic(a: FloatArray, b: FloatArray, alpha: float) -> float:
    def cost(frames: FloatArray) -> float:
        covariance = np.atleast_2d(np.cov(frames.T, ddof=0))
        return float(len(frames) / 2 * np.linalg.slogdet(covariance)[1])

    d, both = a.shape[1], np.concatenate([a, b])
    penalty = (d + d * (d + 1) / 2) / 2 * np.log(len(both))
    return cost(both) - cost(a) - cost(b) - alpha * float(penalty)


def linear_bic(
    x: npt.ArrayLike, segments: npt.ArrayLike, alpha: float, *, stale: bool = False
) -> list[list[int]]:
    """With `stale`, as S4D: after a hole the model of the segment before it stays in use."""
    x = np.asarray(x, dtype=np.float64)
    merged: list[list[int]] = []
    model = x[:0]
    for first, last in np.asarray(segments).tolist():
        frames = x[first:last]
        touches = bool(merged) and first == merged[-1][1]
        if touches and delta_bic(model, frames, alpha) < 0:
            merged[-1][1] = last
            model = np.concatenate([model, frames])
        else:
            if touches or not merged or not stale:
                model = frames
            merged.append([first, last])
    return merged


def bic_merges(
    x: npt.ArrayLike, segments: npt.ArrayLike, alpha: float
) -> list[tuple[int, int, float]]:
    """Pairs (i, j) and their dBIC in the order of merging; the cluster keeps the name i."""
    x = np.asarray(x, dtype=np.float64)
    clusters = {i: x[a:b] for i, (a, b) in enumerate(np.asarray(segments).tolist())}
    merges = []
    while len(clusters) > 1:
        lowest, i, j = min(
            (delta_bic(clusters[i], clusters[j], alpha), i, j)
            for i in clusters
            for j in clusters
            if i < j
        )
        if lowest >= 0:
            break
        merges.append((i, j, lowest))
        clusters[i] = np.concatenate([clusters[i], clusters.pop(j)])
    return merges
