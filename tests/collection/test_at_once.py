"""Several processes at one collection: all add, and one links at a time."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.collection.test_store import meddling
from tests.fakes import FakeModel, diarization
from trfast.collection import Collection
from trfast.errors import CollectionError

ADD_AND_LINK = """
import sys, time
from tests.fakes import FakeModel, diarization
from trfast.collection import Collection

with Collection(sys.argv[1]) as collection:
    for k in range(20):
        collection.add(diarization(f"{sys.argv[2]}-{k:02}", "ann:1 ben:1"))
    stop = time.monotonic() + 60
    while len(collection.recordings()) < 40 and time.monotonic() < stop:
        time.sleep(0.01)
    for _ in range(3):
        collection.link(FakeModel())
"""


@pytest.mark.slow
def test_processes_add_and_link_at_once(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    started = [
        subprocess.Popen([sys.executable, "-c", ADD_AND_LINK, path, name], stderr=subprocess.PIPE)
        for name in "ab"
    ]
    for process in started:
        assert process.communicate()[1] == b""
        assert process.returncode == 0
    with Collection(path) as collection:
        # No number was passed over: no link named those whom another one had just named.
        assert [(s.id, s.n_recordings) for s in collection.speakers()] == [(1, 40), (2, 40)]


@pytest.mark.parametrize("threads", [False, True])
def test_a_second_link_waits_for_the_first(tmp_path: Path, *, threads: bool) -> None:
    """Of another connection, and of another thread of the same."""
    inside, go = threading.Event(), threading.Event()

    def hold() -> None:
        inside.set()
        assert go.wait(20)

    with Collection(tmp_path / "c.sqlite") as one, Collection(tmp_path / "c.sqlite") as other:
        one.add(diarization("a", "ann:1 ben:1"))
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(one.link, meddling(hold))
            assert inside.wait(20)
            second = pool.submit((one if threads else other).link, FakeModel())
            with pytest.raises(TimeoutError):
                second.result(0.3)
            other.add(diarization("b", "ann:1"))  # nobody else waits
            assert not other.is_linked
            go.set()
            first.result()
            second.result()
        assert [(s.id, s.n_recordings) for s in one.speakers()] == [(1, 2), (2, 1)]


def test_a_link_that_failed_or_was_killed_stops_no_other(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    with Collection(path) as collection:
        collection.add(diarization("a", "ann:1"))
        with pytest.raises(ZeroDivisionError):
            collection.link(meddling(lambda: 1 // 0))
        killed = subprocess.run(
            [
                sys.executable,
                "-c",
                "import os, sys\n"
                "from tests.collection.test_store import meddling\n"
                "from trfast.collection import Collection\n"
                "Collection(sys.argv[1]).link(meddling(lambda: os._exit(7)))",
                path,
            ],
            check=False,
        )
        assert killed.returncode == 7
        collection.link(FakeModel())
        assert len(collection.speakers()) == 1


def test_a_folder_that_takes_no_lock(tmp_path: Path) -> None:
    (tmp_path / "c.sqlite-linking").mkdir()
    with (
        Collection(tmp_path / "c.sqlite") as collection,
        pytest.raises(CollectionError, match="unable to open"),
    ):
        collection.link(FakeModel())


def test_a_new_file_is_made_once(tmp_path: Path) -> None:
    for k in range(30):
        start = threading.Barrier(4)

        def opened(path: Path = tmp_path / f"{k}.sqlite", start: threading.Barrier = start) -> int:
            start.wait(20)
            with Collection(path) as collection:
                return len(collection.recordings())

        with ThreadPoolExecutor(4) as pool:
            assert [done.result() for done in [pool.submit(opened) for _ in range(4)]] == [0] * 4
