from typing import Any

import numpy.typing as npt

BATCH: int
TILE: int

def workspace_size(rank: int) -> int: ...
def project(
    zeroth: npt.NDArray[Any],
    first: npt.NDArray[Any],
    matrix: npt.NDArray[Any],
    offset: npt.NDArray[Any],
    projected: npt.NDArray[Any],
    n_threads: int,
) -> None: ...
def posterior(
    zeroth: npt.NDArray[Any],
    products: npt.NDArray[Any],
    mean: npt.NDArray[Any],
    moment: npt.NDArray[Any],
    want_moment: bool,
    workspace: npt.NDArray[Any],
) -> None: ...
def add_products(
    a: npt.NDArray[Any],
    b: npt.NDArray[Any],
    total: npt.NDArray[Any],
    product: npt.NDArray[Any],
) -> None: ...
def add_moments(
    zeroth: npt.NDArray[Any],
    moment: npt.NDArray[Any],
    total: npt.NDArray[Any],
    product: npt.NDArray[Any],
) -> None: ...
