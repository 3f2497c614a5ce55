"""Thresholds from a labelled collection: their errors are those of the tuned model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.small import CONFIG, small_model, write_collection
from trfast.annotation import Annotation
from trfast.clustering import CLUSTERINGS
from trfast.diarization import Diarizer, Job
from trfast.errors import CollectionError, ModelError, ParameterError
from trfast.evaluation import diarization_error
from trfast.evaluation.verification import verification_trials_of_scores
from trfast.linking import link
from trfast.model import ModelBundle, load_model
from trfast.scoring.backend import BACKENDS
from trfast.scoring.calibration import LogisticCalibration, best_threshold, score_histogram
from trfast.training import frames_of, reference_vectors, train
from trfast.training.labelled import LabelledCollection
from trfast.training.tuning import Tuning, tune_model


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> LabelledCollection:
    return LabelledCollection.read(write_collection(tmp_path_factory.mktemp("labelled") / "voices"))


@pytest.fixture(scope="module")
def collection(voices: LabelledCollection) -> LabelledCollection:
    """A reference that no threshold satisfies: a voice of two names, a turn of two speakers."""
    first, second, *_ = voices.reference.values()
    turns = [(turn.start, turn.end, turn.speaker) for turn in second]
    (_, _, former), (start, end, speaker) = turns[:2]
    turns[1:2] = [(start, start + 1.5, former), (start + 1.5, end, speaker)]
    wrong = {
        "show-0": first.rename({first.speakers[0]: "eve"}),
        "show-1": Annotation("show-1", turns),
    }
    return replace(voices, reference={**voices.reference, **wrong})


@pytest.fixture(scope="module")
def model(voices: LabelledCollection, tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    return train(voices, stages=tmp_path_factory.mktemp("stages"), config=CONFIG, jobs=1)


@pytest.fixture(scope="module")
def tuning(model: ModelBundle, collection: LabelledCollection) -> Tuning:
    return tune_model(model, collection, jobs=1)


@pytest.mark.parametrize("kind", CLUSTERINGS)
@pytest.mark.parametrize("name", BACKENDS)
def test_the_tuned_model_makes_the_errors(
    collection: LabelledCollection, tuning: Tuning, name: str, kind: str
) -> None:
    tuned = tuning.model
    by_segments = Diarizer(tuned, comparison=tuned.within(name, kind))  # type: ignore[arg-type]
    local = {
        name: by_segments(Job(name, path)).annotation for name, path in collection.audio.items()
    }
    # What is linked is found by windows.
    by_windows = Diarizer(tuned)
    found = [by_windows(Job(name, path)) for name, path in collection.audio.items()]
    linking = tuned.across(name, kind)  # type: ignore[arg-type]
    labels = link(
        linking.backend.project(np.concatenate([d.vectors for d in found])),
        [d.recording for d in found for _ in d.speakers],
        linking,
    ).labels.tolist()
    names = iter(labels)
    linked = {
        d.recording: d.annotation.rename({speaker: str(next(names)) for speaker in d.speakers})
        for d in found
    }
    expected = tuning.errors[name][kind]  # type: ignore[index]
    assert tuned.thresholds(name, kind) == expected.thresholds  # type: ignore[arg-type]
    assert 0 < expected.i_der < 0.5  # older libraries make other toy models
    assert 0 < expected.x_der < 0.3
    for hypothesis, across, error in (
        (local, False, expected.i_der),
        (linked, True, expected.x_der),
    ):
        measured = diarization_error(
            collection.reference, hypothesis, skip_overlap=True, across_recordings=across
        )
        assert measured.total.error_rate == pytest.approx(error)


def test_scores_are_those_of_the_reference_vectors(
    model: ModelBundle, collection: LabelledCollection, tuning: Tuning
) -> None:
    frames = {name: frames_of(path, model.mfcc)[0] for name, path in collection.audio.items()}
    vectors = reference_vectors(frames, collection.reference, model.ivectors, model.mfcc)
    for name, scores in tuning.scores.items():
        backend = model.backend(name)
        trials = verification_trials_of_scores(
            backend.similarity(backend.project(vectors.vectors)), vectors.speakers
        )
        expected = score_histogram(*trials, bins=20)
        np.testing.assert_array_equal(scores.histogram.targets, expected.targets)
        np.testing.assert_array_equal(scores.histogram.others, expected.others)
        np.testing.assert_allclose(scores.histogram.edges, expected.edges, rtol=1e-6)
        assert scores.threshold == pytest.approx(best_threshold(*trials))
        calibration = LogisticCalibration().fit(*trials)
        assert scores.calibration is not None
        assert scores.calibration.slope_ == pytest.approx(calibration.slope_, rel=1e-4)
        assert scores.calibration.offset_ == pytest.approx(calibration.offset_, rel=1e-4)


def test_scores_that_determine_no_calibration(
    model: ModelBundle, voices: LabelledCollection
) -> None:
    scores = tune_model(model, voices, backends=["cosine"], jobs=1).scores["cosine"]
    assert scores.calibration is None


def test_the_default_has_the_least_error(tuning: Tuning) -> None:
    default = tuning.model.clustering
    least = min(tuned.x_der for kinds in tuning.errors.values() for tuned in kinds.values())
    assert tuning.errors[default.backend][default.clustering].x_der == least


def test_the_default_stays_on_demand(model: ModelBundle, collection: LabelledCollection) -> None:
    tuned = tune_model(model, collection, backends=["lda", "plda"], keep_default=True, jobs=1)
    assert tuned.model.clustering == model.clustering


def test_only_named_back_ends_are_tuned(
    model: ModelBundle, collection: LabelledCollection, tuning: Tuning, tmp_path: Path
) -> None:
    first = tune_model(model, collection, backends=["lda", "lda"], jobs=2)
    assert list(first.errors) == list(first.scores) == ["lda"]
    assert first.model.clustering.backend == "lda"
    for name in BACKENDS:
        of = tuning.model if name == "lda" else model
        assert first.model.backend(name).thresholds == of.backend(name).thresholds
    # A second tuning adds to what is known of the first; the file holds it all.
    elsewhere = replace(collection, path=Path("elsewhere"))
    second = tune_model(first.model, elsewhere, backends=["tr"], jobs=1).model
    second.save(tmp_path / "model")
    provenance = load_model(tmp_path / "model").provenance
    assert provenance["collection"] == "voices"
    made = provenance["tuned"]
    assert {name: made[name]["collection"] for name in made} == {"lda": "voices", "tr": "elsewhere"}
    assert made["lda"]["recordings"] == 4
    assert made["lda"]["clusterings"]["hac"]["x_der"] == first.errors["lda"]["hac"].x_der


def test_progress_by_stage(collection: LabelledCollection) -> None:
    steps: list[tuple[str, int, int]] = []
    tune_model(
        small_model(),
        collection,
        backends=["cosine"],
        jobs=1,
        progress=lambda *step: steps.append(step),
    )
    assert steps == [
        *(("vectors", done, 4) for done in range(1, 5)),
        ("thresholds", 0, 1),
        ("thresholds", 1, 1),
    ]


def test_speakers_have_to_come_back(collection: LabelledCollection) -> None:
    reference = {
        name: annotation.rename({s: f"{s} of {name}" for s in annotation.speakers})
        for name, annotation in collection.reference.items()
    }
    with pytest.raises(CollectionError, match="nobody is in two recordings"):
        tune_model(small_model(), replace(collection, reference=reference))


def test_one_speaker_is_too_few(collection: LabelledCollection) -> None:
    reference = {
        name: annotation.rename(dict.fromkeys(annotation.speakers, "ann"))
        for name, annotation in collection.reference.items()
    }
    with pytest.raises(ParameterError, match="6 target and 0 non-target trials"):
        tune_model(small_model(), replace(collection, reference=reference), jobs=1)


def test_a_back_end_that_the_model_has_not(collection: LabelledCollection) -> None:
    model = small_model()
    model = replace(model, backends={"lda": model.backends["lda"]})
    with pytest.raises(ModelError, match="no back-end 'plda'"):
        tune_model(model, collection, backends=["plda"])
