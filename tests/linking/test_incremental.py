"""link_new: speakers that are there stay, and what is clear is found as by a full link."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.linking.test_full import random_unit, unit
from trfast.comparison import Comparison
from trfast.errors import ParameterError
from trfast.linking import link, link_new

AVERAGE = Comparison(threshold=0.6, clustering="average")


@settings(max_examples=60, deadline=None)
@given(data=st.data(), seed=st.integers(0, 1000))
def test_what_must_hold(data: st.DataObject, seed: int) -> None:
    n = data.draw(st.integers(1, 14))
    recordings = [f"r{k // 2}" for k in range(n)]
    speakers = [k if data.draw(st.booleans()) else -1 for k in range(n)]
    found = link_new(random_unit(seed, n), recordings, speakers, AVERAGE).speakers
    for k, speaker in enumerate(speakers):
        assert found[k] == speaker or speaker == -1
    for i in range(n):
        for j in range(i):
            if found[i] == found[j] and -1 in (speakers[i], speakers[j]):
                assert recordings[i] != recordings[j]


def test_clear_voices_are_found_as_by_a_full_link() -> None:
    rng = np.random.default_rng(0)
    voices = rng.normal(size=(8, 30))
    names = rng.permuted(np.tile(np.arange(8), (20, 1)), axis=1)[:, :3]
    x = (voices[names.ravel()] + 0.3 * rng.normal(size=(60, 30))).astype(np.float32)
    recordings = [f"r{k // 3:02}" for k in range(60)]
    full = link(AVERAGE.backend.project(x), recordings, AVERAGE).labels
    old = link_new(x[:45], recordings[:45], full[:45], AVERAGE).speakers
    assert old.tolist() == full[:45].tolist()
    found = link_new(x, recordings, np.where(np.arange(60) < 57, full, -1), AVERAGE)
    assert found.speakers.tolist() == full.tolist()
    assert found.doubts == ()


def test_doubts_are_told() -> None:
    between = link_new(unit(0, 60, 30), ["a", "b", "c"], [0, 1, -1], AVERAGE)
    assert between.doubts == (
        "1 of 3 local speakers are new",
        "1 of 1 may be one of several speakers",
    )
    with pytest.raises(ParameterError, match="only average linkage"):
        link_new(unit(0, 60), ["a", "b"], [0, -1], Comparison(threshold=0.6))
    with pytest.raises(ParameterError, match="one a row"):
        link_new(unit(0, 60), ["a", "b"], [0], AVERAGE)
