"""Collections that are damaged, or whole and senseless: CollectionErrors, whatever is asked."""

from __future__ import annotations

import shutil
import sqlite3
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

from tests.fakes import FakeDiarizer, FakeModel, diarization, write
from trfast.cli.export import _WRITERS
from trfast.collection import Collection
from trfast.errors import AudioError, CollectionError, TrfastError
from trfast.report import write_collection_report

VALUES = [None, "x", "", "{}", "[1]", b"", b"\x00\x00\xc0", -1, 0, 2**62, 1.5, float("inf"), -2.0]
_FAST = Path("/dev/shm")
TABLES = ("recording", "speaker", "local_speaker", "turn", "correction", "known", "voice", "state")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection in which there is some of everything."""
    path = tmp_path_factory.mktemp("collection") / "c.sqlite"
    with Collection(path) as collection:
        for name, text in {"a": "ann:3 ben:2", "b": "ann:2", "c": "ben:4 cat:1"}.items():
            collection.add(diarization(name, text))
        collection.add_failure("d", AudioError("no sound"), source="d.wav")
        collection.link(FakeModel())
        collection.corrections.rename("speaker-0001", "Ann")
        collection.corrections.distinguish("Ann", "speaker-0003")
        collection.corrections.enrol("Dan", diarization("voice", "dan:2"))
        collection.link(FakeModel())
    # So that values can be nothing that should be something.
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("PRAGMA writable_schema = 1")
        db.execute(
            "UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE type = 'table'"
        )
    return path


ASKED: dict[str, Callable[[Collection, Path], object]] = {
    "picture": lambda c, _: c._repr_html_(),
    "recordings": lambda c, _: c.recordings(),
    "failures": lambda c, _: c.failures(),
    "diarization": lambda c, _: [c.diarization(r.name) for r in c.recordings()],
    "annotation": lambda c, _: c.annotation("a"),
    "turns of": lambda c, _: c.turns_of("Ann"),
    "recordings of": lambda c, _: c.recordings_of("Ann"),
    "speakers": lambda c, _: c.speakers(),
    "links": lambda c, _: list(c.links()),
    "voices": lambda c, _: c.voices(),
    "linked by": lambda c, _: c.linked_by,
    "doubts": lambda c, _: c.doubts(FakeModel()),
    "log": lambda c, _: c.corrections.log(),
    "gone": lambda c, _: c.forget_missing(dry_run=True),
    "page": lambda c, folder: write_collection_report(c, folder / "page.html"),
    "vectors": lambda c, folder: _WRITERS["vectors"][".npz"](c, folder / "x.npz"),
    "table": lambda c, folder: _WRITERS["links"][".csv"](c, folder / "x.csv"),
    "turns": lambda c, folder: _WRITERS["turns"][".rttm"](c, folder / "x.rttm"),
    "parquet": lambda c, folder: _WRITERS["turns"][".parquet"](c, folder / "x.parquet"),
    "undo": lambda c, _: c.corrections.undo(),
    "merge": lambda c, _: c.corrections.merge("Ann", "speaker-0002"),
    "add": lambda c, _: c.add(diarization("e", "ann:1 dan:1")),
    "add files": lambda c, folder: c.add_all(
        write(folder, a="ann:3"), diarizer=FakeDiarizer(), jobs=1
    ),
    "again": lambda c, _: c.add_diarizations([diarization("a", "ben:2 ann:3")], replace=True),
    "link new": lambda c, _: c.link(FakeModel(), new_only=True),
    "link": lambda c, _: c.link(FakeModel()),
    "rename": lambda c, _: c.rename_recording("a", "z"),
    "remove": lambda c, _: c.remove("b"),
}


def asked(path: Path, *, read_only: bool = False) -> int:
    """Ask a collection for everything; return how much was refused by errors of ours."""
    n_refused = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            collection = Collection(path, read_only=read_only)
        except TrfastError:
            return len(ASKED)
        with collection:
            for ask in ASKED.values():
                try:
                    ask(collection, path.parent)
                except TrfastError:
                    n_refused += 1
    return n_refused


def senseless(path: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield what to change in a file, of all rows and of one, and its new value."""
    with closing(sqlite3.connect(path)) as db:
        for table in TABLES:
            for _, column, *_ in db.execute(f"PRAGMA table_info({table})").fetchall():
                sql = f"UPDATE OR IGNORE {table} SET {column} = ?"
                for value in VALUES:
                    yield sql, (value,)
                    yield f"{sql} WHERE rowid = (SELECT MAX(rowid) FROM {table})", (value,)
            yield f"DELETE FROM {table}", ()
            yield f"INSERT OR IGNORE INTO {table} SELECT * FROM {table}", ()
            yield f"DROP TABLE {table}", ()
    for view in ("speakers", "turns", "links", "voices", "doubts"):
        yield f"DROP VIEW {view}", ()
    for version in (-1, 0, 1, 2, 3, 5, 2**31 - 1):
        yield f"PRAGMA user_version = {version}", ()


