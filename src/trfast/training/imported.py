"""train_on_vectors: labelled vectors of another system -> back-ends and thresholds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trfast._names import CLUSTERINGS, BackendName
from trfast.annotation import Annotation
from trfast.collection import import_diarizations
from trfast.diarization import Diarization, EmbeddedSegments
from trfast.embedding.ivector import ProjectedStatistics
from trfast.errors import ModelError
from trfast.model import VectorModel
from trfast.scoring.backend import Backend
from trfast.scoring.normalization import Whitening
from trfast.training.backends import fit_backends
from trfast.training.config import TrainingConfig
from trfast.training.labelled import LabelledCollection
from trfast.training.recipe import PARTS, recurring, trainable
from trfast.training.thresholds import Fold, HeldBack, dealt, tune
from trfast.training.vectors import SpeakerVectors, training_vectors


def train_on_vectors(
    reference: Mapping[str, Annotation],
    vectors: Mapping[str, npt.ArrayLike],
    *,
    name: str | None = None,
    config: TrainingConfig | None = None,
) -> VectorModel:
    """Train back-ends on labelled vectors, and set their thresholds, as `train` does.

    Each quarter of the speakers, in turn, is held back for the thresholds and the default back-end
    and clustering. Only links across recordings are judged.

    Parameters
    ----------
    reference : mapping of str to Annotation
        Who speaks when, by recording; speakers named alike in all recordings.
    vectors : mapping of str to array_like (dimension,)
        By ``recording/speaker``, as for `import_diarizations`.
    name : str, optional
        What made the vectors, as for `import_diarizations`.
    config : TrainingConfig, optional
        Its estimators and classes; default: `TrainingConfig.neural`. No cohort.

    Returns
    -------
    VectorModel

    Raises
    ------
    CollectionError
        If reference and vectors do not agree.
    ModelError
        If nobody is in two recordings, or there are too few speakers.

    Examples
    --------
    >>> from trfast import read_rttm
    >>> from trfast.collection import read_vectors
    >>> reference, vectors = read_rttm("ref.rttm"), read_vectors("v.npz")  # doctest: +SKIP
    >>> model = train_on_vectors(reference, vectors, name="wespeaker")  # doctest: +SKIP
    >>> model.save("wespeaker.safetensors")  # doctest: +SKIP
    """
    found = import_diarizations(reference.values(), vectors, name=name)
    labelled = LabelledCollection(Path(), {}, {d.recording: d.annotation for d in found}, None)
    if len(labelled.speaker_recordings(min_recordings=2)) < 2:
        raise ModelError(
            "fewer than 2 speakers are in two recordings, so nothing says from where on speakers"
            " are the same; name them alike in all recordings of the RTTM"
        )
    config, left_out = trainable(labelled, config or TrainingConfig.neural())
    rows = SpeakerVectors(
        np.concatenate([d.vectors for d in found]),
        tuple(speaker for d in found for speaker in d.speakers),
        tuple(d.recording for d in found for _ in d.speakers),
    )
    quarters = dealt(
        labelled.speaker_recordings(), 4, seed=config.seed, first=recurring(labelled, config)
    )
    judge = HeldBack(labelled, [_segments(d) for d in found], lambda s: s.first / s.zeroth)
    folds: dict[BackendName, list[Fold]] = {name: [] for name in config.backends}
    for unheard in filter(None, quarters):
        for name, backend in _backends(rows, labelled, config, unheard).items():
            folds[name].append(Fold(judge, unheard, backend, judge))
    tuned = {name: tune(trials, parts=PARTS) for name, trials in folds.items()}
    best, kind = min(product(tuned, CLUSTERINGS), key=lambda pair: tuned[pair[0]][pair[1]].x_der)
    return VectorModel(
        clustering=replace(config.clustering, backend=best, clustering=kind),
        backends={
            name: replace(
                backend, thresholds={kind: own.thresholds for kind, own in tuned[name].items()}
            )
            for name, backend in _backends(rows, labelled, config, ()).items()
        },
        vectors_hash=found[0].model_hash,
        provenance={
            "recordings": len(found),
            "speakers": len(labelled.speaker_recordings()),
            "held-back": {
                name: {kind: {"x_der": round(own.x_der, 4)} for kind, own in kinds.items()}
                for name, kinds in tuned.items()
            },
            **left_out,
        },
    )


def _backends(
    rows: SpeakerVectors,
    labelled: LabelledCollection,
    config: TrainingConfig,
    unheard: Collection[str],
) -> dict[BackendName, Backend]:
    """Back-ends that have not heard some speakers, without thresholds."""
    heard = rows.only([speaker not in unheard for speaker in rows.speakers])
    if len(heard.vectors) < 2:
        raise ModelError("too few vectors are left where a quarter of the speakers is held back")
    whitening = Whitening(shrinkage=config.whitening_shrinkage).fit(heard.vectors)
    # As the model file holds them.
    whitening.mean_ = whitening.mean_.astype(np.float32)
    whitening.matrix_ = whitening.matrix_.astype(np.float32)
    learned_from = training_vectors(heard, labelled, config.min_class_speech)
    return {
        name: Backend(name=name, whitening=whitening, estimator=estimator)
        for name, estimator in fit_backends(learned_from, whitening, config).items()
    }


def _segments(diarization: Diarization) -> EmbeddedSegments:
    """Each local speaker is a cluster; statistics add up to the mean of vectors."""
    numbers = {speaker: k for k, speaker in enumerate(diarization.speakers)}
    turns = list(diarization.annotation)
    return EmbeddedSegments(
        recording=diarization.recording,
        duration=diarization.duration,
        seconds=np.array([(turn.start, turn.end) for turn in turns], np.float64).reshape(-1, 2),
        clusters=np.array([numbers[turn.speaker] for turn in turns], np.int64),
        statistics=ProjectedStatistics(np.ones((len(numbers), 1), np.float32), diarization.vectors),
    )
