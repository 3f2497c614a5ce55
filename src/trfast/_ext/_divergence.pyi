from typing import Any

import numpy as np
import numpy.typing as npt

def gaussian_divergence(
    features: npt.NDArray[np.floating],
    window: int,
    shortest: int,
    shift: npt.NDArray[Any],
    floor: npt.NDArray[np.float64],
    curve: npt.NDArray[np.float64],
) -> None: ...
