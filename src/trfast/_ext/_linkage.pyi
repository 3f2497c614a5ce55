import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

def complete_linkage(
    first: Integers,
    last: Integers,
    neighbours: Integers,
    similarities: npt.NDArray[np.float64],
    parent: Integers,
) -> None: ...
