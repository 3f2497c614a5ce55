from typing import Any

import numpy.typing as npt

BLOCK: int

def workspace_sizes(n_components: int, n_features: int) -> tuple[int, int, int]: ...
def statistics(
    x: npt.NDArray[Any],
    offsets: npt.NDArray[Any],
    weights: npt.NDArray[Any],
    bias: npt.NDArray[Any],
    floor: float,
    zeroth: npt.NDArray[Any],
    sums: npt.NDArray[Any],
    log_likelihood: npt.NDArray[Any],
    workspace: npt.NDArray[Any],
    scratch: npt.NDArray[Any],
    active: npt.NDArray[Any],
) -> None: ...
def log_likelihoods(
    x: npt.NDArray[Any],
    weights: npt.NDArray[Any],
    bias: npt.NDArray[Any],
    log_likelihood: npt.NDArray[Any],
    workspace: npt.NDArray[Any],
) -> None: ...
def posteriors(
    x: npt.NDArray[Any],
    weights: npt.NDArray[Any],
    bias: npt.NDArray[Any],
    posterior: npt.NDArray[Any],
    log_likelihood: npt.NDArray[Any],
    workspace: npt.NDArray[Any],
) -> None: ...
