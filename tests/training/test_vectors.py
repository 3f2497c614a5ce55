"""Labelled i-vectors, from the reference."""

import numpy as np

from trfast.annotation import Annotation
from trfast.features import MfccConfig
from trfast.training import (
    SpeakerVectors,
    frames_of,
    reference_segments,
    reference_vectors,
    training_vectors,
)
from trfast.training.labelled import LabelledCollection


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
    model, _ = trained
    frames = {"show-0": frames_of(folder / "audio" / "show-0.wav", model.mfcc)[0]}
    turns = [(1, 2.5, "zoe"), (7, 11, "ben"), (3, 5, "zoe")]
    found = reference_vectors(
        frames, {"show-0": Annotation("show-0", turns)}, model.embedder, model.mfcc
    )
    assert found.speakers == ("ben", "zoe")
    assert found.recordings == ("show-0", "show-0")
    segments, names = reference_segments(Annotation("", turns), 1798, model.mfcc)
    statistics = model.embedder.statistics(frames["show-0"], segments)
    groups = np.array([["ben", "zoe"].index(name) for name in names])
    expected = model.total_variability.transform(statistics.grouped(groups, 2))
    np.testing.assert_allclose(found.vectors, expected, rtol=1e-4, atol=1e-5)


def test_training_vectors_are_of_enough_speech(folder):
    turns = {"monday": [(0, 5, "ann"), (5, 7, "ben")], "friday": [(0, 2, "ann"), (2, 9, "ben")]}
    reference = {name: Annotation(name, turns[name]) for name in turns}
    vectors = SpeakerVectors(
        np.arange(8, dtype=np.float32).reshape(4, 2),
        ("ann", "ben", "ann", "ben"),
        ("monday", "monday", "friday", "friday"),
    )
    found = training_vectors(vectors, LabelledCollection(folder, {}, reference, None), 5.0)
    assert found.vectors.tolist() == [[0, 1], [6, 7]]
    assert found.speakers == ("ann", "ben")
    assert found.recordings == ("monday", "friday")
