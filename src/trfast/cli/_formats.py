"""What verbs share that read turns or write them: formats, folders, standard output."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from trfast.cli import _output

if TYPE_CHECKING:
    from trfast.annotation import Annotation, Timeline
    from trfast.formats import Format
    from trfast.formats._draft import Channels, Draft

Function = TypeVar("Function", bound=Callable[..., Any])

# As in trfast.formats.registry, which need not be loaded for the help.
WITH_SPEAKERS = (
    *("rttm", "seg", "csv", "json", "parquet"),
    *("textgrid", "eaf", "audacity", "srt", "vtt"),
)
NAMES = ("rttm", "uem", *WITH_SPEAKERS[1:])
# What a folder is searched for, if nobody says it: these suffixes mean nothing else.
_SURE = ("rttm", "uem", "seg", "textgrid", "eaf", "srt", "vtt")
STDOUT = Path("-")

FORMAT = click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(WITH_SPEAKERS),
    help="Format of the turns; may be given again.  [default: rttm]",
)
CHANNELS = click.option(
    "--channels",
    type=click.Choice(["join", "split"]),
    default="join",
    show_default=True,
    help="Channels of one recording are one recording, or one each, such as call-ch1 and call-ch2.",
)
FROM = click.option(
    "--from",
    "source",
    type=click.Choice(NAMES),
    help="Format of the files.  [default: what their suffixes say]",
)


def files_below(paths: Iterable[Path], source: str | None) -> list[tuple[Path, Format]]:
    """Return files with their formats; of a folder, all in it that have a suffix of the format, or
    one that is a format's and nothing else."""
    from trfast.errors import AnnotationError
    from trfast.formats import FORMATS, format_of

    found = []
    for path in paths:
        if not path.is_dir():
            found.append((path, format_of(path, source)))
            continue
        kinds = {FORMATS[n].suffix.lower(): FORMATS[n] for n in ([source] if source else _SURE)}
        inside = [
            (file, kinds[file.suffix.lower()])
            for file in sorted(path.iterdir())
            if file.suffix.lower() in kinds
        ]
        if not inside:
            raise AnnotationError(
                f"{path}: a folder without {' or '.join(kinds)} files. Give one that has some"
            )
        found += inside
    return found


def read_drafts(
    paths: Sequence[Path], otherwise: Literal["rttm", "uem"] = "rttm"
) -> list[tuple[Path, Draft]]:
    """Read files of turns, RTTM if their suffix says nothing else, and folders of RTTM; or UEM."""
    from trfast.errors import AnnotationError, ParameterError
    from trfast.formats import format_of
    from trfast.formats._records import malformed
    from trfast.formats.files import read_draft

    drafts = []
    for path in paths:
        for file, kind in files_below([path], otherwise):
            with suppress(ParameterError):
                kind = format_of(file) if otherwise == "rttm" else kind
            if kind.has_speakers != (otherwise == "rttm"):
                raise AnnotationError(
                    f"{file}: {kind.name} has no speakers, and turns are expected here"
                )
            draft = read_draft(file, kind)
            if draft.problems:
                raise malformed(file, draft.problems)
            drafts.append((file, draft))
    return drafts


def read_annotations(paths: Sequence[Path]) -> dict[str, Annotation]:
    """Read files of turns, and folders of them, into one collection, channels joined."""
    from trfast.formats._draft import joined

    return annotations_of(read_drafts(paths), joined)


def annotations_of(drafts: Sequence[tuple[Path, Draft]], name: Channels) -> dict[str, Annotation]:
    """Put the turns of files together."""
    found: dict[str, Annotation] = {}
    origin: dict[str, Path] = {}
    for file, draft in drafts:
        add_each(found, origin, draft.annotations(name), file)
    return found


