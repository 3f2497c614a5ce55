"""The clock of frames."""

import numpy as np

from trfast.annotation import Timeline
from trfast.features import (
    MfccConfig,
    frames_to_seconds,
    timeline_to_frames,
)


def test_frames_of_a_timeline_have_their_centres_inside_it() -> None:
    """Frame t is centred on 0.0125 + 0.01 t: 1.0 s to 2.0 s holds frames 99 to 198."""
    timeline = Timeline([(1.0, 2.0), (2.5, 2.501)])
    np.testing.assert_array_equal(timeline_to_frames(timeline, 1000, MfccConfig()), [[99, 199]])
    np.testing.assert_array_equal(timeline_to_frames(timeline, 150, MfccConfig()), [[99, 150]])


def test_frame_bounds_lie_half_a_hop_before_the_centre_and_span_the_recording() -> None:
    seconds = frames_to_seconds([0, 1, 99, 498], 498, 5.0, MfccConfig())
    np.testing.assert_allclose(seconds, [0, 0.0175, 0.9975, 5.0])
