import numpy as np
import numpy.typing as npt

def forward(
    log_likelihoods: npt.NDArray[np.floating],
    penalty: float,
    score: npt.NDArray[np.float64],
    switched: npt.NDArray[np.uint8],
    source: npt.NDArray[np.int32],
) -> None: ...
def backward(
    switched: npt.NDArray[np.uint8],
    source: npt.NDArray[np.int32],
    last: int,
    states: npt.NDArray[np.int32],
) -> None: ...
