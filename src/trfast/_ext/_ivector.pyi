from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]

BATCH: int

def project(
    zeroth: Array, first: Array, matrix: Array, offset: Array, projected: Array, n_threads: int
) -> None: ...
def posterior(
    zeroth: Array, products: Array, mean: Array, moment: Array | None, n_threads: int
) -> None: ...
def add_products(a: Array, b: Array, total: Array, n_threads: int) -> None: ...
def add_moments(zeroth: Array, moment: Array, total: Array, n_threads: int) -> None: ...
