"""The long stages of a training, each with its result in a file: a stopped training goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save

from trfast._files import write_atomic
from trfast.annotation import Annotation
from trfast.embedding import (
    BaumWelchStatistics,
    DiagonalGmm,
    IvectorEmbedder,
    NormalizationConfig,
    PieceEmbedder,
    ProjectedStatistics,
    SimplifiedIvectors,
    TotalVariability,
)
from trfast.errors import ModelError
from trfast.features import frame_hop
from trfast.model import NeuralConfig
from trfast.model.file import (
    detector_layers,
    detector_tensors,
    mixture_of,
    mixture_tensors,
    window_scoring,
    window_tensors,
)
from trfast.scoring.normalization import Whitening
from trfast.scoring.windows import WindowConfig, WindowScoring
from trfast.speech import SpeechDetector
from trfast.training.augmentation import Samples
from trfast.training.config import TrainingConfig
from trfast.training.frames import (
    HeardFrames,
    SpeechFrames,
    StoredFrames,
    named_frames,
    scene_frames,
    store,
)
from trfast.training.labelled import LabelledCollection
from trfast.training.recordings import each_recording
from trfast.training.variation import (
    Arrays,
    StoredStatistics,
    Variation,
    noises_of,
    write_statistics,
)
from trfast.training.vectors import SpeakerVectors, strangers, training_vectors
from trfast.training.windows import (
    EmbeddedUnits,
    SpokenUnits,
    UnitStatistics,
    fit_windows,
    read_units,
    speaker_vectors,
)

FloatArray = npt.NDArray[Any]
Progress = Callable[[str, int, int], None]
Result = TypeVar("Result")

# Scenes of each recording that the speech detector hears, whatever back-ends hear; what they are
# made of lasts so long, and is so far from speech, that it is none (seconds).
_SCENES = 4
_LEAST_NOISE, _MARGIN = 2.0, 0.3
# Recordings whose frames wait to be written: 30 MB an hour, five times that with scenes.
_MOST_FRAMES = 32
# Seconds around a unit that a network embeds.
_WINDOW = 1.5


@dataclass(frozen=True, kw_only=True, eq=False)
class Stages:
    """The models that come before the back-ends.

    Parameters
    ----------
    collection : LabelledCollection
    config : TrainingConfig
    folder : Path
        Where results lie, under the hash of all they depend on.
    jobs : int
        Processes for features, threads for the rest.
    progress : callable
        Called with the name of a stage, steps done, and steps in all.
    unheard : frozenset of str
        Speakers whose vectors nothing learns from.
    label : str
        Before the names of stages.
    network : PieceEmbedder, optional
        Embeds units and speakers in place of i-vectors.
    executor : concurrent.futures.Executor, optional
        In place of processes. Its workers read audio and write nothing.
    """

    collection: LabelledCollection
    config: TrainingConfig
    folder: Path
    jobs: int
    progress: Progress
    unheard: frozenset[str] = frozenset()
    label: str = ""
    network: PieceEmbedder | None = None
    executor: Executor | None = None

    def each(
        self, function: Callable[[str], Result], names: Iterable[str], *, most: int | None = None
    ) -> Iterator[tuple[str, Result]]:
        """Yield what a function makes of each recording; `most` results wait to be written, where
        there is an executor."""
        if self.executor is None:
            return each_recording(function, names, jobs=self.jobs)
        return each_recording(function, names, executor=self.executor, in_flight=most)

    def features(self) -> dict[str, float]:
        """Make the frames of each recording, one file each; return the durations."""
        self.folder.mkdir(parents=True, exist_ok=True)
        key = self._features_key
        index = self.folder / "features.json"
        done: dict[str, float] = {}
        if index.exists():
            stored = json.loads(index.read_text())
            done = stored["durations"] if stored["key"] == key else {}
        todo = [name for name in self.collection.audio if name not in done]
        total = len(self.collection.audio)
        self.progress("features", len(done), total)
        function = partial(named_frames, files=self.collection.audio, config=self.config.mfcc)
        for name, (static, duration) in self.each(function, todo, most=_MOST_FRAMES):
            store(self.folder / "features", name, static)
            done[name] = duration
            write_atomic(index, json.dumps({"key": key, "durations": done}))
            self.progress("features", len(done), total)
        return {name: done[name] for name in sorted(done)}

    @property
    def frames(self) -> StoredFrames:
        """The frames of each recording, once `features` has made them."""
        return StoredFrames(self.folder / "features", self.collection.reference)

    @property
    def frames_of_workers(self) -> Mapping[str, FloatArray]:
        """The same, as workers get at them."""
        if self.executor is None:
            return self.frames
        return HeardFrames(self.collection.audio, self.config.mfcc)

    @cached_property
    def detector(self) -> SpeechDetector:
        """Speech detector, from the time of the turns and the rest, as it is and in scenes."""
        detector = SpeechDetector(config=self.config.mfcc, random_state=self.config.seed)
        key = digest(self._data_key, detector.get_params(), _SCENES, self.config.augmentation.noise)

        def fit() -> dict[str, FloatArray]:
            reference = self.collection.reference
            frames = self.frames
            speech = [annotation.timeline() for annotation in reference.values()]
            scenes = self._scene_frames(self.folder / f"scenes.{key[:16]}")
            detector.fit([*frames.values(), *scenes], speech * (1 + _SCENES))
            return detector_tensors(detector)

        detector.layers_ = detector_layers(self.stored("speech", key, fit))
        return detector

    @cached_property
    def ubm(self) -> DiagonalGmm:
        """UBM of the speech."""

        def fit() -> dict[str, FloatArray]:
            config, reference = self.config, self.collection.reference
            ubm = DiagonalGmm(
                n_components=config.n_components,
                n_iterations=config.ubm_iterations,
                random_state=config.seed,
                n_threads=self.jobs,
            )
            ubm.fit(SpeechFrames(self.frames, reference, config.mfcc, config.normalization))
            return mixture_tensors("ubm", ubm)

        return mixture_of("ubm", self.stored("ubm", self._ubm_key, fit), self.jobs)

    @cached_property
    def total_variability(self) -> TotalVariability:
        """Total variability, from the speech of every speaker in every recording, and varied."""
        n_iterations = self.config.total_variability_iterations
        model = TotalVariability(
            ubm=self.ubm,
            rank=self.config.rank,
            n_iterations=n_iterations,
            random_state=self.config.seed,
            n_threads=self.jobs,
        )

        def fit() -> dict[str, FloatArray]:
            name = f"{self.label}total variability"
            self.progress(name, 0, n_iterations)
            statistics = StoredStatistics(
                self._varied(), list(self.collection.reference), without=self.unheard, plain=True
            )
            model.fit(statistics, callback=lambda k: self.progress(name, k, n_iterations))
            # The model file holds half precision; what follows is estimated with the same.
            return {"matrix": model.matrix_.astype(np.float16)}

        tensors = self.stored("total variability", self._total_variability_key, fit)
        model.matrix_ = tensors["matrix"].astype(np.float32)
        return model

    @cached_property
    def vectors(self) -> SpeakerVectors:
        """Vectors of the speakers in all recordings, and varied; of a network, not varied."""
        if self.network is not None:
            return speaker_vectors(self.units, self.network.vectors, without=self.unheard)
        recordings = list(self.collection.reference)
        speakers = sorted(self.collection.speaker_recordings())
        model = self.total_variability

        def fit() -> dict[str, FloatArray]:
            statistics = StoredStatistics(self._varied(), recordings, without=self.unheard)
            found = []
            for name in recordings:
                counted, names, speeds = statistics.read(name)
                found.append((model.transform(counted), names, speeds))
            return {
                "vectors": np.concatenate([vectors for vectors, _, _ in found]),
                "speakers": np.searchsorted(speakers, [n for _, names, _ in found for n in names]),
                "speeds": np.concatenate([speeds for _, _, speeds in found]),
                "recordings": np.repeat(np.arange(len(found)), [len(v) for v, _, _ in found]),
            }

        tensors = self.stored("vectors", digest(self._total_variability_key, "vectors"), fit)
        return SpeakerVectors(
            tensors["vectors"],
            tuple(speakers[k] for k in tensors["speakers"]),
            tuple(recordings[k] for k in tensors["recordings"]),
            tuple(tensors["speeds"].tolist()),
        )

    @cached_property
    def strangers(self) -> frozenset[str]:
        """Speakers of the cohort, whoever is unheard."""
        return strangers(self.collection, self.config.n_cohort, self.config.seed)

    @property
    def cohort(self) -> FloatArray | None:
        """Vectors of the strangers, in the precision of the model file."""
        if not self.strangers:
            return None
        rows = self.vectors.only([name in self.strangers for name in self.vectors.speakers])
        return rows.vectors.astype(np.float16)

    @property
    def labelled(self) -> SpeakerVectors:
        """What supervised back-ends learn from."""
        least = self.config.min_class_speech
        return training_vectors(self.vectors, self.collection, least, without=self.strangers)

    @cached_property
    def window_vectors(self) -> Callable[[ProjectedStatistics], FloatArray]:
        """Statistics of windows -> vectors."""
        if self.network is not None:
            return self.network.vectors
        return SimplifiedIvectors(self.total_variability)

    @cached_property
    def units(self) -> list[SpokenUnits]:
        """Units of the speech of all recordings."""
        if self.network is not None:
            return list(self._embedded("embedded-units", None))
        folder, config, reference = self._units(), self.config, self.collection.reference
        project = self.total_variability.project
        return list(read_units(folder, reference, config.mfcc, project))

    @cached_property
    def windows(self) -> WindowScoring | None:
        """What scores windows, if that is wanted."""
        windows, estimators = self.config.windows, self.config.estimators
        if windows is None:
            return None

        def fit() -> dict[str, FloatArray]:
            found = fit_windows(
                self.units, self.window_vectors, windows, estimators, without=self.unheard
            )
            return window_tensors(found)

        return window_scoring(windows, self.stored("windows", self.windows_key, fit))

    @property
    def windows_key(self) -> str:
        """Hash of all that scores of windows depend on."""
        windows, estimators = self.config.windows or WindowConfig(), self.config.estimators
        return digest(
            self._vectors_key,
            (windows.unit, windows.lengths, self.config.segmentation),
            (estimators.window_components, estimators.window_shrinkage),
            estimators.window_whitening,
        )

    @cached_property
    def whitening(self) -> Whitening:
        """Whitening of the vectors, but for those at other speeds."""
        own = self.vectors.only([speed == 1 for speed in self.vectors.speeds])
        n_speakers = len(set(zip(own.speakers, own.recordings, strict=True)))
        if n_speakers < 2:
            raise ModelError(
                f"{n_speakers} speaker(s), counted once a recording: whitening needs at"
                " least 2, when a quarter of the speakers is left out too; give more recordings"
            )
        whitening = Whitening(shrinkage=self.config.whitening_shrinkage).fit(own.vectors)
        # As the model file holds them, so that the model gives the same before and after.
        whitening.mean_ = whitening.mean_.astype(np.float32)
        whitening.matrix_ = whitening.matrix_.astype(np.float32)
        return whitening

    @cached_property
    def _noises(self) -> list[Samples]:
        return noises_of(self.collection, self.config.augmentation.noise, self.config.seed)

    def _scene_frames(self, folder: Path) -> list[FloatArray]:
        """Make the frames of scenes of whole recordings, all of the first copy first."""
        audio, config = self.collection.audio, self.config
        function = partial(
            scene_frames,
            files=audio,
            reference=self.collection.reference,
            config=config.mfcc,
            noises=noises_of(
                self.collection,
                config.augmentation.noise,
                config.seed,
                least=_LEAST_NOISE,
                margin=_MARGIN,
            ),
            n_copies=_SCENES,
            seed=config.seed,
        )
        for name, scenes in self.each(function, audio, most=_MOST_FRAMES):
            for copy, static in enumerate(scenes):
                store(folder, f"{name}.{copy}", static)
        names = [f"{name}.{copy}" for copy in range(_SCENES) for name in audio]
        return list(StoredFrames(folder, names).values())

    def _varied(self) -> Path:
        """Make the statistics of the speech of each recording, and of its varied copies, one
        file each; return their folder."""
        config = self.config
        folder = self.folder / f"statistics.{self._statistics_key[:16]}"
        name = f"{self.label}varied speech"
        recordings = list(self.collection.reference)
        todo = [item for item in recordings if not (folder / f"{item}.npz").exists()]
        self.progress(name, len(recordings) - len(todo), len(recordings))
        if not todo:
            return folder
        augmentation = config.augmentation
        variation = Variation(
            collection=self.collection,
            embedder=self._counting(config.normalization),
            mfcc=config.mfcc,
            augmentation=augmentation,
            noises=self._noises if augmentation.n_copies else [],
            seed=config.seed,
        )
        for done, _ in enumerate(self._kept(folder, variation, todo), 1):
            self.progress(name, len(recordings) - len(todo) + done, len(recordings))
        return folder

    def _units(self) -> Path:
        """Make the statistics of the units of each recording, one file each; return their
        folder."""
        config = self.config
        unit = config.windows.unit if config.windows else 0.0
        normalization = NormalizationConfig(scope="sliding")
        key = digest(self._ubm_key, normalization, unit, config.segmentation)
        folder = self.folder / f"units.{key[:16]}"
        recordings = list(self.collection.reference)
        todo = [name for name in recordings if not (folder / f"{name}.npz").exists()]
        if not todo:
            return folder
        counting = UnitStatistics(
            frames=self.frames_of_workers,
            reference=self.collection.reference,
            embedder=self._counting(normalization),
            mfcc=config.mfcc,
            segmentation=config.segmentation,
            unit=unit,
        )
        for _ in self._kept(folder, counting, todo):
            pass
        return folder

    def _kept(
        self, folder: Path, function: Callable[[str], Arrays], names: Iterable[str]
    ) -> Iterator[str]:
        """Write what a function makes of each recording, one file each; yield their names."""
        folder.mkdir(exist_ok=True)
        for name, arrays in self.each(function, names):
            write_statistics(folder / f"{name}.npz", arrays)
            yield name

    def _counting(self, normalization: NormalizationConfig) -> IvectorEmbedder:
        """What counts statistics by the UBM, one thread each."""
        ubm = self.ubm
        return IvectorEmbedder(
            ubm=DiagonalGmm.of(ubm.weights_, ubm.means_, ubm.variances_, n_threads=1),
            total_variability=TotalVariability(ubm=ubm),
            normalization=normalization,
            hop=frame_hop(self.config.mfcc),
        )

    @property
    def _features_key(self) -> str:
        data = [
            (name, file.stat().st_size, file.stat().st_mtime_ns)
            for name, file in self.collection.audio.items()
        ]
        return digest(version("trfast"), data, self.config.mfcc)

    @cached_property
    def _data_key(self) -> str:
        return digest(self._features_key, _turns(self.collection.reference), self.config.seed)

    @property
    def _ubm_key(self) -> str:
        config = self.config
        return digest(
            self._data_key, config.normalization, config.n_components, config.ubm_iterations
        )

    @property
    def _statistics_key(self) -> str:
        return digest(self._ubm_key, self.config.augmentation)

    @property
    def _total_variability_key(self) -> str:
        config = self.config
        return digest(
            self._statistics_key,
            sorted(self.unheard),
            config.rank,
            config.total_variability_iterations,
        )

    @property
    def _vectors_key(self) -> str:
        if self.network is None:
            return self._total_variability_key
        return digest(self._data_key, self.network.file_hash, _WINDOW, sorted(self.unheard))

    @property
    def neural(self) -> NeuralConfig | None:
        """What a model says of the network."""
        if self.network is None:
            return None
        return NeuralConfig(
            file_hash=self.network.file_hash, dimension=self.network.dimension, window=_WINDOW
        )

    def found(self) -> list[SpokenUnits]:
        """Units of what the detector takes for speech, embedded by the network."""
        return list(self._embedded("embedded-found", self.detector))

    def _embedded(self, name: str, detector: SpeechDetector | None) -> Iterator[SpokenUnits]:
        """Yield the units of each recording, embedded in files; where no detector says what is
        speech, the reference does."""
        config, network, reference = self.config, self.network, self.collection.reference
        if network is None:
            return
        unit = config.windows.unit if config.windows else 0.0
        heard = {} if detector is None else detector_tensors(detector)
        key = digest(
            self._data_key,
            (network.file_hash, _WINDOW, unit, config.segmentation),
            [array.tobytes() for array in heard.values()],
        )
        folder = self.folder / f"{name}.{key[:16]}"
        todo = [item for item in reference if not (folder / f"{item}.npz").exists()]
        stage, done = name.replace("-", " "), len(reference) - len(todo)
        self.progress(stage, done, len(reference))
        if todo:
            embedding = EmbeddedUnits(
                files=self.collection.audio,
                frames=self.frames_of_workers,
                reference=reference,
                network=network,
                detector=detector,
                window=_WINDOW,
                unit=unit,
                mfcc=config.mfcc,
                segmentation=config.segmentation,
            )
            for count, _ in enumerate(self._kept(folder, embedding, todo), done + 1):
                self.progress(stage, count, len(reference))
        yield from read_units(folder, reference, config.mfcc, _of_one)

    def stored(
        self, stage: str, key: str, fit: Callable[[], dict[str, FloatArray]]
    ) -> dict[str, FloatArray]:
        """Result of a stage: the stored one if it has the same key, or a new one."""
        name = self.label + stage
        path = self.folder / f"{stage.replace(' ', '-')}.{key[:16]}.safetensors"
        if not path.exists():
            self.progress(name, 0, 1)
            write_atomic(path, save({k: np.ascontiguousarray(v) for k, v in fit().items()}))
        self.progress(name, 1, 1)
        return dict(load_file(path))


def _turns(reference: Mapping[str, Annotation]) -> list[object]:
    return [(name, annotation.turns) for name, annotation in reference.items()]


def _of_one(counted: BaumWelchStatistics) -> ProjectedStatistics:
    """Statistics of a network, in the file as those of one Gaussian."""
    return ProjectedStatistics(counted.zeroth, counted.first[:, 0])


def digest(*parts: object) -> str:
    """Return a hash of what a stage depends on."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()
