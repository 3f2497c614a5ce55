"""Diarization error: answers by hand, then by the reference twin, then what must always hold.

The comparison with pyannote.metrics and md-eval is in test_diarization_golden.py.
"""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation.small import Collection, collection, collections, uems
from tests.reference import der
from trfast.annotation import Timeline
from trfast.errors import AnnotationError, ParameterError
from trfast.evaluation import diarization_error, oracle_linking
from trfast.evaluation.diarization import DiarizationError, ErrorTimes


def times(score: DiarizationError) -> tuple[float, float, float, float]:
    t = score.total
    return t.scored, t.missed, t.false_alarm, t.speaker_error


REFERENCE = collection(show=[(0, 10, "A"), (12, 20, "B"), (24, 27, "C"), (30, 40, "D")])
HYPOTHESIS = collection(
    show=[(2, 13, "a"), (13, 14, "d"), (14, 20, "b"), (22, 38, "c"), (38, 40, "d")]
)


def test_by_hand() -> None:
    score = diarization_error(REFERENCE, HYPOTHESIS, collar=0)
    # a-A share 8 s, b-B 6 s, c-D 8 s. Missed 0-2; false alarm 10-12, 22-24, 27-30;
    # speaker error 12-14 (B), 24-27 (C), 38-40 (D).
    assert times(score) == (31, 2, 7, 7)
    assert score.error_rate == pytest.approx(0.5161290, abs=5e-8)
    assert score.mapping == {"show": {"a": "A", "b": "B", "c": "D"}}


def test_collar_by_hand() -> None:
    score = diarization_error(REFERENCE, HYPOTHESIS, collar=0.5)
    # Half a second less on each side of 8 boundaries: of speech 4 s, of errors
    # 0-0.5; 10-10.5 and 11.5-12, 27-27.5 and 29.5-30, 23.5-24; 12-12.5, 24-24.5, 26.5-27, 39.5-40.
    assert times(score) == (27, 1.5, 4.5, 5)
    assert score.error_rate == pytest.approx(0.4074074, abs=5e-8)


def test_uem_by_hand() -> None:
    uem = {"show": Timeline([(0, 11), (25, 35), (30, 36)])}
    score = diarization_error(REFERENCE, HYPOTHESIS, collar=0, uem=uem)
    # In the UEM: A 10 s, C 2 s, D 6 s; missed 0-2; false alarm 10-11, 27-30; C is not mapped.
    assert times(score) == (18, 2, 4, 2)
    assert score.error_rate == pytest.approx(0.4444444, abs=5e-8)


OVERLAP = collection(show=[(0, 10, "A"), (6, 14, "B"), (20, 30, "A")])
ONE_AT_A_TIME = collection(show=[(0, 8, "x"), (8, 15, "y"), (20, 23, "y"), (23, 30, "x")])


def test_overlap_by_hand() -> None:
    score = diarization_error(OVERLAP, ONE_AT_A_TIME, collar=0)
    # Speaker time 28 s. 6-10 is spoken by two and found as one: 4 s missed. 14-15 false alarm.
    # 20-23 speaker error.
    assert times(score) == (28, 4, 1, 3)
    assert score.error_rate == pytest.approx(0.2857143, abs=5e-8)


def test_overlap_left_out_by_hand() -> None:
    score = diarization_error(OVERLAP, ONE_AT_A_TIME, collar=0, skip_overlap=True)
    assert times(score) == (20, 0, 1, 3)
    score = diarization_error(OVERLAP, ONE_AT_A_TIME, collar=0.25, skip_overlap=True)
    # Collars lie around 0, 6, 10, 14, 20, 30 and take 1.5 s of single speech, 0.25 s of each error.
    assert times(score) == (18.5, 0, 0.75, 2.75)
    assert score.error_rate == pytest.approx(0.1891892, abs=5e-8)


def test_overlapping_turns_of_one_speaker_count_once() -> None:
    reference = collection(show=[(0, 10, "A"), (4, 12, "A")])
    hypothesis = collection(show=[(0, 8, "x"), (6, 12, "x")])
    for skip_overlap in (False, True):
        score = diarization_error(reference, hypothesis, collar=0, skip_overlap=skip_overlap)
        assert times(score) == (12, 0, 0, 0)


def test_a_boundary_inside_speech_of_the_same_speaker_has_a_collar() -> None:
    score = diarization_error(
        collection(show=[(0, 10, "A"), (10, 20, "A")]), collection(show=[(0, 20, "x")]), collar=0.5
    )
    assert score.total.scored == 18


TWO_SHOWS = collection(
    one=[(0, 10, "ann"), (10, 16, "ben")], two=[(0, 9, "ann"), (9, 20, "cat"), (30, 32, "ben")]
)
LINKED = collection(
    one=[(0, 10, "S1"), (10, 16, "S2")], two=[(0, 9, "S2"), (9, 20, "S3"), (30, 32, "S1")]
)


