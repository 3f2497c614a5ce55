"""What verbs print: words for people, one JSON document for programs, or nothing."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click

_QUIET, _JSON = "quiet", "as_json"


def with_options(command: click.Command) -> click.Command:
    """Add ``--json`` and ``--quiet`` to a verb, and to the commands below it."""
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        with_options(below)
    if not any(option.name == _JSON for option in command.params):
        command.params += [json_option(), quiet_option()]
    return command


def json_option() -> click.Option:
    """Make the option ``--json``."""
    return _flag(_JSON, "--json", help="Print one JSON document instead of words and tables.")


def quiet_option() -> click.Option:
    """Make the option ``--quiet``."""
    return _flag(_QUIET, "-q", "--quiet", help="Print nothing but errors and what was asked for.")


def _flag(name: str, *words: str, help: str) -> click.Option:  # noqa: A002 (as click calls it)
    def note(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        if value:
            ctx.meta[f"trfast.{name}"] = True

    return click.Option(
        [*words, name], is_flag=True, expose_value=False, callback=note, is_eager=True, help=help
    )


def is_quiet() -> bool:
    """Say if nothing is to be seen but errors."""
    return bool(click.get_current_context().meta.get(f"trfast.{_QUIET}"))


def is_json() -> bool:
    """Say if a program reads what is printed."""
    return bool(click.get_current_context().meta.get(f"trfast.{_JSON}"))


def report(
    entries: Callable[[], Any], in_words: Callable[[], object], *, asked: bool = False
) -> None:
    """Print what a verb did, by one of two functions: as JSON if that is wanted; else in words,
    unless it is to be quiet, and this is not what was `asked` for."""
    if is_json():
        click.echo(json.dumps(_plain(entries()), indent=2))
    elif asked or not is_quiet():
        in_words()


def say(message: str, entries: Mapping[str, Any]) -> None:
    """Print a line, or the same as JSON."""
    report(lambda: entries, lambda: click.echo(message))


def wrote(*files: Path, **more: Any) -> None:
    """Say which files were written."""
    report(lambda: {"files": files} | more, lambda: click.echo("\n".join(map(str, files))))


def warn(message: str, each: Mapping[str, str] = MappingProxyType({})) -> None:
    """Print on standard error, unless it is to be quiet, what is no error; below, a line a name."""
    if is_quiet():
        return
    click.echo(f"trfast: {message}", err=True)
    for name, told in each.items():
        click.echo(f"  {name}: {told}", err=True)


def _plain(value: Any) -> Any:
    """Return what JSON has: no NaN, no paths, no classes of ours."""
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return os.fspath(value) if isinstance(value, os.PathLike) else value
