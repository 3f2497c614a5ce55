"""Annotation: turns by speaker, against one speaker at a time; order, and what is no time."""

import math
from itertools import permutations

import pytest
from hypothesis import given

from tests.evaluation.small import turns
from tests.reference import annotation as reference
from trfast.annotation import Annotation, Segment, Timeline, Turn
from trfast.errors import AnnotationError


@given(turns)
def test_speech_by_speaker_equals_the_twin(
    listed: list[tuple[float, float, str]],
) -> None:
    show = Annotation("show", listed)
    assert show.speech_by_speaker() == reference.speech_by_speaker(show)
    assert list(show.speech_by_speaker()) == list(show.speakers)


def test_timelines_by_hand() -> None:
    show = Annotation("show", [(0, 2, "ben"), (1, 3, "ann"), (2, 4, "ben"), (5, 5, "cat")])
    assert show.timeline_by_speaker() == {
        "ann": Timeline([(1, 3)]),
        "ben": Timeline([(0, 4)]),
        "cat": Timeline(),
    }
    assert show.speech_by_speaker() == {"ann": 2.0, "ben": 4.0, "cat": 0.0}


def test_turns_stand_in_order_of_start_end_and_name() -> None:
    ordered = [Turn(0, 1, "ben"), Turn(0, 2, "ann"), Turn(0, 2, "ben"), Turn(1, 1, "ann")]
    assert sorted(ordered) == ordered
    for listed in permutations(ordered):
        assert Annotation("show", listed).turns == tuple(ordered)


@pytest.mark.parametrize("time", [math.nan, math.inf, -math.inf])
def test_times_that_are_not_finite(time: float) -> None:
    for bounds in ((time, 1.0), (0.0, time)):
        with pytest.raises(AnnotationError, match="times must be finite, got"):
            Segment(*bounds)


def test_a_segment_that_ends_before_it_starts() -> None:
    with pytest.raises(AnnotationError, match=r"ends before it starts: 2\.0 to 1\.0 s"):
        Turn(2.0, 1.0, "ann")
