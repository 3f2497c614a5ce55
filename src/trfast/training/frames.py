"""The frames of the recordings: made once, kept in files, read as they are needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._files import replacing
from trfast.annotation import Annotation
from trfast.audio import SAMPLE_RATE, load, stream
from trfast.embedding import NormalizationConfig, segment_frames
from trfast.features import Fbank, Mfcc, MfccConfig, frame_hop
from trfast.model import ModelBundle
from trfast.training.augmentation import Samples
from trfast.training.scenes import scene
from trfast.training.vectors import reference_segments

FloatArray = npt.NDArray[Any]


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


def embedder_frames(file: Path, model: ModelBundle) -> FloatArray:
    """Return the frames of a recording that the model's embedder takes."""
    if model.neural is None:
        return frames_of(file, model.mfcc)[0]
    return Fbank().extract(stream(file))


def named_frames(
    name: str, *, files: Mapping[str, Path], config: MfccConfig
) -> tuple[FloatArray, float]:
    """Return what `frames_of` does, of a recording by its name."""
    return frames_of(files[name], config)


def scene_frames(
    name: str,
    *,
    files: Mapping[str, Path],
    reference: Mapping[str, Annotation],
    config: MfccConfig,
    noises: Sequence[Samples],
    n_copies: int,
    seed: int,
) -> list[FloatArray]:
    """Return the frames of scenes of one recording."""
    samples, rng = load(files[name]), np.random.default_rng([seed, *name.encode()])
    merged = reference[name].timeline().merged()
    edges = np.array([(segment.start, segment.end) for segment in merged]).reshape(-1, 2)
    bounds = np.clip(np.round(edges * SAMPLE_RATE), 0, len(samples)).astype(int).tolist()
    scenes = (scene(samples, bounds, noises, rng) for _ in range(n_copies))
    return [Mfcc(config).extract([varied]) for varied in scenes]


def store(folder: Path, name: str, static: FloatArray) -> None:
    """Write the frames of a recording, as `StoredFrames` reads them."""
    folder.mkdir(exist_ok=True)
    with replacing(folder / f"{name}.npy") as temporary, open(temporary, "wb") as file:
        np.save(file, static)


class StoredFrames(Mapping[str, FloatArray]):
    """Static frames of each recording, memory-mapped."""

    def __init__(self, folder: Path, names: Iterable[str]) -> None:
        self._files = {name: folder / f"{name}.npy" for name in names}

    def __getitem__(self, name: str) -> FloatArray:
        frames: FloatArray = np.load(self._files[name], mmap_mode="r")
        return frames

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


class HeardFrames(Mapping[str, FloatArray]):
    """The same frames, made from the audio where they are asked for: on a machine that does not
    see the folder."""

    def __init__(self, files: Mapping[str, Path], config: MfccConfig) -> None:
        self._files, self._config = files, config

    def __getitem__(self, name: str) -> FloatArray:
        return frames_of(self._files[name], self._config)[0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


class SpeechFrames(Sequence[FloatArray]):
    """Normalized frames of the turns of each recording, made again at each pass."""

    def __init__(
        self,
        frames: Mapping[str, FloatArray],
        reference: Mapping[str, Annotation],
        mfcc: MfccConfig,
        normalization: NormalizationConfig,
    ) -> None:
        self._frames = frames
        self._names = list(reference)
        self._reference = reference
        self._mfcc = mfcc
        self._normalization = normalization

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, index: Any) -> Any:
        name = self._names[index]
        static = self._frames[name]
        segments, _ = reference_segments(self._reference[name], len(static), self._mfcc)
        chunks = segment_frames(static, segments, self._normalization, frame_hop(self._mfcc))
        return np.concatenate(
            [np.empty((0, 3 * static.shape[1]), np.float32), *(c for c, _ in chunks)]
        )
