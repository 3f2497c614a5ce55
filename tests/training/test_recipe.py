"""Training on a collection of synthetic voices: the model, the stages, the errors."""

import os
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from tests.small import CONFIG
from tests.training.conftest import COSINE
from trfast.annotation import Annotation
from trfast.clustering import CLUSTERINGS
from trfast.diarization import Diarizer
from trfast.errors import AudioError, CollectionError, ModelError, ParameterError
from trfast.evaluation import diarization_error
from trfast.formats import read_rttm, write_rttm
from trfast.model import load_model
from trfast.scoring.backend import BACKENDS
from trfast.speech import SpeechDetector
from trfast.training import TrainingConfig, fit_backends, recipe, train
from trfast.training.labelled import LabelledCollection

STAGES = ["speech", "ubm", "total variability", "varied speech", "vectors", "windows"]
LATER = ["total variability", "vectors", "windows"]
# One of four speakers each is left out.
HELD_BACK = [
    f"held-back {k} {stage}"
    for stages in (("windows", "total variability"), ("vectors",))
    for k in range(1, 5)
    for stage in stages
]
COMPUTED = ["features", *STAGES, *HELD_BACK]


@pytest.fixture
def stages(trained, tmp_path):
    return shutil.copytree(trained[1], tmp_path / "stages")


def train_again(folder, stages, config=COSINE, jobs=1):
    """Train; return the model, and what was computed rather than read."""
    computed = []

    def progress(stage, done, total):
        if done < total and stage not in computed:
            computed.append(stage)

    collection = LabelledCollection.read(folder)
    model = train(collection, stages=stages, config=config, jobs=jobs, progress=progress)
    return model, [stage for stage in computed if stage in COMPUTED]


def test_the_model_tells_the_voices_apart(folder, complete):
    reference = read_rttm(folder / "ref.rttm")
    diarizer = Diarizer(complete)
    found = {
        name: diarizer(folder / "audio" / f"{name}.wav").annotation for name in list(reference)[:2]
    }
    error = diarization_error(reference, found, skip_overlap=True).recordings
    assert max(error[name].error_rate for name in found) < 0.1


def test_provenance(trained):
    made = trained[0].provenance
    assert made["recordings"] == 4
    assert made["hours"] == pytest.approx(4 * 18 / 3600, abs=1e-3)
    assert made["speakers"] == 4
    assert made["classes"] == 4
    assert made["training"]["rank"] == 3
    assert made["training"]["mfcc"]["n_cepstra"] == 19


