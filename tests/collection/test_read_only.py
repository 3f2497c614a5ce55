"""Collections that are opened to read: nothing changes, nothing is left, errors in words."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.collection.test_store import VERSION_1, VERSION_2, execute
from tests.fakes import FakeDiarizer, FakeModel, any_bytes, diarization
from trfast.cli import main
from trfast.collection import Collection
from trfast.errors import AudioError, CollectionError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A collection whose path would mean something else in a URI."""
    folder = tmp_path / "a b#c%41é"
    folder.mkdir()
    return filled(folder / "c&mode=rwc;.sqlite")


def filled(path: Path) -> Path:
    with Collection(path) as collection:
        collection.add(diarization("a", "ann:1"))
        collection.link(FakeModel())
    return path


def test_what_is_read_is_left_as_it_was(path: Path) -> None:
    before, files = path.read_bytes(), sorted(os.listdir(path.parent))
    with Collection(path, read_only=True) as collection:
        assert [s.name for s in collection.speakers()] == ["speaker-0001"]
        assert collection.diarization("a").annotation == diarization("a", "ann:1").annotation
        assert collection.corrections.log() == []
    assert path.read_bytes() == before
    assert sorted(os.listdir(path.parent)) == files


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.add(diarization("b", "ann:1")),
        lambda c: c.add("b.wav", diarizer=FakeDiarizer()),
        lambda c: c.add_all(["b.wav"], diarizer=FakeDiarizer()),
        lambda c: c.add_failure("b", AudioError("no sound")),
        lambda c: c.remove("a"),
        lambda c: c.rename_recording("a", "b"),
        lambda c: c.forget_missing(),
        lambda c: c.link(FakeModel()),
        lambda c: c.corrections.rename("speaker-0001", "Ann"),
    ],
)
def test_what_would_change_it_is_refused(
    path: Path, change: Callable[[Collection], object]
) -> None:
    with Collection(path, read_only=True) as collection:
        with pytest.raises(CollectionError, match=r"was opened to read, .* open it to write"):
            change(collection)
        assert collection.forget_missing(dry_run=True) == []


def test_it_follows_what_others_write(path: Path) -> None:
    with Collection(path, read_only=True) as reader, Collection(path) as writer:
        writer.add(diarization("b", "ann:1"))
        assert [r.name for r in reader.recordings()] == ["a", "b"]
        with writer._store.db.writing():
            assert [r.name for r in reader.recordings()] == ["a", "b"]


def test_media_on_which_no_file_can_be_made(path: Path) -> None:
    files = sorted(os.listdir(path.parent))
    os.mkdir(f"{path}-wal")  # stands for it
    with Collection(path, read_only=True) as collection:
        assert [s.name for s in collection.speakers()] == ["speaker-0001"]
        with pytest.raises(CollectionError, match="was opened to read"):
            collection.remove("a")
    os.rmdir(f"{path}-wal")
    assert sorted(os.listdir(path.parent)) == files


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A linked collection that nobody may write, in a folder where nobody may make a file."""
    if not hasattr(os, "geteuid") or os.geteuid() == 0:
        pytest.skip("permissions must bind the user")
    (tmp_path / "found").mkdir()
    path = filled(tmp_path / "found" / "collection.sqlite")
    files = sorted(os.listdir(path.parent))
    path.chmod(0o444)
    path.parent.chmod(0o555)
    yield path
    path.parent.chmod(0o755)
    assert sorted(os.listdir(path.parent)) == files


def test_a_folder_that_cannot_be_written(closed: Path) -> None:
    with Collection(closed, read_only=True) as collection:
        assert len(collection.speakers()) == 1
        assert [link.local for link in collection.links()] == ["S1"]
        assert collection.diarization("a").speakers == ("S1",)
    with pytest.raises(CollectionError, match="make both writable, or copy"):
        Collection(closed)


@pytest.mark.parametrize(
    "arguments",
    [
        ["export", "found", "-o", "out/vectors.npz"],
        ["export", "found", "-o", "out/links.csv", "--what", "links"],
        ["page", "found", "-o", "out/page.html"],
        ["plot", "found", "-o", "out/plot.svg"],
        ["speakers", "found", "list"],
        ["speakers", "found", "log"],
        ["recordings", "found", "list"],
    ],
)
def test_commands_that_change_nothing_need_not_write(
    closed: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(closed.parents[1])
    Path("out").mkdir()
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output


@any_bytes
def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    path = filled(tmp_path / os.fsdecode(b"\xe9t\xe9.sqlite"))
    with Collection(path, read_only=True) as collection:
        assert len(collection.recordings()) == 1


@pytest.mark.parametrize(("script", "version"), [(VERSION_1, 1), (VERSION_2, 2)])
def test_an_earlier_version(tmp_path: Path, script: str, version: int) -> None:
    path = tmp_path / "c.sqlite"
    execute(path, script)
    with pytest.raises(CollectionError, match=f"version {version}, .* to write: do so once"):
        Collection(path, read_only=True)
    Collection(path).close()
    with Collection(path, read_only=True) as collection:
        assert len(collection.speakers()) == 2


def test_what_is_no_collection(tmp_path: Path) -> None:
    for name in ("nothing.sqlite", ":memory:"):
        with pytest.raises(CollectionError, match="no such file to read"):
            Collection(tmp_path / name, read_only=True)
    assert os.listdir(tmp_path) == []
    empty, text, other = (tmp_path / name for name in ("empty", "text", "other"))
    empty.touch()
    with pytest.raises(CollectionError, match="is empty, and no collection"):
        Collection(empty, read_only=True)
    text.write_text("no database" * 100)
    with pytest.raises(CollectionError, match="no file that trfast made"):
        Collection(text, read_only=True)
    execute(other, "CREATE TABLE mine (x)")
    with pytest.raises(CollectionError, match="no collection of trfast"):
        Collection(other, read_only=True)