def test_mapping_by_recording_and_across_recordings_by_hand() -> None:
    each = diarization_error(TWO_SHOWS, LINKED, collar=0)
    assert times(each) == (38, 0, 0, 0)
    assert each.mapping["two"] == {"S2": "ann", "S3": "cat", "S1": "ben"}
    whole = diarization_error(TWO_SHOWS, LINKED, collar=0, across_recordings=True)
    # S1 shares 10 s with ann, 2 with ben; S2 6 s with ben, 9 with ann; S3 11 s with cat.
    assert times(whole) == (38, 0, 0, 11)
    assert whole.error_rate == pytest.approx(0.2894737, abs=5e-8)
    assert whole.recordings == {"one": ErrorTimes(16, 0, 0, 0), "two": ErrorTimes(22, 0, 0, 11)}
    assert whole.mapping == {
        "one": {"S1": "ann", "S2": "ben"},
        "two": {"S1": "ann", "S2": "ben", "S3": "cat"},
    }


def test_a_given_mapping_is_kept() -> None:
    mapping = {"show": {"a": "B", "b": "A", "c": "C", "nobody": "D", "d": "nobody"}}
    score = diarization_error(REFERENCE, HYPOTHESIS, collar=0, mapping=mapping)
    # Right are only a in 12-13 (B) and c in 24-27 (C).
    assert times(score) == (31, 2, 7, 31 - 2 - 4)
    assert score.mapping == {"show": {"a": "B", "b": "A", "c": "C"}}


def test_a_recording_the_hypothesis_has_not_is_missed_and_named() -> None:
    score = diarization_error(TWO_SHOWS, {"one": TWO_SHOWS["one"]}, collar=0)
    assert score.missing == ("two",)
    assert score.recordings["two"] == ErrorTimes(22, 22, 0, 0)


def test_an_empty_hypothesis_misses_all() -> None:
    score = diarization_error(TWO_SHOWS, {}, collar=0)
    assert times(score) == (38, 38, 0, 0)
    assert score.missing == ("one", "two")


NO_UEM = "not in the reference, and no UEM says that nobody speaks there"


def test_what_is_not_scored_is_named() -> None:
    hypothesis = LINKED | collection(three=[(0, 1, "S1")])
    assert diarization_error(TWO_SHOWS, hypothesis).unscored == {"three": NO_UEM}
    score = diarization_error(TWO_SHOWS, hypothesis, uem={"one": Timeline([(0, 20)])})
    assert score.unscored == {"three": "not in the UEM", "two": "not in the UEM"}
    assert list(score.recordings) == ["one"]


def test_nothing_to_score_is_an_error() -> None:
    with pytest.raises(AnnotationError, match=r"share no recording: show in the.*one, two in the"):
        diarization_error(REFERENCE, TWO_SHOWS)
    with pytest.raises(AnnotationError, match="2 in the hypothesis, none is in the UEM"):
        diarization_error(TWO_SHOWS, LINKED, uem={"show": Timeline([(0, 1)])})
    with pytest.raises(AnnotationError, match="share no recording"):
        diarization_error(REFERENCE, TWO_SHOWS, uem={"show": Timeline([(0, 1)])})
    with pytest.raises(AnnotationError, match="the reference is empty"):
        diarization_error({}, LINKED)


def test_no_score_regions_by_hand() -> None:
    no_score = {"show": Timeline([(5, 11), (8, 10.5)]), "other": Timeline([(0, 9)])}
    score = diarization_error(REFERENCE, HYPOTHESIS, collar=0, no_score=no_score)
    # Of test_by_hand, 5-11 is gone: 5 s of A, and of the false alarm the second from 10 to 11. The
    # mapping stays: a-A share 3 s, more than a-B, 1 s.
    assert times(score) == (26, 2, 6, 7)
    assert "all time (no UEM) but 6 s of NOSCORE, speakers" in str(score.conventions)
    score = diarization_error(REFERENCE, HYPOTHESIS, collar=0.5, no_score=no_score)
    # Of test_collar_by_hand, 5-9.5 and 10.5-11: no collar lies around what is not scored.
    assert times(score) == (22.5, 1.5, 4, 5)


def test_no_score_regions_leave_the_mapping_out_too() -> None:
    reference = collection(show=[(0, 10, "A"), (10, 16, "B")])
    hypothesis = collection(show=[(0, 16, "x")])
    assert times(diarization_error(reference, hypothesis, collar=0)) == (16, 0, 0, 6)
    no_score = {"show": Timeline([(0, 8)])}
    score = diarization_error(reference, hypothesis, collar=0, no_score=no_score)
    assert times(score) == (8, 0, 0, 2)
    assert score.mapping == {"show": {"x": "B"}}


SILENCE = {"one": Timeline([(0, 20)]), "silence": Timeline([(1, 5)]), "nothing": Timeline([(0, 9)])}


def test_a_recording_of_the_uem_in_which_nobody_speaks() -> None:
    hypothesis = LINKED | collection(silence=[(0, 3, "S1"), (2, 4, "S2")])
    score = diarization_error(TWO_SHOWS, hypothesis, collar=0.25, uem=SILENCE)
    assert score.recordings["silence"] == ErrorTimes(0, 0, 4, 0)
    assert score.silent == ("silence",)
    assert score.unscored == {
        "nothing": "in the UEM only: neither side has turns",
        "two": "not in the UEM",
    }
    assert score.total.false_alarm == 4


