"""Training on a collection of synthetic voices: the models, the stages, the errors."""

import os
import shutil
from dataclasses import replace

import numpy as np
import pytest

from tests.small import CONFIG, write_collection
from trfast.annotation import Annotation
from trfast.diarization import Diarizer
from trfast.errors import AudioError, CollectionError, ModelError, ParameterError
from trfast.evaluation import diarization_error
from trfast.features import MfccConfig
from trfast.formats import read_rttm, write_rttm
from trfast.labelled import LabelledCollection
from trfast.model import load_model
from trfast.training import (
    _best_threshold,
    frames_of,
    reference_segments,
    reference_vectors,
    train,
)

STAGES = ["speech", "ubm", "total variability"]
COMPUTED = ["features", *STAGES, *(f"held-back {stage}" for stage in STAGES)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_collection(tmp_path_factory.mktemp("labelled"))


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    stages = tmp_path_factory.mktemp("stages")
    return train(LabelledCollection.read(folder), stages=stages, config=CONFIG, jobs=1), stages


@pytest.fixture
def stages(trained, tmp_path):
    return shutil.copytree(trained[1], tmp_path / "stages")


def train_again(folder, stages, config=CONFIG, jobs=1):
    """Train; return the model, and what was computed rather than read."""
    computed = []

    def progress(stage, done, total):
        if done < total and stage not in computed:
            computed.append(stage)

    collection = LabelledCollection.read(folder)
    model = train(collection, stages=stages, config=config, jobs=jobs, progress=progress)
    return model, [stage for stage in computed if stage in COMPUTED]


def test_the_model_tells_the_voices_apart(folder, trained):
    model, _ = trained
    reference = read_rttm(folder / "ref.rttm")
    diarizer = Diarizer(model)
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
    assert made["classes"] == 0  # nobody speaks for 10 s
    assert made["training"]["rank"] == 3
    assert made["training"]["mfcc"]["n_cepstra"] == 19


def test_the_saved_model_gives_the_same_to_the_last_bit(folder, trained, tmp_path):
    model, _ = trained
    model.save(tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert loaded.content_hash == model.content_hash
    before, after = (Diarizer(m)(folder / "audio" / "show-0.wav") for m in (model, loaded))
    assert before.annotation == after.annotation
    np.testing.assert_array_equal(before.vectors, after.vectors)
    np.testing.assert_array_equal(model.project(before.vectors), loaded.project(after.vectors))


def test_nothing_is_computed_twice(folder, trained, stages):
    model, computed = train_again(folder, stages)
    assert computed == []
    assert model.content_hash == trained[0].content_hash


@pytest.mark.parametrize("lost", ["speech", "ubm", "total-variability"])
def test_only_a_lost_stage_is_computed_again(folder, trained, stages, lost):
    for file in stages.glob(f"{lost}.*"):
        file.unlink()
    model, computed = train_again(folder, stages)
    stage = lost.replace("-", " ")
    assert computed == [stage, f"held-back {stage}"]
    assert model.content_hash == trained[0].content_hash


def test_a_stopped_training_goes_on(folder, trained, tmp_path):
    collection = LabelledCollection.read(folder)
    for last in (("features", 2), ("total variability", 0)):

        def stop(stage, done, _, last=last):
            if (stage, done) == last:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            train(collection, stages=tmp_path, config=CONFIG, jobs=1, progress=stop)
        if last[0] == "features":
            early = {file: file.stat().st_mtime_ns for file in (tmp_path / "features").iterdir()}
    assert len(early) == 2
    assert early == {file: file.stat().st_mtime_ns for file in early}
    model, computed = train_again(folder, tmp_path)
    assert computed == [stage for stage in COMPUTED if stage not in ("features", "speech", "ubm")]
    assert model.content_hash == trained[0].content_hash


def test_another_seed_starts_anew(folder, trained, stages):
    model, computed = train_again(folder, stages, config=replace(CONFIG, seed=1))
    assert computed == COMPUTED[1:]
    assert model.content_hash != trained[0].content_hash
    assert model.provenance["training"]["seed"] == 1


def test_a_later_stage_keeps_the_earlier_ones(folder, stages):
    _, computed = train_again(folder, stages, config=replace(CONFIG, rank=2))
    assert computed == ["total variability", "held-back total variability"]
    config = replace(CONFIG, rank=2, whitening_shrinkage=0.5)
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
    # The other half of the recordings is the same as before.
    assert train_again(changed, stages)[1] == STAGES


@pytest.mark.slow
def test_processes_and_threads_do_not_change_a_bit(folder, trained, tmp_path):
    model, _ = train_again(folder, tmp_path, jobs=2)
    assert model.content_hash == trained[0].content_hash


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
        train_again(folder, tmp_path / "1", config=replace(CONFIG, rank=50))
    with pytest.raises(ModelError, match="99999 Gaussians need at least as many frames, got"):
        train_again(folder, tmp_path / "1", config=replace(CONFIG, n_components=99999))
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
    with pytest.raises(ModelError, match=r"1 speaker\(s\), .* needs at least 2"):
        train_again(few, tmp_path / "stages", config=replace(CONFIG, rank=2))


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


def test_frames_of(folder):
    frames, duration = frames_of(folder / "audio" / "show-0.wav", MfccConfig())
    assert duration == 18
    assert frames.shape == (1798, 20)


def test_reference_segments():
    turns = [(0, 3, "ann"), (2, 5, "ben"), (5.1, 5.3, "cat"), (9, 12, "ann")]
    segments, speakers = reference_segments(Annotation("show", turns), 1000, MfccConfig())
    # Frames whose centre, 12.5 ms after the start, lies inside; overlap and short turns out.
    assert segments.tolist() == [[0, 199], [299, 499], [899, 1000]]
    assert speakers == ["ann", "ben", "ann"]
    segments, speakers = reference_segments(Annotation("show"), 1000, MfccConfig())
    assert segments.shape == (0, 2)
    assert speakers == []


def test_reference_vectors_are_of_all_the_speech_of_a_speaker(folder, trained):
    model = trained[0]
    frames = {"show-0": frames_of(folder / "audio" / "show-0.wav", model.mfcc)[0]}
    turns = [(1, 3, "zoe"), (7, 11, "ben"), (3, 5, "zoe")]
    found = reference_vectors(
        frames, {"show-0": Annotation("show-0", turns)}, model.embedder, model.mfcc
    )
    assert found.speakers == ("ben", "zoe")
    assert found.recordings == ("show-0", "show-0")
    segments, _ = reference_segments(Annotation("", turns), 1798, model.mfcc)
    expected = model.embedder(frames["show-0"], segments)
    np.testing.assert_allclose(found.vectors[0], expected[1], rtol=1e-4, atol=1e-5)


def test_the_best_threshold_is_the_middle_of_the_best_ones(folder):
    reference = {"show": Annotation("show", [(0, 5, "ann"), (5, 9, "ben")])}
    one_speaker = {"show": reference["show"].rename(lambda _: "S1")}

    def hypothesis(threshold):
        return reference if 0.31 < threshold < 0.46 else one_speaker

    collection = LabelledCollection(folder, {}, reference, None)
    # 0.325, 0.35, ... 0.45
    assert _best_threshold(hypothesis, collection, False) == pytest.approx(0.3875)
