"""The clusters of one recording, at many thresholds at once and one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trfast._names import CLUSTERINGS, ClusteringName
from trfast.comparison import Comparison
from trfast.diarization.local_speakers import local_speakers, local_speakers_at

THRESHOLDS = np.round(np.arange(0.0, 0.95, 0.05), 3).tolist()


@pytest.mark.parametrize("clustering", CLUSTERINGS)
@settings(deadline=None, max_examples=25)
@given(n=st.integers(0, 25), seed=st.integers(0, 1000), min_speech=st.sampled_from([0.0, 4.0]))
def test_thresholds_at_once_give_what_each_gives(
    clustering: ClusteringName, n: int, seed: int, min_speech: float
) -> None:
    rng = np.random.default_rng(seed)
    rows, durations = rng.normal(size=(n, 4)).astype(np.float32), rng.uniform(0.5, 9.0, n)
    comparison = Comparison(clustering=clustering, threshold=0.0)
    found = local_speakers_at(comparison, rows, durations, THRESHOLDS, min_speech=min_speech)
    each = [
        local_speakers(
            replace(comparison, threshold=threshold), rows, durations, min_speech=min_speech
        )
        for threshold in THRESHOLDS
    ]
    assert [labels.tolist() for labels in found] == [labels.tolist() for labels in each]
