"""What scores windows: who speaks in which unit, what is learned, how much a unit counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trfast.annotation import Annotation
from trfast.embedding import BaumWelchStatistics, ProjectedStatistics
from trfast.errors import ModelError
from trfast.features import MfccConfig
from trfast.scoring import WindowConfig
from trfast.segmentation import Units
from trfast.training.config import EstimatorConfig
from trfast.training.windows import (
    SpokenUnits,
    WindowFold,
    fit_windows,
    read_units,
    tune_windows,
)

D = 6


class Plain:
    """In place of i-vectors: means."""

    def __call__(self, statistics: ProjectedStatistics) -> Any:
        return np.asarray(statistics.first / statistics.zeroth, np.float32)


def recordings(n: int = 12, seed: int = 0) -> list[SpokenUnits]:
    """Three of nine voices in each, ten units a turn."""
    rng = np.random.default_rng(seed)
    voices = 3 * rng.normal(size=(9, D))
    found = []
    for k in range(n):
        who = rng.permutation(9)[:3]
        labels = np.repeat([0, 1, 0, 2], 10)
        units = Units(75 * np.stack([np.arange(40), np.arange(1, 41)], axis=1), labels.cumsum() * 0)
        spoken = 75.0 * np.eye(3)[labels]
        first = 75 * (voices[who][labels] + rng.normal(size=(40, D)))
        statistics = ProjectedStatistics(np.full((40, 1), 75.0), first)
        names = [f"voice-{v}" for v in who]
        found.append(SpokenUnits(f"show-{k}", units, statistics, names, spoken))
    return found


def fitted(given: list[SpokenUnits], **options: Any) -> Any:
    return fit_windows(given, Plain(), WindowConfig(), EstimatorConfig(), **options)


def test_each_length_has_its_own_model_in_single_precision() -> None:
    scoring = fitted(recordings())
    assert len(scoring.models) == len(scoring.whitenings) == 2
    assert scoring.models[0].matrix_.dtype == np.float32
    # Longer windows say more of their speaker.
    assert scoring.models[1].eigenvalues_[0] > scoring.models[0].eigenvalues_[0]


def test_windows_of_two_voices_teach_nothing() -> None:
    given = recordings()
    mixed = [replace(one, spoken=np.full_like(one.spoken, 25.0)) for one in given]
    with pytest.raises(ModelError, match="0 windows of one speaker each"):
        fitted(mixed)


def test_the_unheard_are_left_out() -> None:
    given = recordings()
    names = {name for one in given for name in one.speakers}
    with pytest.raises(ModelError, match="0 windows"):
        fitted(given, without=names)
    some = fitted(given, without={"voice-0"})
    assert not np.array_equal(some.models[0].mean_, fitted(given).models[0].mean_)


def test_scale_and_threshold_of_the_least_confusion_are_chosen() -> None:
    heard, unheard = recordings(seed=0), recordings(n=4, seed=1)
    fold = WindowFold(fitted(heard), Plain(), unheard, {f"voice-{k}" for k in range(9)})
    config, confused = tune_windows([fold], 0.01)
    assert confused < 0.02
    assert config.lengths == WindowConfig().lengths


def test_nobody_else_is_judged() -> None:
    given = recordings()
    fold = WindowFold(fitted(given), Plain(), given, {"somebody else"})
    assert tune_windows([fold], 0.01)[1] == 0


def test_frames_in_which_one_speaks_alone_are_counted(tmp_path: Path) -> None:
    turns = [(0.0, 1.0, "ann"), (0.8, 2.0, "ben")]
    np.savez(
        tmp_path / "show.npz",
        counts=np.ones((2, 1), np.float32),
        means=np.ones((2, 1, D), np.float16),
        bounds=np.array([[0, 100], [100, 198]]),
        regions=np.zeros(2, np.int64),
    )

    def project(statistics: BaumWelchStatistics) -> ProjectedStatistics:
        return ProjectedStatistics(statistics.zeroth, statistics.first[:, 0])

    (found,) = read_units(tmp_path, {"show": Annotation("show", turns)}, MfccConfig(), project)
    assert found.speakers == ["ann", "ben"]
    np.testing.assert_allclose(found.spoken, [[79, 1], [0, 98]], atol=2)
