"""trfast recordings: what is in a collection, and what goes or is called otherwise."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path

import click

from trfast.cli import _collections, _options, _output


@click.group(
    cls=_collections.CollectionFirst,
    short_help="List, remove and rename the recordings of a collection.",
)
@click.argument("collection", type=_options.PathType())
@click.pass_context
def recordings(ctx: click.Context, collection: Path) -> None:
    """List, remove and rename the recordings of a collection.

    COLLECTION is a folder that `trfast run` has made, or its collection.sqlite. After a rename,
    the outputs, collection.rttm and collection.html, are written anew where they lie beside it.
    What is left of others after a removal is to be linked anew, by `trfast run` or `trfast link`.
    """
    ctx.obj = collection


@recordings.command("list")
@click.pass_context
def _list(ctx: click.Context) -> None:
    """List the recordings, and at the end those that failed."""
    from trfast.collection import Recording

    with _collections.reading(ctx) as collection:
        found, failures = collection.recordings(), collection.failures()
    rows = [
        (r.name, f"{r.duration:.1f}", f"{r.speech:.1f}", str(r.n_speakers), r.source or "", "")
        for r in found
    ]
    rows += [(f.recording, "", "", "", f.source or "", f.error) for f in failures]
    entries = [{**asdict(r), "error": None} for r in found]
    nothing = dict.fromkeys(field.name for field in fields(Recording))
    entries += [
        {**nothing, "name": f.recording, "source": f.source, "error": f.error} for f in failures
    ]
    headings = ("Duration, s", "Speech, s", "Speakers", "File", "Error")
    _collections.show(entries, "Recording", headings, rows)


@recordings.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.pass_context
def remove(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Remove recordings from the collection; their files stay."""
    with _collections.changing(ctx) as collection:
        collection.remove(*names)
        removed = list(dict.fromkeys(names))
        _output.say(f"removed: {', '.join(removed)}", {"removed": removed})


@recordings.command()
@click.option("--dry-run", is_flag=True, help="Only list them.")
@click.pass_context
def forget_missing(ctx: click.Context, dry_run: bool) -> None:
    """Remove recordings whose files are gone, and list them.

    Those on a disk that is not there now are gone too: see what --dry-run lists first.
    """
    with (_collections.reading if dry_run else _collections.changing)(ctx) as collection:
        missing = collection.forget_missing(dry_run=dry_run)
        words = "".join(f"{name}\n" for name in missing)
        _output.report(
            lambda: {"missing": missing}, lambda: click.echo(words, nl=False), asked=True
        )


@recordings.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.pass_context
def rename(ctx: click.Context, old: str, new: str) -> None:
    """Call the recording OLD NEW; its file is known by that name from now on."""
    with _collections.changing(ctx) as collection:
        collection.rename_recording(old, new)
        _output.say(f"renamed: {old} is called {new}", {"old": old, "new": new})
