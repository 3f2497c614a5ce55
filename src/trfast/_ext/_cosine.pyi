from typing import Any

import numpy as np
import numpy.typing as npt

HAS_INT8: bool
WIDTH: int
HEIGHT: int

def edges_of_band(
    rows: npt.NDArray[Any],
    norms: npt.NDArray[np.float64],
    threshold: float,
    codes: npt.NDArray[Any],
    offsets: npt.NDArray[np.int32],
    least: npt.NDArray[np.float32],
    scales: npt.NDArray[np.float32],
    groups: npt.NDArray[np.int64],
    band: int,
    first: int,
    pairs: npt.NDArray[np.int64],
    similarities: npt.NDArray[Any],
) -> tuple[int, int]: ...
def candidates_of_band(
    codes: npt.NDArray[Any],
    offsets: npt.NDArray[np.int32],
    least: npt.NDArray[np.float32],
    scales: npt.NDArray[np.float32],
    n: int,
    band: int,
    first: int,
    pairs: npt.NDArray[np.int64],
) -> tuple[int, int]: ...
def components(
    rows: npt.NDArray[Any],
    norms: npt.NDArray[np.float64],
    threshold: float,
    codes: npt.NDArray[Any],
    offsets: npt.NDArray[np.int32],
    least: npt.NDArray[np.float32],
    scales: npt.NDArray[np.float32],
    parent: npt.NDArray[np.int64],
    n_threads: int,
) -> int: ...
