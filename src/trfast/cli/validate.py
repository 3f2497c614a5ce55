"""trfast validate: every bad line of files of turns."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trfast.cli import _formats, _options, _output, _tables
from trfast.cli.convert import left_out

if TYPE_CHECKING:
    from trfast.formats import Format


@click.command(short_help="Check files of turns: every bad line is named.")
@click.argument(
    "paths", nargs=-1, required=True, type=_options.PathType(), metavar="FILE_OR_FOLDER..."
)
@_formats.FROM
def validate(paths: tuple[Path, ...], source: str | None) -> None:
    """Check files of turns, and print every bad line as FILE:LINE: what is wrong.

    Of a folder, the files of the format --from are read; without it, all whose suffix is that of a
    format and nothing else (not .txt, .csv, .json, .parquet). Of good files, what is in them is
    printed. The exit status is 1 if anything is wrong.
    """
    from trfast.errors import TrfastError

    reports = []
    for given in paths:
        try:
            reports += [_report(path, kind) for path, kind in _formats.files_below([given], source)]
        except TrfastError as error:  # nothing that could be a file of turns
            reports.append(_bad(given, str(error)))

    def in_words() -> None:
        for report in reports:
            _print(report)

    _output.report(lambda: reports, in_words, asked=True)
    n_bad = sum(bool(report["problems"]) for report in reports)
    if n_bad:
        message = f"trfast: {n_bad} of {len(reports)} files are not as they should be"
        click.echo(message, err=True)
        sys.exit(1)


def _bad(path: Path, message: str) -> dict[str, Any]:
    message = message.removeprefix(f"{path}: ")
    problems = [{"line": 0, "message": message}]
    nothing = {"recordings": 0, "turns": 0, "speakers": 0, "left_out": ""}
    return {"file": str(path), "format": None, "problems": problems, **nothing}


def _report(path: Path, kind: Format) -> dict[str, Any]:
    from trfast.errors import AnnotationError, MissingExtraError
    from trfast.formats._draft import Draft
    from trfast.formats.files import read_draft

    draft = Draft()
    try:
        draft = read_draft(path, kind)
    except (AnnotationError, MissingExtraError) as error:
        draft.bad(0, str(error).removeprefix(f"{path}: "))
    annotations = draft.annotations()
    return {
        "file": str(path),
        "format": kind.name,
        "problems": [problem._asdict() for problem in draft.problems],
        "recordings": len(annotations),
        "turns": sum(map(len, annotations.values())),
        "speakers": len({name for a in annotations.values() for name in a.speakers if name}),
        "left_out": left_out(draft),
    }


def _print(report: dict[str, Any]) -> None:
    for problem in report["problems"]:
        line = f":{problem['line']}" if problem["line"] else ""
        click.echo(f"{report['file']}{line}: {problem['message']}")
    if report["problems"] or _output.is_quiet():
        return
    told = f"; no turns: {report['left_out']}" if report["left_out"] else ""
    what = "region" if report["format"] == "uem" else "turn"
    of = (
        f" of {_tables.counted(report['speakers'], 'speaker')}" if report["format"] != "uem" else ""
    )
    click.echo(
        f"{report['file']}: good ({report['format']}: {_tables.counted(report['turns'], what)}{of}"
        f" in {_tables.counted(report['recordings'], 'recording')}{told})"
    )
