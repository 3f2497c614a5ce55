"""README and documentation: commands and options exist, links lead somewhere, code runs."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from trfast.cli import main

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("docs/*/*.ipynb")]
    if "_build" not in path.parts
)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
OURS = re.compile(r"https://github\.com/trfast/trfast/(?:blob|tree)/main/([^\s)#]+)")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def text_of(page: Path) -> str:
    """Text of a page; of a notebook, its Markdown, and its commands as blocks."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".md":
        return text
    parts = []
    for cell in json.loads(text)["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
        elif source.startswith("%%bash\n"):
            lines = [f"$ {line}" for line in source.splitlines()[1:]]
            parts.append("\n".join(["```console", *lines, "```"]))
    return "\n\n".join(parts)


def commands(page: Path) -> Iterator[str]:
    """Commands of console blocks and in backticks."""
    text = text_of(page)
    for language, body in BLOCK.findall(text):
        if language == "console":
            for line in body.replace("\\\n", " ").splitlines():
                assert line.startswith("$ "), f"{name(page)}: {line!r} is not a command"
                yield line[2:]
    yield from CODE.findall(BLOCK.sub("", text))


def options(command: click.Command) -> set[str]:
    """Options of a command, and of those below it."""
    below = command.commands.values() if isinstance(command, click.Group) else []
    own = {option for parameter in command.params for option in parameter.opts}
    return own.union(*map(options, below))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_and_options_exist(page: Path) -> None:
    context = click.Context(main, info_name="trfast")
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for command in commands(page):
        words = shlex.split(command, comments=True)
        if words[:1] == ["make"]:
            assert words[1] in targets, command
        if words[:1] != ["trfast"] or len(words) == 1 or words[1].startswith("-"):
            continue
        verb = main.get_command(context, words[1])
        assert verb is not None, command
        known = options(verb)
        used = {word.split("=")[0] for word in words[2:] if re.match("--?[a-z]", word)}
        assert used <= known, command


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_options_named_alone_exist(page: Path) -> None:
    context = click.Context(main, info_name="trfast")
    known = {"--force"}  # of setup.py
    for verb in main.list_commands(context):
        command = main.get_command(context, verb)
        assert command is not None
        known |= options(command)
    used = {code.split()[0] for code in CODE.findall(text_of(page)) if code.startswith("--")}
    assert used <= known


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_to_files(page: Path) -> None:
    text = text_of(page)
    for target in LINK.findall(text):
        assert (page.parent / target).exists(), target
    for target in OURS.findall(text):
        assert (ROOT / target).exists(), target


def test_links_of_the_readme_are_whole() -> None:
    assert LINK.findall((ROOT / "README.md").read_text(encoding="utf-8")) == []


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the pages' examples find what they name."""
    folder = tmp_path_factory.mktemp("docs")
    shutil.copytree(ROOT / "examples", folder / "examples")
    shutil.copytree(ROOT / "examples" / "audio", folder / "archive")
    for words in (
        ["run", "archive", "-o", "found", "--quiet"],
        ["train", "examples", "-o", "small.safetensors", "--gaussians", "16", "--rank", "8"],
    ):
        subprocess.run(
            [sys.executable, "-c", "from trfast.cli import main; main()", *words],
            cwd=folder,
            check=True,
        )
    return folder


SCRIPTS = [
    pytest.param(body, id=f"{name(page)}-{number}")
    for page in PAGES
    for number, (language, body) in enumerate(BLOCK.findall(text_of(page)))
    if language == "python"
]


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS)
def test_python_runs(script: str, workplace: Path) -> None:
    file = workplace / "script.py"
    file.write_text(script, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", file.name],
        cwd=workplace,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_get_started_shows_a_turn_that_is_found(workplace: Path) -> None:
    (line,) = re.findall("`(SPEAKER .*)`", (ROOT / "docs" / "get-started.md").read_text())
    turns = (workplace / "found" / "collection.rttm").read_text().splitlines()
    assert line in turns


@pytest.mark.slow
def test_readme_shows_what_the_demo_prints(tmp_path: Path) -> None:
    demo = subprocess.run(
        [sys.executable, ROOT / "examples" / "demo.py", "demo"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    shown = re.search(
        r"<!-- output of: make demo -->\n```text\n(.*?)```",
        (ROOT / "README.md").read_text(encoding="utf-8"),
        re.DOTALL,
    )
    assert shown is not None

    def without_time(text: str) -> list[str]:
        return [line.rstrip() for line in text.splitlines() if " of audio in " not in line]

    assert without_time(shown[1]) == without_time(demo.stdout)
