"""trfast export: vectors, links and turns of a collection, for other programs."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trfast.cli import _common, _options, _output

if TYPE_CHECKING:
    from trfast.collection import Collection

Rows = list[tuple[Any, ...]]

_TURNS = ("recording", "start", "end", "local", "speaker")
_VECTORS = ("recording", "local", "speech", "vector")
_LINKS = (
    *("recording", "local", "speaker", "correction"),
    *("similarity", "nearest_recording", "nearest_local"),
    *("runner_up_similarity", "runner_up_recording", "runner_up_local"),
    "enrolled_similarity",
)
_SIMILARITIES = ("similarity", "runner_up_similarity", "enrolled_similarity")


@click.command(short_help="Write vectors, links or turns of a collection.")
@click.argument("collection", type=_options.PathType())
@click.option(
    "-o",
    "--output",
    required=True,
    type=_options.PathType(dir_okay=False),
    metavar="FILE",
    help="Vectors go to .npz, .npy with a .csv beside it, .ark or .parquet; links to .csv or"
    " .parquet; turns to these or .rttm.",
)
@click.option(
    "--what",
    type=click.Choice(["vectors", "links", "turns"]),
    default="vectors",
    show_default=True,
    help="Vectors of local speakers; who each of them is, and why; or who speaks when.",
)
def export(collection: Path, output: Path, what: str) -> None:
    """Write what is in a collection for other programs.

    COLLECTION is a folder that `trfast run` or `trfast import` has made, or its collection.sqlite.
    Vectors, and turns in .rttm, have local names, as `trfast import` takes them; tables of links
    and turns have the names of the collection too.
    """
    from trfast.collection import Collection
    from trfast.errors import ParameterError

    writers = _WRITERS[what]
    if output.suffix.lower() not in writers:
        raise ParameterError(
            f"{output}: {what} are written to {', '.join(writers)}. Give such a file, or another"
            " --what"
        )
    with Collection(_common.collection_file(collection), read_only=True) as opened:
        _common.make_folder(output.parent)
        writers[output.suffix.lower()](opened, output)
    _output.wrote(output)


def _links(collection: Collection) -> Rows:
    return [
        (
            *(link.recording, link.local, link.speaker, link.correction),
            *(link.similarity, *(link.nearest or (None, None))),
            *(link.runner_up_similarity, *(link.runner_up or (None, None))),
            link.enrolled_similarity,
        )
        for link in collection.links()
    ]


def _turns(collection: Collection) -> Rows:
    names = {(link.recording, link.local): link.speaker for link in collection.links()}
    return [
        (name, turn.start, turn.end, turn.speaker, names.get((name, turn.speaker)))
        for name in [recording.name for recording in collection.recordings()]
        for turn in collection.diarization(name).annotation
    ]


def _vectors(collection: Collection) -> Rows:
    found = (collection.diarization(recording.name) for recording in collection.recordings())
    return [
        (diarization.recording, *row)
        for diarization in found
        for row in zip(
            diarization.speakers,
            diarization.speech_durations.tolist(),
            diarization.vectors,
            strict=True,
        )
    ]


def _to_vectors(collection: Collection, output: Path) -> None:
    from trfast.collection import write_vectors

    rows = _vectors(collection)
    write_vectors(output, {(recording, local): vector for recording, local, _, vector in rows})


def _to_rttm(collection: Collection, output: Path) -> None:
    from trfast.formats import write_rttm

    recordings = collection.recordings()
    write_rttm([collection.diarization(r.name).annotation for r in recordings], output)


def _to_csv(columns: tuple[str, ...], rows: Callable[[Collection], Rows]) -> Any:
    def write(collection: Collection, output: Path) -> None:
        from trfast._files import write_atomic

        content = io.StringIO()
        csv.writer(content, lineterminator="\n").writerows([columns, *rows(collection)])
        write_atomic(output, content.getvalue())

    return write


def _to_parquet(columns: tuple[str, ...], rows: Callable[[Collection], Rows]) -> Any:
    def write(collection: Collection, output: Path) -> None:
        from trfast._extras import extra
        from trfast._files import replacing

        parquet = extra("pyarrow.parquet", "tables", f"{output}: Parquet")
        pyarrow = extra("pyarrow", "tables", f"{output}: Parquet")
        found = rows(collection)
        kinds = {
            "vector": pyarrow.list_(pyarrow.float32()),
            **dict.fromkeys(("start", "end", "speech"), pyarrow.float64()),
            **dict.fromkeys(_SIMILARITIES, pyarrow.float64()),
        }
        table = pyarrow.table(
            {
                column: pyarrow.array([row[i] for row in found], kinds.get(column, "string"))
                for i, column in enumerate(columns)
            }
        )
        with replacing(output) as temporary:
            parquet.write_table(table, os.fspath(temporary))

    return write


_WRITERS: dict[str, dict[str, Callable[[Collection, Path], None]]] = {
    "vectors": {
        ".npz": _to_vectors,
        ".npy": _to_vectors,
        ".ark": _to_vectors,
        ".parquet": _to_parquet(_VECTORS, _vectors),
    },
    "links": {".csv": _to_csv(_LINKS, _links), ".parquet": _to_parquet(_LINKS, _links)},
    "turns": {
        ".csv": _to_csv(_TURNS, _turns),
        ".parquet": _to_parquet(_TURNS, _turns),
        ".rttm": _to_rttm,
    },
}
