"""What is fuzzed: each takes bytes for a file, and may raise nothing but errors of trfast."""

from __future__ import annotations

import io
import json
import sqlite3
import struct
import tempfile
import warnings
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from trfast import Annotation, Comparison, Job, load_model
from trfast.audio import stream
from trfast.collection import Collection, import_diarizations, read_vectors
from trfast.errors import TrfastError
from trfast.formats import FORMATS, find_problems, read_turns, read_uem
from trfast.model.file import write_model

FOLDER = Path(tempfile.mkdtemp(prefix="trfast-fuzz-"))
TURNS = [Annotation("a", [(0.0, 2.0, "S1"), (2.0, 3.0, "S2")])]
MOST_SAMPLES = 160_000
CORPUS = Path(__file__).parent / "corpus"
SMALL = load_model(CORPUS / "model" / "small")
NPY_NAMES = "recording,speaker\na,S1\na,S2\n"

# A collection whose columns take any value, and these columns.
CORRECTED = CORPUS / "collection" / "corrected"
with closing(sqlite3.connect(f"{CORRECTED.as_uri()}?immutable=1", uri=True)) as _db:
    COLUMNS = _db.execute(
        "SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c"
        " WHERE t.type = 'table' ORDER BY t.name, c.cid"
    ).fetchall()

warnings.simplefilter("ignore")


def file_of(data: bytes, suffix: str) -> Path:
    path = FOLDER / f"x{suffix}"
    path.write_bytes(data)
    return path


def turns(data: bytes) -> None:
    """Of the format that the first byte says."""
    if not data:
        return
    kind = list(FORMATS.values())[data[0] % len(FORMATS)]
    path = file_of(data[1:], kind.suffix)
    with suppress(TrfastError):
        find_problems(path)
        read_turns(path, lenient=True) if kind.has_speakers else read_uem(path)


def vectors(data: bytes) -> None:
    """Of the kind that the first byte says."""
    if not data:
        return
    path = file_of(data[1:], (".npz", ".npy", ".ark")[data[0] % 3])
    path.with_suffix(".csv").write_text(NPY_NAMES)
    with suppress(TrfastError), Collection(":memory:") as collection:
        collection.add_diarizations(import_diarizations(TURNS, read_vectors(path)))
        collection.link(comparison=Comparison(threshold=0.5))


def model(data: bytes) -> None:
    """Load it."""
    with suppress(TrfastError):
        load_model(file_of(data, ".safetensors"))


def settings(data: bytes) -> None:
    """Of a model whose hash is true."""
    try:
        changed = json.loads(data)
    except (RecursionError, ValueError):
        return
    write_model(FOLDER / "x.safetensors", changed, SMALL._tensors(), {})
    with suppress(TrfastError):
        load_model(FOLDER / "x.safetensors")


def collection(data: bytes) -> None:
    """Read all that is in it."""
    for beside in FOLDER.glob("x.sqlite*"):
        beside.unlink()
    read_all(file_of(data, ".sqlite"))


def cells(data: bytes) -> None:
    """Change a value in a collection: the first bytes say where, and to what kind of value."""
    if len(data) < 3:
        return
    table, column = COLUMNS[data[0] % len(COLUMNS)]
    rest = data[3:]
    kinds = (
        lambda: None,
        lambda: int.from_bytes(rest[:8], signed=True),
        lambda: struct.unpack("<d", rest[:8].ljust(8, b"\0"))[0],
        lambda: rest.decode(errors="replace"),
        lambda: rest,
    )
    path = file_of(CORRECTED.read_bytes(), ".sqlite")
    with suppress(sqlite3.IntegrityError), closing(sqlite3.connect(path)) as db, db:
        row = f"SELECT rowid FROM {table} LIMIT 1 OFFSET {data[1] % 4}"
        value = kinds[data[2] % len(kinds)]()
        db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ({row})", [value])
    read_all(path)


def read_all(path: Path) -> None:
    """Read all of a collection."""
    with suppress(TrfastError), Collection(path, read_only=True) as opened:
        for recording in opened.recordings():
            opened.diarization(recording.name)
        opened.failures(), opened.corrections.log(), opened.voices(), opened.linked_by
        opened.speakers(), list(opened.links()), list(opened.annotations())


def audio(data: bytes) -> None:
    """Decode ten seconds."""
    if not data:
        return
    n_samples = 0
    with suppress(TrfastError):
        for block in stream(Job.of(io.BytesIO(data)).source):
            n_samples += len(block)
            if n_samples > MOST_SAMPLES:
                break


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (turns, vectors, model, settings, collection, cells, audio)
}