def changed(path: Path, to: Path, sql: str, values: tuple[Any, ...] = ()) -> bool:
    """Copy a collection, and change it; say whether SQLite lets it be changed so."""
    to.unlink(missing_ok=True)
    shutil.copy(path, to)
    with closing(sqlite3.connect(to, isolation_level=None)) as db:
        try:
            db.execute(sql, values)
        except sqlite3.Error:
            return False
    return True


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Path]:
    """Where no disk is waited for."""
    with TemporaryDirectory(dir=_FAST if _FAST.is_dir() else tmp_path) as folder:
        yield Path(folder) / "c.sqlite"


def test_an_undamaged_one_refuses_nothing(path: Path, copy: Path) -> None:
    shutil.copy(path, copy)
    assert asked(copy) == 0


@pytest.mark.parametrize("step", [pytest.param(1, marks=pytest.mark.slow), 7])
def test_senseless_values(path: Path, copy: Path, step: int) -> None:
    n = n_refused = 0
    for sql, values in islice(senseless(path), 0, None, step):
        if changed(path, copy, sql, values):
            n_refused += asked(copy) > 0
            n += 1
    assert n > 1000 / step
    assert n_refused > n / 3


@pytest.mark.parametrize("read_only", [False, True])
def test_damaged_pages(path: Path, copy: Path, read_only: bool) -> None:
    content = path.read_bytes()
    for seed in range(40):
        rng, damaged = np.random.default_rng(seed), bytearray(content)
        for place in rng.integers(len(content) - 4, size=rng.integers(1, 20)).tolist():
            damaged[place : place + 4] = rng.bytes(int(rng.integers(1, 5)))
        if seed % 5 == 0:
            del damaged[int(rng.integers(len(damaged))) :]
        copy.write_bytes(damaged)
        asked(copy, read_only=read_only)
        for beside in copy.parent.glob("c.sqlite-*"):
            beside.unlink()


@pytest.mark.parametrize(
    ("sql", "ask", "message"),
    [
        ("UPDATE recording SET duration = 'x'", "recordings", "duration is 'x', expected seconds"),
        ("UPDATE recording SET dimension = 7", "diarization", "8 numbers in all, expected 7"),
        ("UPDATE local_speaker SET vector = x'00'", "link", r"vector is b'\\x00', expected"),
        (
            "UPDATE local_speaker SET recording = 99 WHERE id = 1",
            "link",
            "are not all of a recording",
        ),
        ("UPDATE correction SET before = '[]'", "undo", r"before is '\[\]', expected"),
        ("UPDATE state SET how = '[1]'", "linked by", r"how is '\[1\]', expected"),
        ("DELETE FROM state", "speakers", "0 rows where there is one"),
        ("DROP TABLE turn", "diarization", "no such table: turn"),
    ],
)
def test_what_is_wrong_is_said(path: Path, copy: Path, sql: str, ask: str, message: str) -> None:
    assert changed(path, copy, sql)
    with Collection(copy) as collection, pytest.raises(CollectionError, match=message):
        ASKED[ask](collection, copy.parent)


def test_an_error_of_sqlite_that_is_no_text(path: Path) -> None:
    with Collection(path, read_only=True) as collection:
        db = collection._store.db
        with pytest.raises(CollectionError, match="The file is damaged"), db._errors():
            b"\xff".decode()


def test_a_file_that_asks_for_too_much_memory(path: Path) -> None:
    with Collection(path, read_only=True) as collection:
        db = collection._store.db
        with pytest.raises(CollectionError, match="takes more memory than there is"), db._errors():
            raise MemoryError
