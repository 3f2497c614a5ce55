"""The oracle, against one turn at a time."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation.small import Collection, Turns, collection, collections
from tests.reference import oracle as reference
from trfast.evaluation import oracle_linking

quarters = st.integers(0, 40).map(lambda n: n / 4)
rounded = st.lists(
    st.tuples(quarters, quarters, st.sampled_from("abc")).map(
        lambda t: (min(t[:2]), max(t[:2]), t[2])
    ),
    max_size=6,
)


@settings(max_examples=200, deadline=None)
@given(ref=rounded, hyp=rounded, other=rounded)
def test_names_equal_the_twin(ref: Turns, hyp: Turns, other: Turns) -> None:
    said = collection(one=hyp, two=other, three=hyp)
    spoken = collection(two=ref, one=other, four=ref)
    linked = oracle_linking(spoken, said)
    assert list(linked) == ["one", "two", "three"]
    assert linked["three"] == said["three"]
    for name in ("one", "two"):
        expected = [reference.most_speaking(spoken[name], turn) for turn in said[name]]
        found = {(t.start, t.end, t.speaker) for t in linked[name]}
        assert found == {
            (t.start, t.end, speaker) for t, speaker in zip(said[name], expected, strict=True)
        }
        assert len(linked[name]) == len(said[name])


@settings(max_examples=200, deadline=None)
@given(ref=collections, hyp=collections)
def test_nobody_speaks_longer(ref: Collection, hyp: Collection) -> None:
    linked = oracle_linking(ref, hyp)
    for name, annotation in linked.items():
        for turn in annotation:
            speech = reference.spoken(ref[name], turn)
            assert max(speech.values(), default=0) - speech.get(turn.speaker, 0) < 1e-8


def test_turns_of_equal_length_but_for_rounding() -> None:
    # 0.3 - 0.2 is less than 0.2 - 0.1 in floating point.
    ref = collection(show=[(0.1, 0.2, "ben"), (0.2, 0.3, "ann")])
    assert oracle_linking(ref, collection(show=[(0, 1, "x")]))["show"].speakers == ("ann",)
