"""Time in common, held against the diarization error."""

import pytest
from hypothesis import given, settings

from tests.evaluation.small import Collection, collection, collections, uems
from trfast.annotation import Timeline
from trfast.evaluation import common_time, diarization_error, one_to_one


def test_by_hand() -> None:
    reference = collection(one=[(0, 4, "ann"), (4, 9, "ben")], two=[(0, 5, "ann")])
    hypothesis = collection(one=[(1, 6, "S1"), (6, 9, "S2")], two=[(2, 4, "S1")])
    uem = {"one": Timeline([(0, 8)]), "two": Timeline([(0, 3)])}
    common = common_time(reference, hypothesis, uem=uem, collar=0.0)
    assert common.reference == (("one", "ann"), ("one", "ben"), ("two", "ann"))
    assert common.hypothesis == (("one", "S1"), ("one", "S2"), ("two", "S1"))
    assert common.seconds.toarray().tolist() == [[3, 0, 0], [2, 2, 0], [0, 0, 1]]
    assert common.seconds.nnz == 4
    assert one_to_one(common.seconds).toarray().tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


@settings(max_examples=100, deadline=None)
@given(reference=collections, hypothesis=collections, uem=uems)
def test_what_is_mapped_is_what_is_correct(
    reference: Collection, hypothesis: Collection, uem: dict[str, Timeline] | None
) -> None:
    common = common_time(reference, hypothesis, uem=uem, skip_overlap=True)
    total = diarization_error(reference, hypothesis, uem=uem, skip_overlap=True).total
    mapped = common.seconds.multiply(one_to_one(common.seconds)).sum()
    correct = total.scored - total.missed - total.speaker_error
    assert mapped == pytest.approx(correct, abs=1e-9)
