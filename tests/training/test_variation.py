"""Statistics of varied speech: which rows there are, of what, and that nothing else matters."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile

from tests.small import RATE, small_model, voice
from trfast.annotation import Annotation
from trfast.audio import load
from trfast.features import Mfcc
from trfast.training import variation as variation_of_speech
from trfast.training.augmentation import AugmentationConfig
from trfast.training.labelled import LabelledCollection
from trfast.training.variation import StoredStatistics, Variation, noises_of, write_statistics

MODEL = small_model()
BOTH = AugmentationConfig(n_copies=1, speeds=(0.9,))
NOTHING = AugmentationConfig(n_copies=0, speeds=())


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    """Ann twice and ben once; cat beyond the end; a recording of digital zeros; one of overlap."""
    folder = tmp_path_factory.mktemp("varied")
    rng = np.random.default_rng(0)
    sounds = [voice(name, 1.5, rng) for name in ("ann", "ben", "ann")]
    noise = 0.01 * rng.normal(size=RATE)
    show = np.concatenate([noise, sounds[0], noise, sounds[1], noise, sounds[2], noise])
    for name, samples in ("show", show), ("silence", 0 * show), ("together", show):
        soundfile.write(folder / f"{name}.wav", samples, RATE, subtype="FLOAT")
    turns = [(1, 2.5, "ann"), (3.5, 5, "ben"), (6, 7.5, "ann"), (8.5, 9.5, "cat")]
    reference = {
        "show": Annotation("show", turns),
        "silence": Annotation("silence", turns),
        "together": Annotation("together", [(1, 5, "ann"), (1, 5, "ben")]),
    }
    audio = {name: folder / f"{name}.wav" for name in reference}
    return LabelledCollection(folder, audio, reference, None)


def written(collection, folder, names=("show",), augmentation=BOTH, seed=0):
    """The stored statistics of recordings."""
    folder.mkdir()
    variation = Variation(
        collection=collection,
        embedder=MODEL.embedder,
        mfcc=MODEL.mfcc,
        augmentation=augmentation,
        noises=noises_of(collection, 10, 0),
        seed=seed,
    )
    for name in names:
        write_statistics(folder / f"{name}.npz", variation(name))
    return StoredStatistics(folder, names)


def pieces_of(collection, speaker):
    samples = load(collection.audio["show"])
    frames = [
        Mfcc(MODEL.mfcc).extract(samples[round(t.start * RATE) : round(t.end * RATE)])
        for t in collection.reference["show"]
        if t.speaker == speaker
    ]
    edges = np.cumsum([0, *map(len, frames)])
    bounds = np.column_stack([edges[:-1], edges[1:]])
    return MODEL.embedder.statistics(np.concatenate(frames), bounds)


def test_rows_are_speakers_speeds_copies_and_halves(collection, tmp_path):
    _, speakers, speeds = written(collection, tmp_path / "a").read("show")
    # Two turns of ann give a half as well, at their own speed.
    assert speakers == ["ann"] * 6 + ["ben"] * 4
    assert speeds.tolist() == [1, 1, 1, 1, 0.9, 0.9, 1, 1, 0.9, 0.9]


def test_the_first_row_is_the_speech_as_it_is(collection, tmp_path):
    found, speakers, _ = written(collection, tmp_path / "a").read("show")
    for speaker in ("ann", "ben"):
        turns, row = pieces_of(collection, speaker), speakers.index(speaker)
        np.testing.assert_allclose(found.zeroth[row], turns.zeroth.sum(axis=0), rtol=1e-5)
        np.testing.assert_allclose(found.first[row], turns.first.sum(axis=0), rtol=2e-3, atol=1e-2)
    # The half is one turn of the two.
    half = np.abs(found.zeroth[1] - pieces_of(collection, "ann").zeroth).max(axis=1)
    assert half.min() < 1e-3 < half.max()


def test_slow_speech_has_more_frames_and_varied_speech_as_many(collection, tmp_path):
    found, _, speeds = written(collection, tmp_path / "a").read("show")
    n_frames = found.zeroth.sum(axis=1)
    # 1.5 s a turn, and 1.5 / 0.9; a frame each 10 ms, the first centred after 12.5.
    expected = np.where(speeds == 1, 2 * 148, 2 * 165.0)
    expected[[1, 3, 6, 7, 8, 9]] /= 2
    np.testing.assert_allclose(n_frames, expected, atol=2)
    assert np.abs(found.first[2] - found.first[0]).max() > 1


def test_without_copies_a_speaker_counts_once(collection, tmp_path):
    found, speakers, speeds = written(collection, tmp_path / "a", augmentation=NOTHING).read("show")
    assert (speakers, speeds.tolist(), len(found)) == (["ann", "ben"], [1, 1], 2)


def test_each_recording_has_its_own_draws(collection, tmp_path):
    names = ["show", "silence", "together"]
    before = written(collection, tmp_path / "a", names)
    after = written(collection, tmp_path / "b", names[::-1])
    alone = written(collection, tmp_path / "c", names[:1])
    other = written(collection, tmp_path / "d", names[:1], seed=1)
    for k in range(3):
        np.testing.assert_array_equal(after[2 - k].first, before[k].first)
    np.testing.assert_array_equal(alone[0].first, before[0].first)
    assert np.abs(other[0].first - before[0].first).max() > 1


def test_silence_and_nobody_alone(collection, tmp_path):
    names = ["silence", "together"]
    stored = written(collection, tmp_path / "a", names)
    silence, speakers, _ = stored.read("silence")
    assert len(speakers) == 10
    assert np.isfinite(silence.zeroth).all()
    assert np.isfinite(silence.first).all()
    together, speakers, speeds = stored.read("together")
    assert (len(together), speakers, len(speeds)) == (0, [], 0)
    assert together.first.shape == (0, *MODEL.ubm.means_.shape)
    assert [len(batch) for batch in stored] == [10, 0]


def test_plain_rows_are_those_at_their_own_speed(collection, tmp_path):
    stored = written(collection, tmp_path / "a")
    found, speakers, speeds = stored.read("show")
    plain = StoredStatistics(tmp_path / "a", ["show"], plain=True)
    own, names, only = plain.read("show")
    assert set(only) == {1}
    assert names == [s for s, speed in zip(speakers, speeds, strict=True) if speed == 1]
    np.testing.assert_array_equal(own.first, found.first[speeds == 1])
    np.testing.assert_array_equal(plain[0].zeroth, own.zeroth)


@pytest.mark.parametrize("room", [0, 1 << 20])
def test_statistics_stay_in_memory_as_far_as_there_is_room(room, collection, tmp_path, monkeypatch):
    monkeypatch.setattr(variation_of_speech, "_MOST_KEPT", room)
    written(collection, tmp_path / "a")
    stored = StoredStatistics(tmp_path / "a", ["show"])
    first = stored[0]
    assert (stored[0] is first) == bool(room)
    np.testing.assert_array_equal(stored[0].first, first.first)


def test_noises_are_what_nobody_says(collection):
    show = replace(collection, audio={"show": collection.audio["show"]})
    found = noises_of(show, 60, 0)
    # Before, between and after the turns; cat is said to speak after the end.
    assert [len(stretch) for stretch in found] == [RATE] * 4
    assert max(np.abs(stretch).max() for stretch in found) < 0.06
    silence = replace(collection, audio={"silence": collection.audio["silence"]})
    assert noises_of(silence, 60, 0) == []
    assert noises_of(show, 0, 0) == []


def test_noises_away_from_speech(folder):
    whole = LabelledCollection.read(folder)
    # Of each recording the two pauses of 2 s, but for their edges.
    found = noises_of(whole, 600, 0, least=1.0, margin=0.25)
    assert [len(stretch) for stretch in found] == [round(1.5 * RATE)] * 8


def test_noises_are_enough_and_not_more(folder):
    whole = LabelledCollection.read(folder)
    # 1 + 2 + 2 + 1 s of each recording.
    for seconds, expected in (6, 6), (7, 12), (600, 24):
        found = noises_of(whole, seconds, 0)
        assert sum(map(len, found)) == expected * RATE
    first, again, other = (noises_of(whole, 1, seed)[0] for seed in (0, 0, 3))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
