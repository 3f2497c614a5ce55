from typing import Any

import numpy as np
import numpy.typing as npt

BLOCK: int

def agglomerate(
    counts: npt.NDArray[Any],
    sums: npt.NDArray[Any],
    eigenvalues: npt.NDArray[Any],
    n: int,
    least: float,
    n_clusters: int,
    merges: npt.NDArray[np.int64],
    merge_gains: npt.NDArray[np.float64],
) -> int: ...
