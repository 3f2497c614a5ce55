"""Diarizer: a recording -> who speaks when, and one vector a local speaker."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._frames import Frames, FrameStore
from trfast._threads import blas_limit
from trfast.annotation import Annotation, Timeline, Turn
from trfast.audio import SAMPLE_RATE, Source, Waveform, stream
from trfast.clustering import in_order_of_appearance
from trfast.errors import ParameterError
from trfast.features import Mfcc, frames_to_seconds, timeline_to_frames
from trfast.ivector import ProjectedStatistics
from trfast.model import ModelBundle, load_model
from trfast.scoring.backend import Backend, check_clustering
from trfast.segmentation import bic_clustering, segment
from trfast.speech import detect_by_energy

FloatArray = npt.NDArray[Any]
Bounds = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Diarization:
    """Who speaks when in one recording, and a vector for each of its speakers.

    Parameters
    ----------
    annotation : Annotation
        Turns with the names of local speakers (``S1``, ``S2``, ... in order of appearance).
    speakers : tuple of str
        Local speakers, one a row of `vectors`.
    vectors : ndarray (n_speakers, dimension), float32
        i-vector of each local speaker, from all his speech, before any back-end.
    speech_durations : ndarray (n_speakers,), float64
        Seconds of speech of each local speaker.
    duration : float
        Seconds of audio.
    model_hash : str
        Content hash of the model that made this.
    stage_seconds : mapping of str to float
        Seconds of CPU time, by stage.
    """

    annotation: Annotation
    speakers: tuple[str, ...]
    vectors: npt.NDArray[np.float32]
    speech_durations: npt.NDArray[np.float64]
    duration: float
    model_hash: str
    stage_seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def recording(self) -> str:
        """Name of the recording."""
        return self.annotation.recording


@dataclass(frozen=True, eq=False)
class EmbeddedSegments:
    """The segments of one recording, and the statistics of their clusters.

    Parameters
    ----------
    recording : str
    duration : float
        Seconds of audio.
    seconds : ndarray (n, 2), float64
        Start and end of each segment, rising.
    clusters : ndarray (n,), int64
        BIC cluster of each segment, numbered in order of appearance.
    statistics : ProjectedStatistics
        One row a BIC cluster.
    """

    recording: str
    duration: float
    seconds: npt.NDArray[np.float64]
    clusters: npt.NDArray[np.int64]
    statistics: ProjectedStatistics


class Diarizer:
    """Diarizes recordings with one model; picklable, so that processes can share the work.

    Parameters
    ----------
    model : ModelBundle, optional
        Default: the model that comes with the package.
    backend : {"cosine", "wccn", "lda", "plda", "tr"}, optional
        What compares vectors, if the model has it; default: the model's.
    clustering : {"cc", "hac"}, optional
        Connected components or complete linkage; default: the model's.
    threshold : float, optional
        Similarity from which two clusters are one speaker: a cosine, or a log-likelihood ratio
        with PLDA; default: the model's for this back-end and clustering.
    detector : {"model", "energy"}
        What finds speech: the model's network, or the plain energy.

    Examples
    --------
    >>> import numpy as np
    >>> silence = Waveform(np.zeros(16000, dtype=np.float32), 16000)
    >>> Diarizer()(silence, recording="silence").annotation
    <Annotation of 'silence': 0 turns, 0 speakers>
    """

    def __init__(
        self,
        model: ModelBundle | None = None,
        *,
        backend: str | None = None,
        clustering: str | None = None,
        threshold: float | None = None,
        detector: str = "model",
    ) -> None:
        if detector not in ("model", "energy"):
            raise ParameterError(f"detector must be 'model' or 'energy', got {detector!r}")
        if isinstance(model, str | Path):
            raise ParameterError(f"model must be a ModelBundle, got a path: load_model({model!r})")
        self.model = model or load_model()
        self.backend = self.model.backend(backend)
        self.clustering = check_clustering(clustering or self.model.clustering.clustering)
        if threshold is None:
            threshold = self.model.thresholds(backend, clustering).within
        self.threshold = self.backend.check_threshold(threshold)
        self.detector = detector

    @property
    def fingerprint(self) -> str:
        """Changes with the model and with every option that changes the result."""
        parts = (
            self.model.content_hash,
            self.backend.name,
            self.clustering,
            self.threshold,
            self.detector,
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def __call__(
        self,
        source: Source,
        *,
        recording: str | None = None,
        speech: Timeline | None = None,
        channel: int | None = None,
    ) -> Diarization:
        """Diarize one recording.

        Parameters
        ----------
        source : path or Waveform
            Any audio file, or samples in memory.
        recording : str, optional
            Name of the recording; default: the file's name without its suffix.
        speech : Timeline, optional
            Where somebody speaks, in seconds; default: the detector says.
        channel : int, optional
            Channel to take, from 0; default: the mean of all.

        Returns
        -------
        Diarization

        Raises
        ------
        AudioError
            If the file cannot be read as audio.
        """
        clock = Clock()
        with blas_limit(), FrameStore() as static:
            samples = _Counted(clock, stream(source, channel=channel))
            with clock("features"):
                static.extend(Mfcc(self.model.mfcc).stream(samples))
            segments = self.embed(
                static,
                duration=samples.count / SAMPLE_RATE,
                recording=recording or _name(source),
                speech=speech,
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
        clock: Clock | None = None,
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
            Where somebody speaks; default: the detector says.
        segments : ndarray (n, 2), int64, optional
            Segments of one speaker each, in frames, starts rising; default: speech is cut by
            Gaussian divergence and BIC.
        clock : Clock, optional
            Adds up the time spent by stage.

        Returns
        -------
        EmbeddedSegments

        Raises
        ------
        ParameterError
            If segments do not rise, or lie outside the frames.
        """
        clock = clock or Clock()
        model = self.model
        if segments is None:
            with clock("speech"):
                regions = self._speech(static, speech)
            with clock("segmentation"):
                segments = segment(static, regions, config=model.segmentation, hop=model.mfcc.hop)
        with clock("clustering"):
            alpha = model.clustering.alpha
            clusters = (
                bic_clustering(static, segments, alpha=alpha) if alpha else np.arange(len(segments))
            )
        with clock("ivectors"):
            statistics = model.embedder.cluster_statistics(static, segments, clusters)
        seconds = frames_to_seconds(segments, len(static), duration, model.mfcc)
        return EmbeddedSegments(recording, duration, seconds, clusters, statistics)

    def cluster(self, segments: EmbeddedSegments, *, clock: Clock | None = None) -> Diarization:
        """Join segments into local speakers.

        Parameters
        ----------
        segments : EmbeddedSegments
            As `embed` returns them.
        clock : Clock, optional
            Adds up the time spent by stage.

        Returns
        -------
        Diarization
        """
        clock = clock or Clock()
        vectors_of, statistics = self.model.embedder.vectors, segments.statistics
        with clock("ivectors"):
            vectors = vectors_of(statistics)
        durations = segments.seconds[:, 1] - segments.seconds[:, 0]
        with clock("clustering"):
            speakers_of = local_speakers(
                self.backend,
                self.backend.project(vectors),
                np.bincount(segments.clusters, durations, len(vectors)),
                self.threshold,
                clustering=self.clustering,
                min_speech=self.model.clustering.min_speech,
            )
        speakers = tuple(f"S{k + 1}" for k in range(speakers_of.max(initial=-1) + 1))
        with clock("ivectors"):
            vectors = vectors_of(statistics.grouped(speakers_of, len(speakers)))
        labels = speakers_of[segments.clusters]
        return Diarization(
            annotation=Annotation(
                segments.recording, _turns(segments.seconds, [speakers[k] for k in labels])
            ),
            speakers=speakers,
            vectors=vectors,
            speech_durations=np.bincount(labels, durations, len(speakers)).astype(np.float64),
            duration=segments.duration,
            model_hash=self.model.content_hash,
            stage_seconds=dict(clock.seconds),
        )

    def _speech(self, static: Frames, speech: Timeline | None) -> Bounds:
        if speech is not None:
            return timeline_to_frames(speech.merged(), len(static), self.model.mfcc)
        if self.detector == "energy":
            return detect_by_energy(static, config=self.model.mfcc)
        return self.model.detector.detect(static)


