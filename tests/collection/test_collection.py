"""Collection: what goes in comes out; runs resume; bad files are told."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from tests.fakes import FakeDiarizer, FakeModel, calls, diarization, write
from tests.small import small_model
from trfast.annotation import Annotation, Timeline
from trfast.audio import Waveform
from trfast.collection import Collection, Failure, Link, Recording, Speaker
from trfast.comparison import Comparison
from trfast.diarization import Diarization, Job, SpeakerCount, SpeakerCounts
from trfast.errors import AudioError, CollectionError, ParameterError
from trfast.formats import read_rttm
from trfast.linking import link_centred


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection(tmp_path / "c.sqlite") as opened:
        yield opened


def names(collection: Collection) -> list[str]:
    return [recording.name for recording in collection.recordings()]


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    put = diarization("monday", "ann:1.25 ben:0.1 ann:3")
    with Collection(tmp_path / "c.sqlite") as collection:
        collection.add(put, source="audio/monday.wav")
    with Collection(tmp_path / "c.sqlite") as collection:
        got = collection.diarization("monday")
        assert collection.recordings() == [
            Recording("monday", os.path.abspath("audio/monday.wav"), 5.35, 3, 4.35, "fake")
        ]
    assert got.annotation == put.annotation
    assert got.speakers == put.speakers
    np.testing.assert_array_equal(got.vectors, put.vectors)
    assert got.vectors.dtype == np.float32
    np.testing.assert_array_equal(got.speech_durations, put.speech_durations)
    assert (got.duration, got.model_hash) == (put.duration, put.model_hash)
    assert got.stage_seconds == {"features": 0.5}


def test_nobody_speaks(collection: Collection, tmp_path: Path) -> None:
    collection.add(diarization("silence", ""))
    collection.link(FakeModel())
    collection.to_rttm(tmp_path / "c.rttm")
    assert collection.speakers() == []
    assert list(collection.annotations()) == [Annotation("silence")]
    assert collection.diarization("silence").vectors.shape == (0, 4)
    assert (tmp_path / "c.rttm").read_text() == ""


def test_link_names_speakers_across_recordings(collection: Collection, tmp_path: Path) -> None:
    collection.add(diarization("tuesday", "cat:1 ann:2"))
    collection.add(diarization("monday", "ann:3 ben:4"))
    collection.link(FakeModel())
    assert collection.speakers() == [
        Speaker("speaker-0001", 2, 5.0, 1),
        Speaker("speaker-0002", 1, 4.0, 2),
        Speaker("speaker-0003", 1, 1.0, 3),
    ]
    assert list(collection.links()) == [
        Link("monday", "S1", "speaker-0001", 1.0, ("tuesday", "S2")),
        Link("monday", "S2", "speaker-0002", None, None),
        Link("tuesday", "S1", "speaker-0003", None, None),
        Link("tuesday", "S2", "speaker-0001", 1.0, ("monday", "S1")),
    ]
    collection.to_rttm(tmp_path / "c.rttm")
    assert read_rttm(tmp_path / "c.rttm") == {
        "monday": Annotation("monday", [(0, 3, "speaker-0001"), (3, 7, "speaker-0002")]),
        "tuesday": Annotation("tuesday", [(0, 1, "speaker-0003"), (1, 3, "speaker-0001")]),
    }


def test_order_of_adding_plays_no_part() -> None:
    texts = {"a": "ann:1 ben:2", "b": "cat:1 ann:1", "c": "ben:3"}
    results = []
    for order in permutations(texts):
        with Collection(":memory:") as collection:
            for name in order:
                collection.add(diarization(name, texts[name]))
            collection.link(FakeModel())
            results.append((list(collection.links()), list(collection.annotations())))
    assert all(result == results[0] for result in results)


def test_a_new_recording_asks_for_a_new_link(collection: Collection) -> None:
    collection.add(diarization("a", "ann:1"))
    collection.link(FakeModel())
    collection.add(diarization("b", "ann:1"))
    with pytest.raises(CollectionError, match=r"1 recordings of .* are not linked yet"):
        collection.speakers()
    collection.link(FakeModel())
    assert collection.speakers() == [Speaker("speaker-0001", 2, 2.0, 1)]


def test_vectors_of_two_models_are_not_compared(collection: Collection) -> None:
    collection.add(diarization("a", "ann:1"))
    with pytest.raises(CollectionError, match="made by model fake, not by this one"):
        collection.link(FakeModel("other"))
    collection.add(diarization("b", "ann:1", model_hash="other"))
    with pytest.raises(CollectionError, match="recordings of 2 models"):
        collection.link(FakeModel())
    collection.remove("b")
    collection.link(FakeModel())


@pytest.mark.parametrize("backend", ["wccn", "plda"])
@pytest.mark.parametrize("clustering", ["cc", "hac", "average"])
def test_back_end_and_clustering_decide(
    collection: Collection, backend: str, clustering: str
) -> None:
    model, rng = small_model(), np.random.default_rng(0)
    vectors = rng.normal(size=(30, 3)).astype(np.float32)
    for k in range(10):
        text = diarization(f"r{k}", "ann:1 ann:1 ann:1", model.vectors_hash)
        collection.add(replace(text, vectors=vectors[3 * k : 3 * k + 3]))
    comparison = model.across(backend, clustering)
    assert comparison.threshold == model.backend(backend).thresholds[clustering].across
    collection.link(model, comparison=comparison)
    expected = link_centred(
        vectors,
        [f"r{k // 3}" for k in range(30)],
        comparison,
    )
    assert [found.speaker for found in collection.links()] == [
        f"speaker-{label + 1:04}" for label in expected.labels
    ]


def test_another_model_is_refused_before_any_work(collection: Collection, tmp_path: Path) -> None:
    a, b = write(tmp_path, a="ann:1", b="ann:1")
    collection.add(diarization("a", "ann:1"), source=a)
    collection.add(diarization("silence", ""))
    with pytest.raises(CollectionError, match=r"such as a\).*Give another output folder, or run"):
        collection.add_all([b], diarizer=FakeDiarizer("other"), jobs=1)
    assert calls(tmp_path) == []
    collection.add_all([b], diarizer=FakeDiarizer(), jobs=1)
    collection.add_all([a, b], diarizer=FakeDiarizer("other"), jobs=1)
    assert calls(tmp_path) == ["a", "b", "b"]


def test_a_name_is_taken_once(collection: Collection) -> None:
    collection.add(diarization("a", "ann:1"))
    with pytest.raises(CollectionError, match="has a recording 'a' already"):
        collection.add(diarization("a", "ben:1"))
    collection.remove("a")
    collection.add(diarization("a", "ben:2"))
    assert collection.recordings()[0].speech == 2.0


def test_add_all_lists_failures_and_keeps_the_rest(collection: Collection, tmp_path: Path) -> None:
    paths = write(tmp_path, good="ann:1", bug="bug", die="die", fine="ben:1")
    missing = tmp_path / "missing.wav"
    failures = collection.add_all([*paths, missing], diarizer=FakeDiarizer(), jobs=2)
    assert names(collection) == ["fine", "good"]
    assert failures == collection.failures()
    assert [failure.recording for failure in failures] == ["bug", "die", "missing"]
    assert failures[0].error == "ZeroDivisionError: a bug"
    assert "Traceback" in failures[0].details
    assert "worker process died" in failures[1].error
    assert failures[2] == Failure("missing", str(missing), "missing.wav: no such file", "")


def test_one_job_and_two_give_the_same(tmp_path: Path) -> None:
    paths = write(tmp_path, a="ann:1 ben:2", b="cat:1 ann:1", c="ben:3", d="dan:1 ann:1")
    results = []
    for jobs in (1, 2):
        with Collection(":memory:") as collection:
            assert collection.add_all(paths, diarizer=FakeDiarizer(), jobs=jobs) == []
            collection.link(FakeModel())
            results.append((collection.recordings(), list(collection.links())))
    assert results[0] == results[1]


def test_only_what_is_new_failed_or_changed_is_diarized(
    collection: Collection, tmp_path: Path
) -> None:
    paths = write(tmp_path, a="ann:1", b="bug", c="cat:1")

    def diarized(model_hash: str = "fake", channel: int | None = None) -> list[str]:
        collection.add_all(paths, diarizer=FakeDiarizer(model_hash), channel=channel, jobs=1)
        return calls(tmp_path)

    assert diarized() == ["a", "b", "c"]
    assert diarized() == ["b"]
    write(tmp_path, b="ben:1")
    assert diarized() == ["b"]
    assert diarized() == []
    os.utime(paths[2], ns=(0, 0))
    assert diarized() == ["c"]
    assert diarized(channel=0) == ["a", "b", "c"]
    assert diarized("other") == ["a", "b", "c"]
    assert [recording.model_hash for recording in collection.recordings()] == ["other"] * 3


def test_only_those_with_another_speaker_count_are_diarized_again(
    collection: Collection, tmp_path: Path
) -> None:
    paths = write(tmp_path, a="ann:1 ben:1 cat:1", b="cat:1 dan:1")

    def diarized(**counts: int) -> list[str]:
        by_name = {name: SpeakerCount(n) for name, n in counts.items() if name != "others"}
        others = SpeakerCount(max_speakers=counts.get("others"))
        given = SpeakerCounts(by_name, others)
        collection.add_all(paths, diarizer=FakeDiarizer(), speaker_counts=given, jobs=1)
        return calls(tmp_path)

    collection.add_all(paths, diarizer=FakeDiarizer(), jobs=1)
    assert calls(tmp_path) == ["a", "b"]
    assert diarized() == []
    assert diarized(a=2) == ["a"]
    assert [recording.n_speakers for recording in collection.recordings()] == [2, 2]
    assert diarized(a=2) == []
    assert diarized(a=2, others=1) == ["b"]
    assert diarized(others=1) == ["a"]
    job = Job("a", paths[0], max_speakers=1)
    collection.add(job, diarizer=FakeDiarizer())
    assert calls(tmp_path) == []
    assert diarized() == ["a", "b"]


def test_too_few_words_for_the_speakers_is_a_failure(
    collection: Collection, tmp_path: Path
) -> None:
    paths = write(tmp_path, a="ann:1", b="cat:1 dan:1")
    counts = SpeakerCounts({}, SpeakerCount(2))
    (failure,) = collection.add_all(paths, diarizer=FakeDiarizer(), speaker_counts=counts, jobs=1)
    assert failure.error.startswith("1 word of speech in recording 'a', too few for the 2 speakers")
    assert names(collection) == ["b"]


def test_a_failure_does_not_erase_what_was_diarized(collection: Collection, tmp_path: Path) -> None:
    (path,) = write(tmp_path, a="ann:1")
    collection.add_all([path], diarizer=FakeDiarizer())
    path.unlink()
    assert [f.recording for f in collection.add_all([path], diarizer=FakeDiarizer())] == ["a"]
    assert names(collection) == ["a"]
    collection.add_failure("b", AudioError("no sound"))
    assert collection.failures() == [Failure("b", None, "no sound", "")]


def test_an_interrupted_run_goes_on_where_it_stopped(
    collection: Collection, tmp_path: Path
) -> None:
    paths = write(tmp_path, a="ann:1 ben:1 cat:1", b="ann:1 cat:1", c="stop", d="dan")
    with pytest.raises(KeyboardInterrupt):
        collection.add_all(paths, diarizer=FakeDiarizer(), jobs=1)
    assert calls(tmp_path) == ["a", "b", "c"]  # the largest first
    write(tmp_path, c="ben:1", d="ben:1")
    assert collection.add_all(paths, diarizer=FakeDiarizer(), jobs=1) == []
    assert calls(tmp_path) == ["c", "d"]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    paths = write(tmp_path, **{f"r{i:02}": "ann:1 ben:2" for i in range(40)})
    script = tmp_path / "script.py"
    script.write_text(
        "import os, signal, sys\n"
        "from tests.fakes import FakeDiarizer\n"
        "from trfast.collection import Collection\n"
        "n_done = 0\n"
        "def note(outcome):\n"
        "    global n_done\n"
        "    n_done += 1\n"
        "    if n_done == 17:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "if __name__ == '__main__':\n"
        "    Collection(sys.argv[1]).add_all(\n"
        "        sys.argv[2:], diarizer=FakeDiarizer(), jobs=2, progress=note)\n"
    )
    path = tmp_path / "c.sqlite"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, script, path, *paths], env=environment, timeout=60)
    assert done.returncode == -signal.SIGKILL
    calls(tmp_path)
    with Collection(path) as collection:
        kept = names(collection)
        assert len(kept) == 17
        collection.add_all(paths, diarizer=FakeDiarizer(), jobs=1)
        assert len(names(collection)) == 40
    assert sorted(kept + calls(tmp_path)) == sorted(p.stem for p in paths)


def test_add_takes_a_file_or_samples(collection: Collection, tmp_path: Path) -> None:
    (path,) = write(tmp_path, show="ann:2")
    for _ in range(2):
        found = collection.add(path, diarizer=FakeDiarizer())
        assert found.annotation == Annotation("show", [(0, 2, "S1")])
    assert calls(tmp_path) == ["show"]
    samples = Waveform(np.zeros(3, np.float32), 16000)
    collection.add(Job("memory", samples), diarizer=FakeDiarizer())
    assert names(collection) == ["memory", "show"]
    with pytest.raises(ParameterError, match="need a name"):
        collection.add(samples, diarizer=FakeDiarizer())  # type: ignore[arg-type]
    with pytest.raises(AudioError):
        collection.add(tmp_path / "missing.wav", diarizer=FakeDiarizer())


def test_speech_marks_from_outside(collection: Collection, tmp_path: Path) -> None:
    paths = write(tmp_path, a="ann:1", b="ann:1")
    marks = {"a": Timeline([(0, 7)])}
    failures = collection.add_all(paths, diarizer=FakeDiarizer(), speech=marks, jobs=1)
    assert [failure.error for failure in failures] == ["no speech marks for recording 'b'"]
    assert collection.recordings()[0].speech == 7.0
    assert calls(tmp_path) == ["a"]
    collection.add_all(paths, diarizer=FakeDiarizer(), speech=marks, jobs=1)
    assert calls(tmp_path) == []


def test_inconsistent_diarization(collection: Collection) -> None:
    good = diarization("a", "ann:1 ben:1")
    bad = Diarization(
        annotation=good.annotation,
        speakers=("S1",),
        vectors=good.vectors,
        speech_durations=good.speech_durations,
        duration=2.0,
        model_hash="fake",
    )
    with pytest.raises(CollectionError, match="1 speakers, 2 vectors"):
        collection.add(bad)
    assert names(collection) == []


def test_unknown_and_failed_recordings(collection: Collection) -> None:
    collection.add_failure("b", AudioError("no sound"))
    with pytest.raises(CollectionError, match="has no recording 'a'"):
        collection.diarization("a")
    with pytest.raises(CollectionError, match="could not be diarized: no sound"):
        collection.diarization("b")


def test_files_that_are_no_collection(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    path.write_bytes(b"RIFF" * 500)
    with pytest.raises(CollectionError, match="file is not a database"):
        Collection(path)
    assert path.read_bytes() == b"RIFF" * 500
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE recording (name)")
    database.close()
    with pytest.raises(CollectionError, match="no collection of trfast"):
        Collection(other)
    with pytest.raises(CollectionError, match="unable to open"):
        Collection(tmp_path / "missing" / "c.sqlite")


def test_a_collection_of_another_version(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    Collection(path).close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(CollectionError, match="version 99; this trfast reads version 1 to 4"):
        Collection(path)


def test_a_damaged_collection(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    with Collection(path) as collection:
        for i in range(50):
            collection.add(diarization(f"r{i}", "ann:1 ben:2"))
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(CollectionError, match="malformed"), Collection(path) as collection:
        collection.recordings()


def test_files_keep_the_names_they_had(collection: Collection, tmp_path: Path) -> None:
    (first,) = write(tmp_path / "1", show="ann:1")
    (second,) = write(tmp_path / "2", show="ben:1")
    collection.add_all([first], diarizer=FakeDiarizer())
    collection.add_all([second, first], diarizer=FakeDiarizer())
    assert {r.name: r.source for r in collection.recordings()} == {
        "show": str(first),
        "2_show": str(second),
    }
    collection.remove("2_show")
    # Out of sight, on a disc that is not there, it keeps its name, and its place.
    first.unlink()
    collection.add_all([second], diarizer=FakeDiarizer())
    assert {r.name: r.source for r in collection.recordings()} == {
        "show": str(first),
        "2_show": str(second),
    }
    collection.remove("show")
    collection.remove("2_show")
    collection.add_all([second], diarizer=FakeDiarizer())
    assert [r.name for r in collection.recordings()] == ["show"]


def test_a_file_that_only_moved_is_found_again(collection: Collection, tmp_path: Path) -> None:
    (first,) = write(tmp_path / "1", show="ann:1")
    collection.add_all([first], diarizer=FakeDiarizer())
    assert calls(tmp_path / "1") == ["show"]
    (tmp_path / "1").rename(tmp_path / "2")
    collection.add_all([tmp_path / "2" / "show.wav"], diarizer=FakeDiarizer())
    assert calls(tmp_path / "2") == []
    assert [r.name for r in collection.recordings()] == ["show"]


def test_what_is_not_there_cannot_be_removed(collection: Collection) -> None:
    with pytest.raises(CollectionError, match="has no recording 'nope'"):
        collection.remove("nope")


def test_what_is_new_is_linked_alone_where_that_is_sure(collection: Collection) -> None:
    average = Comparison(threshold=0.5, clustering="average")
    for k in range(6):
        collection.add(diarization(f"r{k}", "ann:1 ben:2"))
    first = collection.link(FakeModel(), comparison=average, new_only=True)
    assert first.because == ("nobody was linked before",)
    collection.add(diarization("a", "ben:1 dan:3"))
    assert collection.link(FakeModel(), comparison=average, new_only=True).new_only
    found = [(link.local, link.speaker) for link in collection.links() if link.recording == "a"]
    assert found == [("S1", "speaker-0002"), ("S2", "speaker-0003")]
    other = Comparison(threshold=0.6, clustering="average")
    how = collection.link(FakeModel(), comparison=other, new_only=True)
    assert how.because == ("the others were linked in another way",)
    collection.add(diarization("b", "ann:1"))
    how = collection.link(FakeModel(), comparison=Comparison(threshold=0.5), new_only=True)
    assert "the clustering is cc" in how.because
    collection.link(FakeModel(), comparison=average)
    for k in range(9):
        collection.add(diarization(f"s{k}", "ann:1"))
    many = collection.link(FakeModel(), comparison=average, new_only=True)
    assert many.because == ("9 of 24 local speakers are new",)
    assert len(collection.speakers()) == 3
