"""Small collections: by hand, and for properties."""

from hypothesis import strategies as st

from trfast.annotation import Annotation, Timeline

Turns = list[tuple[float, float, str]]
Collection = dict[str, Annotation]


def collection(**recordings: Turns) -> Collection:
    return {name: Annotation(name, turns) for name, turns in recordings.items()}


seconds = st.one_of(st.integers(0, 40).map(lambda n: n / 4), st.floats(0, 10))
turns = st.lists(
    st.tuples(seconds, seconds, st.sampled_from("abc")).map(
        lambda t: (min(t[:2]), max(t[:2]), t[2])
    ),
    max_size=5,
)
collections = st.fixed_dictionaries({"one": turns, "two": turns}).map(
    lambda recordings: collection(**recordings)
)
regions = st.lists(st.tuples(seconds, seconds).map(lambda t: (min(t), max(t))), max_size=3).map(
    Timeline
)
uems = st.none() | st.fixed_dictionaries({"one": regions, "two": regions})
