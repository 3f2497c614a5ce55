import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

def unite(pairs: Integers, parent: Integers) -> None: ...
def rings(parent: Integers, following: Integers, sizes: Integers) -> None: ...
def unite_apart(
    pairs: Integers,
    order: Integers,
    groups: Integers,
    first: Integers,
    members: Integers,
    parent: Integers,
    following: Integers,
    sizes: Integers,
) -> None: ...
def may_unite(
    pairs: Integers,
    groups: Integers,
    first: Integers,
    members: Integers,
    parent: Integers,
    following: Integers,
    sizes: Integers,
    may: npt.NDArray[np.uint8],
) -> None: ...
def attach(
    pairs: Integers,
    groups: Integers,
    first: Integers,
    members: Integers,
    apart: bool,
    wants: Integers,
    labels: Integers,
) -> None: ...
def nearest(
    pairs: Integers,
    similarities: npt.NDArray[np.float32],
    labels: Integers,
    groups: Integers,
    same: bool,
    nearest: Integers,
    best: npt.NDArray[np.float32],
) -> None: ...
def number_components(parent: Integers, labels: Integers) -> None: ...
