from typing import Any

import numpy as np
import numpy.typing as npt

Features = npt.NDArray[np.floating]
Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

BLOCK: int

def add_sums(features: Features, segments: Integers, sums: Doubles) -> None: ...
def add_squares(
    features: Features, segments: Integers, mean: Doubles, squares: Doubles
) -> None: ...
def gaussian_divergence(
    features: Features,
    window: int,
    shortest: int,
    shift: npt.NDArray[Any],
    floor: Doubles,
    sums: Doubles,
    curve: Doubles,
) -> None: ...
def moment_sums(
    features: Features,
    segments: Integers,
    shift: Doubles,
    scale: Doubles,
    row: Doubles,
    moments: Doubles,
) -> None: ...
def linear_bic(
    segments: Integers,
    moments: Doubles,
    d: int,
    penalty: float,
    max_gap: int,
    floor: float,
    block: Doubles,
    matrices: Doubles,
    merged: Integers,
) -> int: ...
def bic_hac(
    moments: Doubles,
    d: int,
    penalty: float,
    floor: float,
    one: Doubles,
    matrices: Doubles,
    distances: npt.NDArray[np.float32],
    log_dets: Doubles,
    alive: npt.NDArray[np.uint8],
    nearest: Integers,
    nearest_distance: Doubles,
    merges: Integers,
    merge_distances: Doubles,
) -> int: ...
def viterbi_forward(
    log_likelihoods: Doubles,
    penalty: float,
    score: Doubles,
    switched: npt.NDArray[np.uint8],
    source: npt.NDArray[np.int32],
) -> None: ...
def viterbi_backward(
    switched: npt.NDArray[np.uint8],
    source: npt.NDArray[np.int32],
    last: int,
    states: npt.NDArray[np.int32],
) -> None: ...
