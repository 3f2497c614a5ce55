"""The views are as their page tells, and its queries run."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.fakes import FakeModel, diarization
from trfast.collection import Collection

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "collection-file.md").read_text(encoding="utf-8")


def test_columns() -> None:
    told = {
        view: re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`.*?) \|", rows, re.MULTILINE)))
        for view, rows in re.findall(r"^\| `(\w+)` .*\n\|---\|---\|\n((?:\|.*\n)+)", PAGE, re.M)
    }
    with Collection(":memory:") as collection:
        db = collection._store.db
        views = [row[0] for row in db.rows("SELECT name FROM sqlite_master WHERE type = 'view'")]
        found = {view: [row[1] for row in db.rows(f"PRAGMA table_info({view})")] for view in views}
        ((version,),) = db.rows("PRAGMA user_version")
        ((application,),) = db.rows("PRAGMA application_id")
    assert {view: sorted(columns) for view, columns in told.items()} == {
        view: sorted(columns) for view, columns in found.items()
    }
    assert f"`PRAGMA application_id` is {application} " in PAGE
    assert f"the version of the tables, now {version}." in PAGE


def test_doubts_are_nearest_to_the_threshold(tmp_path: Path) -> None:
    with Collection(tmp_path / "c.sqlite") as collection:
        collection.add(diarization("a", "ann:5 ben:2"))
        collection.add(diarization("b", "ann:1 cat:4"))
        collection.link(FakeModel())
        rows = collection._store.db.rows(
            "SELECT recording, local, speech, threshold, distance FROM doubts"
        )
        assert rows == [("a", "S1", 5.0, 0.5, 0.5), ("b", "S1", 1.0, 0.5, 0.5)]
        collection.corrections.confirm("a", "S1")
        assert collection._store.db.rows("SELECT COUNT(*) FROM doubts") == [(1,)]


def test_queries(tmp_path: Path) -> None:
    with Collection(tmp_path / "c.sqlite") as collection:
        collection.add(diarization("a", "ann:5 ben:2"))
        collection.add(diarization("b", "ann:1 ben:4 cat:1"))
        collection.add(diarization("c", "cat:1 ann:3"))
        collection.link(FakeModel())
    queries = re.findall(r"^```sql\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    with closing(sqlite3.connect(tmp_path / "c.sqlite")) as db:
        linked, most, when, together = [db.execute(query).fetchall() for query in queries]
    assert linked == [(1,)]
    assert most == [("speaker-0001", 3, 9.0), ("speaker-0002", 2, 6.0), ("speaker-0003", 2, 2.0)]
    assert when == [("a", 0.0, 5.0), ("b", 0.0, 1.0), ("c", 1.0, 4.0)]
    assert sorted(together) == [
        ("speaker-0001", "speaker-0002", 2),
        ("speaker-0001", "speaker-0003", 2),
        ("speaker-0002", "speaker-0003", 1),
    ]