def diarize(
    source: Source,
    *,
    model: ModelBundle | None = None,
    recording: str | None = None,
    speech: Timeline | None = None,
    channel: int | None = None,
    backend: str | None = None,
    clustering: str | None = None,
    threshold: float | None = None,
) -> Diarization:
    """Say who speaks when in one recording.

    Parameters
    ----------
    source : path or Waveform
        Any audio file, or samples in memory.
    model : ModelBundle, optional
        Default: the model that comes with the package. To diarize many recordings, make a
        `Diarizer` once.
    recording : str, optional
        Name of the recording; default: the file's name without its suffix.
    speech : Timeline, optional
        Where somebody speaks, in seconds; default: the model's detector says.
    channel : int, optional
        Channel to take, from 0; default: the mean of all.
    backend, clustering, threshold
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
    >>> noise = np.random.default_rng(0).normal(scale=0.01, size=16000).astype(np.float32)
    >>> len(diarize(Waveform(noise, 16000)).speakers)
    0
    """
    diarizer = Diarizer(model, backend=backend, clustering=clustering, threshold=threshold)
    return diarizer(source, recording=recording, speech=speech, channel=channel)


class Clock:
    """Adds up the CPU seconds of this thread in each stage.

    Examples
    --------
    >>> clock = Clock()
    >>> with clock("rest"):
    ...     pass
    >>> list(clock.seconds)
    ['rest']
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.thread_time()
        try:
            yield
        finally:
            self.add(stage, time.thread_time() - start)

    def add(self, stage: str, seconds: float) -> None:
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds


class _Counted:
    """Blocks of samples, counted; decoding time goes from "features" to "audio"."""

    def __init__(self, clock: Clock, blocks: Iterator[FloatArray]) -> None:
        self.count = 0
        self._clock = clock
        self._blocks = blocks

    def __iter__(self) -> Iterator[FloatArray]:
        return self

    def __next__(self) -> FloatArray:
        start = time.thread_time()
        try:
            block = next(self._blocks)
        finally:
            spent = time.thread_time() - start
            self._clock.add("audio", spent)
            self._clock.add("features", -spent)
        self.count += len(block)
        return block


def local_speakers(
    backend: Backend,
    rows: FloatArray,
    durations: FloatArray,
    threshold: float,
    *,
    clustering: str,
    min_speech: float,
) -> npt.NDArray[np.int64]:
    """Join the clusters of one recording; each speaker with less than `min_speech` seconds joins
    the one with enough who has the cluster most similar to one of theirs, if there is any.

    Parameters
    ----------
    backend : Backend
    rows : ndarray (n, k)
        Clusters, as ``backend.project`` gives them.
    durations : ndarray (n,)
        Seconds of each.
    threshold, clustering
        As in `Backend.cluster`.
    min_speech : float
        Seconds.

    Returns
    -------
    ndarray (n,), int64
        Speaker of each cluster, numbered in order of first appearance.
    """
    labels = backend.cluster(rows, threshold, clustering=clustering)
    long = np.bincount(labels, durations) >= min_speech
    short = np.flatnonzero(~long)
    if len(short) in (0, len(long)):
        return labels
    sound = np.flatnonzero(long[labels])
    joined = labels.copy()
    for speaker in short:
        own = np.flatnonzero(labels == speaker)
        similarities = backend.similarity(rows[own], rows[sound])
        joined[own] = labels[sound[similarities.max(axis=0).argmax()]]
    return in_order_of_appearance(joined)


def _name(source: Source) -> str:
    """Name of a recording; without whitespace, since RTTM has none in names."""
    return "recording" if isinstance(source, Waveform) else "_".join(Path(source).stem.split())


def _turns(seconds: npt.NDArray[np.float64], speakers: list[str]) -> list[Turn]:
    """Segments as turns; touching segments of one speaker become one turn."""
    turns: list[Turn] = []
    for (start, end), speaker in zip(seconds.tolist(), speakers, strict=True):
        if turns and turns[-1].speaker == speaker and start <= turns[-1].end:
            turns[-1] = Turn(turns[-1].start, end, speaker)
        else:
            turns.append(Turn(start, end, speaker))
    return turns
