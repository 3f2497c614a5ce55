"""Anchors: local speakers who speak long enough to found a speaker, and those who join them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trfast._checks import check_vector
from trfast._ext import _union_find
from trfast.clustering import members_of_groups
from trfast.errors import ParameterError

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]


def anchors_among(
    speech_durations: npt.ArrayLike | None, n: int, min_anchor_speech: float
) -> npt.NDArray[np.bool_]:
    """Say which local speakers speak long enough to found a speaker."""
    if speech_durations is None:
        if min_anchor_speech > 0:
            raise ParameterError(
                f"min_anchor_speech={min_anchor_speech} needs speech_durations, got None"
            )
        return np.ones(n, dtype=bool)
    durations = check_vector(
        speech_durations, "speech_durations", n, "a row", least=0, unit="seconds"
    )
    return np.asarray(durations.astype(np.float64) >= min_anchor_speech)


def attach(
    labels: IntArray,
    pairs: IntArray,
    similarities: FloatArray,
    anchors: npt.NDArray[np.bool_],
    groups: IntArray,
    constrain: bool,
) -> None:
    """Give each local speaker that is no anchor the label of its best pair's anchor."""
    pairs = np.where(anchors[pairs[:, :1]], pairs[:, ::-1], pairs)
    order = np.argsort(-similarities, kind="stable")
    _union_find.attach(
        pairs[order],
        groups,
        *members_of_groups(groups, int(groups.max(initial=-1)) + 1),
        constrain,
        (~anchors).astype(np.int64),
        labels,
    )
