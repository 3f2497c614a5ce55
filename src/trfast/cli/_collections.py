"""What commands on a collection share: they open it, and print what they found."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from trfast.cli import _common, _tables

if TYPE_CHECKING:
    from trfast.collection import Collection

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


@contextmanager
def reading(ctx: click.Context) -> Iterator[Collection]:
    """Open the collection of a group of commands to read."""
    from trfast.collection import Collection

    with Collection(_common.collection_file(ctx.obj), read_only=True) as collection:
        yield collection


@contextmanager
def changing(ctx: click.Context) -> Iterator[Collection]:
    """Open it to change it; outputs beside are written anew, unless it is to be linked first."""
    from trfast.cli._formats import written_before
    from trfast.cli.run import write_outputs
    from trfast.collection import Collection

    file = _common.collection_file(ctx.obj)
    with Collection(file) as collection:
        yield collection
        if not collection.is_linked:
            click.echo("to be linked anew: run 'trfast run' again, which writes outputs", err=True)
        elif formats := written_before(file.parent):
            write_outputs(collection, file.parent, formats)


def show(
    entries: Sequence[Mapping[str, Any]],
    first: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    as_json: bool,
) -> None:
    """Print entries as JSON, or a table of their rows."""
    if as_json:
        click.echo(json.dumps(entries, indent=2))
        return
    table = _tables.table(first, headings)
    for row in rows:
        table.add_row(*row)
    _tables.console().print(table)