def names_of_channels(drafts: Iterable[Draft], *, split: bool) -> tuple[Channels, list[str]]:
    """Return how channels are named, and the recordings of which a draft has several, or another
    has one by its own name: only these are split, in all drafts."""
    from trfast.audio import channel_name
    from trfast.formats._draft import joined

    listed = [draft.channels() for draft in drafts]
    recordings = {recording for channels in listed for recording in channels}
    several = set()
    for channels in listed:
        for recording, found in channels.items():
            names = {channel_name(recording, channel) for channel in found}
            if len(names) > 1 or not names.isdisjoint(recordings):
                several.add(recording)

    def named(recording: str, channel: str) -> str:
        return channel_name(recording, channel) if recording in several else recording

    return named if split else joined, sorted(several)


def together(parts: Iterable[dict[str, Timeline]]) -> dict[str, Timeline]:
    """Put the regions of files together."""
    from trfast.annotation import Timeline

    found: dict[str, Timeline] = {}
    for part in parts:
        for recording, timeline in part.items():
            found[recording] = Timeline([*found.get(recording, ()), *timeline])
    return found


def add_each(
    found: dict[str, Annotation],
    origin: dict[str, Path],
    more: dict[str, Annotation],
    file: Path,
) -> None:
    """Put the annotations of a file to the others; an error if two files have one recording."""
    from trfast.errors import AnnotationError

    for recording, annotation in more.items():
        if recording in found:
            raise AnnotationError(
                f"recording {recording} is in {origin[recording]} and in {file},"
                " expected in one file. Give one of the two"
            )
        found[recording], origin[recording] = annotation, file


def check_output(
    output: Path, formats: Sequence[str], n_recordings: int, *, profile: bool = False
) -> None:
    """Refuse, before any work, what standard output cannot take."""
    from trfast.formats import FORMATS

    if output != STDOUT:
        return
    if profile or _output.is_json():
        raise click.UsageError(
            "-o - leaves no place for other output: leave --profile and --json out."
        )
    if len(formats) > 1:
        raise click.UsageError("-o - takes one --format: give a folder for several.")
    if n_recordings > 1 and formats and FORMATS[formats[0]].alone:
        raise click.UsageError(
            f"-o - with --format {formats[0]}, of which each recording is a file, takes one"
            f" recording, not {n_recordings}: give a folder."
        )


def write_each(annotation: Annotation, folder: Path, formats: Sequence[str]) -> list[Path]:
    """Write one recording to a file a format; return the files."""
    from trfast.audio import file_name
    from trfast.formats import FORMATS, write_turns

    written = []
    for name in formats or ("rttm",):
        path = folder / file_name(annotation.recording, FORMATS[name].suffix)
        write_turns(annotation, path, name)
        written.append(path)
    return written


def write_all(
    annotations: Iterable[Annotation], folder: Path, formats: Sequence[str]
) -> list[Path]:
    """Write a collection to a file a format; where each recording is a file, to a folder of them
    with the name of the format. Return the files, and such folders."""
    from trfast.formats import FORMATS, write_turns

    listed, written = list(annotations), []
    for name in formats or ("rttm",):
        path = _collected(folder, FORMATS[name])
        if FORMATS[name].alone:
            path.mkdir(exist_ok=True)
            for annotation in listed:
                write_each(annotation, path, [name])
        else:
            write_turns(listed, path, name)
        written.append(path)
    return written


def written_before(folder: Path) -> list[str]:
    """Return the formats of a collection's turns that a folder has."""
    from trfast.formats import FORMATS

    return [name for name in WITH_SPEAKERS if _collected(folder, FORMATS[name]).exists()]


def _collected(folder: Path, kind: Format) -> Path:
    """Where the turns of a collection go; not where somebody may have exported something else."""
    if kind.alone:
        return folder / kind.name
    return folder / f"collection{'.turns' * (kind.name not in _SURE)}{kind.suffix}"


def print_turns(annotations: Iterable[Annotation], name: str = "rttm") -> None:
    """Write turns to standard output, if there is any recording."""
    from trfast.formats import FORMATS
    from trfast.formats.files import rendered

    if not (listed := list(annotations)):
        return
    content = rendered(listed, FORMATS[name])
    data = content.encode() if isinstance(content, str) else content
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
