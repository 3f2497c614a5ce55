"""trfast speakers: who is in a collection, and what is put right there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click

from trfast.cli import _collections, _common


@click.group(short_help="List, name, join and part the speakers of a collection.")
@click.argument("collection", type=_common.PathType())
@click.pass_context
def speakers(ctx: click.Context, collection: Path) -> None:
    """List, name, join and part the speakers of a collection.

    COLLECTION is a folder that `trfast run` has made, or its collection.sqlite. What is put right
    changes names at once, and holds in every later `trfast run` and link; `undo` takes the last
    one back. The outputs, collection.rttm and collection.html, are written anew where they lie
    beside the collection.
    """
    ctx.obj = collection


def _correction(*arguments: str) -> Callable[[Callable[..., None]], click.Command]:
    """Make a command of a function that corrects."""

    def decorate(plain: Callable[..., None]) -> click.Command:
        function: Callable[..., None] = click.pass_context(plain)
        for option in (
            click.option("--why", default="", metavar="TEXT", help="Kept with it."),
            click.option("--who", metavar="NAME", help="Kept with it.  [default: the user]"),
        ):
            function = option(function)
        for name in reversed(arguments):
            many = name.endswith("...")
            own = name.removesuffix("...")
            function = click.argument(
                own.lower(), metavar=name, nargs=-1 if many else 1, required=True
            )(function)
        return speakers.command()(function)

    return decorate


@speakers.command("list")
@_collections.as_json
@click.pass_context
def _list(ctx: click.Context, as_json: bool) -> None:
    """List the speakers, those with the most speech first."""
    with _collections.reading(ctx) as collection:
        found = sorted(collection.speakers(), key=lambda speaker: (-speaker.speech, speaker.id))
    rows = [(s.name, str(s.n_recordings), f"{s.speech:.1f}") for s in found]
    _collections.show(
        [asdict(s) for s in found], "Speaker", ("Recordings", "Speech, s"), rows, as_json=as_json
    )


@speakers.command()
@click.argument("speaker")
@_collections.as_json
@click.pass_context
def show(ctx: click.Context, speaker: str, as_json: bool) -> None:
    """List where a speaker is, and why."""
    with _collections.reading(ctx) as collection:
        found = list(collection.links(speaker=speaker))
    rows = [
        (
            link.recording,
            link.local,
            link.correction or ("score" if link.nearest else "alone"),
            "" if link.similarity is None else f"{link.similarity:.3f}",
            " ".join(link.nearest or ()),
            "" if link.runner_up_similarity is None else f"{link.runner_up_similarity:.3f}",
            " ".join(link.runner_up or ()),
        )
        for link in found
    ]
    headings = ("Local", "By", "Score", "Nearest", "Score", "Runner-up")
    _collections.show(
        [asdict(link) for link in found], "Recording", headings, rows, as_json=as_json
    )


@speakers.command()
@_common.linking_options
@click.option("--most", type=click.IntRange(min=1), default=20, show_default=True, metavar="N")
@_collections.as_json
@click.pass_context
def doubts(ctx: click.Context, given: _common.Linking, most: int, as_json: bool) -> None:
    """List links, and pairs left apart, nearest to the threshold, worth most speech first.

    The options are to be those of the link.
    """
    with _collections.reading(ctx) as collection:
        model, comparison = given.chosen(collection)
        found = collection.doubts(model, comparison=comparison, most=most)
    rows = [
        (
            " ".join(doubt.local),
            " ".join(doubt.other),
            doubt.speakers[0] if doubt.linked else " | ".join(doubt.speakers),
            f"{doubt.score:.3f}",
            f"{doubt.speech:.1f}",
            "confirm or reject" if doubt.linked else "merge or distinguish",
        )
        for doubt in found
    ]
    headings = ("Other", "Speaker", "Score", "Speech, s", "Settled by")
    _collections.show(
        [asdict(doubt) for doubt in found], "Local speaker", headings, rows, as_json=as_json
    )


@speakers.command()
@_collections.as_json
@click.pass_context
def log(ctx: click.Context, as_json: bool) -> None:
    """List what was put right, by whom, when and why."""
    with _collections.reading(ctx) as collection:
        found = collection.corrections.log()
    rows = [(c.what, c.kind, c.who, c.made, c.why, c.undone or "") for c in found]
    headings = ("Kind", "Who", "When", "Why", "Undone")
    _collections.show([asdict(c) for c in found], "What", headings, rows, as_json=as_json)


@_correction("SPEAKER", "NAME")
def rename(ctx: click.Context, speaker: str, name: str, who: str | None, why: str) -> None:
    """Give SPEAKER a NAME."""
    with _collections.changing(ctx) as collection:
        collection.corrections.rename(speaker, name, who=who, why=why)


@_correction("SPEAKER", "OTHERS...")
def merge(
    ctx: click.Context, speaker: str, others: tuple[str, ...], who: str | None, why: str
) -> None:
    """Say that OTHERS are SPEAKER, who keeps the name."""
    with _collections.changing(ctx) as collection:
        collection.corrections.merge(speaker, *others, who=who, why=why)


@_correction("SPEAKER", "RECORDINGS...")
def split(
    ctx: click.Context, speaker: str, recordings: tuple[str, ...], who: str | None, why: str
) -> None:
    """Say that SPEAKER is somebody else in RECORDINGS."""
    with _collections.changing(ctx) as collection:
        click.echo(collection.corrections.split(speaker, recordings, who=who, why=why))


@_correction("RECORDING", "LOCAL")
def confirm(ctx: click.Context, recording: str, local: str, who: str | None, why: str) -> None:
    """Say that LOCAL of RECORDING, such as S2, is who it is taken for."""
    with _collections.changing(ctx) as collection:
        collection.corrections.confirm(recording, local, who=who, why=why)


@_correction("RECORDING", "LOCAL")
def reject(ctx: click.Context, recording: str, local: str, who: str | None, why: str) -> None:
    """Say that LOCAL of RECORDING, such as S2, is not who it is taken for."""
    with _collections.changing(ctx) as collection:
        click.echo(collection.corrections.reject(recording, local, who=who, why=why))


@_correction("SPEAKER", "OTHER")
def distinguish(ctx: click.Context, speaker: str, other: str, who: str | None, why: str) -> None:
    """Say that SPEAKER and OTHER are two persons."""
    with _collections.changing(ctx) as collection:
        collection.corrections.distinguish(speaker, other, who=who, why=why)


@speakers.command()
@click.pass_context
def undo(ctx: click.Context) -> None:
    """Take back the last correction that holds."""
    with _collections.changing(ctx) as collection:
        undone = collection.corrections.undo()
    click.echo(f"undone: {undone.kind}: {undone.what}")
