"""The best path of states through frames, slowly: every state from every other, and all paths."""

from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt


def viterbi_path(log_likelihoods: npt.ArrayLike, penalty: float) -> list[int]:
    """Best path over frames (rows) and states (columns)."""
    rows = np.asarray(log_likelihoods, dtype=np.float64)
    cost = penalty * (1 - np.eye(rows.shape[1]))
    score, back = rows[0], []
    for row in rows[1:]:
        entering = score[:, None] - cost
        back.append(entering.argmax(axis=0))
        score = entering.max(axis=0) + row
    path = [int(score.argmax())]
    for origin in reversed(back):
        path.append(int(origin[path[-1]]))
    return path[::-1]


def path_score(path: npt.ArrayLike, log_likelihoods: npt.ArrayLike, penalty: float) -> Any:
    rows, states = np.asarray(log_likelihoods), np.asarray(path)
    return rows[np.arange(len(rows)), states].sum() - penalty * np.count_nonzero(np.diff(states))


def best_score(log_likelihoods: npt.ArrayLike, penalty: float) -> Any:
    rows = np.asarray(log_likelihoods)
    paths = product(range(rows.shape[1]), repeat=len(rows))
    return max(path_score(path, rows, penalty) for path in paths)
