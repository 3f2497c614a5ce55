"""trfast page: the HTML page of a collection, with its sound inside if that is asked for."""

from __future__ import annotations

from pathlib import Path

import click

from trfast.cli import _common, _options, _output


@click.command(short_help="Write the HTML page of a collection.")
@click.argument("collection", type=_options.PathType())
@click.option(
    "-o",
    "--output",
    type=_options.PathType(dir_okay=False),
    metavar="FILE",
    help="Page to write.  [default: collection.html beside the collection]",
)
@click.option(
    "--embed-audio",
    is_flag=True,
    help="Put sound into the page itself, as MP3: some 14 MB an hour. Without it, the page plays"
    " files that lie beside it.",
)
@click.option(
    "--embed-limit",
    type=click.FloatRange(min=0, min_open=True),
    default=50.0,
    show_default=True,
    metavar="MB",
    help="How much sound, at most; recordings for which there is no room are told.",
)
def page(collection: Path, output: Path | None, embed_audio: bool, embed_limit: float) -> None:
    """Write the HTML page of a collection: speakers, recordings, timelines.

    COLLECTION is a folder that `trfast run` or `trfast import` has made, or its collection.sqlite.
    The page needs no network. It plays recordings whose files lie in the folder that holds its own,
    or below.
    """
    from trfast.collection import Collection
    from trfast.report import write_collection_report

    file = _common.collection_file(collection)
    path = output or file.parent / "collection.html"
    _common.make_folder(path.parent)
    with Collection(file, read_only=True) as opened:
        left_out = write_collection_report(
            opened, path, embed_limit=embed_limit if embed_audio else 0.0
        )
    if left_out:
        _output.warn(f"the sound of {len(left_out)} recordings is not in {path}:", left_out)
    _output.wrote(path, sound_left_out=left_out)
