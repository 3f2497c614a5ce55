"""Diarizer: a recording -> who speaks when, and one vector a local speaker."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from importlib.metadata import version
from math import nan
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trfast._checks import check_type
from trfast._listening import Tell, listener
from trfast._log import log
from trfast._names import DetectorName
from trfast._resources import enough_memory
from trfast._threads import blas_limit
from trfast.annotation import Timeline
from trfast.audio import Source, header_duration
from trfast.comparison import Comparison
from trfast.diarization.detection import checked_detector, settings_of, speech_regions
from trfast.diarization.headway import COSTS, Headway
from trfast.diarization.job import Job
from trfast.diarization.local_speakers import bic_clusters, local_speakers
from trfast.diarization.long import linked_speakers, n_parts
from trfast.diarization.result import Diarization, EmbeddedSegments, diarization_of
from trfast.diarization.speaker_count import SpeakerCount
from trfast.diarization.stage_times import StageTimes
from trfast.diarization.streams import hear
from trfast.diarization.suspicions import suspicions
from trfast.diarization.windows import (
    embedded_speakers,
    embedded_units,
    speakers_by_embedding,
    speakers_by_windows,
    window_scoring_of,
)
from trfast.embedding import ProjectedStatistics
from trfast.errors import ModelError, ParameterError, ParameterTypeError
from trfast.features import frame_hop, frames_to_seconds
from trfast.features.frames import Frames, FrameStore
from trfast.model import ModelBundle, load_model
from trfast.segmentation import Units, segment, units_between_changes
from trfast.speech import Detector, OnnxDetector

Bounds = npt.NDArray[np.int64]

# Seconds of a local speaker that a neural embedding sees, the hybrid way.
_SUREST = 20.0


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
    detector : {"model", "energy"}, OnnxDetector or Detector
        What finds speech: the model's network, the plain energy, or what hears the samples: a
        network in an ONNX file, or a detector of one's own.
    local_model : ModelBundle, optional
        Finds speech and local speakers, by i-vectors, in place of `model`, whose neural embedding
        then sees 20 s of each of them at most: the hybrid way, several times as fast.
    num_speakers, min_speakers, max_speakers : int, optional
        How many speakers each recording has, as in `SpeakerCount`, unless its `Job` says it;
        default: the evidence decides, or the threshold.

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
        detector: DetectorName | Detector = "model",
        local_model: ModelBundle | None = None,
        num_speakers: int | None = None,
        min_speakers: int | None = None,
        max_speakers: int | None = None,
    ) -> None:
        if isinstance(model, str | Path):
            raise ParameterTypeError(
                f"model must be a ModelBundle, got a path: load_model({model!r})"
            )
        self.model = load_model() if model is None else check_type(model, ModelBundle, "model")
        self.local_model = self._checked_local(local_model)
        if comparison is None and self.local_model.windows is None:
            comparison = self.local_model.within()
        if comparison is not None:
            check_type(comparison, Comparison, "comparison", hint="give model.within(...)")
            if self.model.neural is not None:
                raise ModelError(
                    "a model with a neural embedding diarizes by windows only: leave out"
                    " --segments and what stands for it, in Python comparison"
                )
        if self.model.neural is not None:
            self.model.neural_embedder  # noqa: B018 (here, and not after minutes of work)
        self.comparison = comparison
        self.detector = checked_detector(detector)
        self.speaker_count = SpeakerCount(num_speakers, min_speakers, max_speakers)

    def _checked_local(self, local_model: ModelBundle | None) -> ModelBundle:
        if local_model is None:
            return self.model
        check_type(local_model, ModelBundle, "local_model", hint="give load_model()")
        if self.model.neural is None or local_model.neural is not None:
            raise ModelError(
                "the hybrid way takes a model with a neural embedding, such as --model campplus,"
                " beside the default model of i-vectors, in Python local_model=load_model()"
            )
        return local_model

    @property
    def model_hash(self) -> str:
        """`ModelBundle.vectors_hash`, as `Diarization.model_hash` keeps it."""
        return self.model.vectors_hash

    @property
    def fingerprint(self) -> str:
        """Changes with the version of trfast, and with all of the model and of the options that
        changes the result."""
        own = self.comparison
        parts = (
            version("trfast"),
            self.model.vectors_hash if own is None else self.model.content_hash,
            *(() if own is None else (*own.settings, *own.backend.fingerprint)),
            *settings_of(self.detector),
            *(() if self.local_model is self.model else (self.local_model.vectors_hash, _SUREST)),
            *self.speaker_count.settings,
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def __call__(self, job: Job | Source, *, progress: Tell | None = None) -> Diarization:
        """Diarize one recording.

        Parameters
        ----------
        job : Job, path, Waveform, bytes or file object
            What to diarize; a source alone as `Job.of` makes a job of it.
        progress : callable, optional
            Called a few times a minute of work, or more often, with seconds of audio done, and in
            all, as the file says; not at all if it does not say. Several passes go over a
            recording: a second is done as far as its share of the work is.

        Returns
        -------
        Diarization

        Raises
        ------
        AudioError
            If the file cannot be read as audio.
        ParameterError
            If there is not speech enough for the speakers asked for.
        ResourceError
            If there is too little memory, or room for temporary files.
        """
        job = Job.of(job)
        speaker_count = job.speaker_count if job.speaker_count.is_known else self.speaker_count
        tell = progress or listener()
        expected = nan if tell is None else header_duration(job.source)
        clock = StageTimes(None if tell is None else Headway(tell, expected, self._costs(job)))
        with (
            enough_memory(),
            blas_limit(),
            FrameStore() as static,
            FrameStore() as banks,
        ):
            filters = None if self.model.neural is None else banks
            duration, speech, check = hear(
                job,
                self.detector,
                self.local_model.mfcc,
                static,
                filters,
                expected=expected,
                clock=clock,
            )
            segments = self.embed(
                static,
                duration=duration,
                recording=job.name,
                speech=speech,
                banks=filters,
                speaker_count=speaker_count,
                clock=clock,
            )
            found = self.cluster(segments, speaker_count=speaker_count, clock=clock)
        clock.passed("rest", 1.0)
        log.debug("%r, in %s", found, clock.seconds)
        found = replace(found, warnings=tuple(suspicions(job, check, found)))
        for warning in found.warnings:
            log.warning("%s: %s", job.name, warning)
        return found

    def _costs(self, job: Job) -> dict[str, float]:
        """What passes over a recording cost, those there are."""
        costs = {name: COSTS[name] for name in ("audio", "rest")}
        if isinstance(self.detector, OnnxDetector) and job.speech is None:
            costs["audio"] += COSTS["detector"]
        if self.comparison is None and self.local_model.neural is None:
            costs["windows"] = COSTS["windows"]
        if self.model.neural is not None:
            hybrid = self.local_model is not self.model
            costs["network"] = COSTS["hybrid" if hybrid else "network"]
        return costs

    def embed(
        self,
        static: Frames,
        *,
        duration: float,
        recording: str,
        speech: Timeline | None = None,
        segments: Bounds | None = None,
        banks: Frames | None = None,
        speaker_count: SpeakerCount | None = None,
        clock: StageTimes | None = None,
    ) -> EmbeddedSegments:
        """Cut a recording into segments, and count the statistics of their clusters: all that
        comes before the threshold.

        Parameters
        ----------
        static : ndarray (n_frames, n_static), float32
            Frames as the `mfcc` settings of the local model make them; an array, or what gives one
            for a slice of rows.
        duration : float
            Seconds of audio.
        recording : str
            Name of the recording.
        speech : Timeline, optional
            Where somebody speaks; default: the detector says, unless it hears samples: then give
            what its `~trfast.speech.OnnxDetector.detect` finds.
        segments : ndarray (n, 2), int64, optional
            Segments of one speaker each, in frames, starts rising; default: speech is cut by
            Gaussian divergence and BIC.
        banks : ndarray (n_frames, 80), float32, optional
            As `Fbank` makes them, for a model with a neural embedding, which needs them.
        speaker_count : SpeakerCount, optional
            How many speakers there are; default: as the diarizer has it.
        clock : StageTimes, optional
            Adds up the time spent by stage.

        Returns
        -------
        EmbeddedSegments

        Raises
        ------
        ParameterError
            If segments do not rise, or lie outside the frames; if there is not speech enough for
            the speakers; or if a detector that hears samples, and no frames, would have to say
            where somebody speaks.
        """
        clock = clock or StageTimes()
        count = speaker_count or self.speaker_count
        model = self.model
        if model.neural is None:
            banks = None
        elif banks is None:
            raise ParameterError("a neural embedding needs banks, as Fbank makes them")
        if banks is not None and self.local_model is model:
            units = self.units(static, speech, segments, clock=clock)
            with clock("network"):
                statistics = embedded_units(model, banks, units, clock)
            return self.embedded(
                static,
                units,
                statistics,
                duration=duration,
                recording=recording,
                speaker_count=count,
                clock=clock,
            )
        if self.comparison is None:
            segments, clusters = speakers_by_windows(
                self.local_model,
                static,
                self.units(static, speech, segments, clock=clock),
                recording=recording,
                speaker_count=count,
                n_parts=n_parts(model, duration),
                move=segments is None,
                clock=clock,
            )
        else:
            if segments is None:
                regions = self._speech(static, speech, clock)
                with clock("segmentation"):
                    segments = segment(
                        static, regions, config=model.segmentation, hop=frame_hop(model.mfcc)
                    )
            count.check(len(segments), "segment", recording)
            clusters = bic_clusters(
                static, segments, alpha=model.clustering.alpha, least=count.least, clock=clock
            )
        seconds = frames_to_seconds(segments, len(static), duration, self.local_model.mfcc)
        if banks is None:
            with clock("ivectors"):
                statistics = model.ivectors.cluster_statistics(static, segments, clusters)
        else:
            with clock("network"):
                statistics = embedded_speakers(
                    model, banks, seconds, clusters, most=_SUREST, clock=clock
                )
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
                duration=window_scoring_of(self.local_model).config.unit,
                config=self.local_model.segmentation,
                hop=frame_hop(self.local_model.mfcc),
            )

    def embedded(
        self,
        static: Frames,
        units: Units,
        statistics: ProjectedStatistics,
        *,
        duration: float,
        recording: str,
        speaker_count: SpeakerCount | None = None,
        clock: StageTimes | None = None,
    ) -> EmbeddedSegments:
        """Find the speakers of units that a neural embedding has seen.

        Parameters
        ----------
        static, duration, recording, speaker_count, clock
            As for `embed`.
        units : Units
            As `units` gives them.
        statistics : ProjectedStatistics
            Of each, as `embedded_units` gives them.
        """
        segments, clusters, kept = speakers_by_embedding(
            self.model,
            static,
            units,
            statistics,
            recording=recording,
            speaker_count=speaker_count or self.speaker_count,
            clock=clock or StageTimes(),
        )
        seconds = frames_to_seconds(segments, len(static), duration, self.model.mfcc)
        return EmbeddedSegments(recording, duration, seconds, clusters, kept)

    def cluster(
        self,
        segments: EmbeddedSegments,
        *,
        speaker_count: SpeakerCount | None = None,
        clock: StageTimes | None = None,
    ) -> Diarization:
        """Join segments into local speakers.

        Parameters
        ----------
        segments : EmbeddedSegments
            As `embed` returns them.
        speaker_count : SpeakerCount, optional
            As given to `embed`, by which windows are joined already.
        clock : StageTimes, optional
            Adds up the time spent by stage.

        Returns
        -------
        Diarization

        Raises
        ------
        ParameterError
            If there are fewer BIC clusters than speakers.
        """
        count = speaker_count or self.speaker_count
        clock = clock or StageTimes()
        vectors_of, statistics = self.model.embedder.vectors, segments.statistics
        labels = segments.clusters
        durations = segments.seconds[:, 1] - segments.seconds[:, 0]
        with clock("ivectors"):
            vectors = vectors_of(statistics)
        spoken = np.bincount(labels, durations, len(vectors))
        speakers_of = None
        with clock("clustering"):
            if self.comparison is not None:
                count.check(len(vectors), "cluster", segments.recording)
                speakers_of = local_speakers(
                    self.comparison,
                    self.comparison.backend.project(vectors),
                    spoken,
                    min_speech=self.model.clustering.min_speech,
                    speaker_count=count,
                )
            elif n_parts(self.model, segments.duration) > 1:
                speakers_of = linked_speakers(self.model, vectors, spoken, speaker_count=count)
        if speakers_of is not None:
            labels = speakers_of[labels]
            with clock("ivectors"):
                n_speakers = int(speakers_of.max(initial=-1)) + 1
                vectors = vectors_of(statistics.grouped(speakers_of, n_speakers))
        return diarization_of(
            segments,
            labels,
            vectors,
            model_hash=self.model_hash,
            stage_seconds=clock.seconds,
        )

    def _speech(self, static: Frames, speech: Timeline | None, clock: StageTimes) -> Bounds:
        with clock("speech"):
            return speech_regions(self.detector, self.local_model, static, speech)
