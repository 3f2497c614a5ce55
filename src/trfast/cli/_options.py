"""What verbs share of their options, and what these were set to."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from trfast._names import (
    BACKENDS,
    CLUSTERINGS,
    DETECTORS,
    MODES,
    BackendName,
    ClusteringName,
    DetectorName,
)
from trfast.cli import _formats

if TYPE_CHECKING:
    from trfast.annotation import Timeline
    from trfast.collection import Collection, Compares
    from trfast.comparison import Comparison
    from trfast.diarization import Diarizer, SpeakerCounts
    from trfast.execution.recordings import Channel
    from trfast.model import ModelBundle
    from trfast.model.compared import Compared
    from trfast.speech import OnnxDetector

Function = TypeVar("Function", bound=Callable[..., Any])
Command = Callable[..., None]

BACKEND = click.Choice(BACKENDS)
CLUSTERING = click.Choice(CLUSTERINGS)
UNITS = "a log-likelihood ratio with plda, a cosine with all others.  [default: the model's]"


class PathType(click.Path):
    """A path; the empty one, as of a variable that is not set, is not the current folder."""

    def __init__(self, **options: Any) -> None:
        super().__init__(path_type=Path, **options)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """Refuse what is empty."""
        if not os.fspath(value):
            self.fail("a path is empty", param, ctx)
        return super().convert(value, param, ctx)


class _SourceType(PathType):
    """A path, or the URL of a recording, which stays a str."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """Leave a URL as it is."""
        from trfast.audio import is_url

        return value if is_url(value) else super().convert(value, param, ctx)


class _DetectorType(PathType):
    """``model``, ``energy``, or the path of a network."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """Refuse what is neither, nor a file."""
        if value in DETECTORS:
            return value
        path = super().convert(value, param, ctx)
        if not path.exists():
            self.fail(f"{str(path)!r} is neither {' nor '.join(DETECTORS)} nor a file", param, ctx)
        return path


def model_output(example: str) -> Callable[[Function], Function]:
    """Add the option of a verb that writes a model."""
    return click.option(
        "-o",
        "--output",
        required=True,
        type=PathType(dir_okay=False),
        metavar="FILE",
        help=f"Model file to write, such as {example}; its folder is made if need be.",
    )


EMBEDDER = click.option(
    "--embedder",
    type=PathType(),
    metavar="FILE",
    help="ONNX file of the neural embedding that the model was trained with.  [default: what"
    " TRFAST_EMBEDDER names]",
)
DETECTOR = click.option(
    "--detector",
    type=_DetectorType(),
    default="model",
    show_default=True,
    metavar="model|energy|FILE.onnx",
    help="What finds speech: the model's network, only the energy, or a network in an ONNX file,"
    " such as Silero VAD's.",
)
DASK = click.option(
    "--dask",
    metavar="tcp://HOST:PORT",
    help="Run on the workers of a Dask cluster, whose scheduler listens there, in place of local"
    " processes. They must see recordings under the same paths.",
)
SOURCE = _SourceType()
_IN_AND_OUT = (
    click.argument(
        "paths",
        nargs=-1,
        required=True,
        type=SOURCE,
        metavar="FILE_OR_FOLDER...",
    ),
    click.option(
        "-o",
        "--output",
        required=True,
        type=PathType(),
        metavar="FOLDER",
        help="Where the results go; made if need be. -: turns go to standard output.",
    ),
)
MODEL = click.option(
    "--model",
    type=PathType(),
    help="Model file.  [default: the one shipped with trfast]",
)
_BACKEND = click.option(
    "--backend",
    type=BACKEND,
    help="What compares voices, if the model has it.  [default: the model's]",
)
_CLUSTERING = click.option(
    "--clustering",
    type=CLUSTERING,
    help="Connected components (cc), complete (hac) or average linkage.  [default: the model's]",
)
_COMPARISON = (
    MODEL,
    EMBEDDER,
    click.option(
        "--mode",
        type=click.Choice(MODES),
        default="full",
        show_default=True,
        help="What a neural embedding sees: all speech, or, of each speaker that the default model"
        " finds in a recording, 20 s.",
    ),
    _BACKEND,
    _CLUSTERING,
    click.option(
        "--segments",
        is_flag=True,
        help="Within a recording, compare segments at a threshold, as the paper does, and not"
        " windows by their evidence.",
    ),
)
_LINKING = (
    MODEL,
    _BACKEND,
    _CLUSTERING,
    click.option(
        "--threshold",
        type=float,
        help="Similarity from which speakers of two recordings are the same: with average linkage"
        f" of a model that has a cohort, standard deviations above strangers; else {UNITS}",
    ),
)
VOICE_MARGIN = click.option(
    "--voice-margin",
    type=click.FloatRange(min=0),
    metavar="SCORE",
    help="By how much the score with the voice of one enrolled speaker must beat that with the"
    " next.  [default: a tenth of the threshold]",
)


def _jobs(*, passed: bool) -> Callable[[Function], Function]:
    def bound(ctx: click.Context, _: click.Parameter, value: int | None) -> int | None:
        if value is not None:
            from trfast._threads import cores_limit

            ctx.with_resource(cores_limit(value))
        return value

    return click.option(
        "--jobs",
        type=click.IntRange(min=1),
        metavar="N",
        callback=bound,
        expose_value=passed,
        help="Cores to use, for recordings side by side and for threads.  [default: all]",
    )


JOBS = _jobs(passed=True)
THREADS = _jobs(passed=False)
"""The same, of a verb that has only threads to bound, and is not told how many."""
_SOUND = (
    click.option(
        "--speech",
        type=PathType(),
        metavar="FILE",
        help="Take speech from a RTTM or UEM file instead of detecting it.",
    ),
    DETECTOR,
    click.option(
        "--channel",
        type=click.IntRange(min=0),
        help="Channel to take, counted from 0.  [default: the mean of all]",
    ),
    click.option(
        "--track",
        type=click.IntRange(min=0),
        default=0,
        show_default=True,
        help="Audio track to take of files that have several, counted from 0.",
    ),
    click.option(
        "--channels",
        type=click.Choice(["mean", "split"]),
        default="mean",
        show_default=True,
        help="Of a file with several channels, take the mean, or each as a recording of its own,"
        " such as call-ch1 and call-ch2.",
    ),
)
_SPEAKERS = (
    click.option(
        "--num-speakers",
        type=click.IntRange(min=1),
        metavar="N",
        help="So many speakers in each recording.  [default: what the voices say]",
    ),
    click.option(
        "--min-speakers", type=click.IntRange(min=1), metavar="N", help="At least so many."
    ),
    click.option(
        "--max-speakers", type=click.IntRange(min=1), metavar="N", help="At most so many."
    ),
    click.option(
        "--speaker-counts",
        type=PathType(),
        metavar="FILE",
        help="CSV file that says it of recordings by name, before the options above: columns"
        " recording,num_speakers or recording,min_speakers,max_speakers.",
    ),
)
_PROFILE = click.option("--profile", is_flag=True, help="Print the CPU time by stage.")


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


linking_options = _gathered(Linking, _LINKING)
"""Adds the options of a link; the command gets them as one `Linking`, called `given`."""

recording_options = _gathered(
    Given, (*_IN_AND_OUT, *_COMPARISON, JOBS, DASK, *_SOUND, *_SPEAKERS, _PROFILE)
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
