"""What commands on a collection share: they open it, and print what they found."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trfast.cli import _common, _output, _tables

if TYPE_CHECKING:
    from trfast.collection import Collection


class CollectionFirst(click.Group):
    """COLLECTION, then a command; the other way round is understood too."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the collection first."""
        command, *others = args or [""]
        if command in self.commands and not os.path.exists(command):
            if others[:1] and others[0] in ctx.help_option_names:
                others = ["COLLECTION", *others]
            if not others or others[0].startswith("-"):
                ctx.fail(f"the collection comes first: {ctx.command_path} COLLECTION {command} ...")
            args = [others[0], command, *others[1:]]
        flags = {word for option in self.params for word in option.opts if word.startswith("-")}
        n = next((k for k, word in enumerate(args[1:]) if word not in flags), 0)
        args = [*args[1 : 1 + n], *args[:1], *args[1 + n :]]
        return super().parse_args(ctx, args)


@contextmanager
def reading(ctx: click.Context) -> Iterator[Collection]:
    """Open the collection of a group of commands to read."""
    from trfast.collection import Collection

    with Collection(_common.collection_file(ctx.obj), read_only=True) as collection:
        yield collection


@contextmanager
def changing(ctx: click.Context, *, new: bool = False) -> Iterator[Collection]:
    """Open it to change it, or make it if `new`; outputs beside are written anew, unless it is to
    be linked first."""
    from trfast.collection import Collection

    file = (_common.new_collection_file if new else _common.collection_file)(ctx.obj)
    with Collection(file) as collection:
        yield collection
        follow(collection, file.parent)


def follow(collection: Collection, folder: Path) -> None:
    """Write the outputs anew that lie beside a collection, unless it is to be linked first."""
    from trfast.cli._formats import written_before
    from trfast.cli.run import write_outputs

    if not collection.is_linked:
        _output.warn("to be linked anew, and outputs to be written: trfast link, or trfast run")
    elif formats := written_before(folder):
        write_outputs(collection, folder, formats)


def show(
    entries: Sequence[Any],
    first: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
) -> None:
    """Print entries as JSON, or a table of their rows."""
    table = _tables.table(first, headings)
    for row in rows:
        table.add_row(*row)
    _output.report(lambda: entries, lambda: _tables.console().print(table), asked=True)