def test_a_reference_that_is_empty() -> None:
    hypothesis = collection(silence=[(0, 3, "S1")])
    score = diarization_error({}, hypothesis, uem=SILENCE)
    assert times(score) == (0, 0, 2, 0)
    assert math.isnan(score.error_rate)
    assert score.silent == ("silence",)


def test_no_reference_speech_has_no_error_rate() -> None:
    score = diarization_error(collection(show=[]), collection(show=[(0, 3, "x")]), collar=0)
    assert times(score) == (0, 0, 3, 0)
    assert math.isnan(score.error_rate)
    assert times(diarization_error(collection(show=[]), collection(show=[]))) == (0, 0, 0, 0)


@pytest.mark.parametrize("collar", [-0.1, math.nan, math.inf])
def test_a_collar_out_of_range_is_an_error(collar: float) -> None:
    with pytest.raises(ParameterError, match="collar must be 0 or more"):
        diarization_error(REFERENCE, HYPOTHESIS, collar=collar)


def test_a_mapping_is_not_looked_for_and_given() -> None:
    with pytest.raises(ParameterError, match="not both"):
        diarization_error(REFERENCE, HYPOTHESIS, across_recordings=True, mapping={})


def test_conventions_are_said() -> None:
    score = diarization_error(
        REFERENCE, HYPOTHESIS, uem={"show": Timeline([(0, 9)])}, skip_overlap=True
    )
    assert str(score.conventions) == (
        "collar 0.25 s on each side of a reference boundary, overlapped speech left out,"
        " time in the UEM, speakers mapped one to one by recording"
    )


def test_oracle_linking_by_hand() -> None:
    hypothesis = collection(
        one=[(0, 12, "x"), (11, 17, "x"), (40, 50, "x")], other=[(0, 1, "y")], two=[(8, 10, "z")]
    )
    linked = oracle_linking(TWO_SHOWS, hypothesis)
    assert [t.speaker for t in linked["one"]] == ["ann", "ben", "x"]
    assert linked["other"] == hypothesis["other"]
    assert [t.speaker for t in linked["two"]] == ["ann"]  # 1 s each: the first by name


def test_oracle_linking_counts_a_speakers_overlapping_turns_once() -> None:
    reference = collection(show=[(0, 3, "ann"), (1, 3, "ann"), (3, 7, "ben")])
    linked = oracle_linking(reference, collection(show=[(0, 7, "x")]))
    assert [t.speaker for t in linked["show"]] == ["ben"]


@settings(max_examples=200, deadline=None)
@given(
    reference=collections,
    hypothesis=collections,
    uem=uems,
    no_score=uems,
    collar=st.sampled_from([0.0, 0.25, 0.3]),
    skip_overlap=st.booleans(),
    across=st.booleans(),
)
def test_equals_the_definition(
    reference: Collection,
    hypothesis: Collection,
    uem: dict[str, Timeline] | None,
    no_score: dict[str, Timeline] | None,
    collar: float,
    skip_overlap: bool,
    across: bool,
) -> None:
    score = diarization_error(
        reference,
        hypothesis,
        uem=uem,
        no_score=no_score,
        collar=collar,
        skip_overlap=skip_overlap,
        across_recordings=across,
    )
    expected = der.error_times(
        reference,
        hypothesis,
        uem=uem,
        no_score=no_score,
        collar=collar,
        skip_overlap=skip_overlap,
        across_recordings=across,
    )
    assert times(score) == pytest.approx(expected, abs=1e-9)
    assert min(times(score)) >= 0


@settings(max_examples=50, deadline=None)
@given(reference=collections, collar=st.sampled_from([0.0, 0.25]), across=st.booleans())
def test_the_reference_under_other_names_is_without_error(
    reference: Collection, collar: float, across: bool
) -> None:
    renamed = {name: a.rename(lambda s: f"S{'cab'.index(s)}") for name, a in reference.items()}
    score = diarization_error(reference, renamed, collar=collar, across_recordings=across)
    assert times(score)[1:] == (0, 0, 0)


@settings(max_examples=50, deadline=None)
@given(reference=collections, hypothesis=collections, across=st.booleans())
def test_names_do_not_matter(reference: Collection, hypothesis: Collection, across: bool) -> None:
    renamed = {name: a.rename(lambda s: f"S{'cab'.index(s)}") for name, a in hypothesis.items()}
    assert times(
        diarization_error(reference, hypothesis, across_recordings=across)
    ) == pytest.approx(
        times(diarization_error(reference, renamed, across_recordings=across)), abs=1e-9
    )


@settings(max_examples=50, deadline=None)
@given(reference=collections, hypothesis=collections)
def test_one_mapping_for_all_is_never_better_than_one_a_recording(
    reference: Collection, hypothesis: Collection
) -> None:
    each = diarization_error(reference, hypothesis)
    whole = diarization_error(reference, hypothesis, across_recordings=True)
    assert whole.total.speaker_error >= each.total.speaker_error - 1e-9
    assert times(whole)[:3] == times(each)[:3]
