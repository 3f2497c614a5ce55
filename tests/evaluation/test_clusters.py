"""Jaccard error rate, purity, coverage: by hand, then by the reference twin.

The comparison with pyannote.metrics is in test_diarization_golden.py.
"""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation.small import Collection, collection, collections, uems
from tests.reference import clusters, der
from trfast.annotation import Timeline
from trfast.errors import AnnotationError
from trfast.evaluation import ClusterRates, cluster_quality

REFERENCE = collection(
    one=[(0, 10, "ann"), (10, 16, "ben")], two=[(0, 9, "ann"), (9, 20, "cat"), (30, 32, "ben")]
)
HYPOTHESIS = collection(one=[(0, 8, "S1"), (8, 16, "S2")], two=[(0, 9, "S2"), (9, 24, "S3")])


def as_list(rates: ClusterRates) -> list[float]:
    return [rates.jaccard_error_rate, rates.purity, rates.coverage]


def test_by_hand() -> None:
    quality = cluster_quality(REFERENCE, HYPOTHESIS, collar=0)
    # one: S1 is ann, 8 of 10 s; S2 is ben, 6 of 8 s. two: S2 is ann, S3 cat, 11 of 15 s; no ben.
    assert as_list(quality.recordings["one"]) == pytest.approx(
        [(2 / 10 + 2 / 8) / 2, 14 / 16, 14 / 16]
    )
    assert as_list(quality.recordings["two"]) == pytest.approx(
        [(0 + 4 / 15 + 1) / 3, 20 / 24, 20 / 22]
    )
    assert as_list(quality.total) == pytest.approx(
        [(2 / 10 + 2 / 8 + 4 / 15 + 1) / 5, 34 / 40, 34 / 38]
    )
    assert not quality.conventions.across_recordings


def test_across_recordings_by_hand() -> None:
    quality = cluster_quality(REFERENCE, HYPOTHESIS, collar=0, across_recordings=True)
    # S1 is ann, 8 of her 19 s; S2, with 11 s of ann and 6 of ben, is ben, 6 of 8 + 17 - 6 s;
    # S3 is cat, 11 of 15 s.
    assert as_list(quality.total) == pytest.approx(
        [(11 / 19 + 13 / 19 + 4 / 15) / 3, (8 + 11 + 11) / 40, (11 + 6 + 11) / 38]
    )
    assert quality.recordings == {}


def test_a_recording_not_found_has_the_highest_error() -> None:
    rates = cluster_quality(REFERENCE, {"one": REFERENCE["one"]}, collar=0).recordings["two"]
    assert (rates.jaccard_error_rate, rates.coverage) == (1, 0)
    assert math.isnan(rates.purity)


def test_without_reference_speech_only_purity_is_defined() -> None:
    rates = cluster_quality(collection(show=[]), collection(show=[(0, 3, "x")])).total
    assert math.isnan(rates.jaccard_error_rate)
    assert math.isnan(rates.coverage)
    assert rates.purity == 0


def test_nothing_to_score_is_an_error() -> None:
    with pytest.raises(AnnotationError, match="none is in the UEM"):
        cluster_quality(REFERENCE, HYPOTHESIS, uem={"show": Timeline([(0, 1)])})


@settings(max_examples=100, deadline=None)
@given(
    reference=collections,
    hypothesis=collections,
    uem=uems,
    collar=st.sampled_from([0.0, 0.25]),
    skip_overlap=st.booleans(),
    across=st.booleans(),
)
def test_equals_the_definition(
    reference: Collection,
    hypothesis: Collection,
    uem: dict[str, Timeline] | None,
    collar: float,
    skip_overlap: bool,
    across: bool,
) -> None:
    quality = cluster_quality(
        reference,
        hypothesis,
        uem=uem,
        collar=collar,
        skip_overlap=skip_overlap,
        across_recordings=across,
    )
    scored = der.moments(reference, hypothesis, uem=uem, collar=collar, skip_overlap=skip_overlap)
    compared = {} if across else {n: [m for m in scored if m.recording == n] for n in reference}
    assert quality.recordings.keys() == compared.keys()
    if across:
        pairs = [(quality.total, scored)]
    else:
        pairs = [(quality.recordings[name], here) for name, here in compared.items()]
    for rates, here in pairs:
        jaccard = clusters.jaccard_error_rates(here) or [math.nan]
        assert any(
            rates.jaccard_error_rate == pytest.approx(rate, abs=1e-9, nan_ok=True)
            for rate in jaccard
        )
        for rate, (time, of) in (
            (rates.purity, clusters.purity(here)),
            (rates.coverage, clusters.coverage(here)),
        ):
            assert rate == pytest.approx(time / of if of else math.nan, abs=1e-9, nan_ok=True)
