"""Units: what they cover, how long they are, and that no clear change lies in one."""

from __future__ import annotations

import numpy as np
import pytest

from trfast.errors import ParameterError
from trfast.segmentation import SegmentationConfig, cut_units, units_between_changes


def test_units_cover_each_region_in_about_equal_parts() -> None:
    units = cut_units([[10, 200], [205, 230], [300, 1000]], 1000, duration=0.75)
    lengths = units.bounds[:, 1] - units.bounds[:, 0]
    for k, (first, last) in enumerate([(10, 200), (205, 230), (300, 1000)]):
        own = units.bounds[units.regions == k]
        assert own[0, 0] == first
        assert own[-1, 1] == last
        assert (own[1:, 0] == own[:-1, 1]).all()
        assert np.ptp(lengths[units.regions == k]) <= 1
    assert np.bincount(units.regions).tolist() == [3, 1, 9]


def test_no_speech_has_no_units() -> None:
    assert len(cut_units([], 100, duration=0.75)) == 0
    assert len(units_between_changes(np.ones((100, 2)), [], duration=0.75)) == 0


def test_a_region_of_one_frame_is_a_unit() -> None:
    assert cut_units([[3, 4]], 10, duration=0.75).bounds.tolist() == [[3, 4]]


def test_units_do_not_straddle_a_change() -> None:
    x = np.random.default_rng(0).normal(size=(1200, 5))
    x[430:] += 4
    config = SegmentationConfig(window=2.0, min_duration=1.0)
    units = units_between_changes(x, [[0, 1200]], duration=1.0, config=config)
    assert [units.bounds[units.regions == 0][k][k] for k in (0, -1)] == [0, 430]
    assert units.bounds[-1, 1] == 1200


@pytest.mark.parametrize("duration", [0.0, -1.0])
def test_duration_is_above_zero(duration: float) -> None:
    with pytest.raises(ParameterError, match="duration must be"):
        cut_units([[0, 10]], 10, duration=duration)