def test_the_saved_model_gives_the_same_to_the_last_bit(folder, complete, tmp_path):
    model = complete
    model.save(tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert loaded.content_hash == model.content_hash
    assert loaded.provenance == model.provenance
    before, after = (Diarizer(m)(folder / "audio" / "show-0.wav") for m in (model, loaded))
    assert before.annotation == after.annotation
    np.testing.assert_array_equal(before.vectors, after.vectors)
    for name in BACKENDS:
        expected, found = (m.backend(name).project(before.vectors) for m in (model, loaded))
        np.testing.assert_array_equal(found, expected)


def test_all_back_ends_have_thresholds_and_errors(complete):
    assert tuple(complete.backends) == BACKENDS
    held_back = complete.provenance["held-back"]
    errors = {
        (name, kind): held_back[name][kind]["x_der"] for name in BACKENDS for kind in CLUSTERINGS
    }
    default = complete.clustering
    assert errors[default.backend, default.clustering] == min(errors.values()) < 0.25
    for name, kind in errors:
        assert np.isfinite(complete.thresholds(name, kind).across)
        assert all(0 <= rate <= 1 for rate in held_back[name][kind].values())
    assert complete.provenance["windows"]["held-back confusion"] < 0.05
    assert "left out" not in complete.provenance


def fits(monkeypatch):
    """Speakers of each fit of back-ends, to come."""
    heard = []

    def fit(vectors, *arguments):
        heard.append(set(vectors.speakers))
        return fit_backends(vectors, *arguments)

    monkeypatch.setattr(recipe, "fit_backends", fit)
    return heard


def test_nobody_is_judged_by_a_back_end_that_heard_them(folder, trained, monkeypatch):
    heard = fits(monkeypatch)
    train_again(folder, trained[1], config=replace(CONFIG, backends=("wccn",)))
    everybody = {"ann", "ben", "cat", "dan"}
    assert heard[0] == everybody
    assert sorted(name for names in heard[1:] for name in everybody - names) == sorted(everybody)


def test_strangers_become_the_cohort(folder, tmp_path, monkeypatch):
    """Some are in one recording only; no back-end hears them, in no quarter."""
    monkeypatch.setattr("trfast.training.vectors._LEAST_STRANGERS", 2)
    monkeypatch.setattr("trfast.training.vectors._MOST_STRANGERS", 0.5)
    other = tmp_path / "collection"
    shutil.copytree(folder, other)
    rttm = other / "ref.rttm"
    lines = rttm.read_text().splitlines()
    rttm.write_text("".join(re.sub(r"( (show-\d) .* )ann ", r"\1ann-\2 ", f"{x}\n") for x in lines))
    once = {name for name in LabelledCollection.read(other).speaker_recordings() if "ann" in name}
    heard = fits(monkeypatch)
    config = replace(CONFIG, n_cohort=2, backends=("cosine", "wccn"))
    model = train(LabelledCollection.read(other), stages=tmp_path / "stages", config=config, jobs=1)
    assert model.provenance["cohort"] == 2
    assert model.cohort is not None
    assert model.cohort.shape == (2 * 4, 3)  # each as it is and varied, at two speeds
    assert model.across("wccn", "average").normalized
    assert len(heard) > 1
    assert len({name for names in heard for name in names if "ann" in name}) == len(once) - 2


def test_some_back_ends_only(folder, trained):
    model = train_again(folder, trained[1], config=replace(CONFIG, backends=("plda", "cosine")))[0]
    assert tuple(model.backends) == ("plda", "cosine")


def test_without_enough_classes_the_cosine_is_left(folder, trained):
    config = replace(CONFIG, min_class_speech=10)  # nobody speaks that long
    model = train_again(folder, trained[1], config=config)[0]
    assert tuple(model.backends) == ("cosine",)
    assert model.clustering.backend == "cosine"
    assert model.provenance["left out"] == (
        "wccn, lda, plda, tr: 0 speaker(s) in at least 3 recordings with 10 s in each, 3 are needed"
    )
    with pytest.raises(ModelError, match=r"cannot train plda: 0 speaker\(s\)"):
        train_again(folder, trained[1], config=replace(config, backends=("plda",)))


def test_where_nobody_talks_to_anybody_there_are_no_windows(folder, tmp_path):
    alone = shutil.copytree(folder, tmp_path / "alone")
    reference = read_rttm(alone / "ref.rttm")
    names = ("ann", "ben")
    monologues = [
        show.rename(dict.fromkeys(show.speakers, names[k % 2]))
        for k, show in enumerate(reference.values())
    ]
    write_rttm(monologues, alone / "ref.rttm")
    model, _ = train_again(alone, tmp_path / "stages")
    assert model.windows is None
    assert "no recording has two speakers" in model.provenance["windows left out"]
    assert Diarizer(model).comparison is not None


@pytest.mark.parametrize("names", [("cosine", "svm"), ()])
def test_back_ends_there_are_not(names):
    with pytest.raises(ParameterError, match="backends must be some of cosine, wccn, lda, plda"):
        TrainingConfig(backends=names)


def test_nothing_is_computed_twice(folder, trained, stages):
    model, computed = train_again(folder, stages)
    assert computed == []
    assert model.content_hash == trained[0].content_hash


@pytest.mark.parametrize("lost", ["speech", "ubm", "total-variability", "vectors", "windows"])
def test_only_a_lost_stage_is_computed_again(folder, trained, stages, lost):
    for file in stages.glob(f"{lost}.*"):
        file.unlink()
    model, computed = train_again(folder, stages)
    stage = lost.replace("-", " ")
    assert computed == [stage, *(s for s in HELD_BACK if s.endswith(stage))]
    assert model.content_hash == trained[0].content_hash


def test_a_stopped_training_goes_on(folder, trained, tmp_path):
    collection = LabelledCollection.read(folder)
    finished = {"features": ("features", 2), "statistics.*": ("varied speech", 3)}
    for folder_name, last in finished.items():

        def stop(stage, done, _, last=last):
            if (stage, done) == last:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            train(collection, stages=tmp_path, config=COSINE, jobs=1, progress=stop)
        early = {file: file.stat().st_mtime_ns for file in tmp_path.glob(f"{folder_name}/*")}
        assert len(early) == last[1]
    model, computed = train_again(folder, tmp_path)
    assert early == {file: file.stat().st_mtime_ns for file in early}
    assert computed == [stage for stage in COMPUTED if stage not in ("features", "speech", "ubm")]
    assert model.content_hash == trained[0].content_hash


def test_the_order_of_recordings_does_not_count(folder, trained, tmp_path):
    moved = shutil.copytree(folder, tmp_path / "moved")
    write_rttm(reversed(read_rttm(folder / "ref.rttm").values()), moved / "ref.rttm")
    model, _ = train_again(moved, tmp_path / "stages")
    assert model.content_hash == trained[0].content_hash


def test_another_seed_starts_anew(folder, trained, stages):
    model, computed = train_again(folder, stages, config=replace(COSINE, seed=1))
    assert computed == COMPUTED[1:]
    assert model.content_hash != trained[0].content_hash
    assert model.provenance["training"]["seed"] == 1


def test_a_later_stage_keeps_the_earlier_ones(folder, stages):
    _, computed = train_again(folder, stages, config=replace(COSINE, rank=2))
    assert computed == [*LATER, *HELD_BACK]
    config = replace(COSINE, rank=2, whitening_shrinkage=0.5)
    assert train_again(folder, stages, config=config)[1] == []


def test_changed_audio_starts_anew(folder, stages, tmp_path):
    changed = shutil.copytree(folder, tmp_path / "changed")
    os.utime(changed / "audio" / "show-1.wav", (1, 1))
    assert train_again(changed, stages)[1] == COMPUTED


def test_changed_marks_keep_the_frames(folder, stages, tmp_path):
    changed = shutil.copytree(folder, tmp_path / "changed")
    reference = read_rttm(changed / "ref.rttm")
    reference["show-1"] = reference["show-1"].rename({"ben": "zoe"})
    write_rttm(reference, changed / "ref.rttm")
    assert train_again(changed, stages)[1] == COMPUTED[1:]


def test_other_settings_of_the_detector_train_it_anew(folder, stages, monkeypatch):
    monkeypatch.setitem(SpeechDetector.__init__.__kwdefaults__, "n_hidden", 32)
    assert train_again(folder, stages)[1] == ["speech"]


@pytest.mark.slow
def test_processes_and_threads_do_not_change_a_bit(folder, complete, tmp_path):
    model, _ = train_again(folder, tmp_path, config=CONFIG, jobs=2)
    assert model.content_hash == complete.content_hash


def test_where_the_collection_lies_does_not_count(folder, trained, tmp_path):
    moved = shutil.copytree(folder, tmp_path / "moved")
    model, _ = train_again(moved, str(tmp_path / "stages"))
    assert model.content_hash == trained[0].content_hash


def test_a_broken_recording_is_named_and_the_others_are_kept(folder, tmp_path):
    broken = shutil.copytree(folder, tmp_path / "broken")
    (broken / "audio" / "show-2.wav").write_text("no sound")
    with pytest.raises(AudioError, match=r"show-2\.wav is not audio"):
        train_again(broken, tmp_path / "stages")
    done = sorted(file.name for file in (tmp_path / "stages" / "features").iterdir())
    assert done == ["show-0.npy", "show-1.npy"]


def test_too_little_to_train(folder, tmp_path):
    with pytest.raises(ModelError, match=r"24 segments cannot train total variability of rank 50"):
        train_again(folder, tmp_path / "1", config=replace(COSINE, rank=50))
    with pytest.raises(ModelError, match="99999 Gaussians need at least as many frames, got"):
        train_again(folder, tmp_path / "1", config=replace(COSINE, n_components=99999))
    with pytest.raises(ParameterError, match="at least 1, got 0"):
        train_again(folder, tmp_path / "1", jobs=0)


def test_one_recording_or_one_speaker(folder, tmp_path):
    few = shutil.copytree(folder, tmp_path / "few")
    reference = read_rttm(few / "ref.rttm")
    write_rttm(reference["show-0"], few / "ref.rttm")
    with pytest.raises(ModelError, match=r"few holds 1 recording; .* at least 2"):
        train_again(few, tmp_path / "stages")
    assert not (tmp_path / "stages").exists()
    one = [Annotation(name, [(1, 5, "ann"), (7, 11, "ann")]) for name in ("show-0", "show-1")]
    write_rttm(one, few / "ref.rttm")
    with pytest.raises(ModelError, match=r"few holds 1 speaker; .* at least 2"):
        train_again(few, tmp_path / "stages", config=replace(COSINE, rank=2))


def test_nothing_to_score(folder, stages, tmp_path):
    elsewhere = shutil.copytree(folder, tmp_path / "elsewhere")
    (elsewhere / "all.uem").write_text("".join(f"show-{k} 1 17.5 18\n" for k in range(4)))
    with pytest.raises(ModelError, match=r"nothing is scored .* does all\.uem fit it"):
        train_again(elsewhere, stages)


def test_audio_that_is_missing(folder, tmp_path):
    few = shutil.copytree(folder, tmp_path / "few")
    (few / "audio" / "show-3.wav").unlink()
    with pytest.raises(CollectionError, match=r"no file in audio/ \(show-3\)"):
        LabelledCollection.read(few)
