"""trfast speakers: who is in a collection, and what is put right there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trfast.cli import _collections, _given, _options, _output, _tables

if TYPE_CHECKING:
    from trfast.collection import Collection, Link


@click.group(
    cls=_collections.CollectionFirst,
    short_help="List, name, join and part the speakers of a collection.",
)
@click.argument("collection", type=_options.PathType())
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


def _tell(collection: Collection, new: str | None = None) -> None:
    """Say what was put right; `new` is who came of it."""
    made = collection.corrections.log()[-1]
    now = "" if new is None else f" ({new})"
    _output.say(
        f"{made.kind}: {made.what}{now}. It is so now, and every later link keeps it",
        asdict(made) | {"new_speaker": new},
    )


@speakers.command("list")
@click.pass_context
def _list(ctx: click.Context) -> None:
    """List the speakers, those with the most speech first."""
    with _collections.reading(ctx) as collection:
        found = sorted(collection.speakers(), key=lambda speaker: (-speaker.speech, speaker.id))
    rows = [(s.name, str(s.n_recordings), f"{s.speech:.1f}") for s in found]
    _collections.show(found, "Speaker", ("Recordings", "Speech, s"), rows)


@speakers.command()
@click.argument("speaker")
@click.pass_context
def show(ctx: click.Context, speaker: str) -> None:
    """List where a speaker is, and why."""
    with _collections.reading(ctx) as collection:
        found = list(collection.links(speaker=speaker))
    rows = [
        (
            link.recording,
            link.local,
            *_reason(link),
            "" if link.runner_up_similarity is None else f"{link.runner_up_similarity:.3f}",
            " ".join(link.runner_up or ()),
        )
        for link in found
    ]
    headings = ("Local", "By", "Score", "Nearest", "Score", "Runner-up")
    _collections.show(found, "Recording", headings, rows)


def _reason(link: Link) -> tuple[str, str, str]:
    """By what a local speaker has its name, the score, and what with."""
    if link.correction is None and link.enrolled_similarity is not None:
        return "enrolled", f"{link.enrolled_similarity:.3f}", "the voice"
    by = link.correction or ("score" if link.nearest else "alone")
    score = "" if link.similarity is None else f"{link.similarity:.3f}"
    return by, score, " ".join(link.nearest or ())


@speakers.command()
@click.pass_context
def voices(ctx: click.Context) -> None:
    """List the voices that are enrolled."""
    with _collections.reading(ctx) as collection:
        found = collection.voices()
    rows = [(voice.speaker, voice.source, f"{voice.speech:.1f}", voice.made) for voice in found]
    headings = ("Source", "Speech, s", "Enrolled")
    _collections.show(found, "Speaker", headings, rows)


@speakers.command()
@_given.linking_options
@_options.THREADS
@click.option("--most", type=click.IntRange(min=1), default=20, show_default=True, metavar="N")
@click.pass_context
def doubts(ctx: click.Context, given: _given.Linking, most: int) -> None:
    """List links, and pairs left apart, nearest to the threshold, worth most speech first.

    The options are to be those of the link.
    """
    with _collections.reading(ctx) as collection:
        model, comparison = given.chosen(collection)
        found = collection.doubts(model, comparison=comparison, most=most)
        used = comparison or (collection.last_comparison(model) if found else None)
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
    _collections.show(found, "Local speaker", headings, rows)
    if used is not None and not _output.is_json():
        click.echo(f"Score: the mean over the two sides. Threshold: {used.threshold:.4g}")


@speakers.command()
@click.pass_context
def log(ctx: click.Context) -> None:
    """List what was put right, by whom, when and why."""
    with _collections.reading(ctx) as collection:
        found = collection.corrections.log()
    rows = [(c.what, c.kind, c.who, c.made, c.why, c.undone or "") for c in found]
    headings = ("Kind", "Who", "When", "Why", "Undone")
    _collections.show(found, "What", headings, rows)


@_correction("SPEAKER", "NAME")
def rename(ctx: click.Context, speaker: str, name: str, who: str | None, why: str) -> None:
    """Give SPEAKER a NAME."""
    with _collections.changing(ctx) as collection:
        collection.corrections.rename(speaker, name, who=who, why=why)
        _tell(collection)


@_correction("SPEAKER", "OTHERS...")
def merge(
    ctx: click.Context, speaker: str, others: tuple[str, ...], who: str | None, why: str
) -> None:
    """Say that OTHERS are SPEAKER, who keeps the name."""
    with _collections.changing(ctx) as collection:
        collection.corrections.merge(speaker, *others, who=who, why=why)
        _tell(collection)


@_correction("SPEAKER", "RECORDINGS...")
def split(
    ctx: click.Context, speaker: str, recordings: tuple[str, ...], who: str | None, why: str
) -> None:
    """Say that SPEAKER is somebody else in RECORDINGS."""
    with _collections.changing(ctx) as collection:
        _tell(collection, collection.corrections.split(speaker, recordings, who=who, why=why))


@_correction("RECORDING", "LOCAL")
def confirm(ctx: click.Context, recording: str, local: str, who: str | None, why: str) -> None:
    """Say that LOCAL of RECORDING, such as S2, is who it is taken for."""
    with _collections.changing(ctx) as collection:
        collection.corrections.confirm(recording, local, who=who, why=why)
        _tell(collection)


@_correction("RECORDING", "LOCAL")
def reject(ctx: click.Context, recording: str, local: str, who: str | None, why: str) -> None:
    """Say that LOCAL of RECORDING, such as S2, is not who it is taken for."""
    with _collections.changing(ctx) as collection:
        _tell(collection, collection.corrections.reject(recording, local, who=who, why=why))


@_correction("SPEAKER", "FILES...")
@_options.MODEL
@_options.EMBEDDER
@_options.THREADS
@click.option(
    "--speech",
    type=_options.PathType(),
    metavar="FILE",
    help="RTTM or UEM file that says where SPEAKER speaks in FILES.  [default: all speech there]",
)
def enrol(
    ctx: click.Context,
    speaker: str,
    files: tuple[str, ...],
    model: Path | None,
    embedder: Path | None,
    speech: Path | None,
    who: str | None,
    why: str,
) -> None:
    """Say that SPEAKER, one who is here or somebody new, sounds as in FILES.

    Nobody else may speak there, or --speech says where SPEAKER does. The next link gives the name
    to those who sound like it: in a recording, to one at most, whose score reaches the threshold,
    and beats that of the next enrolled speaker by a margin. COLLECTION is made if need be.
    """
    from trfast.diarization import Diarizer, Job
    from trfast.errors import ParameterError
    from trfast.model import load_model

    marks = None if speech is None else _given.read_marks(speech)
    jobs = [Job.of(file) for file in files]
    if marks is not None:
        missing = [job.name for job in jobs if job.name not in marks]
        if missing:
            raise ParameterError(f"{speech} has no speech of {', '.join(missing)}")
        jobs = [replace(job, speech=marks[job.name]) for job in jobs]
    diarizer = Diarizer(load_model(model, embedder=embedder))
    with _collections.changing(ctx, new=True) as collection:
        warnings = collection.enrol(speaker, *jobs, diarizer=diarizer, who=who, why=why)
        seconds = sum(voice.speech for voice in collection.voices() if voice.speaker == speaker)
    _output.say(
        f"{speaker} is known by {seconds:.1f} s of speech; the next link uses it",
        {"speaker": speaker, "speech": seconds, "warnings": warnings},
    )
    for warning in warnings:
        _output.warn(f"warning: {warning}")


@_correction("SPEAKER")
def forget(ctx: click.Context, speaker: str, who: str | None, why: str) -> None:
    """Delete the voices that SPEAKER is enrolled by, for good."""
    with _collections.changing(ctx) as collection:
        n = collection.corrections.forget_voices(speaker, who=who, why=why)
    _output.say(
        f"{_tables.counted(n, 'voice')} of {speaker} deleted, for good; the next link names by the"
        " others",
        {"speaker": speaker, "deleted": n},
    )


@_correction("SPEAKER", "OTHER")
def distinguish(ctx: click.Context, speaker: str, other: str, who: str | None, why: str) -> None:
    """Say that SPEAKER and OTHER are two persons."""
    with _collections.changing(ctx) as collection:
        collection.corrections.distinguish(speaker, other, who=who, why=why)
        _tell(collection)


@speakers.command()
@click.pass_context
def undo(ctx: click.Context) -> None:
    """Take back the last correction that holds."""
    with _collections.changing(ctx) as collection:
        undone = collection.corrections.undo()
    _output.say(f"undone: {undone.kind}: {undone.what}", asdict(undone))
