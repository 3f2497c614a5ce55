"""Whatever is done to a collection, in whatever order and over two connections to its file."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.collection.test_store import meddling
from tests.fakes import FakeModel, diarization
from trfast.annotation import Annotation
from trfast.audio import Waveform
from trfast.collection import Collection
from trfast.diarization import Diarization, Job
from trfast.errors import AudioError, CollectionError

NAMES = st.sampled_from("abcd")
TEXTS = st.sampled_from(["", "ann:1", "ben:2", "ann:1 ben:1", "ben:1 ann:2 cat:1", "ann:1 ann:1"])
SIDES = st.sampled_from([0, 1])
SAMPLES = Waveform(np.zeros(1, np.float32), 16000)


def renamed(annotations: Iterable[Annotation]) -> list[Annotation]:
    """Speakers by first appearance: their names are those of the first link that found them."""
    names: dict[str, str] = {}
    return [
        a.rename({s: names.setdefault(s, str(len(names))) for s in a.speakers}) for a in annotations
    ]


class Says:
    """A diarizer that hears what it is told, or fails."""

    model_hash = "fake"

    def __init__(self, text: str) -> None:
        self.fingerprint = text

    def __call__(self, job: Job) -> Diarization:
        if self.fingerprint == "fails":
            raise AudioError("no sound")
        return diarization(job.name, self.fingerprint)


class Handling(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.sides = [Collection(self.folder / "c.sqlite") for _ in range(2)]
        self.texts: dict[str, str] = {}
        self.failed: set[str] = set()
        self.is_linked = True
        self.is_renamed = False  # since the last link

    def teardown(self) -> None:
        for side in self.sides:
            side.close()
        shutil.rmtree(self.folder)

    def note(self, name: str, text: str | None) -> None:
        before = self.texts.pop(name, None)
        self.failed.discard(name)
        if text is not None:
            self.texts[name] = text
        if text != before and (before or text):
            self.is_linked = False

    @rule(side=SIDES, name=NAMES, text=TEXTS)
    def diarize(self, side: int, name: str, text: str) -> None:
        self.sides[side].add(Job(name, SAMPLES), diarizer=Says(text))
        self.note(name, text)

    @rule(side=SIDES, names=st.lists(NAMES, unique=True), text=TEXTS)
    def diarize_all(self, side: int, names: list[str], text: str) -> None:
        jobs = [Job(name, SAMPLES) for name in names]
        assert self.sides[side].add_all(jobs, diarizer=Says(text), jobs=1) == []
        for name in names:
            self.note(name, text)

    @rule(side=SIDES, name=NAMES, text=TEXTS)
    def add(self, side: int, name: str, text: str) -> None:
        if name in self.texts:
            with pytest.raises(CollectionError, match="already"):
                self.sides[side].add(diarization(name, text))
        else:
            self.sides[side].add(diarization(name, text))
            self.note(name, text)

    @rule(side=SIDES, name=NAMES)
    def fail(self, side: int, name: str) -> None:
        jobs = [Job(name, SAMPLES)]
        (failure,) = self.sides[side].add_all(jobs, diarizer=Says("fails"), jobs=1)
        assert failure.recording == name
        if name not in self.texts:
            self.failed.add(name)

    @rule(side=SIDES, name=NAMES)
    def remove(self, side: int, name: str) -> None:
        if name in self.texts or name in self.failed:
            self.sides[side].remove(name)
        else:
            with pytest.raises(CollectionError, match="has no recording"):
                self.sides[side].remove(name)
        self.note(name, None)

    @rule(side=SIDES, old=NAMES, new=NAMES)
    def rename(self, side: int, old: str, new: str) -> None:
        there = self.texts.keys() | self.failed
        if old not in there or (new in there and new != old):
            with pytest.raises(CollectionError, match=r"has no recording|already"):
                self.sides[side].rename_recording(old, new)
            return
        self.sides[side].rename_recording(old, new)
        self.is_renamed = True
        if old in self.failed:
            self.failed.remove(old)
            self.failed.add(new)
        else:
            self.texts[new] = self.texts.pop(old)

    @rule(side=SIDES)
    def link(self, side: int) -> None:
        self.sides[side].link(FakeModel())
        self.is_linked, self.is_renamed = True, False

    @rule(side=SIDES, name=NAMES, text=st.none() | TEXTS)
    def link_while_another_writes(self, side: int, name: str, text: str | None) -> None:
        steps: list[Callable[[], None]] = [lambda: self.remove(1 - side, name)]
        if text is not None:
            steps.append(lambda: self.diarize(1 - side, name, text))

        def happens() -> None:
            while steps:
                steps.pop(0)()

        self.sides[side].link(meddling(happens))
        self.is_linked, self.is_renamed = True, False
        happens()  # nobody spoke, so there was nothing to link

    @invariant()
    def both_sides_hold_what_was_put_in(self) -> None:
        for side in self.sides:
            assert [recording.name for recording in side.recordings()] == sorted(self.texts)
            assert [failure.recording for failure in side.failures()] == sorted(self.failed)
            for name, text in self.texts.items():
                assert side.diarization(name).annotation == diarization(name, text).annotation

    @invariant()
    def what_is_linked_is_as_if_made_anew(self) -> None:
        if not self.is_linked and any(self.texts.values()):
            for side in self.sides:
                with pytest.raises(CollectionError, match="link them first"):
                    side.speakers()
            return
        with Collection(":memory:") as fresh:
            for name, text in self.texts.items():
                fresh.add(diarization(name, text))
            fresh.link(FakeModel())
            for side in self.sides:
                assert renamed(side.annotations()) == renamed(fresh.annotations())
                for own, other in zip(side.links(), fresh.links(), strict=True):
                    assert (own.recording, own.local) == (other.recording, other.local)
                    assert own.similarity == other.similarity
                    # Of equally similar ones, the first by name when they were linked.
                    assert own.nearest == other.nearest or self.is_renamed


TestHandling = Handling.TestCase
TestHandling.settings = settings(max_examples=30, stateful_step_count=12, deadline=None)
