"""Agglomeration by evidence, by the book: all pairs, again and again."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def log_likelihood(count: float, total: Array, eigenvalues: Array) -> float:
    """That windows with this sum are of one speaker, less what no partition changes."""
    v, n = eigenvalues, count
    return float(np.sum(v * total**2 / (1 + n * v) - np.log1p(n * v)) / 2)


def marginal(windows: Array, eigenvalues: Array) -> float:
    """Log-density of windows of one speaker: a Gaussian of all their numbers, dimension by
    dimension, with covariance I + v 1 1'."""
    n = len(windows)
    density = 0.0
    for x, v in zip(windows.T, eigenvalues, strict=True):
        covariance = np.eye(n) + v * np.ones((n, n))
        density -= (
            n * np.log(2 * np.pi)
            + np.linalg.slogdet(covariance)[1]
            + x @ np.linalg.solve(covariance, x)
        ) / 2
    return density


def merges(
    sums: Array, counts: Array, eigenvalues: Array, least: float, n_clusters: int
) -> list[tuple[int, int, float]]:
    """Pairs i < j that are joined into i, in order, and their gains."""
    alive = {
        i: (float(n), f.astype(np.float64))
        for i, (n, f) in enumerate(zip(counts, sums, strict=True))
    }
    found = []
    while len(alive) > n_clusters:
        gains = {
            (i, j): log_likelihood(
                alive[i][0] + alive[j][0], alive[i][1] + alive[j][1], eigenvalues
            )
            - log_likelihood(*alive[i], eigenvalues)
            - log_likelihood(*alive[j], eigenvalues)
            for i in alive
            for j in alive
            if i < j
        }
        (i, j), gain = max(gains.items(), key=lambda item: item[1])
        if gain < least:
            break
        found.append((i, j, gain))
        n, f = alive.pop(j)
        alive[i] = (alive[i][0] + n, alive[i][1] + f)
    return found
