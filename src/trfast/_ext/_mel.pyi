from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]

def mel_frames(
    samples: Array,
    hop: int,
    pre_emphasis: float,
    energy_floor: float,
    mean_weight: float,
    taper: Array,
    twiddles: Array,
    order: Array,
    mel_bounds: Array,
    mel_weights: Array,
    mel_floor: Array,
    mel_least: float,
    dct: Array | None,
    out: Array,
) -> bool: ...
