"""Diarizer: a recording -> who speaks when, and one vector a local speaker."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._checks import check_type
from trfast._threads import blas_limit
from trfast.annotation import Annotation, Timeline, Turn, check_timeline
from trfast.audio import SAMPLE_RATE, Source, stream
from trfast.clustering import in_order_of_appearance
from trfast.comparison import Comparison
from trfast.diarization.job import Job
from trfast.diarization.local_speakers import local_speakers
from trfast.diarization.result import Diarization, EmbeddedSegments
from trfast.diarization.stage_times import StageTimes
from trfast.diarization.streams import TimedBlocks, make_all
from trfast.diarization.windows import (
    embedded_units,
    joined_units,
    refined,
    speakers_of_units,
    window_scoring_of,
)
from trfast.embedding import ProjectedStatistics
from trfast.errors import ModelError, ParameterError, ParameterTypeError
from trfast.features import frame_hop, frames_to_seconds, timeline_to_frames
from trfast.features.frames import Frames, FrameStore
from trfast.model import ModelBundle, load_model
from trfast.segmentation import Units, bic_clustering, segment, units_between_changes
from trfast.speech import OnnxDetector, detect_by_energy

FloatArray = npt.NDArray[Any]

Bounds = npt.NDArray[np.int64]


class Diarizer:
    """Diarizes recordings with one model; picklable, so that processes can share the work.

    Parameters
    ----------
    model : ModelBundle, optional
        Default: the model that comes with the package.
    comparison : Comparison, optional
        What compares two segments of a recording, and when they are one speaker, as
        `ModelBundle.within` gives it: the way of the paper. Default: by windows, if the model has
        what that takes, or ``model.within()``.
    detector : {"model", "energy"} or OnnxDetector
        What finds speech: the model's network, the plain energy, or a network in an ONNX file,
        which hears the samples.

    Examples
    --------
    >>> import numpy as np
    >>> from trfast.audio import Waveform
    >>> silence = Waveform(np.zeros(16000, dtype=np.float32), 16000)
    >>> Diarizer()(Job("silence", silence)).annotation
    <Annotation of 'silence': 0 turns, 0 speakers>
    """

    def __init__(
        self,
        model: ModelBundle | None = None,
        *,
        comparison: Comparison | None = None,
        detector: str | OnnxDetector = "model",
    ) -> None:
        if isinstance(model, str | Path):
            raise ParameterTypeError(
                f"model must be a ModelBundle, got a path: load_model({model!r})"
            )
        self.model = load_model() if model is None else check_type(model, ModelBundle, "model")
        if comparison is None and self.model.windows is None:
            comparison = self.model.within()
        if comparison is not None:
            check_type(comparison, Comparison, "comparison", hint="give model.within(...)")
            if self.model.neural is not None:
                raise ModelError(
                    "a model with a neural embedding diarizes by windows only: give no comparison"
                    " (no --segments, no --threshold-within)"
                )
        if self.model.neural is not None:
            self.model.neural_embedder  # noqa: B018 (here, and not after minutes of work)
        self.comparison = comparison
        self.detector = _checked_detector(detector)

    @property
    def model_hash(self) -> str:
        """`ModelBundle.vectors_hash`, as `Diarization.model_hash` keeps it."""
        return self.model.vectors_hash

    @property
    def fingerprint(self) -> str:
        """Changes with the version of trfast, and with all of the model and of the options that
        changes the result."""
        by_windows = self.comparison is None
        parts = (
            version("trfast"),
            self.model.vectors_hash if by_windows else self.model.content_hash,
            *(() if self.comparison is None else self.comparison.settings),
            self.detector if isinstance(self.detector, str) else self.detector.settings,
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def __call__(self, job: Job | Source) -> Diarization:
        """Diarize one recording.

        Parameters
        ----------
        job : Job, path or Waveform
            What to diarize; a path or samples alone as `Job.of` makes a job of them.

        Returns
        -------
        Diarization

        Raises
        ------
        AudioError
            If the file cannot be read as audio.
        """
        job = Job.of(job)
        clock = StageTimes()
        with blas_limit(), FrameStore() as static, FrameStore() as banks:
            samples = TimedBlocks(clock, "audio", stream(job.source, channel=job.channel))
            detector = None
            if isinstance(self.detector, OnnxDetector) and job.speech is None:
                detector = self.detector
            with clock("features"):
                probabilities = make_all(samples, self.model, static, banks, detector, clock)
            duration, speech = samples.count / SAMPLE_RATE, job.speech
            if detector is not None:
                with clock("speech"):
                    speech = detector.timeline(probabilities, duration)
            segments = self.embed(
                static,
                duration=duration,
                recording=job.name,
                speech=speech,
                banks=banks,
                clock=clock,
            )
            return self.cluster(segments, clock=clock)

    def embed(
        self,
        static: Frames,
        *,
        duration: float,
        recording: str,
        speech: Timeline | None = None,
        segments: Bounds | None = None,
        banks: Frames | None = None,
        clock: StageTimes | None = None,
    ) -> EmbeddedSegments:
        """Cut a recording into segments, and count the statistics of their clusters: all that
        comes before the threshold.

        Parameters
        ----------
        static : ndarray (n_frames, n_static), float32
            Frames as the model's `mfcc` settings make them; an array, or what gives one for a
            slice of rows.
        duration : float
            Seconds of audio.
        recording : str
            Name of the recording.
        speech : Timeline, optional
            Where somebody speaks; default: the detector says, unless it is an `OnnxDetector`:
            then give what its `~trfast.speech.OnnxDetector.detect` finds.
        segments : ndarray (n, 2), int64, optional
            Segments of one speaker each, in frames, starts rising; default: speech is cut by
            Gaussian divergence and BIC.
        banks : ndarray (n_frames, 80), float32, optional
            As `Fbank` makes them, for a model with a neural embedding, which needs them.
        clock : StageTimes, optional
            Adds up the time spent by stage.

        Returns
        -------
        EmbeddedSegments

        Raises
        ------
        ParameterError
            If segments do not rise, or lie outside the frames; or if an `OnnxDetector`, which
            cannot hear frames, would have to say where somebody speaks.
        """
        clock = clock or StageTimes()
        model = self.model
        if model.neural is not None:
            if banks is None:
                raise ParameterError("a neural embedding needs banks, as Fbank makes them")
            units = self.units(static, speech, segments, clock=clock)
            with clock("windows"):
                statistics = embedded_units(model, banks, units)
            return self.embedded(
                static, units, statistics, duration=duration, recording=recording, clock=clock
            )
        if self.comparison is None:
            segments, clusters = self._by_windows(static, speech, segments, clock)
        else:
            segments, clusters = self._by_segments(static, speech, segments, clock)
        with clock("ivectors"):
            statistics = model.ivectors.cluster_statistics(static, segments, clusters)
        seconds = frames_to_seconds(segments, len(static), duration, model.mfcc)
        return EmbeddedSegments(recording, duration, seconds, clusters, statistics)

    def units(
        self,
        static: Frames,
        speech: Timeline | None = None,
        segments: Bounds | None = None,
        *,
        clock: StageTimes | None = None,
    ) -> Units:
        """Cut a recording into units of one speaker each, as `embed` does first."""
        if segments is not None:
            return Units(segments, np.arange(len(segments)))
        clock = clock or StageTimes()
        regions = self._speech(static, speech, clock)
        with clock("segmentation"):
            return units_between_changes(
                static,
                regions,
                duration=window_scoring_of(self.model).config.unit,
                config=self.model.segmentation,
                hop=frame_hop(self.model.mfcc),
            )

    def embedded(
        self,
        static: Frames,
        units: Units,
        statistics: ProjectedStatistics,
        *,
        duration: float,
        recording: str,
        clock: StageTimes | None = None,
    ) -> EmbeddedSegments:
        """Find the speakers of units that a neural embedding has seen.

        Parameters
        ----------
        static, duration, recording, clock
            As for `embed`.
        units : Units
            As `units` gives them.
        statistics : ProjectedStatistics
            Of each, as `embedded_units` gives them.
        """
        clock, model = clock or StageTimes(), self.model
        with clock("clustering"):
            labels = joined_units(model, units, statistics)
        segments, found = refined(model, static, units.bounds, labels, clock=clock)
        grouped = statistics.grouped(labels, int(labels.max(initial=-1)) + 1)
        # Who has no segment left after that is gone.
        there, clusters = np.unique(found, return_inverse=True)
        kept = ProjectedStatistics(grouped.zeroth[there], grouped.first[there])
        seconds = frames_to_seconds(segments, len(static), duration, model.mfcc)
        return EmbeddedSegments(recording, duration, seconds, clusters, kept)

    def _by_windows(
        self, static: Frames, speech: Timeline | None, segments: Bounds | None, clock: StageTimes
    ) -> tuple[Bounds, npt.NDArray[np.int64]]:
        """Segments, and the speaker of each."""
        units = self.units(static, speech, segments, clock=clock)
        labels = speakers_of_units(self.model, static, units, clock=clock)
        if segments is not None:
            return segments, labels
        bounds, labels = refined(self.model, static, units.bounds, labels, clock=clock)
        return bounds, in_order_of_appearance(labels)

    def _by_segments(
        self, static: Frames, speech: Timeline | None, segments: Bounds | None, clock: StageTimes
    ) -> tuple[Bounds, npt.NDArray[np.int64]]:
        """Segments, and the BIC cluster of each."""
        model = self.model
        if segments is None:
            regions = self._speech(static, speech, clock)
            with clock("segmentation"):
                segments = segment(
                    static, regions, config=model.segmentation, hop=frame_hop(model.mfcc)
                )
        if not model.clustering.alpha:
            return segments, np.arange(len(segments))
        with clock("clustering"):
            return segments, bic_clustering(static, segments, alpha=model.clustering.alpha)

    def cluster(
        self, segments: EmbeddedSegments, *, clock: StageTimes | None = None
    ) -> Diarization:
        """Join segments into local speakers.

        Parameters
        ----------
        segments : EmbeddedSegments
            As `embed` returns them.
        clock : StageTimes, optional
            Adds up the time spent by stage.

        Returns
        -------
        Diarization
        """
        clock = clock or StageTimes()
        vectors_of, statistics = self.model.embedder.vectors, segments.statistics
        durations = segments.seconds[:, 1] - segments.seconds[:, 0]
        labels = segments.clusters
        with clock("ivectors"):
            vectors = vectors_of(statistics)
        if self.comparison is not None:
            with clock("clustering"):
                speakers_of = local_speakers(
                    self.comparison,
                    self.comparison.backend.project(vectors),
                    np.bincount(labels, durations, len(vectors)),
                    min_speech=self.model.clustering.min_speech,
                )
            labels = speakers_of[labels]
            with clock("ivectors"):
                n_speakers = int(speakers_of.max(initial=-1)) + 1
                vectors = vectors_of(statistics.grouped(speakers_of, n_speakers))
        speakers = tuple(f"S{k + 1}" for k in range(len(vectors)))
        return Diarization(
            annotation=Annotation(
                segments.recording, _turns(segments.seconds, [speakers[k] for k in labels])
            ),
            speakers=speakers,
            vectors=vectors,
            speech_durations=np.bincount(labels, durations, len(speakers)).astype(np.float64),
            duration=segments.duration,
            model_hash=self.model.vectors_hash,
            stage_seconds=dict(clock.seconds),
        )

    def _speech(self, static: Frames, speech: Timeline | None, clock: StageTimes) -> Bounds:
        with clock("speech"):
            if speech is not None:
                return timeline_to_frames(
                    check_timeline(speech, "speech").merged(), len(static), self.model.mfcc
                )
            if isinstance(self.detector, OnnxDetector):
                raise ParameterError(
                    "the detector hears samples, not frames: give speech, as its detect(samples)"
                    " finds it"
                )
            if self.detector == "energy":
                return detect_by_energy(static, config=self.model.mfcc)
            return self.model.detector.detect(static)


def diarize(
    job: Job | Source,
    *,
    model: ModelBundle | None = None,
    comparison: Comparison | None = None,
) -> Diarization:
    """Say who speaks when in one recording.

    Parameters
    ----------
    job : Job, path or Waveform
        Any audio file, or samples in memory; a `Job` gives them a name, speech marks or a channel.
    model : ModelBundle, optional
        Default: the model that comes with the package. To diarize many recordings, make a
        `Diarizer` once.
    comparison : Comparison, optional
        As in `Diarizer`.

    Returns
    -------
    Diarization

    Raises
    ------
    AudioError
        If the file cannot be read as audio.

    Examples
    --------
    >>> import numpy as np
    >>> from trfast.audio import Waveform
    >>> noise = np.random.default_rng(0).normal(scale=0.01, size=16000).astype(np.float32)
    >>> len(diarize(Waveform(noise, 16000)).speakers)
    0
    """
    return Diarizer(model, comparison=comparison)(job)


def _checked_detector(detector: object) -> str | OnnxDetector:
    if isinstance(detector, OnnxDetector):
        return detector
    if isinstance(detector, Path) or str(detector).endswith(".onnx"):
        raise ParameterTypeError(
            f"detector must be an OnnxDetector, got a path: OnnxDetector({str(detector)!r})"
        )
    if not (isinstance(detector, str) and detector in ("model", "energy")):
        raise ParameterError(
            f"detector must be one of model, energy, or an OnnxDetector, got {detector!r}"
        )
    return detector


def _turns(seconds: npt.NDArray[np.float64], speakers: list[str]) -> list[Turn]:
    """Segments as turns; touching segments of one speaker become one turn."""
    turns: list[Turn] = []
    for (start, end), speaker in zip(seconds.tolist(), speakers, strict=True):
        if turns and turns[-1].speaker == speaker and start <= turns[-1].end:
            turns[-1] = Turn(turns[-1].start, end, speaker)
        else:
            turns.append(Turn(start, end, speaker))
    return turns
