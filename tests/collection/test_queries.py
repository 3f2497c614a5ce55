"""One recording, one speaker; and recordings that are renamed, removed and forgotten."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collection.test_identity import linked
from tests.fakes import FakeDiarizer, calls, diarization, write
from trfast.annotation import Annotation, Timeline
from trfast.collection import Collection
from trfast.comparison import Comparison
from trfast.errors import AudioError, CollectionError, ParameterError


@pytest.fixture
def collection() -> Iterator[Collection]:
    """Ann is speaker-0001, twice in a and in c; Ben speaker-0002, in a; b is silent; d failed."""
    with Collection(":memory:") as collection:
        collection.add(diarization("a", "ann:5 ben:2 cat:1"))
        collection.add(diarization("b", ""))
        collection.add(diarization("c", "ann:2"))
        collection.add_failure("d", AudioError("no sound"))
        linked(collection)
        collection.corrections.merge("speaker-0001", "speaker-0003")
        yield collection


def test_one_recording(collection: Collection) -> None:
    assert collection.annotation("a") == Annotation(
        "a", [(0, 5, "speaker-0001"), (5, 7, "speaker-0002"), (7, 8, "speaker-0001")]
    )
    assert collection.annotation("b") == Annotation("b")
    with pytest.raises(CollectionError, match="'d' could not be diarized: no sound"):
        collection.annotation("d")
    with pytest.raises(CollectionError, match="no recording 'e'"):
        collection.annotation("e")


def test_one_speaker(collection: Collection) -> None:
    collection.corrections.rename("speaker-0001", "Ann")
    assert collection.turns_of("Ann") == {
        "a": Timeline([(0, 5), (7, 8)]),
        "c": Timeline([(0, 2)]),
    }
    assert collection.turns_of("speaker-0002") == {"a": Timeline([(5, 7)])}
    a, _, c = collection.recordings()
    assert collection.recordings_of("Ann") == [a, c]
    assert collection.recordings_of("speaker-0002") == [a]
    assert collection.recording("c") == c
    for query in (collection.turns_of, collection.recordings_of):
        for nobody in ("speaker-0001", "speaker-0003", "speaker-2", "Eve"):
            with pytest.raises(CollectionError, match=f"no speaker {nobody!r}"):
                query(nobody)


def test_queries_want_a_link(collection: Collection) -> None:
    assert collection.is_linked
    collection.add(diarization("e", "ann:1"))
    assert not collection.is_linked
    for query, name in (
        (collection.annotation, "a"),
        (collection.turns_of, "speaker-0001"),
        (collection.recordings_of, "speaker-0001"),
    ):
        with pytest.raises(
            CollectionError, match=r"1 recordings of .* not linked yet: link them first"
        ):
            query(name)


def test_one_recording_or_speaker_is_found_by_index(collection: Collection) -> None:
    db = collection._store.db
    asked: list[str] = []
    db._db.set_trace_callback(asked.append)
    collection.annotation("a")
    collection.turns_of("speaker-0001")
    collection.recordings_of("speaker-0001")
    list(collection.links(speaker="speaker-0001", recording="a"))
    db._db.set_trace_callback(None)
    plans = [
        row[3]
        for sql in asked
        if sql.startswith("SELECT") and "FROM state" not in sql
        for row in db.rows(f"EXPLAIN QUERY PLAN {sql}")
    ]
    assert len(plans) > 5
    assert [step for step in plans if step.startswith("SCAN")] == []


def test_links_of_a_speaker_and_of_a_recording(collection: Collection) -> None:
    links = list(collection.links())
    assert list(collection.links(speaker="speaker-0001")) == [links[0], links[2], links[3]]
    assert list(collection.links(recording="a")) == links[:3]
    assert list(collection.links(speaker="speaker-0001", recording="a")) == [links[0], links[2]]
    assert list(collection.links(recording="b")) == []
    with pytest.raises(CollectionError, match="no speaker 'Eve'"):
        list(collection.links(speaker="Eve"))
    with pytest.raises(CollectionError, match="could not be diarized"):
        list(collection.links(recording="d"))


def test_as_last_linked_names_are_those_of_the_last_link(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    with Collection(path) as adds, Collection(path, as_last_linked=True) as looks:
        adds.add(diarization("a", "ann:5"))
        adds.add(diarization("c", "ben:2"))
        assert [*looks.speakers(), *looks.links()] == []
        linked(adds)
        adds.add(diarization("b", "ann:1 ben:3"))
        assert not looks.is_linked
        assert [speaker.n_recordings for speaker in looks.speakers()] == [1, 1]
        assert [len(turns) for turns in looks.annotations()] == [1, 0, 1]
        assert looks.annotation("b") == Annotation("b")
        assert list(looks.links(recording="b")) == []
        (doubt,) = looks.doubts(comparison=Comparison(threshold=0.5))
        assert doubt.local == ("a", "S1")
        looks.corrections.rename("speaker-0001", "Ann")
        with pytest.raises(CollectionError, match="S1 of b is not linked yet"):
            looks.corrections.confirm("b", "S1")
        assert not looks.is_linked
        assert linked(adds)["b", "S1"] == "Ann"
        assert looks.is_linked


def test_a_recording_that_is_renamed(collection: Collection) -> None:
    before = collection.annotation("a")
    collection.rename_recording("a", "x")
    collection.rename_recording("x", "x")
    assert collection.is_linked
    assert [r.name for r in collection.recordings()] == ["b", "c", "x"]
    assert collection.annotation("x") == Annotation("x", before)
    assert [a.recording for a in collection.annotations()] == ["b", "c", "x"]
    assert [link.nearest for link in collection.links()] == [("x", "S1"), ("c", "S1"), None, None]
    assert {link.correction for link in collection.links()} == {"merge", None}
    linked(collection)
    assert collection.annotation("x") == Annotation("x", before)
    collection.rename_recording("d", "failed")
    assert [f.recording for f in collection.failures()] == ["failed"]
    for old, new, message in (
        ("x", "b", "has a recording 'b' already"),
        ("x", "failed", "has a recording 'failed' already"),
        ("a", "y", "has no recording 'a'"),
    ):
        with pytest.raises(CollectionError, match=message):
            collection.rename_recording(old, new)
    with pytest.raises(ParameterError, match="recording name"):
        collection.rename_recording("x", "a b")


def test_a_file_is_known_by_its_new_name(tmp_path: Path) -> None:
    paths = write(tmp_path, a="ann:1", b="ben:1")
    with Collection(tmp_path / "c.sqlite") as collection:
        collection.add_all(paths, diarizer=FakeDiarizer(), jobs=1)
        collection.rename_recording("a", "z")
        calls(tmp_path)
        collection.add_all(paths, diarizer=FakeDiarizer(), jobs=1)
        assert calls(tmp_path) == []
        paths[0].write_text("ann:2")
        collection.add_all(paths, diarizer=FakeDiarizer(), jobs=1)
        assert calls(tmp_path) == ["z"]
        assert [r.name for r in collection.recordings()] == ["b", "z"]


def test_several_go_or_none(collection: Collection) -> None:
    with pytest.raises(CollectionError, match="no recording 'e'"):
        collection.remove("a", "e", "b")
    assert [r.name for r in collection.recordings()] == ["a", "b", "c"]
    collection.remove("b", "d")
    assert collection.is_linked  # nobody spoke there
    collection.remove("a", "a")
    assert not collection.is_linked
    assert [r.name for r in collection.recordings()] == ["c"]


def test_recordings_whose_files_are_gone(tmp_path: Path) -> None:
    paths = write(tmp_path / "in", a="ann:1", b="ben:1", c="bug", d="bug")
    with Collection(tmp_path / "c.sqlite") as collection:
        collection.add(diarization("no-file", "ann:1"))
        collection.add_all(paths, diarizer=FakeDiarizer(), jobs=1)
        assert collection.forget_missing() == []
        for path in paths[::2]:
            path.unlink()
        assert collection.forget_missing(dry_run=True) == ["a", "c"]
        assert collection.forget_missing() == ["a", "c"]
        assert [r.name for r in collection.recordings()] == ["b", "no-file"]
        assert [f.recording for f in collection.failures()] == ["d"]
        for path in (tmp_path / "in").iterdir():
            path.unlink()
        (tmp_path / "in").rmdir()
        (tmp_path / "in").touch()  # a file where the folder was
        assert collection.forget_missing() == ["b", "d"]


def test_a_file_that_cannot_be_looked_for_is_not_gone(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection.add(diarization("e", "ann:1"), source="locked/e.wav")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "stat", refuse)
    assert collection.forget_missing() == []
    monkeypatch.undo()
    assert collection.forget_missing() == ["e"]
