"""Corrections: they change names at once, hold in later links, and can be taken back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tests.collection.test_identity import linked, names
from tests.fakes import FakeModel, diarization
from trfast.annotation import Annotation
from trfast.collection import Collection
from trfast.comparison import Comparison
from trfast.diarization import Diarization
from trfast.errors import CollectionError, ParameterError
from trfast.model import load_model


@pytest.fixture
def collection() -> Iterator[Collection]:
    """Ann is speaker-0001, in a, b and c; Ben speaker-0002, in a and b; Cat speaker-0003, in c."""
    with Collection(":memory:") as collection:
        collection.add(diarization("a", "ann:5 ben:2"))
        collection.add(diarization("b", "ann:1 ben:4"))
        collection.add(diarization("c", "ann:2 cat:1"))
        linked(collection)
        yield collection


def test_a_name_is_used_and_kept_and_nobody_elses(collection: Collection) -> None:
    collection.corrections.rename("speaker-0001", "Ann", who="me", why="she says so")
    for _ in range(2):
        assert names(collection)["a", "S1"] == "Ann"
        assert [a.speakers[0] for a in collection.annotations()] == ["Ann"] * 3
        linked(collection)
    with pytest.raises(CollectionError, match="there is a speaker 'Ann' already"):
        collection.corrections.rename("speaker-0002", "Ann")
    with pytest.raises(CollectionError, match="may become so"):
        collection.corrections.rename("speaker-0002", "speaker-0017")
    with pytest.raises(CollectionError, match="has no speaker 'An'; is 'Ann' meant"):
        collection.corrections.rename("An", "Eve")
    with pytest.raises(ParameterError):
        collection.corrections.rename("speaker-0002", "Ben B")
    (entry,) = collection.corrections.log()
    assert (entry.kind, entry.who, entry.why) == ("rename", "me", "she says so")
    collection.corrections.undo()
    assert names(collection)["a", "S1"] == "speaker-0001"
    assert collection.corrections.log()[0].undone


def test_merged_speakers_stay_so_and_undone_they_part(collection: Collection) -> None:
    before = names(collection)
    collection.corrections.merge("speaker-0003", "speaker-0001")
    for _ in range(2):
        now = names(collection)
        assert now["a", "S1"] == now["c", "S1"] == now["c", "S2"] == "speaker-0003"
        assert now["b", "S2"] == "speaker-0002"
        linked(collection)
    assert {link.correction for link in collection.links()} == {"merge", None}
    collection.corrections.undo()
    assert names(collection) == before
    assert linked(collection) == before
    with pytest.raises(CollectionError, match="no correction to undo"):
        collection.corrections.undo()


def test_a_speaker_that_is_split_stays_so(collection: Collection) -> None:
    assert collection.corrections.split("speaker-0001", ["b", "c"]) == "speaker-0004"
    for _ in range(2):
        now = names(collection)
        assert now["a", "S1"] == "speaker-0001"
        assert now["b", "S1"] == now["c", "S1"] == "speaker-0004"
        collection.add(diarization(f"later-{_}", "ann:1"))
        linked(collection)
    with pytest.raises(CollectionError, match="in others"):
        collection.corrections.split("speaker-0003", ["c"])
    with pytest.raises(CollectionError, match="does not speak in 'a'"):
        collection.corrections.split("speaker-0003", ["a"])


def test_what_is_rejected_never_comes_back_and_what_is_confirmed_stays(
    collection: Collection,
) -> None:
    corrections = collection.corrections
    assert corrections.reject("b", "S1") == "speaker-0004"
    assert linked(collection)["b", "S1"] == "speaker-0004"
    corrections.merge("speaker-0001", "speaker-0004", why="after all")
    assert linked(collection)["b", "S1"] == "speaker-0001"
    corrections.confirm("a", "S2")
    assert linked(collection, 1.0)["a", "S2"] == "speaker-0002"
    with pytest.raises(CollectionError, match="is all there is of speaker-0003"):
        corrections.reject("c", "S2")
    with pytest.raises(CollectionError, match="no local speaker 'S9' in 'a'"):
        corrections.confirm("a", "S9")


def test_what_is_refused_a_speaker_is_refused_who_it_becomes(collection: Collection) -> None:
    collection.corrections.reject("b", "S1")
    collection.corrections.merge("speaker-0003", "speaker-0001")
    now = linked(collection)
    assert now["a", "S1"] == "speaker-0003"
    assert now["b", "S1"] == "speaker-0004"


def test_a_recording_that_is_done_again_keeps_what_was_said_of_it(collection: Collection) -> None:
    collection.corrections.reject("b", "S1")
    old = collection.diarization("b")
    store = collection._store
    from trfast.collection.records import Origin

    store.keep(old, Origin(), None, replace=True)
    assert linked(collection)["b", "S1"] == "speaker-0004"


def test_two_persons_are_not_joined(collection: Collection) -> None:
    how = Comparison(threshold=0.5)
    asked = [d.speakers for d in collection.doubts(FakeModel(), comparison=how) if not d.linked]
    assert asked == [("speaker-0002", "speaker-0003")]
    collection.corrections.distinguish("speaker-0003", "speaker-0002", why="heard")
    assert not [d for d in collection.doubts(FakeModel(), comparison=how) if not d.linked]
    now = linked(collection, -1.0)
    assert now["c", "S2"] == "speaker-0003"
    assert now["b", "S2"] == "speaker-0002"
    assert collection.corrections.undo().kind == "distinguish"
    assert linked(collection, -1.0)["c", "S2"] == "speaker-0002"
    with pytest.raises(CollectionError, match="told from another"):
        collection.corrections.distinguish("speaker-0001", "speaker-0001")


def test_a_merge_says_against_whom(collection: Collection) -> None:
    collection.corrections.distinguish("speaker-0003", "speaker-0002", why="heard")
    collection.corrections.merge("speaker-0002", "speaker-0003")
    assert collection.corrections.log()[-1].what == (
        "speaker-0003 is speaker-0002, against 'speaker-0003 is not speaker-0002'"
    )


def test_it_asks_for_a_link_first() -> None:
    with Collection(":memory:") as collection:
        collection.add(diarization("a", "ann:1"))
        with pytest.raises(CollectionError, match="link them first"):
            collection.corrections.rename("speaker-0001", "Ann")


def test_nobody_follows_what_is_split_off_or_rejected(collection: Collection) -> None:
    for recordings, rejected in ((["b"], None), ([], ("b", "S1"))):
        if rejected:
            collection.corrections.reject(*rejected)
        else:
            collection.corrections.split("speaker-0001", recordings)
        now = linked(collection)
        assert now["a", "S1"] == now["c", "S1"] == "speaker-0001" != now["b", "S1"]
        collection.corrections.undo()
        linked(collection)


def test_doubts_are_of_what_linked() -> None:
    model = load_model()
    rng = np.random.default_rng(0)
    with Collection(":memory:") as collection:
        for k in range(12):
            speakers = ("S1", "S2")
            collection.add(
                Diarization(
                    annotation=Annotation(f"r{k:02}", [(0.0, 2.0, "S1"), (2.0, 4.0, "S2")]),
                    speakers=speakers,
                    vectors=rng.normal(size=(2, 200)).astype(np.float32),
                    speech_durations=np.array([2.0, 2.0]),
                    duration=5.0,
                    model_hash=model.vectors_hash,
                )
            )
        how = model.across("plda", "average", 3.0)
        collection.link(comparison=how)
        assert collection.last_comparison().settings == how.settings
        assert collection.doubts(most=5) == collection.doubts(comparison=how, most=5)
        default = collection.doubts(comparison=model.across(), most=5)
        assert collection.doubts(most=5) != default
        collection.link()
        assert collection.doubts(most=5) != collection.doubts(comparison=how, most=5)
