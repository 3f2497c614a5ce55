"""Labelled recordings -> a model bundle, stage by stage; a stopped training goes on."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save

from trfast._files import replacing, write_atomic
from trfast._threads import effective_n_threads
from trfast.annotation import Annotation, Timeline
from trfast.audio import SAMPLE_RATE, stream
from trfast.diarization import Diarizer, EmbeddedSegments
from trfast.embedding import IvectorEmbedder, NormalizationConfig, segment_frames
from trfast.errors import ModelError
from trfast.evaluation import diarization_error
from trfast.execution import map_recordings
from trfast.features import Mfcc, MfccConfig, timeline_to_frames
from trfast.gmm import BaumWelchStatistics, DiagonalGmm
from trfast.ivector import TotalVariability
from trfast.labelled import LabelledCollection, single_speaker_turns
from trfast.linking import link
from trfast.model import (
    ClusteringConfig,
    ModelBundle,
    detector_mixtures,
    detector_tensors,
    mixture_of,
    mixture_tensors,
)
from trfast.scoring.normalization import Whitening
from trfast.segmentation import SegmentationConfig
from trfast.speech import SpeechDetector

FloatArray = npt.NDArray[Any]
Progress = Callable[[str, int, int], None]

_THRESHOLDS = np.round(np.arange(0.1, 0.95, 0.025), 3)


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """What is trained, and how; the defaults make the default model.

    Parameters
    ----------
    mfcc, segmentation, normalization, clustering
        Settings of the stages. The two thresholds of `clustering` are set by the training.
    n_components : int
        Gaussians of the UBM.
    ubm_iterations : int
        EM iterations of the UBM.
    rank : int
        Dimension of the i-vectors.
    total_variability_iterations : int
        EM iterations of the total variability matrix.
    whitening_shrinkage : float
        See `Whitening`.
    min_recordings : int
        Recordings in which a speaker must speak to be a class of the supervised back-ends.
    min_speech : float
        Seconds they must speak in each.
    seed : int
        Of all that is random.
    """

    mfcc: MfccConfig = field(default_factory=MfccConfig)
    segmentation: SegmentationConfig = field(default_factory=SegmentationConfig)
    normalization: NormalizationConfig = field(default_factory=NormalizationConfig)
    clustering: ClusteringConfig = field(default_factory=lambda: ClusteringConfig(alpha=2.0))
    n_components: int = 256
    ubm_iterations: int = 10
    rank: int = 200
    total_variability_iterations: int = 10
    whitening_shrinkage: float = 0.2
    min_recordings: int = 3
    min_speech: float = 10.0
    seed: int = 0


@dataclass(frozen=True, eq=False)
class SpeakerVectors:
    """One i-vector a speaker a recording, from the reference.

    Parameters
    ----------
    vectors : ndarray (n, rank), float32
    speakers, recordings : tuple of str
        Of each row.
    """

    vectors: npt.NDArray[np.float32]
    speakers: tuple[str, ...]
    recordings: tuple[str, ...]


def train(
    collection: LabelledCollection,
    *,
    stages: str | os.PathLike[str],
    config: TrainingConfig | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> ModelBundle:
    """Train a model on a labelled collection.

    Parameters
    ----------
    collection : LabelledCollection
    stages : path
        Folder where each stage leaves its result. A stage whose result is there, made with
        the same settings from the same data, is passed over.
    config : TrainingConfig, optional
    jobs : int, optional
        Processes for features, threads for the rest; default: all cores. The model does not
        depend on it.
    progress : callable, optional
        Called with the name of the stage, steps done, and steps in all.

    Returns
    -------
    ModelBundle

    Raises
    ------
    AudioError
        If a recording cannot be read.
    ModelError
        If there are too few recordings, too little speech, or too few segments or speakers.
    ParameterError
        If `jobs` is below 1.
    """
    if len(collection.reference) < 2:
        raise ModelError(
            f"{collection.path} holds 1 recording; the thresholds are set on every other one, so"
            " give at least 2"
        )
    n_threads = effective_n_threads(jobs)
    return _Training(
        collection, config or TrainingConfig(), Path(stages), n_threads, progress
    ).run()


def frames_of(file: Path, config: MfccConfig) -> tuple[FloatArray, float]:
    """Return the static frames of a recording and its duration in seconds."""
    count = 0

    def counted() -> Iterator[npt.NDArray[np.float32]]:
        nonlocal count
        for block in stream(file):
            count += len(block)
            yield block

    static = Mfcc(config).extract(counted())
    return static, count / SAMPLE_RATE


def reference_vectors(
    frames: Mapping[str, FloatArray],
    reference: Mapping[str, Annotation],
    embedder: IvectorEmbedder,
    mfcc: MfccConfig,
) -> SpeakerVectors:
    """Return one i-vector for each speaker in each recording, from the statistics of all their
    speech there (overlapped speech left out)."""
    vectors = [np.empty((0, embedder.total_variability.rank), np.float32)]
    speakers: list[str] = []
    recordings: list[str] = []
    for name, annotation in reference.items():
        segments, names = reference_segments(annotation, len(frames[name]), mfcc)
        statistics, grouped = _by_speaker(embedder.statistics(frames[name], segments), names)
        vectors.append(embedder.total_variability.transform(statistics))
        speakers += grouped
        recordings += [name] * len(grouped)
    return SpeakerVectors(np.concatenate(vectors), tuple(speakers), tuple(recordings))


class _Training:
    """The state of one training."""

    def __init__(
        self,
        collection: LabelledCollection,
        config: TrainingConfig,
        stages: Path,
        jobs: int,
        progress: Progress | None,
    ) -> None:
        self.collection = collection
        self.config = config
        self.stages = stages
        self.jobs = jobs
        self.progress = progress or (lambda _stage, _done, _total: None)
        stages.mkdir(parents=True, exist_ok=True)

    def run(self) -> ModelBundle:
        reference = self.collection.reference
        durations = self._features()
        bundle = self._models(reference)
        provenance = self._provenance(durations)
        clustering = self._thresholds(durations)
        return replace(bundle, clustering=clustering, provenance=provenance)

    def _models(self, reference: Mapping[str, Annotation], label: str = "") -> ModelBundle:
        """All but the thresholds, from the recordings of `reference`."""
        config = self.config
        keys = self._keys(reference)
        frames = _Frames(self.stages, reference)
        detector = self._detector(label, keys, frames, reference)
        ubm = self._ubm(label, keys, frames, reference)
        total_variability = self._total_variability(label, keys, frames, reference, ubm)
        embedder = IvectorEmbedder(
            ubm=ubm,
            total_variability=total_variability,
            normalization=config.normalization,
            hop=config.mfcc.hop,
        )
        self.progress(f"{label}whitening", 0, 1)
        speakers = reference_vectors(frames, reference, embedder, config.mfcc)
        if len(speakers.vectors) < 2:
            raise ModelError(
                f"{len(speakers.vectors)} speaker(s), counted once a recording: whitening needs at"
                " least 2, in every other recording too; give more recordings"
            )
        whitening = Whitening(shrinkage=config.whitening_shrinkage).fit(speakers.vectors)
        # As the model file holds them, so that the model gives the same before and after.
        whitening.mean_ = whitening.mean_.astype(np.float32)
        whitening.matrix_ = whitening.matrix_.astype(np.float32)
        self.progress(f"{label}whitening", 1, 1)
        return ModelBundle(
            mfcc=config.mfcc,
            segmentation=config.segmentation,
            normalization=config.normalization,
            clustering=config.clustering,
            detector=detector,
            ubm=ubm,
            total_variability=total_variability,
            whitening=whitening,
        )

    def _features_key(self) -> str:
        data = [
            (name, file.stat().st_size, file.stat().st_mtime_ns)
            for name, file in self.collection.audio.items()
        ]
        return _digest(version("trfast"), data, self.config.mfcc)

    def _keys(self, reference: Mapping[str, Annotation]) -> dict[str, str]:
        """A hash a stage: of its settings, and of all that comes before it."""
        config = self.config
        turns = [(name, annotation.turns) for name, annotation in reference.items()]
        data = _digest(self._features_key(), turns, config.seed)
        ubm = _digest(data, config.normalization, config.n_components, config.ubm_iterations)
        total_variability = _digest(ubm, config.rank, config.total_variability_iterations)
        return {"speech": data, "ubm": ubm, "total variability": total_variability}

    def _features(self) -> dict[str, float]:
        """Make the frames of each recording, one file each; return the durations."""
        key = self._features_key()
        index = self.stages / "features.json"
        done: dict[str, float] = {}
        if index.exists():
            stored = json.loads(index.read_text())
            done = stored["durations"] if stored["key"] == key else {}
        todo = [name for name in self.collection.audio if name not in done]
        total = len(self.collection.audio)
        self.progress("features", len(done), total)
        function = partial(
            _store_frames, files=self.collection.audio, stages=self.stages, config=self.config.mfcc
        )
        for outcome in map_recordings(function, todo, jobs=self.jobs):
            if outcome.error is not None:
                raise outcome.error
            if outcome.result is not None:
                done[outcome.item] = outcome.result
            write_atomic(index, json.dumps({"key": key, "durations": done}))
            self.progress("features", len(done), total)
        return {name: done[name] for name in sorted(done)}

    def _detector(
        self,
        label: str,
        keys: Mapping[str, str],
        frames: _Frames,
        reference: Mapping[str, Annotation],
    ) -> SpeechDetector:
        detector = SpeechDetector(
            config=self.config.mfcc, random_state=self.config.seed, n_threads=self.jobs
        )

        def fit() -> dict[str, FloatArray]:
            speech = [annotation.timeline() for annotation in reference.values()]
            detector.fit([np.asarray(frames[name]) for name in frames], speech)
            return detector_tensors(detector)

        tensors = self._stage(label, "speech", keys, fit)
        detector.mixtures_ = detector_mixtures(tensors, self.jobs)
        return detector

    def _ubm(
        self,
        label: str,
        keys: Mapping[str, str],
        frames: _Frames,
        reference: Mapping[str, Annotation],
    ) -> DiagonalGmm:
        def fit() -> dict[str, FloatArray]:
            ubm = DiagonalGmm(
                n_components=self.config.n_components,
                n_iterations=self.config.ubm_iterations,
                random_state=self.config.seed,
                n_threads=self.jobs,
            )
            return mixture_tensors("ubm", ubm.fit(_SpeechFrames(frames, reference, self.config)))

        return mixture_of("ubm", self._stage(label, "ubm", keys, fit), self.jobs)

    def _total_variability(
        self,
        label: str,
        keys: Mapping[str, str],
        frames: _Frames,
        reference: Mapping[str, Annotation],
        ubm: DiagonalGmm,
    ) -> TotalVariability:
        config = self.config
        model = TotalVariability(
            ubm=ubm,
            rank=config.rank,
            n_iterations=config.total_variability_iterations,
            random_state=config.seed,
            n_threads=self.jobs,
        )

        def fit() -> dict[str, FloatArray]:
            name = f"{label}total variability"
            self.progress(name, 0, config.total_variability_iterations)
            model.fit(
                self._statistics(frames, reference, ubm),
                callback=lambda k: self.progress(name, k, config.total_variability_iterations),
            )
            # The model file holds half precision; what follows is estimated with the same.
            return {"matrix": model.matrix_.astype(np.float16)}

        tensors = self._stage(label, "total variability", keys, fit)
        model.matrix_ = tensors["matrix"].astype(np.float32)
        return model

    def _statistics(
        self, frames: _Frames, reference: Mapping[str, Annotation], ubm: DiagonalGmm
    ) -> list[BaumWelchStatistics]:
        """Statistics of every turn, and of every speaker in every recording."""
        embedder = IvectorEmbedder(
            ubm=ubm,
            total_variability=TotalVariability(ubm=ubm),
            normalization=self.config.normalization,
            hop=self.config.mfcc.hop,
        )
        batches = []
        for name, annotation in reference.items():
            static = frames[name]
            segments, speakers = reference_segments(annotation, len(static), self.config.mfcc)
            turns = embedder.statistics(static, segments)
            batches += [turns, _by_speaker(turns, speakers)[0]]
        return batches

    def _thresholds(self, durations: Mapping[str, float]) -> ClusteringConfig:
        """The two thresholds with the least error on every other recording, with models
        trained on the rest: on their own training data cosines are too good."""
        reference = self.collection.reference
        names = list(reference)
        bundle = self._models({name: reference[name] for name in names[::2]}, "held-back ")
        held_back = replace(
            self.collection, reference={name: reference[name] for name in names[1::2]}
        )
        frames = _Frames(self.stages, held_back.reference)
        self.progress("thresholds", 0, 2)
        diarizer = Diarizer(bundle)
        segments = [
            diarizer.embed(np.asarray(frames[name]), duration=durations[name], recording=name)
            for name in frames
        ]
        within = _best_threshold(
            lambda threshold: _within(bundle, segments, threshold), held_back, False
        )
        self.progress("thresholds", 1, 2)
        local = [Diarizer(bundle, threshold=within).cluster(s) for s in segments]
        vectors = bundle.project(np.concatenate([d.vectors for d in local]))
        recordings = [d.recording for d in local for _ in d.speakers]

        def linked(threshold: float) -> dict[str, Annotation]:
            labels = link(vectors, recordings, threshold=threshold).labels.tolist()
            names = iter(labels)
            return {
                d.recording: d.annotation.rename({s: str(next(names)) for s in d.speakers})
                for d in local
            }

        across = _best_threshold(linked, held_back, True)
        self.progress("thresholds", 2, 2)
        return replace(self.config.clustering, threshold_within=within, threshold_across=across)

    def _stage(
        self,
        label: str,
        stage: str,
        keys: Mapping[str, str],
        fit: Callable[[], dict[str, FloatArray]],
    ) -> dict[str, FloatArray]:
        """Result of a stage: the stored one if it has the same key, or a new one."""
        name = label + stage
        path = self.stages / f"{stage.replace(' ', '-')}.{keys[stage][:16]}.safetensors"
        if not path.exists():
            self.progress(name, 0, 1)
            write_atomic(path, save({k: np.ascontiguousarray(v) for k, v in fit().items()}))
        self.progress(name, 1, 1)
        return dict(load_file(path))

    def _provenance(self, durations: Mapping[str, float]) -> dict[str, Any]:
        classes = self.collection.speaker_recordings(
            min_recordings=self.config.min_recordings, min_speech=self.config.min_speech
        )
        return {
            "collection": self.collection.path.name,
            "recordings": len(durations),
            "hours": round(sum(durations.values()) / 3600, 3),
            "speakers": len(self.collection.speaker_recordings()),
            "classes": len(classes),
            "training": _plain(asdict(self.config)),
            "versions": {
                "python": platform.python_version(),
                **{name: version(name) for name in ("trfast", "numpy", "scipy", "scikit-learn")},
            },
        }


class _Frames(Mapping[str, FloatArray]):
    """Static frames of each recording, memory-mapped."""

    def __init__(self, stages: Path, names: Mapping[str, Any]) -> None:
        self._files = {name: _frames_file(stages, name) for name in names}

    def __getitem__(self, name: str) -> FloatArray:
        frames: FloatArray = np.load(self._files[name], mmap_mode="r")
        return frames

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


class _SpeechFrames(Sequence[FloatArray]):
    """Normalized frames of the turns of each recording, made again at each pass."""

    def __init__(
        self, frames: _Frames, reference: Mapping[str, Annotation], config: TrainingConfig
    ) -> None:
        self._frames = frames
        self._names = list(reference)
        self._reference = reference
        self._config = config

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, index: Any) -> Any:
        name = self._names[index]
        config = self._config
        static = self._frames[name]
        segments, _ = reference_segments(self._reference[name], len(static), config.mfcc)
        chunks = segment_frames(static, segments, config.normalization, config.mfcc.hop)
        return np.concatenate(
            [np.empty((0, 3 * static.shape[1]), np.float32), *(c for c, _ in chunks)]
        )


def _frames_file(stages: Path, name: str) -> Path:
    return stages / "features" / f"{name}.npy"


def _store_frames(
    name: str, *, files: Mapping[str, Path], stages: Path, config: MfccConfig
) -> float:
    """Make the frames of one recording; return its duration."""
    static, duration = frames_of(files[name], config)
    target = _frames_file(stages, name)
    target.parent.mkdir(exist_ok=True)
    with replacing(target) as temporary, open(temporary, "wb") as file:
        np.save(file, static)
    return duration


def reference_segments(
    annotation: Annotation, n_frames: int, mfcc: MfccConfig
) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Return the frame bounds where one speaker speaks alone, and the name of each."""
    turns = single_speaker_turns(annotation)
    segments, speakers = [np.empty((0, 2), np.int64)], []
    for start, end, speaker in turns:
        found = timeline_to_frames(Timeline([(start, end)]), n_frames, mfcc)
        segments.append(found)
        speakers += [speaker] * len(found)
    return np.concatenate(segments), speakers


