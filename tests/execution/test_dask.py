"""Work over recordings on a cluster of separate worker processes: as in this process, whatever
dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from click.testing import CliRunner

from tests.fakes import FakeDiarizer, calls, write
from tests.small import small_model, write_collection
from trfast.cli import main
from trfast.collection import Collection
from trfast.diarization import Diarizer, Job
from trfast.errors import ExecutionError, MissingExtraError, ParameterTypeError
from trfast.execution import DaskExecutor, diarize_all, map_recordings
from trfast.training.labelled import LabelledCollection
from trfast.training.tuning import tune_model

distributed = pytest.importorskip("distributed", reason="needs a Dask cluster: trfast[dask]")
dask = pytest.importorskip("dask")

EXAMPLES = Path(__file__).parents[2] / "examples" / "audio"


# What no worker comes back for fails, and does not wait for ever.
CONFIG = {
    "distributed.scheduler.allowed-failures": 1,
    "distributed.scheduler.no-workers-timeout": "60s",
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two processes, of one thread each; what has seen two of them die is given up."""
    with (
        dask.config.set(CONFIG),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as made,
    ):
        yield made


@pytest.fixture
def executor(cluster: Any) -> Iterator[DaskExecutor]:
    with DaskExecutor(cluster.scheduler_address) as made:
        yield made


def work(item: str) -> str:
    return item.upper()


def pid_of(path: str) -> int:
    """Write which process is at it, and take a while the first time."""
    file = Path(path)
    first = not file.exists()
    with open(file, "a") as log:
        log.write(f"{os.getpid()}\n")
    if first:
        time.sleep(2)
    return os.getpid()


def kept(collection: Collection) -> list[tuple[object, ...]]:
    return [
        (
            found.annotation,
            found.speakers,
            found.vectors.tobytes(),
            found.speech_durations.tobytes(),
            found.duration,
        )
        for found in (collection.diarization(r.name) for r in collection.recordings())
    ]


@pytest.mark.slow
def test_errors_stop_nothing(executor: DaskExecutor, tmp_path: Path) -> None:
    files = write(tmp_path, a="ann:1", b="bug", c="cat:1 ann:1")
    todo = [Job(path.stem, os.path.relpath(path)) for path in files]
    found = {
        outcome.item: outcome for outcome in diarize_all(FakeDiarizer(), todo, executor=executor)
    }
    assert found.keys() == set(todo)
    assert [found[job].result is None for job in todo] == [False, True, False]
    assert isinstance(found[todo[1]].error, ZeroDivisionError)
    assert calls(tmp_path) == ["a", "b", "c"]


def process_at(paths: list[str]) -> int:
    """Wait for one that has begun with any of them."""
    for _ in range(400):
        for path in paths:
            if Path(path).exists() and (text := Path(path).read_text()):
                return int(text.split()[-1])
        time.sleep(0.05)
    raise AssertionError("nobody began")


@pytest.mark.slow
def test_a_killed_worker_costs_nothing_but_time(executor: DaskExecutor, tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in "abcdef"]
    found = []
    for outcome in map_recordings(pid_of, paths, executor=executor):
        found.append(outcome)
        if len(found) == 1:
            rest = [path for path in paths if path != outcome.item]
            os.kill(process_at(rest), signal.SIGKILL)
    assert sorted(outcome.item for outcome in found) == paths
    assert [outcome.error for outcome in found] == [None] * 6


@pytest.mark.slow
def test_as_in_this_process_to_the_last_bit(executor: DaskExecutor, tmp_path: Path) -> None:
    voices = LabelledCollection.read(write_collection(tmp_path / "voices"))
    model = small_model()
    diarizer = Diarizer(model)
    ways: list[dict[str, Any]] = [{"jobs": 1}, {"executor": executor}]
    results = []
    for way in ways:
        with Collection(":memory:") as collection:
            assert collection.add_all(voices.audio.values(), diarizer=diarizer, **way) == []
            collection.link(model)
            results.append((kept(collection), list(collection.annotations())))
    assert results[0] == results[1]
    tuned = [tune_model(model, voices, **way) for way in ways]
    assert tuned[0].model.content_hash == tuned[1].model.content_hash


def test_a_client_of_ones_own_stays_open() -> None:
    with (
        distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=":0") as here,
        distributed.Client(here, set_as_default=False) as client,
    ):
        with DaskExecutor(client) as executor:
            found = map_recordings(work, ["a", "b"], executor=executor)
            assert sorted(str(outcome.result) for outcome in found) == ["A", "B"]
        assert client.submit(work, "c").result() == "C"


def test_what_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match=r'pip install "trfast\[dask\]"'):
        DaskExecutor("tcp://127.0.0.1:1")


def test_wrong_addresses() -> None:
    with dask.config.set({"distributed.comm.timeouts.connect": "0.2s"}):
        with pytest.raises(ExecutionError, match="no Dask scheduler answers"):
            DaskExecutor("tcp://127.0.0.1:1")
        with pytest.raises(ExecutionError, match="such as tcp://"):
            DaskExecutor("nothing://here")
    with pytest.raises(ParameterTypeError, match="got int"):
        DaskExecutor(7)


@pytest.mark.slow
def test_trfast_run_on_workers_of_the_command_line(tmp_path: Path) -> None:
    """The default model on real speech; one of two workers is killed as it starts."""
    programs = (
        ("scheduler", "--port", "0", "--scheduler-file", "where.json", "--dashboard-address", ":0"),
        *2 * [("worker", "--scheduler-file", "where.json", "--nthreads", "1", "--no-nanny")],
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with ExitStack() as stack:
        for name, *options in programs:
            words = [sys.executable, "-m", f"distributed.cli.dask_{name}", *options]
            started = subprocess.Popen(
                words, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL
            )
            stack.enter_context(started)
            stack.callback(started.kill)
        for _ in range(600):
            if (tmp_path / "where.json").exists():
                break
            time.sleep(0.1)
        address = json.loads((tmp_path / "where.json").read_text())["address"]
        with distributed.Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        Timer(1.0, started.kill).start()
        for folder, option in (("there", f"--dask={address}"), ("here", "--jobs=1")):
            words = ["run", str(EXAMPLES), "-o", str(tmp_path / folder), "--quiet", option]
            assert CliRunner().invoke(main, words, catch_exceptions=False).exit_code == 0
    with (
        Collection(tmp_path / "there" / "collection.sqlite") as there,
        Collection(tmp_path / "here" / "collection.sqlite") as here,
    ):
        assert len(here.recordings()) == 4
        assert kept(there) == kept(here)
        assert list(there.annotations()) == list(here.annotations())
        assert list(there.links()) == list(here.links())


@pytest.mark.slow
def test_a_poison_is_listed_and_none_beside_it(cluster: Any, tmp_path: Path) -> None:
    files = write(tmp_path, a="ann:1", b="die", c="cat:1 ann:1", d="dan:2")
    with (
        DaskExecutor(cluster.scheduler_address) as executor,
        Collection(tmp_path / "collection.sqlite") as collection,
    ):
        (failure,) = collection.add_all(files, diarizer=FakeDiarizer(), executor=executor)
        assert [recording.name for recording in collection.recordings()] == ["a", "c", "d"]
    assert (failure.recording, failure.error[:19]) == ("b", "each worker that wa")
    assert "Attempted to run task" in failure.details
