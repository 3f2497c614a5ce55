"""A collection of three short recordings with sound: each person hums a tone of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from tests.fakes import PEOPLE, FakeModel, diarization
from trfast.collection import Collection
from trfast.comparison import Comparison

RATE = 16000
TONES = dict(zip(PEOPLE, (220, 330, 440, 550), strict=True))
SHOWS = {"a": "ann:3 ben:2", "b": "ann:2 ben:4", "c": "cat:3 ann:2"}


def hum(text: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Return the sound of a text such as `ann:3 ben:2`, and a second of silence."""
    tones = [
        np.sin(2 * np.pi * TONES[name] * np.arange(round(float(seconds) * RATE)) / RATE) / 4
        for name, _, seconds in (word.partition(":") for word in text.split())
    ]
    return np.concatenate([*tones, np.zeros(RATE)]).astype(np.float32)


def add(collection: Collection, folder: Path, name: str, text: str, model_hash: str) -> None:
    """Add a recording, with its sound."""
    source = folder / f"{name}.flac"
    soundfile.write(source, hum(text), RATE)
    collection.add(diarization(name, text, model_hash), source=source)


def small_collection(folder: Path, model_hash: str = "fake") -> Path:
    """Write the collection, linked, and return its file."""
    file = folder / "collection.sqlite"
    with Collection(file) as collection:
        for name, text in SHOWS.items():
            add(collection, folder, name, text, model_hash)
        collection.link(FakeModel(model_hash), comparison=Comparison(threshold=0.5))
    return file
