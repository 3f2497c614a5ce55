"""The best path of states through frames."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from trfast._ext import _viterbi


def best_path(
    blocks: Iterable[npt.NDArray[np.floating]], n_states: int, n_frames: int, *, penalty: float
) -> npt.NDArray[np.int32]:
    """Find the path of the highest log-likelihood, less a penalty a switch.

    Parameters
    ----------
    blocks : iterable of ndarray (n_states, n_i), float32 or float64
        Log-likelihoods of consecutive frames. The path does not depend on where they are cut.
    n_states, n_frames : int
        Of all blocks together.
    penalty : float
        What a switch from any state to any other costs, 0 or more.

    Returns
    -------
    ndarray (n_frames,), int32
        State of each frame; of equally good paths, one.

    Examples
    --------
    >>> blocks = [np.array([[0.0, -1.0], [-3.0, 0.0]]), np.array([[-4.0], [0.0]])]
    >>> best_path(blocks, 2, 3, penalty=1.5).tolist()
    [0, 1, 1]
    """
    score = np.zeros(n_states)
    switched = np.empty((n_frames, n_states), dtype=np.uint8)
    source, path = np.empty((2, n_frames), dtype=np.int32)
    start = 0
    for block in blocks:
        rows = slice(start, start := start + block.shape[1])
        _viterbi.forward(block, penalty, score, switched[rows], source[rows])
    _viterbi.backward(switched, source, int(np.argmax(score)), path)
    return path
