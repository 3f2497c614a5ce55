"""Names of recordings and speakers that would mean something else: in every output just names."""

from __future__ import annotations

import csv
import json
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.fakes import FakeModel, diarization
from trfast.annotation import Annotation
from trfast.cli import _formats, main
from trfast.collection import Collection
from trfast.errors import AnnotationError, ParameterError
from trfast.formats import FORMATS, read_turns, write_turns
from trfast.report import write_collection_report, write_report

NAMES = {
    "line": "a\nSPEAKER b 1 0 9 <NA> <NA> c <NA> <NA>",
    "return": "a\rb",
    "nul": "a\x00b",
    "escape": "a\x1b[2Jb",
    "blank": "a b",
    "quotes": "\"a\"'b'",
    "script": "<script>alert(1)</script>",
    "end": "</script><img/src=x/onerror=alert(1)>",
    "comment": "<!--a-->",
    "cdata": "]]><a>",
    "entity": "&lt;&#0;",
    "up": "../../up",
    "root": "/etc/passwd",
    "dots": "..",
    "windows": "C:\\up|?*",
    "bidi": "a\u202egpj.exe",
    "separator": "a\u2028b",
    "surrogate": "a\ud800b",
    "no character": "a\ufffeb",
    "long": 2000 * "x",
    "option": "--help",
    "formula": "=cmd|'/c'!A1",
    "plus": "+1+1",
    "at": "@SUM(A1)",
    "comma": "a,b;c",
    "sql": "');DROP/**/TABLE/**/turn;--",
    "format": "{0.__class__}%s%n",
    "markup": "[red]a[/red]",
    "nothing": "<NA>",
    "arrow": "a-->b",
    "voice": "<v.a>b",
    "item": "item[1]:",
    "percent": "%2e%2e%2fa",
    "emoji": "\U0001f469\u200d\U0001f680",
}


@pytest.mark.parametrize("where", ["recording", "speaker"])
@pytest.mark.parametrize("kind", [k for k, f in FORMATS.items() if f.has_speakers])
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_every_format_holds_a_name_or_refuses_it(
    tmp_path: Path, name: str, kind: str, where: str
) -> None:
    annotation = Annotation(
        name if where == "recording" else "show", [(0, 1, name if where == "speaker" else "ann")]
    )
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / f"show{FORMATS[kind].suffix}"
    if kind == "parquet":
        pytest.importorskip("pyarrow")
    try:
        write_turns(annotation, path)
    except AnnotationError:
        assert list(tmp_path.rglob("*")) == [tmp_path / "in"]
        return
    (found,) = read_turns(path).values()
    assert found.turns == annotation.turns
    assert FORMATS[kind].alone or found.recording == annotation.recording
    assert list(tmp_path.rglob("*")) == [tmp_path / "in", path]


class Page(HTMLParser):
    """What a browser would take for tags, and where it would go."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]


def test_the_door() -> None:
    """What no name can be is refused there; what is let in is what the next test writes."""
    refused = set()
    with Collection(":memory:") as collection:
        for kind, name in NAMES.items():
            try:
                collection.add(diarization(name, "ann:1"))
            except ParameterError:
                refused.add(kind)
    assert refused == {
        *("line", "return", "nul", "escape", "blank", "separator", "surrogate", "nothing"),
    }


def test_every_output_of_a_collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, names = tmp_path / "a" / "in" / "collection.sqlite", []
    path.parent.mkdir(parents=True)
    monkeypatch.chdir(path.parent)
    with Collection(path) as collection:
        for name in NAMES.values():
            try:
                collection.add(diarization(name, "ann:2 ben:1"))
                names.append(name)
            except ParameterError:
                continue
        collection.link(FakeModel())
        for recording, link in zip(names, list(collection.links())[::2], strict=False):
            if link.nearest is not None and len(collection.speakers()) < len(names):
                number = collection.corrections.split(link.speaker, [link.recording])
                collection.corrections.rename(number, recording)
        before = {file for file in tmp_path.rglob("*") if path.parent not in file.parents}
        assert before == {tmp_path / "a", path.parent}
        write_collection_report(collection, path.parent / "collection.html")
        kinds = [kind for kind, f in FORMATS.items() if f.has_speakers and kind != "parquet"]
        for kind in kinds:
            with suppress(AnnotationError):
                _formats.write_all(collection.annotations(), path.parent, [kind])
        speakers = [speaker.name for speaker in collection.speakers()]
    assert len(speakers) > len(names) / 2
    assert {file for file in tmp_path.rglob("*") if path.parent not in file.parents} == before
    write_report([Annotation("plain", [(0, 1, "ann")])], path.parent / "plain.html")
    page, plain = (
        Page((path.parent / file).read_text(encoding="utf-8"))
        for file in ("collection.html", "plain.html")
    )
    assert page.tags == plain.tags
    _check_commands(path.parent, names, speakers)


def _check_commands(folder: Path, names: list[str], speakers: list[str]) -> None:
    def call(*words: Any) -> str:
        result = CliRunner().invoke(main, [*map(str, words)])
        assert result.exit_code == 0, result.output
        return result.stdout

    assert {entry["name"] for entry in json.loads(call("speakers", folder, "list", "--json"))} == {
        *speakers
    }
    listed = call("speakers", folder, "list")
    assert all(name in listed for name in speakers if len(name) < 100)
    listed = call("recordings", folder, "list")
    assert all(name in listed for name in names if len(name) < 100)
    call("export", folder, "--what", "links", "-o", folder / "links.csv")
    with open(folder / "links.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["recording"] for row in rows} == {*names}
    assert {row["speaker"] for row in rows} == {*speakers}
    call("export", folder, "-o", folder / "vectors.npz")
