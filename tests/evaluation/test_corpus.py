"""The counts of the paper's Table 1."""

import math
from pathlib import Path

import pytest

from tests.evaluation.small import collection
from trfast.annotation import Timeline
from trfast.errors import AnnotationError
from trfast.evaluation import CorpusCounts, corpus_counts
from trfast.formats import read_rttm, read_uem

REFERENCE = collection(
    one=[(0, 10, "ann"), (8, 16, "ben"), (9, 12, "ben")],
    two=[(1, 9, "ann"), (9, 9, "ben")],
    three=[(0, 2, "ann"), (2, 14, "cat"), (20, 30, "dan")],
    four=[(5, 15, "dan")],
)


def test_by_hand() -> None:
    assert corpus_counts(REFERENCE) == CorpusCounts(
        recordings=4,
        duration=16 + 9 + 30 + 15,
        speech=16 + 8 + 24 + 10,
        speaker_time=60,
        speakers=4,
        one_time=2,  # ben does not speak in two
        recurring=2,
        frequent=1,
        one_time_share=20 / 60,
        recurring_share=40 / 60,
        frequent_share=20 / 60,
        mean_speaker_time=60 / 7,
    )


def test_only_what_is_in_the_uem_counts() -> None:
    counts = corpus_counts(REFERENCE, uem={"one": Timeline([(0, 8), (4, 9)]), "five": Timeline()})
    assert (counts.recordings, counts.duration, counts.speech) == (1, 9, 9)
    assert (counts.speaker_time, counts.speakers, counts.recurring) == (10, 2, 0)


def test_without_speech() -> None:
    counts = corpus_counts(collection(show=[]))
    assert (counts.recordings, counts.speakers, counts.speech) == (1, 0, 0)
    assert math.isnan(counts.recurring_share)
    assert math.isnan(counts.mean_speaker_time)


def test_nothing_to_count_is_an_error() -> None:
    with pytest.raises(AnnotationError, match="nothing to count"):
        corpus_counts(REFERENCE, uem={"show": Timeline([(0, 1)])})


def test_a_known_collection(collections: Path) -> None:
    folder = collections / "tv-lcp"
    counts = corpus_counts(read_rttm(folder / "ref.rttm"), uem=read_uem(folder / "all.uem"))
    assert (counts.recordings, counts.speakers) == (24, 95)
    assert (counts.recurring, counts.frequent) == (35, 22)
    assert counts.duration / 3600 == pytest.approx(1.10, abs=0.005)
    assert counts.speech / 3600 == pytest.approx(0.88, abs=0.005)
    assert counts.recurring_share == pytest.approx(0.80, abs=0.005)
