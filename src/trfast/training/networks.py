"""Files of one network: a model may take several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from trfast.embedding import PieceEmbedder
from trfast.errors import ModelError
from trfast.features import frames_in, timeline_to_frames
from trfast.features.clock import HOP
from trfast.model import ModelBundle
from trfast.segmentation import cut_units
from trfast.training.frames import embedder_frames
from trfast.training.labelled import LabelledCollection

# Mean cosine from which two files are one network, and recordings on which that is seen.
_LEAST_COSINE, _N_RECORDINGS = 0.9, 5


def with_files(
    model: ModelBundle, others: Sequence[PieceEmbedder], collection: LabelledCollection
) -> ModelBundle:
    """Let a model take other files of its network, such as one of float32 beside int8.

    They are compared on windows of the speech of some recordings; the mean cosines are in the
    `provenance` of what comes out, under ``"other files"``.

    Parameters
    ----------
    model : ModelBundle
        With its network.
    others : sequence of PieceEmbedder
    collection : LabelledCollection

    Returns
    -------
    ModelBundle

    Raises
    ------
    ModelError
        If the model has no neural embedding, or a file gives other vectors.
    """
    if not others:
        return model
    if model.neural is None:
        raise ModelError("a model of i-vectors takes no ONNX file")
    network, neural = model.neural_embedder, model.neural
    cosines: list[list[float]] = [[] for _ in others]
    for name in list(collection.reference)[:_N_RECORDINGS]:
        banks = embedder_frames(collection.audio[name], model)
        speech = collection.reference[name].timeline().merged()
        regions = timeline_to_frames(speech, len(banks), model.mfcc)
        windows = cut_units(regions, len(banks), duration=neural.window).bounds
        windows = windows[windows[:, 1] - windows[:, 0] >= frames_in(neural.window / 2, HOP)]
        own = network.vectors(network.segment_statistics(banks, windows))
        for other, found in zip(others, cosines, strict=True):
            vectors = other.vectors(other.segment_statistics(banks, windows))
            if vectors.shape != own.shape:
                raise ModelError(
                    f"{other.path}: vectors of {other.dimension} dimensions, those of"
                    f" {network.path} have {network.dimension}: not the same network"
                )
            found.extend(np.sum(own * vectors, axis=1).tolist())
    means = [float(np.mean(found)) for found in cosines]
    for other, cosine in zip(others, means, strict=True):
        if cosine < _LEAST_COSINE:
            raise ModelError(
                f"{other.path}: its vectors have a mean cosine of {cosine:.2f} to those of"
                f" {network.path}, expected {_LEAST_COSINE} or more: not the same network"
            )
    hashes = tuple(other.file_hash for other in others)
    compared = {other.file_hash: round(mean, 4) for other, mean in zip(others, means, strict=True)}
    return replace(
        model,
        neural=replace(neural, other_hashes=hashes),
        provenance={**model.provenance, "other files": compared},
    )
