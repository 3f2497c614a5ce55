"""Other systems' results: files of vectors, what does not fit, and links without a model."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.fakes import FakeModel, diarization
from trfast.annotation import Annotation, Timeline
from trfast.collection import Collection, import_diarizations, read_vectors, write_vectors
from trfast.comparison import Comparison
from trfast.errors import CollectionError, MissingExtraError, ParameterError, TrfastError
from trfast.scoring.cosine import cosine_similarity

MONDAY = Annotation("monday", [(0.0, 2.0, "B"), (1.5, 3.5, "A"), (3.0, 4.0, "A")])
NAMED = {("monday", "A"): [1.0, 0.0], ("monday", "B"): [0.25, -2.0]}
KEYED = {"monday/A": [1.0, 0.0], "monday/B": [0.25, -2.0]}


def lists(vectors: dict[str, npt.NDArray[np.float32]]) -> dict[str, list[float]]:
    return {key: vector.tolist() for key, vector in vectors.items()}


# --- files -----------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".npz", ".npy", ".ark"])
def test_what_is_written_is_read(suffix: str, tmp_path: Path) -> None:
    if suffix == ".ark":
        pytest.importorskip("kaldiio")
    path = tmp_path / f"vectors{suffix}"
    write_vectors(path, NAMED)
    found = read_vectors(path)
    assert lists(found) == KEYED
    assert {vector.dtype for vector in found.values()} == {np.dtype(np.float32)}
    write_vectors(path, {})
    assert read_vectors(path) == {}


def test_an_array_a_speaker(tmp_path: Path) -> None:
    np.savez(tmp_path / "v.npz", **KEYED)  # type: ignore[arg-type]
    assert lists(read_vectors(tmp_path / "v.npz")) == KEYED


def test_an_index_of_kaldi(tmp_path: Path) -> None:
    kaldiio = pytest.importorskip("kaldiio")
    vectors = {key: np.array(vector, np.float32) for key, vector in KEYED.items()}
    kaldiio.save_ark(str(tmp_path / "v.ark"), vectors, scp=str(tmp_path / "v.scp"))
    assert lists(read_vectors(tmp_path / "v.scp")) == KEYED
    (tmp_path / "v.scp").write_text("monday/A touch it |\n")
    with pytest.raises(CollectionError, match="a line is a command"):
        read_vectors(tmp_path / "v.scp")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    def said(name: str, content: bytes | None = None) -> str:
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(CollectionError) as caught:
            read_vectors(tmp_path / name)
        return str(caught.value)

    assert "read from .npz, .npy, .scp, .ark" in said("v.pkl")
    assert "cannot be read" in said("none.npz")
    assert "not a .npz file" in said("v.npz", b"no zip")
    assert "v.csv: no such file; v.npy needs it" in said("v.npy", b"")
    (tmp_path / "v.csv").write_text("recording,speaker\nmonday,A\n")
    assert "not a file of vectors" in said("v.npy", b"nothing")
    np.save(tmp_path / "v.npy", np.eye(2))
    assert "1 keys for vectors of shape (2, 2)" in said("v.npy")
    (tmp_path / "v.csv").write_text("recording,speaker\nmonday,A\nmonday,A\n")
    assert "monday/A is there more than once" in said("v.npy")
    (tmp_path / "v.csv").write_text("monday,A\nmonday,B\n")
    assert "the header is 'monday,A'" in said("v.npy")
    np.savez(tmp_path / "v.npz", keys=np.array([1, 2]), vectors=np.eye(2))
    assert "expected 1-D and strings" in said("v.npz")
    np.savez(tmp_path / "v.npz", keys=np.array(["a"], object), vectors=np.eye(1))
    assert "not a file of vectors" in said("v.npz")


def test_files_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"written to \.npz, \.npy, \.ark"):
        write_vectors(tmp_path / "v.txt", NAMED)
    with pytest.raises(ParameterError, match="equally long"):
        write_vectors(tmp_path / "v.npz", {("a", "A"): [1.0], ("a", "B"): [1.0, 2.0]})


def test_kaldiio_is_an_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kaldiio", None)
    with pytest.raises(MissingExtraError, match=r'pip install "trfast\[kaldi\]"'):
        write_vectors(tmp_path / "v.ark", NAMED)
    (tmp_path / "v.ark").write_bytes(b"")
    with pytest.raises(MissingExtraError, match=r'pip install "trfast\[kaldi\]"'):
        read_vectors(tmp_path / "v.ark")


# --- turns and vectors ------------------------------------------------------------


def test_times_are_those_of_the_turns() -> None:
    (found,) = import_diarizations([MONDAY], KEYED)
    assert found.annotation == MONDAY
    assert found.speakers == ("B", "A")  # in order of appearance
    assert found.speech_durations.tolist() == [2.0, 2.5]  # overlapping turns count once
    assert found.vectors.tolist() == [[0.25, -2.0], [1.0, 0.0]]
    assert (found.duration, found.model_hash) == (4.0, "imported:2")


@pytest.mark.parametrize(("end", "duration"), [(9.0, 9.0), (3.0, 4.0)])
def test_a_uem_says_how_long(end: float, duration: float) -> None:
    uem = {"monday": Timeline([(0.0, end)]), "other": Timeline([(0.0, 99.0)])}
    (found,) = import_diarizations([MONDAY], KEYED, uem=uem, name="titanet")
    assert (found.duration, found.model_hash) == (duration, "imported:titanet")


def test_all_that_does_not_fit_is_told_at_once() -> None:
    turns = [(i, i + 1, name) for i, name in enumerate(["A", "B", "C", "D", "E", "F"])]
    vectors = {
        "monday/A": [1.0, 0.0],
        "monday/B": [1.0, 0.0, 0.0],
        "monday/C": [0.0, 0.0],
        "monday/D": [np.nan, 0.0],
        "monday/E": [1e39, 0.0],
        "tuesday/A": [1.0, 0.0],
        "A": [1.0, 0.0],
    }
    with pytest.raises(CollectionError) as caught:
        import_diarizations([Annotation("monday", turns)], vectors)
    assert str(caught.value).split("\n")[1:] == [
        "  1 speakers of the turns have no vector: monday/F",
        "  2 vectors are of nobody in the turns: A, tuesday/A",
        "  1 vectors are not of the shape of most, (2,): monday/B",
        "  3 vectors are zero or no finite numbers: leave these speakers out of turns and vectors:"
        " monday/C, monday/D, monday/E",
    ]


def test_keys_that_two_share() -> None:
    annotations = [Annotation("a/b", [(0, 1, "c")]), Annotation("a", [(0, 1, "b/c")])]
    with pytest.raises(CollectionError, match="share a key with another: rename them: a/b/c"):
        import_diarizations(annotations, {"a/b/c": [1.0]})


def test_long_lists_are_cut() -> None:
    turns = [(i, i + 1, f"S{i:02}") for i in range(30)]
    with pytest.raises(CollectionError, match=r"30 speakers .* monday/S09 and 20 more"):
        import_diarizations([Annotation("monday", turns)], {})


@pytest.mark.parametrize("vectors", [{"monday/A": "x", "monday/B": [1.0]}, [1.0], None])
def test_no_vectors_at_all(vectors: object) -> None:
    with pytest.raises(TrfastError):
        import_diarizations([MONDAY], vectors)  # type: ignore[arg-type]


# --- in a collection --------------------------------------------------------------


def show(name: str, people: str, noise: int = 0) -> tuple[Annotation, dict[str, list[float]]]:
    """A recording in which each letter is somebody with a vector of their own, and some noise."""
    random = np.random.default_rng(noise)
    voices = np.random.default_rng(7).normal(size=(26, 64))
    turns = [(i, i + 1, f"S{i}") for i in range(len(people))]
    vectors = {
        f"{name}/S{i}": (voices[ord(letter) - 97] + random.normal(size=64) / 3).tolist()
        for i, letter in enumerate(people)
    }
    return Annotation(name, turns), vectors


def test_links_without_a_model() -> None:
    shows = {"a": "xyz", "b": "zx", "c": "wy"}
    annotations: list[Annotation] = []
    vectors: dict[str, list[float]] = {}
    for noise, (name, people) in enumerate(shows.items()):
        annotation, own = show(name, people, noise)
        annotations.append(annotation)
        vectors |= own
    with Collection(":memory:") as collection:
        collection.add_diarizations(import_diarizations(annotations, vectors))
        with pytest.raises(CollectionError, match=r"imported:64, and no model says.*--threshold"):
            collection.link()
        comparison = Comparison(threshold=0.5)
        collection.link(comparison=comparison)
        names: dict[str, set[str]] = {}
        for link in collection.links():
            names.setdefault(shows[link.recording][int(link.local[1:])], set()).add(link.speaker)
        assert {letter: len(found) for letter, found in names.items()} == dict.fromkeys("wxyz", 1)
        assert len(collection.speakers()) == 4
        assert collection.doubts(comparison=comparison)
        with pytest.raises(CollectionError, match="made by model imported:64, not by this one"):
            collection.link(FakeModel(), comparison=comparison)
        with pytest.raises(CollectionError, match="made by model imported:64, not by this one"):
            collection.adapt()
        (first,) = [link for link in collection.links() if link.recording == "b"][1:]
        assert first.nearest == ("a", "S0")
        cosine = cosine_similarity([vectors["b/S1"]], [vectors["a/S0"]])[0, 0]
        assert first.similarity == pytest.approx(cosine, abs=0.1)  # centring takes a little


def test_only_of_one_kind_and_only_once() -> None:
    monday = import_diarizations([MONDAY], KEYED)
    tuesday = import_diarizations([Annotation("tuesday", [(0, 1, "A")])], {"tuesday/A": [1, 1]})
    other = import_diarizations(
        [Annotation("tuesday", [(0, 1, "A")])], {"tuesday/A": [1, 1]}, name="other"
    )
    with Collection(":memory:") as collection:
        with pytest.raises(CollectionError, match="of 2 models"):
            collection.add_diarizations([*monday, *other])
        with pytest.raises(CollectionError, match="given more than once"):
            collection.add_diarizations([*monday, *monday])
        assert collection.recordings() == []
        collection.add_diarizations(monday)
        with pytest.raises(CollectionError, match=r"imported:2, not imported:other"):
            collection.add_diarizations(other)
        with pytest.raises(CollectionError, match="1 of these recordings already, such as monday"):
            collection.add_diarizations([*tuesday, *monday])
        assert len(collection.recordings()) == 1
        collection.add_diarizations([*tuesday, *monday], replace=True)
        assert len(collection.recordings()) == 2


def test_what_trfast_diarized_needs_its_model_still() -> None:
    with Collection(":memory:") as collection:
        collection.add_diarizations([diarization("a", "ann:1")])
        with pytest.raises(CollectionError, match="made by model fake"):
            collection.link(comparison=Comparison(threshold=0.5))
