"""What is scored where nobody speaks, or nothing is to be scored: as the field's tools count it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.evaluation.small import Collection, collection, collections, regions
from trfast.annotation import Annotation, Timeline
from trfast.evaluation import diarization_error
from trfast.formats import to_pyannote


def pyannote_times(
    reference: Collection, hypothesis: Collection, uem: dict[str, Timeline]
) -> tuple[float, float, float, float]:
    """Sum over the recordings of a UEM, each of which its protocols score."""
    metrics = pytest.importorskip("pyannote.metrics.diarization")
    metric = metrics.DiarizationErrorRate()
    for name, timeline in uem.items():
        pair = [to_pyannote(side.get(name, Annotation(name))) for side in (reference, hypothesis)]
        metric(*pair, uem=_timeline(timeline))
    keys = ("total", "missed detection", "false alarm", "confusion")
    return tuple(float(metric[key]) for key in keys)  # type: ignore[return-value]


def _timeline(timeline: Timeline) -> Any:
    core = pytest.importorskip("pyannote.core")
    return core.Timeline([core.Segment(part.start, part.end) for part in timeline])


def ours(
    reference: Collection, hypothesis: Collection, **how: Any
) -> tuple[float, float, float, float]:
    total = diarization_error(reference, hypothesis, collar=0.0, **how).total
    return total.scored, total.missed, total.false_alarm, total.speaker_error


REFERENCE = collection(one=[(0, 10, "ann"), (10, 16, "ben")])
HYPOTHESIS = collection(one=[(1, 10, "S1"), (10, 18, "S2")], silence=[(2, 5, "S1"), (4, 9, "S2")])
UEM = {"one": Timeline([(0, 17)]), "silence": Timeline([(0, 4.5), (8, 20)])}


def test_recordings_without_reference_speech_count_as_in_pyannote() -> None:
    assert ours(REFERENCE, HYPOTHESIS, uem=UEM) == (16, 1, 1 + 3 + 1, 0)
    assert pyannote_times(REFERENCE, HYPOTHESIS, UEM) == pytest.approx((16, 1, 5, 0))
    assert pyannote_times({}, HYPOTHESIS, UEM) == pytest.approx(
        ours({}, HYPOTHESIS, uem=UEM), abs=1e-9
    )


def test_no_score_regions_count_as_a_uem_without_them() -> None:
    no_score = {"one": Timeline([(8, 12)]), "silence": Timeline([(3, 4)])}
    without = {
        "one": Timeline([(0, 8), (12, 17)]),
        "silence": Timeline([(0, 3), (4, 4.5), (8, 20)]),
    }
    expected = pytest.approx(pyannote_times(REFERENCE, HYPOTHESIS, without), abs=1e-9)
    assert ours(REFERENCE, HYPOTHESIS, uem=UEM, no_score=no_score) == expected


def _apart(annotations: Collection) -> Collection:
    """A speaker's turns merged: pyannote.metrics counts overlapping ones twice."""
    return {
        name: Annotation(
            name,
            [
                (part.start, part.end, speaker)
                for speaker, parts in annotation.timeline_by_speaker().items()
                for part in parts
                if part.duration > 1e-3
            ],
        )
        for name, annotation in annotations.items()
    }


@settings(max_examples=40, deadline=None)
@given(
    reference=collections.map(_apart),
    hypothesis=collections.map(_apart),
    region=regions,
    silent=st.sampled_from(["one", "two", "neither"]),
)
def test_equals_pyannote(
    reference: Collection, hypothesis: Collection, region: Timeline, silent: str
) -> None:
    uem = {"one": region, "two": Timeline([(0, 9)])}
    assume(region.duration > 0)
    reference = {name: turns for name, turns in reference.items() if name != silent}
    expected = pytest.approx(pyannote_times(reference, hypothesis, uem), abs=1e-5)
    assert ours(reference, hypothesis, uem=uem) == expected
