"""What is new is linked by a summary as by all vectors, and the summary is of the last link."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tests.fakes import FakeModel
from trfast.annotation import Annotation
from trfast.collection import Collection, linker, summary
from trfast.comparison import Comparison
from trfast.diarization import Diarization

AVERAGE = Comparison(threshold=0.6, clustering="average")
VOICES = np.random.default_rng(0).normal(size=(40, 40))


def recording(name: str, *voices: int) -> Diarization:
    seed = int.from_bytes(name.encode(), "big") % 2**31
    noise = 0.15 * np.random.default_rng(seed).normal(size=(len(voices), 40))
    names = tuple(f"S{k}" for k in range(len(voices)))
    return Diarization(
        annotation=Annotation(name, [(2.0 * k, 2.0 * k + 1.5, s) for k, s in enumerate(names)]),
        speakers=names,
        vectors=(VOICES[list(voices)] + noise).astype(np.float32),
        speech_durations=np.full(len(voices), 1.5),
        duration=100.0,
        model_hash=FakeModel.vectors_hash,
    )


def linked(collection: Collection) -> bool:
    return collection.link(FakeModel(), comparison=AVERAGE, new_only=True).new_only


def names(collection: Collection) -> list[tuple[str, str, str]]:
    return [(link.recording, link.local, link.speaker) for link in collection.links()]


@pytest.fixture
def pair() -> Iterator[tuple[Collection, Collection]]:
    """Two linked collections of the same recordings."""
    with Collection(":memory:") as one, Collection(":memory:") as other:
        for collection in (one, other):
            for k in range(30):
                collection.add(recording(f"r{k}", k, (k + 1) % 20, (k + 7) % 20))
            collection.link(FakeModel(), comparison=AVERAGE)
        yield one, other


def add(collections: tuple[Collection, Collection], *arguments: str | int) -> None:
    for collection in collections:
        collection.add(recording(*arguments))  # type: ignore[arg-type]


def both(pair: tuple[Collection, Collection], monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Link the first by all vectors and the second by the summary; they agree."""
    how = []
    for collection, least in zip(pair, (10**9, 0), strict=True):
        monkeypatch.setattr(linker, "SUMMARIZED", least)
        how.append(linked(collection))
    assert how[0] == how[1]
    assert names(pair[0]) == names(pair[1])
    return how


def test_recordings_that_come_one_by_one(
    pair: tuple[Collection, Collection], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    monkeypatch.setattr(summary, "write", lambda *a, write=summary.write: read.append(write(*a)))
    for k in range(8):
        add(pair, f"new{k}", k, 30 + k // 2, (3 * k + 1) % 20)
        assert both(pair, monkeypatch) == [True, True]
    assert len(read) == 1  # made once, and kept up


def test_nobody_is_near(
    pair: tuple[Collection, Collection], monkeypatch: pytest.MonkeyPatch
) -> None:
    for k in range(2):
        add(pair, f"new{k}", 35, 36)
        assert both(pair, monkeypatch) == [True, True]


def test_what_changes_otherwise_makes_it_anew(
    pair: tuple[Collection, Collection], monkeypatch: pytest.MonkeyPatch
) -> None:
    add(pair, "new0", 3, 31)
    both(pair, monkeypatch)
    for collection in pair:
        collection.corrections.merge("speaker-0001", "speaker-0002")
    add(pair, "new1", 0, 1)
    both(pair, monkeypatch)
    for collection in pair:
        collection.remove("r3")
    add(pair, "new2", 3, 4)
    both(pair, monkeypatch)
    for collection in pair:
        collection.link(FakeModel(), comparison=AVERAGE)
    add(pair, "new3", 3, 4)
    both(pair, monkeypatch)
    for collection in pair:
        collection.add_diarizations([recording("r5", 9, 8)], replace=True)
    add(pair, "new4", 5, 6)
    both(pair, monkeypatch)


def test_doubts_and_other_ways_link_all(
    pair: tuple[Collection, Collection], monkeypatch: pytest.MonkeyPatch
) -> None:
    between = recording("new0", 3)
    mixed = (VOICES[[3]] + VOICES[[11]]).astype(np.float32)
    between = Diarization(**{**vars(between), "vectors": mixed})
    for collection in pair:
        collection.add(between)
    assert both(pair, monkeypatch) == [False, False]
    add(pair, "new1", 3)
    for collection in pair:
        how = collection.link(
            FakeModel(), comparison=Comparison(threshold=0.7, clustering="average"), new_only=True
        )
        assert how.because == ("the others were linked in another way",)
