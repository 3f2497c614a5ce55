"""Where X-DER comes from: by hand, then by the reference twin, then what must always hold."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation.small import Collection, collection, collections, uems
from tests.reference import der
from tests.reference import explanation as twin
from trfast.annotation import Timeline
from trfast.evaluation import ErrorParts, SpeakerErrors, diarization_error, explain

REFERENCE = collection(
    one=[(0, 10, "ann"), (10, 16, "ben"), (16, 20, "ann")],
    two=[(0, 9, "ann"), (9, 20, "cat")],
)
HYPOTHESIS = collection(
    one=[(1, 11, "S1"), (11, 16, "S2"), (16, 20, "S3")],
    two=[(0, 9, "S2"), (9, 22, "S4")],
)


def test_parts_by_hand() -> None:
    found = explain(REFERENCE, HYPOTHESIS, collar=0)
    # one: 0-1 missed; ben's 10-11 lies in ann's turn; S3 holds ann, whom S1 is.
    assert found.recordings["one"] == ErrorParts(20, 1, 0, 1, 4, 0)
    # two: S4 goes on for 2 s; S2 is ben (5 s) or ann (9 s), S1 is ann with 9 s: 14 s or 9.
    assert found.recordings["two"] == ErrorParts(20, 0, 2, 0, 0, 9)
    assert found.total == ErrorParts(40, 1, 2, 1, 4, 9)
    assert found.total.error_rate == 17 / 40
    assert found.conventions.across_recordings


def test_speakers_by_hand() -> None:
    found = explain(REFERENCE, HYPOTHESIS, collar=0)
    assert found.speakers == {
        "ann": SpeakerErrors(23, 1, 4, 9, "S1", {"S2": 9.0, "S3": 4.0}),
        "ben": SpeakerErrors(6, 0, 1, 0, "S2", {"S1": 1.0}),
        "cat": SpeakerErrors(11, 0, 0, 0, "S4", {}),
    }
    assert list(found.speakers) == ["ann", "ben", "cat"]


def test_a_touching_turn_is_one_of_its_own() -> None:
    reference = collection(show=[(0, 6, "ann"), (6, 10, "ben")])
    split = explain(reference, collection(show=[(0, 6, "S1"), (6, 10, "S1")]), collar=0)
    assert split.total == ErrorParts(10, 0, 0, 0, 4, 0)
    joined = explain(reference, collection(show=[(0, 10, "S1")]), collar=0)
    assert joined.total == ErrorParts(10, 0, 0, 4, 0, 0)


def test_those_not_found_share_what_is_missed() -> None:
    reference = collection(show=[(0, 10, "ann"), (4, 10, "ben"), (4, 10, "cat"), (10, 12, "cat")])
    found = explain(reference, collection(show=[(0, 10, "S1")]), collar=0)
    assert {name: errors.missed for name, errors in found.speakers.items()} == {
        "cat": 8,
        "ben": 6,
        "ann": 0,
    }
    found = explain(reference, collection(show=[(0, 10, "S1"), (4, 10, "S2")]), collar=0)
    # S2 is ben or cat, 6 s each: the other is missed.
    assert sorted(errors.missed for errors in found.speakers.values()) == [0, 2, 6]


def test_linking_is_negative_where_the_collection_suits_a_speaker_better() -> None:
    reference = collection(one=[(0, 6, "ann"), (6, 10, "ben")], two=[(0, 9, "ben")])
    hypothesis = collection(one=[(0, 10, "S1")], two=[(0, 9, "S1")])
    speakers = explain(reference, hypothesis, collar=0).speakers
    assert (speakers["ben"].within, speakers["ben"].linking) == (4, -4)
    assert (speakers["ann"].within, speakers["ann"].linking) == (0, 6)
    assert speakers["ann"].name is None


def test_speakers_without_scored_time_are_left_out() -> None:
    found = explain(REFERENCE, HYPOTHESIS, uem={"one": Timeline([(0, 9)])})
    assert list(found.speakers) == ["ann"]
    assert list(found.unscored) == ["two"]


@settings(max_examples=200, deadline=None)
@given(
    reference=collections,
    hypothesis=collections,
    uem=uems,
    collar=st.sampled_from([0.0, 0.25]),
    skip_overlap=st.booleans(),
)
def test_parts_equal_the_definition(
    reference: Collection,
    hypothesis: Collection,
    uem: dict[str, Timeline] | None,
    collar: float,
    skip_overlap: bool,
) -> None:
    found = explain(reference, hypothesis, uem=uem, collar=collar, skip_overlap=skip_overlap)
    scored = der.moments(reference, hypothesis, uem=uem, collar=collar, skip_overlap=skip_overlap)
    parts, linking = twin.speaker_errors(scored)
    for name, (segmentation, clustering) in parts.items():
        row = found.recordings[name]
        assert (row.segmentation, row.clustering) == pytest.approx(
            (segmentation, clustering), abs=1e-9
        )
    assert found.total.linking == pytest.approx(linking, abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(reference=collections, hypothesis=collections, skip_overlap=st.booleans())
def test_parts_and_speakers_add_up(
    reference: Collection, hypothesis: Collection, skip_overlap: bool
) -> None:
    found = explain(reference, hypothesis, skip_overlap=skip_overlap)
    whole = diarization_error(
        reference, hypothesis, skip_overlap=skip_overlap, across_recordings=True
    )
    total, speakers = found.total, found.speakers.values()
    assert total.error_rate == pytest.approx(whole.error_rate, abs=1e-9, nan_ok=True)
    for row in found.recordings.values():
        assert min(row.missed, row.segmentation, row.clustering, row.linking) >= -1e-9
    assert sum(s.scored for s in speakers) == pytest.approx(total.scored, abs=1e-9)
    assert sum(s.missed for s in speakers) == pytest.approx(total.missed, abs=1e-9)
    assert sum(s.within for s in speakers) == pytest.approx(
        total.segmentation + total.clustering, abs=1e-9
    )
    assert sum(s.linking for s in speakers) == pytest.approx(total.linking, abs=1e-9)
    for s in speakers:
        assert sum(s.taken_by.values()) == pytest.approx(s.within + s.linking, abs=1e-9)