def _by_speaker(
    statistics: BaumWelchStatistics, speakers: list[str]
) -> tuple[BaumWelchStatistics, list[str]]:
    names = sorted(set(speakers))
    groups = np.array([names.index(speaker) for speaker in speakers], dtype=np.int64)
    return statistics.grouped(groups, len(names)), names


def _within(
    bundle: ModelBundle, segments: Sequence[EmbeddedSegments], threshold: float
) -> dict[str, Annotation]:
    diarizer = Diarizer(bundle, threshold=threshold)
    return {s.recording: diarizer.cluster(s).annotation for s in segments}


def _best_threshold(
    hypothesis: Callable[[float], Mapping[str, Annotation]],
    collection: LabelledCollection,
    across_recordings: bool,
) -> float:
    """Threshold of the least DER, 0.25 s collar, overlap left out; the middle of ties."""
    errors = np.array(
        [
            diarization_error(
                collection.reference,
                hypothesis(float(threshold)),
                uem=collection.uem,
                skip_overlap=True,
                across_recordings=across_recordings,
            ).error_rate
            for threshold in _THRESHOLDS
        ]
    )
    if not np.isfinite(errors).all():
        raise ModelError("nothing is scored in the training collection; does all.uem fit it?")
    return float(np.median(_THRESHOLDS[errors == errors.min()]))


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Numbers and text only, for JSON."""
    return json.loads(json.dumps(value))
