"""Names stay: through later recordings and links, and recordings that go or are done again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import FakeDiarizer, FakeModel, diarization, write
from trfast.collection import Collection
from trfast.collection.identity import ids_of_labels, same_voices
from trfast.comparison import Comparison


def names(collection: Collection) -> dict[tuple[str, str], str]:
    return {(link.recording, link.local): link.speaker for link in collection.links()}


def linked(collection: Collection, threshold: float = 0.5) -> dict[tuple[str, str], str]:
    collection.link(FakeModel(), comparison=Comparison(threshold=threshold))
    return names(collection)


def test_a_recording_that_sorts_first_renames_nobody() -> None:
    with Collection(":memory:") as collection:
        collection.add(diarization("m", "ann:1 ben:2"))
        collection.add(diarization("n", "ben:1 cat:2"))
        before = linked(collection)
        collection.add(diarization("a", "dan:3 cat:1"))
        after = linked(collection)
        assert {key: after[key] for key in before} == before
        assert after["a", "S1"] == "speaker-0004"
        assert after["a", "S2"] == before["n", "S2"]


def test_a_removed_recording_and_a_new_threshold_rename_nobody() -> None:
    with Collection(":memory:") as collection:
        for name in "abc":
            collection.add(diarization(name, "ann:1 ben:2"))
        before = linked(collection)
        assert linked(collection, 1.0) == before
        collection.remove("a")
        after = linked(collection)
        assert after == {key: name for key, name in before.items() if key[0] != "a"}
        collection.remove("b")
        collection.remove("c")
        collection.add(diarization("d", "cat:1"))
        assert linked(collection) == {("d", "S1"): "speaker-0003"}  # never a name of before


def test_who_was_two_and_who_was_one() -> None:
    """The larger part keeps the name, the other one gets a new one, and back."""
    before = np.array([1, 1, 2, 2])
    unknown = np.full(4, -1)
    seconds = np.array([4.0, 1.0, 2.0, 2.0])
    one = ids_of_labels(np.array([0, 0, 0, 0]), before, seconds, unknown)
    assert one.tolist() == [1]
    split = ids_of_labels(np.array([0, 1, 2, 2]), before, seconds, unknown)
    assert split.tolist() == [1, 0, 2]
    said = ids_of_labels(np.array([0, 0, 1, 1]), before, seconds, np.array([-1, 2, -1, -1]))
    assert said.tolist() == [2, 0]


@given(st.data())
def test_an_id_has_one_label(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 12))
    labels = np.unique(
        data.draw(st.lists(st.integers(0, 5), min_size=n, max_size=n)), return_inverse=True
    )[1]
    before = np.array(data.draw(st.lists(st.integers(0, 4), min_size=n, max_size=n)))
    seconds = np.array(data.draw(st.lists(st.integers(0, 9), min_size=n, max_size=n)), float)
    ids = ids_of_labels(labels, before, seconds, np.full(n, -1))
    given_ = ids[ids > 0].tolist()
    assert len(set(given_)) == len(given_)
    assert set(given_) <= set(before.tolist())


def test_voices_of_a_recording_that_is_done_again(tmp_path: Path) -> None:
    assert same_voices({}, {1: [(0, 1)]}) == {}
    (file,) = write(tmp_path, show="ann:2 ben:1")
    with Collection(":memory:") as collection:
        collection.add_all([file], diarizer=FakeDiarizer())
        collection.add(diarization("x", "ben:1"))
        before = linked(collection)
        file.write_text("cat:1 ann:1 ben:1")
        collection.add_all([file], diarizer=FakeDiarizer())
        after = linked(collection)
        assert after["x", "S1"] == before["x", "S1"] == after["show", "S3"]
        assert "speaker-0003" in after.values()
