import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

BLOCK: int

def linear_bic(
    segments: Integers,
    moments: Doubles,
    d: int,
    penalty: float,
    max_gap: int,
    floor: float,
    merged: Integers,
) -> int: ...
def bic_hac(
    moments: Doubles,
    d: int,
    penalty: float,
    floor: float,
    merges: Integers,
    merge_distances: Doubles,
) -> int: ...
