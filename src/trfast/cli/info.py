"""trfast info: what a recording, a model or a collection is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trfast.cli import _common, _options, _output, _tables

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from trfast.model import ModelBundle, VectorModel

Entry = dict[str, Any]


@click.command(short_help="Say what a recording, a model or a collection is.")
@click.argument("paths", nargs=-1, required=True, type=_options.SOURCE, metavar="FILE_OR_FOLDER...")
@click.option(
    "--listen",
    is_flag=True,
    help="Decode recordings to their end, and say how loud they are, and what is suspicious.",
)
def info(paths: tuple[Path | str, ...], listen: bool) -> None:
    """Say what recordings, models and collections are.

    Of a recording, its format as the file says it; of a model (a .safetensors file, or the name of
    one that comes with trfast), what it was trained on, and its back-ends and thresholds; of a
    collection (a folder that `trfast run` has made, or its .sqlite file), what is in it, and what
    linked it. Any other folder is searched for audio files.
    """
    from trfast.errors import TrfastError

    todo, refused = _sorted(paths)
    entries, failed = [], [(failure.source or "", failure.error) for failure in refused]
    for path, look in todo:
        try:
            entries.append(look(path, listen=listen))
        except (TrfastError, OSError) as error:
            failed.append((str(path), str(error)))

    def in_words() -> None:
        console = _tables.console()
        for entry in entries:
            _show(console, entry)

    _output.report(lambda: entries, in_words, asked=True)
    for path, message in failed:
        click.echo(f"trfast: error: {'' if path in message else f'{path}: '}{message}", err=True)
    if failed:
        sys.exit(1)


def _sorted(
    paths: tuple[Path | str, ...],
) -> tuple[list[tuple[Path | str, Callable[..., Entry]]], list[Any]]:
    """Return what was given with who looks at it, and what cannot be looked at."""
    from trfast.model.bundle import BUNDLED

    todo: list[tuple[Path | str, Callable[..., Entry]]] = []
    sounds: list[Path | str] = []
    for path in paths:
        suffix = Path(path).suffix.lower()
        if suffix == ".safetensors" or (str(path) in BUNDLED and not Path(path).exists()):
            todo.append((path, _model))
        elif suffix == ".sqlite" or (Path(path) / "collection.sqlite").is_file():
            todo.append((path, _collection))
        else:
            sounds.append(path)
    found, refused = _common.find_recordings(sounds) if sounds else ([], [])
    return [*todo, *((path, _recording) for path in found)], refused


def _recording(path: Path | str, *, listen: bool) -> Entry:
    from trfast.audio import SoundCheck, probe, source_size, stream

    entry = {"path": path, "kind": "recording", **asdict(probe(path)), "bytes": source_size(path)}
    if not listen:
        return entry
    check = SoundCheck()
    for _ in stream(path, check=check):
        pass
    return entry | {"heard": check.duration, "level": check.level, "warnings": check.warnings}


def _model(path: Path | str, *, listen: bool) -> Entry:  # noqa: ARG001 (there is no sound)
    from trfast.model import ModelBundle, VectorModel, load_model
    from trfast.model.file import read_model

    of_vectors = Path(path).exists() and "vectors" in read_model(path)[0]["settings"]
    model: ModelBundle | VectorModel
    model = VectorModel.load(path) if of_vectors else load_model(path)
    entry: Entry = {"path": path, "kind": "model"}
    if isinstance(model, ModelBundle):
        entry |= {"hash": model.content_hash, "embedding": _embedding(model)}
    entry["vectors"] = model.vectors_hash
    default, made = model.clustering, model.provenance
    told = ("collection", "recordings", "hours", "speakers", "made", "trfast")
    return entry | {
        "default": {"backend": default.backend, "clustering": default.clustering},
        "trained_on": {name: made[name] for name in told if name in made},
        "backends": {
            name: {kind: asdict(found) for kind, found in backend.thresholds.items()}
            for name, backend in model.backends.items()
        },
    }


def _embedding(model: ModelBundle) -> str:
    if model.ubm is None or model.total_variability is None:
        neural = model.neural
        return f"neural, {neural.dimension} numbers, of {neural.file_hash:.12}" if neural else ""
    return f"i-vectors, rank {model.total_variability.rank}, {len(model.ubm.weights_)} Gaussians"


def _collection(path: Path | str, *, listen: bool) -> Entry:  # noqa: ARG001 (nor here)
    from trfast.cli import _summary
    from trfast.collection import Collection

    file = _common.collection_file(Path(path))
    with Collection(file, read_only=True) as collection:
        recordings, by = collection.recordings(), collection.linked_by
        entry = {
            "path": file,
            "kind": "collection",
            "bytes": file.stat().st_size,
            "models": sorted({recording.model_hash for recording in recordings}),
            "failed": len(collection.failures()),
            "corrections": sum(one.undone is None for one in collection.corrections.log()),
            "enrolled_speakers": len({voice.speaker for voice in collection.voices()}),
            "linked_by": None if by is None else asdict(by),
        }
        if collection.is_linked:
            return entry | _summary.of_collection(collection)
        return entry | _summary.of_recordings(recordings)


def _show(console: Console, entry: Entry) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, title=Text(str(entry["path"])), title_justify="left")
    table.add_column(style="bold")
    for name, value in entry.items():
        if name not in ("path", "backends", "most_recordings"):
            for words in _in_words(name, value):
                table.add_row(name.replace("_", " "), words)
    console.print(table)
    if backends := entry.get("backends"):
        console.print(_thresholds(backends, entry["default"]))


def _in_words(name: str, value: Any) -> Iterator[str]:
    from trfast.report import hours

    if isinstance(value, Mapping):
        shown = {
            inner: f"{one:.12}" if inner.endswith("hash") else one for inner, one in value.items()
        }
        yield ", ".join(f"{inner.replace('_', ' ')} {one}" for inner, one in shown.items())
    elif isinstance(value, list | tuple):
        yield from value
    elif name in ("duration", "heard", "audio", "speech"):
        yield f"{hours(value)} ({value:.2f} s)"
    elif name == "level":
        yield f"{value:.1f} dB of full scale"
    elif value is not None:
        yield f"{value:,}" if isinstance(value, int) and name != "sample_rate" else str(value)


def _thresholds(backends: Entry, default: Mapping[str, str]) -> Table:
    table = _tables.table("Back-end", ("Within", "Across"))
    for name, kinds in backends.items():
        for kind, found in kinds.items():
            cells = ("-" if one is None else f"{one:.4g}" for one in found.values())
            starred = _tables.starred(name, kind, default["backend"], default["clustering"])
            table.add_row(starred, *cells)
    return table
