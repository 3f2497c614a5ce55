"""What all verbs share: --json, --quiet, --jobs, and exit statuses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result

from tests.fakes import write
from trfast._threads import available_cores
from trfast.cli import main

Trfast = Callable[..., Result]


def _commands(command: click.Command, *words: str) -> Iterator[tuple[str, click.Command]]:
    yield " ".join(words), command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _commands(below, *words, name)


COMMANDS = dict(_commands(main))
COMPUTING = ["run", "diarize", "link", "train", "tune", "adapt", "verify", "review"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_quiet_or_prints_json(name: str) -> None:
    options = {word for option in COMMANDS[name].params for word in option.opts}
    assert {"--json", "-q", "--quiet"} <= options


@pytest.mark.parametrize("name", [*COMPUTING, "speakers doubts", "speakers enrol"])
def test_every_verb_that_computes_has_jobs(name: str) -> None:
    assert [option.name for option in COMMANDS[name].params if "--jobs" in option.opts] == ["jobs"]


@pytest.mark.parametrize("word", ["--model", "--embedder", "--jobs", "--json", "--quiet"])
def test_an_option_means_the_same_everywhere(word: str) -> None:
    """But for `train`, whose network makes a model and is not one of it."""
    helps = {
        option.help
        for name, command in COMMANDS.items()
        for option in command.params
        if isinstance(option, click.Option) and word in option.opts and name != "train"
    }
    assert len(helps) == 1


def test_jobs_bound_the_threads_of_a_verb_and_of_no_other() -> None:
    seen = []

    @click.command()
    @click.pass_context
    def probe(_: click.Context) -> None:
        seen.append(available_cores())

    before = available_cores()
    (jobs,) = (option for option in COMMANDS["link"].params if option.name == "jobs")
    probe.params.append(jobs)
    assert CliRunner().invoke(probe, ["--jobs=1"]).exit_code == 0
    assert seen == [1]
    assert available_cores() == before


def test_all_print_one_json_document(trfast: Trfast, tmp_path: Path) -> None:
    paths, out = write(tmp_path, a="ann:3 ben:4", b="cat:1 ann:36", c="bug"), tmp_path / "out"

    def call(*words: object, status: int = 0) -> Any:
        return json.loads(trfast(*words, "--json", status=status).stdout)

    failed = [{"recording": "c", "source": str(paths[2]), "error": "ZeroDivisionError: a bug"}]
    found = call("diarize", *paths, "-o", out / "each", "--jobs=1", status=1)
    assert found["recordings"][0] == {
        "recording": "a",
        "files": [str(out / "each" / "a.rttm")],
        "duration": 8.0,
        "speakers": {"S1": 3.0, "S2": 4.0},
    }
    assert found["failed"] == failed
    assert found["cpu_seconds"] == {"features": 1.0}
    found = call("run", *paths, "-o", out, "--jobs=1", status=1)
    assert (found["recordings"], found["new"], found["speakers"]) == (2, 2, 3)
    assert found["most_recordings"] == [{"name": "speaker-0001", "recordings": 2, "speech": 39.0}]
    assert found["failed"] == failed
    assert found["across"]["unit"] == "cosine"
    assert str(out / "collection.rttm") in found["files"]
    assert call("run", *paths[:2], "-o", out)["new"] == 0

    assert call("speakers", out, "rename", "speaker-0001", "Ann")["kind"] == "rename"
    split = call("speakers", out, "split", "Ann", "b")
    assert split["new_speaker"] == "speaker-0004"
    assert call("speakers", out, "undo")["kind"] == "split"
    shown = call("speakers", out, "show", "Ann")
    assert [link["recording"] for link in shown] == ["a", "b"]
    assert call("recordings", out, "rename", "b", "bee") == {"old": "b", "new": "bee"}
    assert [one["name"] for one in call("recordings", out, "list")] == ["a", "bee", "c"]
    assert call("recordings", out, "forget-missing", "--dry-run") == {"missing": []}
    assert call("page", out)["files"] == [str(out / "collection.html")]
    links = tmp_path / "links.csv"
    assert call("export", out, "-o", links, "--what=links") == {"files": [str(links)]}
    converted = call("convert", out / "collection.rttm", "-o", tmp_path / "turns.csv")
    assert converted == {"files": [str(tmp_path / "turns.csv")]}
    assert call("recordings", out, "remove", "bee") == {"removed": ["bee"]}


def test_json_before_the_verb_and_what_has_no_place(trfast: Trfast, tmp_path: Path) -> None:
    paths = write(tmp_path, a="ann:3")
    words = ("run", *paths, "-o", tmp_path / "out")
    assert json.loads(trfast("--json", *words).stdout)["recordings"] == 1
    assert trfast("--quiet", *words).output == ""
    for verb in ("run", "diarize"):
        result = trfast(verb, *paths, "-o", "-", "--json", status=2)
        assert "-o - leaves no place for other output" in result.stderr
    result = trfast("convert", tmp_path / "out" / "collection.rttm", "-o", "-", "--json", status=2)
    assert "-o - leaves no place for other output" in result.stderr


def test_quiet_leaves_what_was_asked_for(trfast: Trfast, tmp_path: Path) -> None:
    trfast("run", *write(tmp_path, a="ann:3"), "-o", tmp_path / "out", "--quiet")
    assert "speaker-0001" in trfast("speakers", tmp_path / "out", "list", "--quiet").stdout
    done = trfast("speakers", tmp_path / "out", "rename", "speaker-0001", "Ann", "--quiet")
    assert done.output == ""


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["--version"], 0),
        (["run", "{good}", "-o", "{out}"], 0),
        (["run", "{good}", "{bad}", "-o", "{out}"], 1),
        (["speakers", "{out}", "list"], 1),
        (["run", "{good}", "-o", "{out}", "--jobs=0"], 2),
        (["run", "{good}"], 2),
        (["spkeakers"], 2),
        (["run", "{stopped}", "-o", "{out}", "--jobs=1"], 130),
    ],
)
def test_exit_status(trfast: Trfast, tmp_path: Path, words: list[str], status: int) -> None:
    good, bad, stopped = write(tmp_path, good="ann:3", bad="bug", stopped="stop")
    places = {"good": good, "bad": bad, "stopped": stopped, "out": tmp_path / "out"}
    trfast(*(word.format(**places) for word in words), status=status)


@pytest.mark.parametrize(
    ("words", "begun", "completed"),
    [
        ([], "ru", ["run"]),
        (["run"], "--back", ["--backend"]),
        (["run", "--backend"], "p", ["plda"]),
        (["speakers", "out"], "ren", ["rename"]),
    ],
)
def test_the_shell_completes(words: list[str], begun: str, completed: list[str]) -> None:
    shell = ShellComplete(main, {}, "trfast", "_TRFAST_COMPLETE")
    assert [found.value for found in shell.get_completions(words, begun)] == completed
