"""What is fuzzed: each takes bytes for a file, and may raise nothing but errors of trfast."""

from __future__ import annotations

import io
import json
import tempfile
import warnings
from collections.abc import Callable
from contextlib import suppress
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
SMALL = load_model(Path(__file__).parent / "corpus" / "model" / "small")
NPY_NAMES = "recording,speaker\na,S1\na,S2\n"

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
    with suppress(TrfastError), Collection(file_of(data, ".sqlite"), read_only=True) as opened:
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
    target.__name__: target for target in (turns, vectors, model, settings, collection, audio)
}
