"""The frames of the recordings."""

from trfast.features import MfccConfig
from trfast.training import frames_of


def test_frames_of(folder):
    frames, duration = frames_of(folder / "audio" / "show-0.wav", MfccConfig())
    assert duration == 18
    assert frames.shape == (1798, 20)
