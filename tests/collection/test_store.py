"""The file of a collection: other processes, other threads, other versions, and its errors."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fakes import FakeDiarizer, FakeModel, any_bytes, diarization, write
from trfast.annotation import Annotation
from trfast.audio import Waveform
from trfast.collection import Collection, Failure, Link, Speaker, connection
from trfast.collection.records import Origin
from trfast.comparison import Comparison
from trfast.diarization import Diarization, Job
from trfast.errors import AudioError, CollectionError, ParameterError
from trfast.execution import Progress

# The tables of version 1, as trfast made them.
VERSION_1 = """
CREATE TABLE recording (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, source TEXT, size INTEGER, stamp INTEGER,
    made_by TEXT, model TEXT, duration REAL, dimension INTEGER, stages TEXT, error TEXT,
    details TEXT
);
CREATE TABLE speaker (
    id INTEGER PRIMARY KEY,
    recording INTEGER NOT NULL REFERENCES recording ON DELETE CASCADE,
    local TEXT NOT NULL, speech REAL NOT NULL, vector BLOB NOT NULL, name TEXT, similarity REAL,
    nearest INTEGER REFERENCES speaker ON DELETE SET NULL,
    UNIQUE (recording, local)
);
CREATE INDEX speaker_nearest ON speaker (nearest);
CREATE TABLE turn (
    speaker INTEGER NOT NULL REFERENCES speaker ON DELETE CASCADE,
    start REAL NOT NULL,
    end REAL NOT NULL
);
CREATE INDEX turn_speaker ON turn (speaker);
PRAGMA application_id = 1953654369;
PRAGMA user_version = 1;
INSERT INTO recording VALUES
    (1, 'a', '/in/a.wav', 10, 20, 'x', 'fake', 3.0, 4, '{"features": 0.5}', NULL, NULL),
    (3, 'b', NULL, NULL, NULL, NULL, 'fake', 2.0, 4, '{}', NULL, NULL),
    (4, 'c', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'no sound', '');
INSERT INTO speaker VALUES
    (1, 1, 'S1', 1.0, x'0000803f000000000000000000000000', 'speaker-0001', 1.0, 7),
    (2, 1, 'S2', 1.0, x'000000000000803f0000000000000000', 'speaker-0002', NULL, NULL),
    (7, 3, 'S1', 1.0, x'0000803f000000000000000000000000', 'speaker-0001', 1.0, 1);
INSERT INTO turn VALUES (1, 0.0, 1.0), (2, 1.0, 2.0), (7, 0.5, 1.5);
"""

# What version 2 had beside that.
VERSION_2 = (
    VERSION_1.replace("id INTEGER PRIMARY KEY", "id INTEGER PRIMARY KEY AUTOINCREMENT")
    + """
