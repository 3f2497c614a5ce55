from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]

def mfcc(
    samples: Array,
    hop: int,
    pre_emphasis: float,
    energy_floor: float,
    taper: Array,
    twiddles: Array,
    order: Array,
    mel_bounds: Array,
    mel_weights: Array,
    mel_floor: Array,
    dct: Array,
    out: Array,
) -> bool: ...
