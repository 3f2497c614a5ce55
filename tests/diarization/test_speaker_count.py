"""How many speakers: what may be asked for, and the file that says it by recording."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fakes import cosine_backend
from trfast._names import ClusteringName
from trfast.comparison import Comparison
from trfast.diarization import SpeakerCount, SpeakerCounts, read_speaker_counts
from trfast.diarization.local_speakers import local_speakers
from trfast.errors import AnnotationError, ParameterError, ParameterTypeError


def test_the_nearest_allowed() -> None:
    assert [SpeakerCount().nearest(n) for n in (0, 7)] == [0, 7]
    assert [SpeakerCount(3).nearest(n) for n in (0, 3, 7)] == [3, 3, 3]
    assert [SpeakerCount(None, 2, 4).nearest(n) for n in (1, 2, 3, 9)] == [2, 2, 3, 4]
    assert [SpeakerCount(max_speakers=4).nearest(n) for n in (0, 9)] == [0, 4]


def test_equal_demands_have_equal_settings() -> None:
    assert SpeakerCount(2).settings == SpeakerCount(None, 2, 2).settings
    assert SpeakerCount(np.int64(2)).settings == (2, 2)  # type: ignore[arg-type]
    assert repr(SpeakerCount(np.int64(2)).settings) == "(2, 2)"  # type: ignore[arg-type]
    assert SpeakerCount().settings == ()
    assert SpeakerCount(min_speakers=1).settings == (1, None)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((0,), "num_speakers must be at least 1, got 0"),
        ((None, -1), "min_speakers must be at least 1, got -1"),
        ((None, None, 0), "max_speakers must be at least 1, got 0"),
        ((2, 1), "a number of speakers, 2, leaves nothing open: give num_speakers"),
        ((2, None, 3), "a number of speakers, 2, leaves nothing open"),
        ((None, 3, 2), "least number of speakers is 3, expected at most the greatest, 2"),
    ],
)
def test_numbers_that_cannot_be(numbers: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        SpeakerCount(*numbers)


@pytest.mark.parametrize("number", [2.0, "2", True])
def test_what_is_no_whole_number(number: Any) -> None:
    with pytest.raises(ParameterTypeError, match="max_speakers must be a whole number"):
        SpeakerCount(max_speakers=number)


def test_too_little_speech() -> None:
    SpeakerCount(3).check(3, "unit", "a")
    SpeakerCount(max_speakers=3).check(0, "unit", "a")
    with pytest.raises(ParameterError, match="2 units of speech in recording 'a', too few for the"):
        SpeakerCount(3).check(2, "unit", "a")
    with pytest.raises(ParameterError, match="no speech found in recording 'a', but 1 speaker ask"):
        SpeakerCount(min_speakers=1).check(0, "unit", "a")


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "a", "b"),
    [
        ("recording,num_speakers\na,2\n\nb,3\n", SpeakerCount(2), SpeakerCount(3)),
        (
            "\ufeffrecording,min_speakers,max_speakers\r\na, 2 ,4\r\nb,,3",
            SpeakerCount(None, 2, 4),
            SpeakerCount(None, None, 3),
        ),
        (
            'recording,num_speakers,max_speakers\na,2,\n"b",,3',
            SpeakerCount(2),
            SpeakerCount(None, None, 3),
        ),
    ],
)
def test_a_file_by_recording(tmp_path: Path, text: str, a: SpeakerCount, b: SpeakerCount) -> None:
    others = SpeakerCount(max_speakers=9)
    counts = read_speaker_counts(write(tmp_path / "counts.csv", text), others=others)
    assert [counts.of(name) for name in ("a", "b", "c")] == [a, b, others]
    assert counts.lines["a"] == f"{tmp_path / 'counts.csv'}, line 2"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: no header, expected recording,num_speakers"),
        ("a,2\n", "line 1: the header is a,2, expected recording,num_speakers or"),
        ("recording\na\n", "line 1: the header is recording,"),
        ("recording,speakers\na,2\n", "line 1: the header is recording,speakers,"),
        ("recording,num_speakers,num_speakers\na,2,3\n", "line 1: the header is"),
        ("recording,num_speakers\na\n", "line 2: 1 cells, expected 2: recording,num_speakers"),
        ("recording,num_speakers\na,2,3\n", "line 2: 3 cells, expected 2"),
        ("recording,num_speakers\n,2\n", "line 2: the name of the recording is empty"),
        ("recording,num_speakers\na,two\n", "line 2: num_speakers is 'two', expected a whole"),
        ("recording,num_speakers\na,2.0\n", "line 2: num_speakers is '2.0', expected a whole"),
        ("recording,num_speakers\na,²\n", "line 2: num_speakers is '²', expected a whole"),
        (f"recording,num_speakers\na,{'9' * 5000}\n", "line 2: num_speakers is '999"),
        ("recording,num_speakers\na,0\n", "line 2: num_speakers must be at least 1, got 0"),
        ("recording,num_speakers\na,\n", "line 2: no number for recording 'a': leave out the line"),
        (
            "recording,min_speakers,max_speakers\na,3,2\n",
            "line 2: the least number of speakers is",
        ),
        (
            "recording,num_speakers,min_speakers\na,3,2\n",
            "line 2: a number of speakers, 3, leaves",
        ),
        ("recording,num_speakers\na,2\na,2\n", "line 3: recording 'a' is there twice"),
        ('recording,num_speakers\n"a"b,2\n', "line 2: "),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path / "counts.csv", text)
    with pytest.raises(AnnotationError) as error:
        read_speaker_counts(path)
    assert str(error.value).startswith(f"{path}: 1 malformed line\n  {message}")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match=r"none\.csv: cannot be read"):
        read_speaker_counts(tmp_path / "none.csv")


def test_names_that_are_not_there_are_told_with_their_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "counts.csv", "recording,num_speakers\na,2\na.wav,2\n")
    counts = read_speaker_counts(path)
    counts.check_names({"a", "b"}, {"a.wav"})
    with pytest.raises(ParameterError) as error:
        counts.check_names({"a", "b"})
    assert str(error.value) == (
        f"speaker counts of recordings that are not there: {path}, line 3: 'a.wav'. Recordings go"
        " by name, and are 'a', 'b'"
    )


def test_counts_that_cannot_be() -> None:
    with pytest.raises(ParameterTypeError, match=r"by_name\['a'\] must be of type SpeakerCount"):
        SpeakerCounts({"a": 2})  # type: ignore[dict-item]
    with pytest.raises(ParameterTypeError, match="by_name must be of type Mapping"):
        SpeakerCounts(["a"])  # type: ignore[arg-type]


@pytest.mark.parametrize("clustering", ["cc", "hac", "average"])
@pytest.mark.parametrize("min_speech", [0.0, 4.0, 1000.0])
@pytest.mark.parametrize("threshold", [-1.0, 0.5, 1.0])
def test_clusters_become_so_many_speakers(
    clustering: ClusteringName, min_speech: float, threshold: float
) -> None:
    rng = np.random.default_rng(0)
    rows = np.repeat(rng.normal(size=(5, 6)), 4, axis=0) + 0.3 * rng.normal(size=(20, 6))
    rows[-1] = rows[0]
    comparison = Comparison(backend=cosine_backend(6), clustering=clustering, threshold=threshold)
    durations = rng.uniform(0.5, 3, size=20)
    projected = comparison.backend.project(rows)
    for n in range(1, 21):
        found = local_speakers(
            comparison, projected, durations, min_speech=min_speech, speaker_count=SpeakerCount(n)
        )
        assert list(dict.fromkeys(found.tolist())) == list(range(n))


@pytest.mark.parametrize("clustering", ["cc", "hac", "average"])
def test_speakers_who_say_enough_come_before_those_who_do_not(clustering: ClusteringName) -> None:
    rows = np.array([[1, 0, 0], [1, 0.1, 0], [0.6, 0.8, 0], [0.6, 0.9, 0], [0, 0, 1]])
    comparison = Comparison(backend=cosine_backend(3), clustering=clustering, threshold=-1.0)

    def speakers(last: float) -> Any:
        return local_speakers(
            comparison,
            comparison.backend.project(rows),
            np.array([5.0, 5.0, 5.0, 5.0, last]),
            min_speech=4.0,
            speaker_count=SpeakerCount(2),
        ).tolist()

    assert speakers(9.0) == [0, 0, 0, 0, 1]
    assert speakers(0.5)[:4] == [0, 0, 1, 1]
