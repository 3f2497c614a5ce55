"""Labelled recordings -> a model bundle, stage by stage; a stopped training goes on."""

from trfast.training.backends import fit_backends
from trfast.training.config import EstimatorConfig, TrainingConfig
from trfast.training.frames import embedder_frames, frames_of
from trfast.training.imported import train_on_vectors
from trfast.training.labelled import LabelledCollection
from trfast.training.recipe import train
from trfast.training.vectors import (
    SpeakerVectors,
    reference_segments,
    reference_vectors,
    training_vectors,
)

__all__ = [
    "EstimatorConfig",
    "LabelledCollection",
    "SpeakerVectors",
    "TrainingConfig",
    "embedder_frames",
    "fit_backends",
    "frames_of",
    "reference_segments",
    "reference_vectors",
    "train",
    "train_on_vectors",
    "training_vectors",
]
