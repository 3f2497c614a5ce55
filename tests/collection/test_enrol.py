"""Voices that are enrolled name speakers in later links, and can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collection.test_identity import linked, names
from tests.collection.test_store import execute
from tests.fakes import FakeDiarizer, FakeModel, diarization, write
from trfast.collection import Collection
from trfast.comparison import Comparison
from trfast.errors import CollectionError, ParameterError

# What version 3 did not have.
BACK_TO_3 = """
DROP VIEW voices;
DROP VIEW doubts;
DROP VIEW links;
DROP TABLE voice;
ALTER TABLE local_speaker DROP COLUMN enrolled_similarity;
CREATE VIEW links AS SELECT id FROM local_speaker;
PRAGMA user_version = 3;
"""


@pytest.fixture
def collection() -> Iterator[Collection]:
    with Collection(":memory:") as collection:
        collection.add(diarization("a", "ann:5 ben:2"))
        collection.add(diarization("b", "ann:1 ben:4"))
        yield collection


def test_a_voice_names_speakers_in_the_next_link(collection: Collection) -> None:
    collection.enrol("Ann", diarization("tape", "ann:9"), who="me", why="her own tape")
    assert not collection.is_linked
    assert linked(collection) == {
        ("a", "S1"): "Ann",
        ("a", "S2"): "speaker-0002",
        ("b", "S1"): "Ann",
        ("b", "S2"): "speaker-0002",
    }
    ann, ben, *_ = collection.links()
    assert ann.correction is None
    assert ann.enrolled_similarity == pytest.approx(1, abs=0.05)
    assert ben.enrolled_similarity is None
    (voice,) = collection.voices()
    assert (voice.speaker, voice.source, voice.speech) == ("Ann", "tape", 9.0)
    (entry,) = collection.corrections.log()
    assert (entry.kind, entry.what, entry.who) == ("enrol", "Ann sounds as in tape", "me")


def test_several_voices_are_told(collection: Collection, tmp_path: Path) -> None:
    paths, fake = write(tmp_path, alone="ann:9 ben:1", two="ann:9 ben:3"), FakeDiarizer()
    (warning,) = collection.enrol("Ann", *paths, diarizer=fake)
    assert warning.startswith(
        "two: 2 speakers seem to speak there: say where Ann does, with --speech"
    )
    calls = (tmp_path / "calls.log").read_text().split()
    assert calls == ["alone", "alone", "two", "two"]


def test_who_speaks_alone_is_heard_once(collection: Collection, tmp_path: Path) -> None:
    (path,), fake = write(tmp_path, tape="ann:9"), FakeDiarizer()
    assert collection.enrol("Ann", path, diarizer=fake) == []
    assert (tmp_path / "calls.log").read_text().split() == ["tape"]


def test_taken_back_the_name_is_free(collection: Collection) -> None:
    collection.enrol("Ann", diarization("tape", "ann:9"))
    linked(collection)
    collection.corrections.undo()
    assert collection.voices() == []
    assert linked(collection)["a", "S1"] == "speaker-0001"
    assert next(collection.links()).enrolled_similarity is None
    collection.corrections.rename("speaker-0002", "Ann")


@pytest.mark.parametrize("taken_back", [False, True])
def test_what_is_forgotten_is_in_no_page_of_the_file(tmp_path: Path, taken_back: bool) -> None:
    voice = diarization("tape", "ann:9")
    voice.vectors[:] = [[0.123, 4.56, 7.89, 1.011]]
    stored = voice.vectors.tobytes()
    with Collection(tmp_path / "c.sqlite") as collection:
        collection.add(diarization("a", "ann:5 ben:2"))
        collection.enrol("Ann", voice)
        linked(collection)
    assert stored in (tmp_path / "c.sqlite").read_bytes()
    with Collection(tmp_path / "c.sqlite") as collection:
        if taken_back:
            collection.corrections.undo()
        else:
            assert collection.corrections.forget_voices("Ann", who="me", why="asked for") == 1
            last = collection.corrections.log()[-1]
            assert (last.kind, last.undone) == ("forget", None)
            assert last.what == "what Ann sounds like is deleted"
            with pytest.raises(CollectionError, match="no correction to undo"):
                collection.corrections.undo()
        assert collection.voices() == []
        linked(collection)
        with pytest.raises(CollectionError, match="has no voice of 'Ann'"):
            collection.corrections.forget_voices("Ann")
    assert stored not in (tmp_path / "c.sqlite").read_bytes()


def test_who_is_here_keeps_id_and_name(collection: Collection) -> None:
    linked(collection)
    collection.corrections.rename("speaker-0002", "Ben")
    collection.enrol("Ben", diarization("tape", "ben:9"))
    assert collection.is_linked  # names are as they were
    assert linked(collection)["b", "S2"] == "Ben"
    assert [speaker.id for speaker in collection.speakers()] == [1, 2]
    collection.enrol("speaker-0001", diarization("other", "ann:1"))
    assert linked(collection)["a", "S1"] == "speaker-0001"
    with pytest.raises(CollectionError, match="there is no speaker-0009"):
        collection.enrol("speaker-0009", diarization("tape", "cat:9"))


def test_who_is_known_by_voice_alone_can_be_merged_and_renamed(collection: Collection) -> None:
    linked(collection)
    collection.enrol("Cat", diarization("tape", "cat:9"))
    collection.corrections.rename("Cat", "Catherine")
    collection.corrections.merge("speaker-0001", "Catherine")
    assert {voice.speaker for voice in collection.voices()} == {"speaker-0001"}
    collection.corrections.undo()
    assert {voice.speaker for voice in collection.voices()} == {"Catherine"}


def test_what_is_refused_is_not_named_so_again(collection: Collection) -> None:
    collection.enrol("Ann", diarization("tape", "ann:9"))
    linked(collection)
    collection.corrections.reject("b", "S1")
    assert linked(collection)["b", "S1"] != "Ann"
    assert names(collection)["a", "S1"] == "Ann"


def test_only_what_is_new(collection: Collection) -> None:
    model, comparison = FakeModel(), Comparison(threshold=0.5, clustering="average")

    def link() -> bool:
        return collection.link(model, comparison=comparison, new_only=True).new_only

    for name in "cdefgh":
        collection.add(diarization(name, "ann:1 ben:1"))
    assert not link()
    collection.enrol("Cat", diarization("tape", "cat:9"))
    assert not link()  # those who are there may be Cat
    collection.add(diarization("i", "cat:1 ben:1"))
    assert link()
    assert names(collection)["i", "S1"] == "Cat"
    assert [link.enrolled_similarity is not None for link in collection.links()][-2:] == [
        True,
        False,
    ]


def test_what_cannot_be_enrolled(collection: Collection, tmp_path: Path) -> None:
    with pytest.raises(CollectionError, match="has 2 speakers, expected one"):
        collection.enrol("Ann", diarization("tape", "ann:9 ben:1"))
    with pytest.raises(CollectionError, match="has 0 speakers"):
        collection.enrol("Ann", diarization("tape", ""))
    with pytest.raises(CollectionError, match="another model"):
        collection.enrol("Ann", diarization("tape", "ann:9", model_hash="other"))
    with pytest.raises(CollectionError, match="at least one voice"):
        collection.enrol("Ann")
    with pytest.raises(ParameterError):
        collection.enrol("Ann B", diarization("tape", "ann:9"))
    assert collection.voices() == []
    (file,) = write(tmp_path, tape="cat:3")
    collection.enrol("Cat", file, diarizer=FakeDiarizer())
    assert collection.voices()[0].source == "tape"


def test_voices_of_another_model_are_said() -> None:
    with Collection(":memory:") as collection:
        collection.enrol("Ann", diarization("tape", "ann:9", model_hash="other"))
        collection.add(diarization("a", "ann:5"))
        with pytest.raises(CollectionError, match="1 voices, such as tape, that another model"):
            collection.link(FakeModel())


def test_a_file_of_version_3(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    with Collection(path) as collection:
        collection.add(diarization("a", "ann:5"))
        linked(collection)
    execute(path, BACK_TO_3)
    with Collection(path) as collection:
        assert collection.is_linked
        collection.enrol("Ann", diarization("tape", "ann:9"))
        assert linked(collection) == {("a", "S1"): "Ann"}
