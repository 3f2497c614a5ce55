"""trfast plot: who speaks when, as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from trfast.cli import _common, _options, _output

if TYPE_CHECKING:
    from trfast.annotation import Annotation

_MOST = 12  # recordings in one picture


@click.command(short_help="Draw who speaks when: SVG, PNG or PDF.")
@click.argument("source", metavar="RTTM_OR_COLLECTION", type=_options.PathType())
@click.option(
    "-o",
    "--output",
    required=True,
    type=_options.PathType(dir_okay=False),
    metavar="FILE",
    help="Picture to write: .svg, .png or .pdf.",
)
@click.option(
    "--recording",
    "names",
    multiple=True,
    metavar="NAME",
    help=f"Recording to draw; can be given again.  [default: all, if they are at most {_MOST}]",
)
def plot(source: Path, output: Path, names: tuple[str, ...]) -> None:
    """Draw recordings one under the other, a lane a speaker; needs trfast[plot].

    RTTM_OR_COLLECTION is a RTTM file, a folder that `trfast run` or `trfast import` has made, or
    its collection.sqlite.
    """
    from trfast.report.plots import check_plot_path, draw_timelines

    check_plot_path(output)
    found, durations = _read(source)
    _common.make_folder(output.parent)
    draw_timelines(output, _chosen(found, names, source), durations=durations)
    _output.wrote(output)


def _read(source: Path) -> tuple[dict[str, Annotation], dict[str, float]]:
    """Turns by recording, and seconds of audio where they are known."""
    from trfast.collection import Collection
    from trfast.formats import read_rttm

    if source.is_file() and source.suffix.lower() != ".sqlite":
        return read_rttm(source), {}
    with Collection(_common.collection_file(source), read_only=True) as collection:
        turns = {annotation.recording: annotation for annotation in collection.annotations()}
        return turns, {one.name: one.duration for one in collection.recordings()}


def _chosen(found: dict[str, Annotation], names: tuple[str, ...], source: Path) -> list[Annotation]:
    from trfast.errors import ParameterError

    if missing := [name for name in names if name not in found]:
        raise ParameterError(
            f"{source} has no recording {', '.join(missing)}; it has {', '.join(list(found)[:5])}"
            + (f" and {len(found) - 5} more" if len(found) > 5 else "")
        )
    if not names and len(found) > _MOST:
        raise ParameterError(
            f"{source} has {len(found)} recordings, and a picture holds {_MOST}: choose some with"
            " --recording"
        )
    if not found:
        raise ParameterError(f"{source} has no recordings to draw")
    return [found[name] for name in dict.fromkeys(names or found)]
