from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]

def statistics(
    x: Array,
    offsets: Array,
    weights: Array,
    bias: Array,
    floor: float,
    zeroth: Array,
    sums: Array,
    log_likelihood: Array,
    n_threads: int,
) -> None: ...
def log_likelihoods(
    x: Array, weights: Array, bias: Array, log_likelihood: Array, n_threads: int
) -> None: ...
def posteriors(
    x: Array,
    weights: Array,
    bias: Array,
    posterior: Array,
    log_likelihood: Array,
    n_threads: int,
) -> None: ...
