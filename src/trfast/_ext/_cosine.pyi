from typing import Any

import numpy as np
import numpy.typing as npt

def edges_of_tile(
    rows: npt.NDArray[Any],
    first_row: int,
    first_column: int,
    threshold: float,
    tile: npt.NDArray[Any],
    pairs: npt.NDArray[np.int64],
    similarities: npt.NDArray[Any],
) -> int: ...
def components(
    rows: npt.NDArray[Any],
    threshold: float,
    tiles: npt.NDArray[Any],
    parents: npt.NDArray[np.int64],
) -> None: ...
