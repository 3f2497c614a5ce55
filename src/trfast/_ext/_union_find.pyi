import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

def unite(pairs: Integers, parent: Integers) -> None: ...
def unite_apart(
    pairs: Integers, groups: Integers, following: Integers, met: Integers, parent: Integers
) -> None: ...
def number_components(parent: Integers, labels: Integers) -> None: ...
