"""trfast review: hear speakers, and put links right, in the browser."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from trfast.cli import _collections, _common, _given, _options, _output


@click.command(short_help="Hear speakers and put links right, in the browser.")
@click.argument("collection", type=_options.PathType())
@_given.linking_options
@_options.THREADS
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="N",
    help="Where the page listens.  [default: a free port]",
)
@click.option("--no-browser", is_flag=True, help="Print the address, and open no browser.")
@click.option("--by", metavar="NAME", help="Who corrects; kept with it.  [default: the user]")
def review(
    collection: Path, given: _given.Linking, port: int, no_browser: bool, by: str | None
) -> None:
    """Hear speakers, and put links right, in the browser.

    COLLECTION is a folder that `trfast run` or `trfast import` has made, or its collection.sqlite.
    The page is served to this machine alone, to whoever has the address that is printed, until
    Ctrl+C; then collection.rttm and collection.html are written anew where they lie beside the
    collection. Every act is a correction, as those of `trfast speakers`. The options say what
    links again, by default as the last link did. Needs the extra trfast[review].
    """
    from trfast.collection import Collection
    from trfast.review import Review, serve

    file = _common.collection_file(collection)
    with Collection(file) as opened:
        model, comparison = given.chosen(opened)

    def started(address: str) -> None:
        in_words = partial(click.echo, f"{address}\nCtrl+C ends it.")
        _output.report(lambda: {"address": address}, in_words, asked=True)

    serve(
        Review(file, model=model, comparison=comparison, by=by),
        port=port,
        open_browser=not no_browser,
        started=started,
    )
    with Collection(file) as opened:
        _collections.follow(opened, file.parent)