CREATE TABLE state (generation INTEGER NOT NULL, linked INTEGER NOT NULL);
INSERT INTO state VALUES (3, 3);
CREATE TRIGGER speaker_came AFTER INSERT ON speaker
BEGIN UPDATE state SET generation = generation + 1; END;
CREATE TRIGGER speaker_went AFTER DELETE ON speaker
BEGIN UPDATE state SET generation = generation + 1; END;
PRAGMA user_version = 2;
"""
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "c.sqlite"


@pytest.fixture
def collection(path: Path) -> Iterator[Collection]:
    with Collection(path) as opened:
        yield opened


def execute(path: Path, script: str) -> None:
    database = sqlite3.connect(path)
    database.executescript(script)
    database.close()


def ids(path: Path) -> list[int]:
    database = sqlite3.connect(path)
    found = [row[0] for row in database.execute("SELECT id FROM local_speaker ORDER BY id")]
    database.close()
    return found


@pytest.mark.parametrize("script", [VERSION_1, VERSION_2], ids=["1", "2"])
def test_a_file_of_an_earlier_version(path: Path, script: str) -> None:
    execute(path, script)
    for _ in range(2):
        with Collection(path) as collection:
            assert [(r.name, r.source, r.n_speakers) for r in collection.recordings()] == [
                ("a", "/in/a.wav", 2),
                ("b", None, 1),
            ]
            assert collection.failures() == [Failure("c", None, "no sound", "")]
            assert list(collection.links()) == [
                Link("a", "S1", "speaker-0001", 1.0, ("b", "S1")),
                Link("a", "S2", "speaker-0002", None, None),
                Link("b", "S1", "speaker-0001", 1.0, ("a", "S1")),
            ]
            found = collection.diarization("a")
            assert found.annotation == Annotation("a", [(0, 1, "S1"), (1, 2, "S2")])
            np.testing.assert_array_equal(found.vectors, np.eye(4)[:2])
            assert list(collection.annotations())[1] == Annotation(
                "b", [(0.5, 1.5, "speaker-0001")]
            )
    with Collection(path) as collection:
        collection.remove("b")
        collection.add(diarization("d", "ann:1"))
        collection.link(FakeModel())
        assert [s.n_recordings for s in collection.speakers()] == [2, 1]
    assert ids(path) == [1, 2, 8]


def test_a_file_of_version_1_from_which_somebody_was_removed(path: Path) -> None:
    execute(path, VERSION_1 + "PRAGMA foreign_keys = ON; DELETE FROM recording WHERE name = 'b';")
    with Collection(path) as collection:
        with pytest.raises(CollectionError, match="link them first"):
            collection.speakers()
        collection.link(FakeModel())
        assert [s.n_recordings for s in collection.speakers()] == [1, 1]


def test_names_that_version_1_took_and_nothing_can_hold(path: Path, tmp_path: Path) -> None:
    execute(path, VERSION_1 + "UPDATE recording SET name = ';;note' WHERE name = 'a';")
    with Collection(path) as collection:
        collection.to_rttm(tmp_path / "c.rttm")
        assert [r.name for r in collection.recordings()] == ["%3B%3Bnote", "b"]


def test_a_migration_that_fails_changes_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trfast.collection import schema

    def fail(_: object) -> None:
        raise KeyboardInterrupt

    execute(path, VERSION_1)
    with monkeypatch.context() as patch:
        patch.setattr(schema, "_mend_names", fail)
        with pytest.raises(KeyboardInterrupt):
            Collection(path)
    with Collection(path) as collection:
        assert [speaker.name for speaker in collection.speakers()] == [
            "speaker-0001",
            "speaker-0002",
        ]


def test_ids_are_never_used_again(collection: Collection, path: Path) -> None:
    for _ in range(3):
        collection.add(diarization("a", "ann:1 ben:1"))
        collection.remove("a")
    collection.add(diarization("a", "ann:1 ben:1"))
    assert ids(path) == [7, 8]


class Meddling(FakeModel):
    """A model that lets something else happen in the middle of a link."""

    happens: Callable[[], object]

    def across(self, *_: object) -> Comparison:
        self.happens()
        return super().across()


def meddling(happens: Callable[[], object]) -> Meddling:
    model = Meddling()
    object.__setattr__(model, "happens", happens)
    return model


def test_a_recording_that_is_replaced_during_a_link(collection: Collection, path: Path) -> None:
    collection.add(diarization("a", "ann:1"))
    collection.add(diarization("b", "ann:1"))
    todo = ["ben:1"]

    def replace_once() -> None:
        while todo:
            with Collection(path) as other:
                other.remove("b")
                other.add(diarization("b", todo.pop()))

    collection.link(meddling(replace_once))
    assert collection.speakers() == [
        Speaker("speaker-0001", 1, 1.0, 1),
        Speaker("speaker-0002", 1, 1.0, 2),
    ]


def test_recordings_of_another_model_that_come_during_a_link(
    collection: Collection, path: Path
) -> None:
    collection.add(diarization("a", "ann:1"))

    def come() -> None:
        with Collection(path) as other:
            if len(other.recordings()) == 1:
                other.add(diarization("b", "ann:1", model_hash="other"))

    with pytest.raises(CollectionError, match="recordings of 2 models"):
        collection.link(meddling(come))


def test_recordings_that_keep_coming_during_a_link(collection: Collection) -> None:
    collection.add(diarization("a", "ann:1"))
    names = iter("bcdefghijk")
    with pytest.raises(CollectionError, match=r"came or went each of 5 times.*link when"):
        collection.link(meddling(lambda: collection.add(diarization(next(names), "ann:1"))))
    with pytest.raises(CollectionError, match=r"6 recordings of .* are not linked yet"):
        collection.speakers()


def test_what_was_removed_leaves_no_names(collection: Collection) -> None:
    for name in "abc":
        collection.add(diarization(name, "ann:1"))
    collection.link(FakeModel())
    collection.remove("b")
    for read in (collection.speakers, lambda: list(collection.links())):
        with pytest.raises(CollectionError, match=r"were removed since the last link: link them"):
            read()
    collection.link(FakeModel())
    assert [link.nearest for link in collection.links()] == [("c", "S1"), ("a", "S1")]
    collection.add(diarization("silence", ""))  # concerns no name
    collection.remove("silence")
    collection.add_failure("d", AudioError("no sound"))
    assert len(collection.speakers()) == 1


def test_an_error_does_not_erase_what_another_process_kept(
    collection: Collection, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holds = type(collection._store)._holds

    def late(store: Any, recording: str) -> bool:
        found = holds(store, recording)
        monkeypatch.undo()  # only once
        monkeypatch.setattr(connection, "_PATIENCE", 0)
        with pytest.raises(CollectionError, match="locked"), Collection(path) as other:
            other.add(diarization("a", "ann:1"))
        return found

    monkeypatch.setattr(type(collection._store), "_holds", late)
    collection.add_failure("a", AudioError("no sound"))


def test_threads_share_a_collection(collection: Collection) -> None:
    def add(k: int) -> None:
        collection.add(diarization(f"r{k:02}", "ann:1 ben:1"))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add, range(12)))
        list(threads.map(lambda _: collection.link(FakeModel()), range(4)))
    assert [speaker.n_recordings for speaker in collection.speakers()] == [12, 12]
    assert len(list(collection.annotations())) == 12


@pytest.mark.parametrize(
    ("pragma", "message"),
    [
        ("query_only = 1", "readonly database.*make both writable"),
        ("max_page_count = 1", "disk is full.*make room"),
    ],
)
def test_a_disk_that_takes_nothing(collection: Collection, pragma: str, message: str) -> None:
    collection.add(diarization("a", "ann:1"))
    collection._store.db.rows(f"PRAGMA {pragma}")
    with pytest.raises(CollectionError, match=message):
        collection.add(diarization("b", " ".join(["ann:1"] * 5000)))
    assert [r.name for r in collection.recordings()] == ["a"]


def test_a_file_that_another_program_writes(
    collection: Collection, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_PATIENCE", 0.01)
    with Collection(path) as other, collection._store.db.writing():
        with pytest.raises(
            CollectionError, match=r"locked.*Another program is writing to it: wait"
        ):
            other.add(diarization("a", "ann:1"))
        assert other.recordings() == []


def test_a_closed_collection(collection: Collection) -> None:
    collection.close()
    with pytest.raises(CollectionError, match="was closed: open it again"):
        collection.recordings()


@any_bytes
def test_a_file_name_that_is_not_utf_8(collection: Collection, tmp_path: Path) -> None:
    (path,) = write(tmp_path, **{os.fsdecode(b"\xe9t\xe9"): "ann:1"})
    collection.add_all([path], diarizer=FakeDiarizer(), jobs=1)
    assert [(r.name, r.source) for r in collection.recordings()] == [("%E9t%E9", str(path))]
    assert collection.add_all([path], diarizer=FakeDiarizer("fake"), jobs=1) == []
    path.unlink()
    (failed,) = collection.add_all([path], diarizer=FakeDiarizer(), jobs=1)
    assert failed == Failure("%E9t%E9", str(path), "\\udce9t\\udce9.wav: no such file", "")
    assert collection.add_all([], diarizer=FakeDiarizer()) == []
    with pytest.raises(CollectionError, match="takes only valid Unicode"):
        collection.diarization(path.stem)


def test_waveforms_are_told_apart() -> None:
    samples = np.arange(8, dtype=np.int16)
    others = [
        Waveform(samples, 16000),
        Waveform(samples, 8000),
        Waveform(samples.reshape(4, 2), 16000),
        Waveform(samples.view(np.int32), 16000),
        Waveform(samples[::-1], 16000),
    ]
    assert len({Origin.of(waveform) for waveform in others}) == 5
    assert Origin.of(others[0]) == Origin.of(Waveform(samples.copy(), 16000))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"duration": -1.0}, "duration of -1.0 s, expected 0 or more"),
        ({"duration": float("nan")}, "duration of nan s"),
        ({"duration": 1.5}, "a turn from 1.0 to 2.0 s, expected 0 to 1.5 s"),
        ({"speech_durations": np.array([1.0, -1.0])}, "-1.0 s of speech of S2"),
        ({"speech_durations": np.array([np.nan, 1.0])}, "nan s of speech of S1"),
        ({"speech_durations": np.array([1.0, 9.0])}, "9.0 s of speech of S2, expected 0 to 3"),
        ({"speakers": ("S1", "S1"), "annotation": Annotation("a")}, "names two speakers alike"),
        ({"annotation": Annotation("a", [(-1.0, 1.0, "S1")])}, "a turn from -1.0 to 1.0 s"),
    ],
)
def test_times_that_cannot_be(
    collection: Collection, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(CollectionError, match=message):
        collection.add(replace(diarization("a", "ann:1 ben:1"), **changes))
    assert collection.recordings() == []


def test_names_that_cannot_be_written(collection: Collection) -> None:
    good = diarization("a", "ann:1")
    for name in ("a b", "", ";;a", "<NA>"):
        with pytest.raises(ParameterError, match="recording name"):
            collection.add(replace(good, annotation=Annotation(name, good.annotation)))
        with pytest.raises(ParameterError, match="recording name"):
            collection.add_failure(name, AudioError("no sound"))
    other = Annotation("a", [(0, 1, "Ann B")])
    with pytest.raises(ParameterError, match="speaker name 'Ann B'"):
        collection.add(replace(good, annotation=other, speakers=("Ann B",)))
    assert collection.recordings() == []


def test_what_is_no_list_of_recordings(collection: Collection) -> None:
    samples = Waveform(np.zeros(3, np.float32), 16000)
    for items in ("show.wav", {"a": "show.wav"}):
        with pytest.raises(ParameterError, match="must be a list of paths or Jobs"):
            collection.add_all(items, diarizer=FakeDiarizer())
    with pytest.raises(ParameterError, match="Samples in memory need a name"):
        collection.add_all([samples], diarizer=FakeDiarizer())  # type: ignore[list-item]
    with pytest.raises(ParameterError, match="several jobs have one name: 'a'"):
        collection.add_all([Job("a", samples), Job("a", samples)], diarizer=FakeDiarizer())
    with pytest.raises(ParameterError, match="source= tells where"):
        collection.add(Job("a", samples), diarizer=FakeDiarizer(), source="a.wav")


def test_a_diarizer_of_ones_own_that_gives_what_cannot_be_kept(collection: Collection) -> None:
    class Renames(FakeDiarizer):
        def __call__(self, job: Job) -> Diarization:
            return diarization("other" if job.name == "a" else job.name, "ann:1")

    samples = Waveform(np.zeros(3, np.float32), 16000)
    told: list[Progress] = []
    failures = collection.add_all(
        [Job("a", samples), Job("b", samples)],
        diarizer=Renames(),
        jobs=1,
        progress=told.append,
    )
    (error,) = (p.outcome.error for p in told if p.outcome and p.outcome.error)
    assert [(failure.recording, failure.error) for failure in failures] == [("a", str(error))]
    assert [(p.recording, p.n_done, p.n_failed, p.n_recordings) for p in told] == [
        ("a", 1, 1, 2),
        ("b", 2, 1, 2),
    ]
    assert "expected the same name" in failures[0].error
    assert [r.name for r in collection.recordings()] == ["b"]


def test_what_is_planned_is_told_before_the_work(collection: Collection, tmp_path: Path) -> None:
    paths = write(tmp_path, a="ann:1", b="ben:1")
    collection.add_all(paths[:1], diarizer=FakeDiarizer(), jobs=1)
    told: list[object] = []
    collection.add_all(
        paths,
        diarizer=FakeDiarizer(),
        jobs=1,
        planned=lambda jobs: told.append([job.name for job in jobs]),
        progress=lambda moved: told.append(moved.recording),
    )
    assert told == [["b"], "b"]
