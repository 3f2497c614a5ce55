import numpy as np
import numpy.typing as npt

Features = npt.NDArray[np.floating]
Doubles = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

def add_sums(features: Features, segments: Integers, sums: Doubles) -> None: ...
def add_squares(
    features: Features, segments: Integers, mean: Doubles, squares: Doubles
) -> None: ...
def moment_sums(
    features: Features, segments: Integers, shift: Doubles, scale: Doubles, moments: Doubles
) -> None: ...
