"""What the options that verbs share were set to, and what is made of that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trfast._names import BackendName, ClusteringName, DetectorName
from trfast.cli import _formats, _options

if TYPE_CHECKING:
    from trfast.annotation import Timeline
    from trfast.collection import Collection, Compares
    from trfast.comparison import Comparison
    from trfast.diarization import Diarizer, SpeakerCounts
    from trfast.execution.recordings import Channel
    from trfast.model import ModelBundle
    from trfast.model.compared import Compared
    from trfast.speech import OnnxDetector

Command = Callable[..., None]


@dataclass(frozen=True)
class Given:
    """What the options that all verbs over recordings share were set to."""

    paths: tuple[Path | str, ...]
    output: Path
    model: Path | None
    embedder: Path | None
    mode: str
    backend: BackendName | None
    clustering: ClusteringName | None
    segments: bool
    jobs: int | None
    dask: str | None
    speech: Path | None
    detector: DetectorName | Path
    channel: int | None
    track: int
    channels: str
    num_speakers: int | None
    min_speakers: int | None
    max_speakers: int | None
    speaker_counts: Path | None
    profile: bool

    def diarizer(
        self, threshold: float | None, option: str, *, segments: bool = False
    ) -> tuple[ModelBundle, Diarizer]:
        """Load the model, and make a diarizer of it, which compares segments if that is asked for,
        be it by a threshold; `option` is that of the threshold."""
        from trfast.diarization import Diarizer
        from trfast.model import load_model

        model = load_model(self.model, embedder=self.embedder)
        detector = opened_detector(self.detector)
        if threshold is not None:
            model.backend(self.backend).check_threshold(threshold, option)
        comparison = None
        if segments or self.segments or threshold is not None or model.windows is None:
            comparison = model.within(self.backend, self.clustering, threshold)
        local = load_model() if self.mode == "hybrid" else None
        return model, Diarizer(model, comparison=comparison, detector=detector, local_model=local)

    def __post_init__(self) -> None:
        if self.channels == "split" and self.channel is not None:
            raise click.UsageError("--channel takes one, --channels split all: give one of them.")

    @property
    def taken_channel(self) -> Channel:
        """What is taken of files with several channels."""
        return "split" if self.channels == "split" else self.channel

    def marks(self) -> dict[str, Timeline] | None:
        """Read speech marks from a RTTM or UEM file."""
        return None if self.speech is None else read_marks(self.speech, self.channels == "split")

    def counts(self) -> SpeakerCounts:
        """Return how many speakers recordings have, from options and file."""
        from trfast.diarization import SpeakerCount, SpeakerCounts, read_speaker_counts

        others = SpeakerCount(self.num_speakers, self.min_speakers, self.max_speakers)
        if self.speaker_counts is None:
            return SpeakerCounts({}, others)
        return read_speaker_counts(self.speaker_counts, others=others)


@dataclass(frozen=True)
class Linking:
    """What the options of a link were set to."""

    model: Path | None
    backend: BackendName | None
    clustering: ClusteringName | None
    threshold: float | None

    def chosen(self, collection: Collection) -> tuple[Compares | None, Comparison | None]:
        """Return the model and what compares, None where the model says it; imported vectors
        need no model."""
        from trfast.collection.imports import IMPORTED
        from trfast.comparison import Comparison
        from trfast.errors import ParameterError
        from trfast.model import VectorModel, load_model

        models = {recording.model_hash for recording in collection.recordings()}
        if models and all(model.startswith(IMPORTED) for model in models):
            if self.model is not None:
                trained = VectorModel.load(self.model)
                return trained, self._across(trained)
            if self.backend is not None:
                raise ParameterError(
                    "--backend is one of a model; without --model, imported vectors are compared by"
                    " their cosine: give --threshold alone, or with --clustering"
                )
            if self.threshold is None:
                return None, None
            return None, Comparison(threshold=self.threshold, clustering=self.clustering or "cc")
        model = load_model(self.model)
        return model, self._across(model)

    def _across(self, model: Compared) -> Comparison | None:
        if (self.backend, self.clustering, self.threshold) == (None, None, None):
            return None
        return across(model, self.backend, self.clustering, self.threshold, "--threshold")


def read_marks(path: Path, split: bool = False) -> dict[str, Timeline]:
    """Read speech marks from a RTTM or UEM file."""
    if path.suffix.lower() not in (".rttm", ".uem"):
        raise click.BadParameter(f"{path} is neither .rttm nor .uem", param_hint="--speech")
    uem = path.suffix.lower() == ".uem"
    ((_, draft),) = _formats.read_drafts([path], "uem" if uem else "rttm")
    name, _ = _formats.names_of_channels([draft], split=split)
    if uem:
        return draft.timelines(name)
    return {name: turns.timeline() for name, turns in draft.annotations(name).items()}


def _gathered(kind: type[Given | Linking], options: Sequence[Any]) -> Callable[[Command], Command]:
    """Return what adds options to a command, which gets them as one of a kind, called `given`."""

    def decorate(command: Command) -> Command:
        @wraps(command)
        def called(*arguments: Any, **values: Any) -> None:
            given = {field.name: values.pop(field.name) for field in fields(kind)}
            command(*arguments, given=kind(**given), **values)

        decorated = called
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate


linking_options = _gathered(Linking, _options.LINKING)
"""Adds the options of a link; the command gets them as one `Linking`, called `given`."""

recording_options = _gathered(
    Given,
    (
        *_options.IN_AND_OUT,
        *_options.COMPARISON,
        _options.JOBS,
        _options.DASK,
        *_options.SOUND,
        *_options.SPEAKERS,
        _options.PROFILE,
    ),
)
"""Adds what verbs over recordings share; the command gets it as one `Given`, called `given`."""


def across(
    model: Compared,
    backend: BackendName | None,
    clustering: ClusteringName | None,
    threshold: float | None,
    option: str,
) -> Comparison:
    """Return what links speakers across recordings; `option` is that of the threshold."""
    if threshold is not None:
        normalized = model.across(backend, clustering, 0.0).normalized
        model.backend(backend).check_threshold(threshold, option, normalized=normalized)
    return model.across(backend, clustering, threshold)


def opened_detector(detector: DetectorName | Path) -> DetectorName | OnnxDetector:
    """Open the network, if it is one."""
    if isinstance(detector, str):
        return detector
    from trfast.speech import OnnxDetector

    return OnnxDetector(detector)
