"""A model of few Gaussians and all back-ends, and a labelled collection of synthetic voices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from scipy.signal import lfilter

from trfast.annotation import Annotation
from trfast.embedding import NormalizationConfig
from trfast.embedding.gmm import DiagonalGmm
from trfast.embedding.ivector import TotalVariability
from trfast.features import MfccConfig
from trfast.formats import write_rttm
from trfast.model import ClusteringConfig, ModelBundle
from trfast.scoring import Lda, LengthNorm, Plda, Wccn, Whitening
from trfast.scoring.backend import BACKENDS, Backend, Thresholds
from trfast.scoring.estimators import estimator_of, estimator_tensors
from trfast.segmentation import SegmentationConfig
from trfast.speech import SpeechDetector
from trfast.speech.inputs import n_inputs
from trfast.training import TrainingConfig
from trfast.training.augmentation import AugmentationConfig

RATE = 16_000

# Pitch and two resonances, in Hz.
VOICES = {
    "ann": (210, 700, 1900),
    "ben": (110, 450, 1200),
    "cat": (250, 900, 2600),
    "dan": (90, 600, 1000),
}

CONFIG = TrainingConfig(
    augmentation=AugmentationConfig(n_copies=1, speeds=(0.9,)),
    n_components=8,
    ubm_iterations=2,
    rank=3,
    total_variability_iterations=2,
)


def mixture(n_components, n_features, rng):
    return DiagonalGmm.of(
        rng.dirichlet(np.ones(n_components)).astype(np.float32),
        rng.normal(size=(n_components, n_features)).astype(np.float32),
        rng.uniform(0.5, 2, size=(n_components, n_features)).astype(np.float32),
        n_threads=1,
    )


def small_model(seed=0):
    rng = np.random.default_rng(seed)
    ubm = mixture(4, 60, rng)
    total_variability = TotalVariability(ubm=ubm, rank=3, n_threads=1)
    # What half precision holds, as after training.
    total_variability.matrix_ = rng.normal(size=(4, 60, 3)).astype(np.float16).astype(np.float32)
    detector = SpeechDetector(config=MfccConfig(), n_hidden=2)
    detector.layers_ = tuple(
        (rng.normal(size=(n, m)).astype(np.float32), rng.normal(size=m).astype(np.float32))
        for n, m in ((n_inputs(20), 2), (2, 1), (1, 1))
    )
    whitening = Whitening().fit(rng.normal(size=(20, 3)))
    whitening.mean_ = whitening.mean_.astype(np.float32)
    whitening.matrix_ = whitening.matrix_.astype(np.float32)
    backends = small_backends(whitening, rng)
    return ModelBundle(
        mfcc=MfccConfig(),
        segmentation=SegmentationConfig(),
        normalization=NormalizationConfig(),
        clustering=ClusteringConfig(),
        detector=detector,
        ubm=ubm,
        total_variability=total_variability,
        whitening=whitening,
        backends=backends,
        provenance={"collection": "small"},
        cohort=backends["cosine"].cohort,
    )


def small_backends(whitening, rng):
    """All back-ends, of twelve speakers in three dimensions."""
    speakers = np.repeat(np.arange(12), 5)
    vectors = 2 * rng.normal(size=(12, 3))[speakers] + rng.normal(size=(60, 3))
    unit = LengthNorm().fit_transform(whitening.transform(vectors))
    estimators: dict[str, Any] = {
        "wccn": Wccn(shrinkage=0.1),
        "lda": Lda(n_components=2),
        "plda": Plda(rank=2),
    }
    tensors = {
        "tr.weights": rng.normal(size=(3, 3)).astype(np.float32),
        "tr.bias": rng.normal(size=3).astype(np.float32),
    }
    for name, estimator in estimators.items():
        # What single precision holds, as after training.
        tensors |= estimator_tensors(name, estimator.fit(unit, speakers))
    cohort = 2 * rng.normal(size=(30, 3)).astype(np.float16).astype(np.float32)
    return {
        name: Backend(
            name=name,
            whitening=whitening,
            estimator=estimator_of(name, tensors),
            cohort=cohort,
            thresholds={
                "cc": Thresholds(within=0.55 + k / 100, across=0.65 + k / 100),
                "hac": Thresholds(within=0.45 + k / 100, across=0.5 + k / 100),
                "average": Thresholds(within=0.5 + k / 100, across=0.55 + k / 100),
            },
        )
        for k, name in enumerate(BACKENDS)
    }


def voice(name, seconds, rng):
    """Pulses through two resonators, in syllables of a quarter of a second."""
    pitch, *resonances = VOICES[name]
    n = round(seconds * RATE)
    phase = np.cumsum(pitch * (1 + 0.03 * rng.normal(size=n)) / RATE)
    sound = np.diff(np.floor(phase), prepend=0) + 0.02 * rng.normal(size=n)
    for centre in resonances:
        radius, angle = 0.97, 2 * np.pi * centre / RATE
        sound = lfilter([1 - radius], [1, -2 * radius * np.cos(angle), radius**2], sound)
    syllables = 0.6 + 0.4 * np.sin(2 * np.pi * 4 * np.arange(n) / RATE)
    return 0.3 * syllables * sound / np.abs(sound).max()


def show(turns, duration, rng):
    """Samples in which voices speak over a low noise."""
    samples = 0.002 * rng.normal(size=round(duration * RATE))
    for start, end, speaker in turns:
        first = round(start * RATE)
        part = voice(speaker, end - start, rng)
        samples[first : first + len(part)] += part
    return samples.astype(np.float32)


def write_collection(folder: Path, n_recordings: int = 4) -> Path:
    """Shows of 18 s, three turns of three of the voices in each."""
    (folder / "audio").mkdir(parents=True)
    annotations = []
    for k in range(n_recordings):
        rng = np.random.default_rng(k)
        speakers = [list(VOICES)[(k + i) % len(VOICES)] for i in range(3)]
        turns = [(6 * i + 1, 6 * i + 5, speaker) for i, speaker in enumerate(speakers)]
        soundfile.write(folder / "audio" / f"show-{k}.wav", show(turns, 18, rng), RATE)
        annotations.append(Annotation(f"show-{k}", turns))
    write_rttm(annotations, folder / "ref.rttm")
    return folder
