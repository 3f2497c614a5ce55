"""trfast convert: turns in another format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trfast.cli import _common, _formats, _options, _output, _tables

if TYPE_CHECKING:
    from trfast.annotation import Annotation
    from trfast.formats import Format
    from trfast.formats._draft import Draft


@click.command(short_help="Write turns in another format.")
@click.argument(
    "paths", nargs=-1, required=True, type=_options.PathType(), metavar="FILE_OR_FOLDER..."
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=_options.PathType(),
    metavar="FILE|FOLDER|-",
    help="A file, for all recordings; a folder, for a file each; or -, standard output.",
)
@_formats.FROM
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(_formats.NAMES),
    help="Format to write; for a folder, may be given again.  [default: what the suffix of the"
    " output says; rttm for -]",
)
@click.option("--lenient", is_flag=True, help="Leave malformed lines out, and say which.")
@_formats.CHANNELS
@click.option(
    "--regions", is_flag=True, help="Write where anybody speaks, and not who: as UEM has it."
)
def convert(
    paths: tuple[Path, ...],
    output: Path,
    source: str | None,
    formats: tuple[str, ...],
    lenient: bool,
    channels: str,
    regions: bool,
) -> None:
    """Write turns in another format.

    Of a folder, the files of the format --from are read; without it, all whose suffix is that of a
    format and nothing else (not .txt, .csv, .json, .parquet).

    What the new format cannot hold is an error; what is in a file that are no turns, and turns that
    are too short for the new format, are told on standard error.
    """
    kinds, folder = _target(output, formats)
    _formats.check_output(output, formats, n_recordings=0)
    files = _formats.files_below(paths, source)
    if not regions:
        _check_speakers([kind for _, kind in files], kinds)
    found: dict[str, Annotation] = {}
    origin: dict[str, Path] = {}
    for path, kind in files:
        read = _read(path, kind, lenient=lenient, split=channels == "split")
        _formats.add_each(found, origin, read, path)
    annotations = [_regions(a) for a in found.values()] if regions else list(found.values())
    for kind in kinds:
        _tell_lost(annotations, kind, alone=kind.alone or folder)
    if output == _formats.STDOUT:
        _formats.print_turns(annotations, kinds[0].name)
    elif folder:
        _common.make_folder(output)
        names = [kind.name for kind in kinds]
        written = [_formats.write_each(annotation, output, names) for annotation in annotations]
        _output.wrote(*(file for files in written for file in files))
    else:
        from trfast.formats import write_turns

        _common.make_folder(output.parent)
        write_turns(annotations, output, kinds[0].name)
        _output.wrote(output)


def _target(output: Path, formats: Sequence[str]) -> tuple[list[Format], bool]:
    """Return the formats to write, and whether to a folder."""
    from trfast.formats import FORMATS, format_of

    kinds = [FORMATS[name] for name in dict.fromkeys(formats)]
    if output == _formats.STDOUT:
        return kinds or [FORMATS["rttm"]], False
    suffixes = {kind.suffix.lower() for kind in FORMATS.values()}
    if output.is_dir() or (kinds and output.suffix.lower() not in suffixes):
        if not kinds:
            raise click.UsageError(f"{output} is a folder: give a --format, too.")
        return kinds, True
    if len(kinds) > 1:
        raise click.UsageError(f"{output} is a file, which has one format: give a folder.")
    return kinds or [format_of(output)], False


def _check_speakers(sources: Sequence[Format], targets: Sequence[Format]) -> None:
    """Refuse what loses the speakers, or has none to begin with."""
    for kind in targets:
        if not kind.has_speakers and any(source.has_speakers for source in sources):
            raise click.UsageError(
                f"{kind.name} has no place for speakers: --regions writes where anybody speaks."
            )
        for source in sources:
            if kind.has_speakers and not source.has_speakers:
                raise click.UsageError(
                    f"{source.name} says nothing of speakers, which {kind.name} wants: it can only"
                    " become uem."
                )


def _read(path: Path, kind: Format, *, lenient: bool, split: bool) -> dict[str, Annotation]:
    """Read a file, and tell what of it is left out."""
    from trfast.formats._records import malformed
    from trfast.formats.files import read_draft

    draft = read_draft(path, kind, lenient=lenient)
    if draft.problems and not lenient:
        raise malformed(path, draft.problems)
    for problem in draft.problems:
        _output.warn(f"{path}:{problem.line}: {problem.message}; left out")
    name, several = _formats.names_of_channels([draft], split=split)
    if several and not split:
        names = _tables.listed(several)
        _output.warn(
            f"{path}: the channels of {names} are joined (--channels split keeps them apart)"
        )
    if told := left_out(draft):
        _output.warn(f"{path}: left out: {told}")
    return draft.annotations(name)


def left_out(draft: Draft) -> str:
    """Say what is in a file that are no turns."""
    counted = draft.left_out + Counter({"NOSCORE line": sum(map(len, draft.no_score.values()))})
    return ", ".join(f"{n} x {what}" for what, n in sorted(counted.items()))


def _regions(annotation: Annotation) -> Annotation:
    from trfast.annotation import Annotation
    from trfast.formats.uem import NOBODY

    merged = [(region.start, region.end, NOBODY) for region in annotation.timeline()]
    return Annotation(annotation.recording, merged)


def _tell_lost(annotations: Sequence[Annotation], kind: Format, *, alone: bool) -> None:
    """Say which turns are too short for a format, and what it holds of silence: nothing."""
    step = kind.step
    n_short = step and sum(
        round(turn.start / step) >= round(turn.end / step) for a in annotations for turn in a
    )
    if n_short:
        _output.warn(
            f"{kind.name}: left out: {n_short} turns that are nothing in steps of {step:g} s"
        )
    silent = [a.recording for a in annotations if not a.turns]
    if silent and not alone and kind.name != "json":
        _output.warn(f"{kind.name}: left out, for nobody speaks in them: {_tables.listed(silent)}")
