"""Cosines one pair at a time."""

import numpy as np
import numpy.typing as npt


def cosine_similarity(a: npt.ArrayLike, b: npt.ArrayLike) -> npt.NDArray[np.float64]:
    left, right = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    return np.array([[x @ y / np.sqrt((x @ x) * (y @ y)) for y in right] for x in left])


def edges_above(vectors: npt.ArrayLike, threshold: float) -> list[tuple[int, int]]:
    similarities = cosine_similarity(vectors, vectors)
    n = len(similarities)
    return [(i, j) for i in range(n) for j in range(i + 1, n) if similarities[i, j] >= threshold]
