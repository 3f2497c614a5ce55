"""Labelled collections: read, and cut into stretches of one speaker."""

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from tests.evaluation.small import turns
from tests.reference import annotation as reference
from trfast.annotation import Annotation, Timeline
from trfast.errors import AnnotationError, CollectionError, ParameterError
from trfast.formats import write_rttm, write_uem
from trfast.training.labelled import LabelledCollection, single_speaker_turns

REFERENCE = [
    Annotation("monday", [(0, 12, "ann"), (12, 16, "ben")]),
    Annotation("tuesday", [(0, 11, "ann"), (20, 31, "cat")]),
    Annotation("late_show", [(0, 3, "ann"), (3, 20, "ben")]),
]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "audio" / "2021").mkdir(parents=True)
    for name in ("monday.wav", "2021/tuesday.flac", "late show.wav", "not-labelled.wav"):
        soundfile.write(tmp_path / "audio" / name, np.zeros(160), 16000)
    write_rttm(REFERENCE, tmp_path / "ref.rttm")
    return tmp_path


def test_read(folder):
    collection = LabelledCollection.read(str(folder))
    assert collection.path == folder
    assert list(collection.audio) == ["late_show", "monday", "tuesday"]
    assert collection.audio["tuesday"] == folder / "audio" / "2021" / "tuesday.flac"
    assert collection.reference == {a.recording: a for a in REFERENCE}
    assert list(collection.reference) == list(collection.audio)
    assert collection.uem is None


def test_uem_is_read_if_it_is_there(folder):
    write_uem({"monday": Timeline([(0, 20)])}, folder / "all.uem")
    assert LabelledCollection.read(folder).uem == {"monday": Timeline([(0, 20)])}


def test_what_is_missing_is_named(folder):
    with pytest.raises(CollectionError, match="nowhere: not found; a labelled collection is"):
        LabelledCollection.read(folder / "nowhere")
    (folder / "audio" / "monday.wav").unlink()
    message = r"1 of 3 recordings of ref.rttm have no file in audio/ \(monday\); name the files"
    with pytest.raises(CollectionError, match=message):
        LabelledCollection.read(folder)
    (folder / "ref.rttm").write_text("")
    with pytest.raises(CollectionError, match=r"ref\.rttm: no turns; is it the right file\?"):
        LabelledCollection.read(folder)
    (folder / "ref.rttm").unlink()
    with pytest.raises(CollectionError, match=r"ref\.rttm: not found"):
        LabelledCollection.read(folder)


def test_only_three_missing_recordings_are_listed(folder):
    many = [Annotation(f"show-{k}", [(0, 1, "ann")]) for k in range(5)]
    write_rttm(many, folder / "ref.rttm")
    message = r"5 of 5 recordings .* \(show-0, show-1, show-2, \.\.\.\);"
    with pytest.raises(CollectionError, match=message):
        LabelledCollection.read(folder)


def test_files_that_differ_in_their_suffix_only(folder):
    soundfile.write(folder / "audio" / "monday.flac", np.zeros(160), 16000)
    with pytest.raises(ParameterError, match=r"cannot be told apart by name: .*monday\.flac"):
        LabelledCollection.read(folder)


def test_a_malformed_line_is_named(folder):
    with open(folder / "ref.rttm", "a") as file:
        file.write("SPEAKER monday 1 0.0\n")
    with pytest.raises(AnnotationError, match=r"ref\.rttm: 1 malformed line\n  line 7: 4 fields"):
        LabelledCollection.read(folder)


def test_speaker_recordings(folder):
    collection = LabelledCollection.read(folder)
    assert collection.speaker_recordings() == {
        "ann": ["late_show", "monday", "tuesday"],
        "ben": ["late_show", "monday"],
        "cat": ["tuesday"],
    }
    assert collection.speaker_recordings(min_seconds=11) == {
        "ann": ["monday", "tuesday"],
        "ben": ["late_show"],
        "cat": ["tuesday"],
    }
    classes = collection.speaker_recordings(min_recordings=2, min_seconds=11)
    assert classes == {"ann": ["monday", "tuesday"]}


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ([], []),
        ([(0, 4, "ann"), (4, 6, "ben")], [(0, 4, "ann"), (4, 6, "ben")]),
        ([(0, 9, "ann"), (3, 5, "ben")], [(0, 3, "ann"), (5, 9, "ann")]),
        # A speaker's own turns that overlap or touch are one.
        ([(0, 4, "ann"), (2, 6, "ann"), (6, 7, "ann")], [(0, 7, "ann")]),
        ([(0, 4, "ann"), (2, 6, "ann"), (3, 8, "ben")], [(0, 3, "ann"), (6, 8, "ben")]),
        # Three at a time; what is left of cat is too short.
        ([(0, 5, "ann"), (1, 6, "ben"), (2, 6.4, "cat")], [(0, 1, "ann")]),
        ([(0, 0.4, "ann"), (1, 1.5, "ben"), (2, 2, "cat")], [(1, 1.5, "ben")]),
        # One ends where the other starts, in both orders of turns.
        (
            [(0, 2, "zoe"), (2, 4, "ann"), (4, 6, "zoe")],
            [(0, 2, "zoe"), (2, 4, "ann"), (4, 6, "zoe")],
        ),
    ],
)
def test_single_speaker_turns(turns, expected):
    assert single_speaker_turns(Annotation("show", turns)) == expected


def test_shorter_stretches_on_demand():
    show = Annotation("show", [(0, 0.25, "ann")])
    assert single_speaker_turns(show, min_duration=0.2) == [(0, 0.25, "ann")]


@given(turns, st.sampled_from([0.0, 0.5, 2.0]))
def test_single_speaker_turns_equal_the_twin(listed, min_duration):
    show = Annotation("show", listed)
    found = single_speaker_turns(show, min_duration=min_duration)
    assert found == reference.single_speaker_turns(show, min_duration)
