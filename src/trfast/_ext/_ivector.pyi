from typing import Any

import numpy.typing as npt

BATCH: int
TILE: int

def posterior(
    zeroth: npt.NDArray[Any],
    first: npt.NDArray[Any],
    matrix: npt.NDArray[Any],
    products: npt.NDArray[Any],
    mean: npt.NDArray[Any],
    moment: npt.NDArray[Any],
    packed: npt.NDArray[Any],
    scratch: npt.NDArray[Any],
    failed: npt.NDArray[Any],
) -> None: ...
def add_product(
    a: npt.NDArray[Any],
    b: npt.NDArray[Any],
    total: npt.NDArray[Any],
    b_tile: npt.NDArray[Any],
    product: npt.NDArray[Any],
) -> None: ...
