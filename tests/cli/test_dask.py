"""--dask: all verbs that have --jobs run there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.fakes import Sending, calls, write
from tests.small import small_model, write_collection
from trfast import execution
from trfast.cli import main
from trfast.formats import read_rttm


class Cluster(Sending):
    """Stands for that of an address."""

    made: list[Cluster] = []

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address, self.left = address, False
        self.made.append(self)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Note that it was left."""
        super().shutdown(wait, cancel_futures=cancel_futures)
        self.left = cancel_futures


@pytest.fixture
def clusters(monkeypatch: pytest.MonkeyPatch) -> list[Cluster]:
    monkeypatch.setattr(Cluster, "made", [])
    monkeypatch.setattr(execution, "DaskExecutor", Cluster)
    return Cluster.made


def test_diarize_and_run(
    trfast: Callable[..., Result], clusters: list[Cluster], tmp_path: Path
) -> None:
    paths = write(tmp_path / "in", a="ann:1 ben:2", b="bug")
    for verb in ("diarize", "run"):
        where = ("-o", tmp_path / verb, "--dask", "tcp://there:1")
        result = trfast(verb, *paths, *where, status=1)
        assert "b: ZeroDivisionError: a bug" in result.stderr
        assert calls(tmp_path / "in") == ["a", "b"]
    assert list(read_rttm(tmp_path / "diarize" / "a.rttm")) == ["a"]
    assert (tmp_path / "run" / "collection.html").exists()
    assert [(one.address, one.left) for one in clusters] == [("tcp://there:1", True)] * 2
    assert clusters[0].n_calls == 2


def test_verify(clusters: list[Cluster], tmp_path: Path) -> None:
    folder = write_collection(tmp_path / "voices")
    small_model().save(folder / "model")
    words = ["verify", str(folder), f"--model={folder / 'model'}", "--json"]
    printed = [
        json.loads(CliRunner().invoke(main, [*words, option]).stdout)
        for option in ("--jobs=1", "--dask=tcp://there:1")
    ]
    assert printed[0] == printed[1]
    assert clusters[0].n_calls == 4


@pytest.mark.parametrize("verb", ["diarize", "run", "train", "tune", "verify"])
def test_a_cluster_or_this_machine(verb: str, clusters: list[Cluster], tmp_path: Path) -> None:
    folder = write_collection(tmp_path / "voices")
    words = [verb, str(folder), "--dask=tcp://there:1", "--jobs=2"]
    words += [] if verb == "verify" else ["-o", str(tmp_path / "out")]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2
    assert "--jobs is of this machine, --dask of a cluster" in done.stderr
    assert clusters == []
