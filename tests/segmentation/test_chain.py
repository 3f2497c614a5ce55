"""Segmentation: hand-made frames, the NumPy twin, and S4D's answers on a real show."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference import segmentation as reference
from trfast.errors import ParameterError
from trfast.segmentation import (
    SegmentationConfig,
    bic,
    bic_clustering,
    change_points,
    gaussian_divergence,
    linear_bic,
    segment,
)
from trfast.segmentation.bic import _bic_merges

DTYPES = [np.float32, np.float64]


def speech(seed: int, lengths: list[int], speakers: list[int], d: int = 4) -> npt.NDArray[Any]:
    """Frames of one Gaussian a speaker."""
    rng = np.random.default_rng(seed)
    means = rng.normal(size=(max(speakers) + 1, d)) * 2
    scales = rng.uniform(0.5, 2, size=(max(speakers) + 1, d))
    return np.concatenate(
        [
            means[s] + scales[s] * rng.normal(size=(n, d))
            for n, s in zip(lengths, speakers, strict=True)
        ]
    )


def bounds(lengths: list[int]) -> npt.NDArray[np.int64]:
    edges = np.cumsum([0, *lengths])
    return np.stack([edges[:-1], edges[1:]], axis=1)


@pytest.fixture(scope="module")
def show(golden: Path) -> dict[str, npt.NDArray[Any]]:
    with np.load(golden / "f_segmentation.npz") as file:
        return dict(file)


# Gaussian divergence


def test_divergence_by_hand() -> None:
    # Windows [0, 2] and [5, 9]: means 1 and 7, standard deviations sqrt(2) and sqrt(8).
    assert gaussian_divergence([[0.0], [2.0], [5.0], [9.0]], window=2) == pytest.approx([9.0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("window", "min_length"), [(12, None), (25, None), (25, 8), (100, 70)])
def test_divergence_equals_twin(dtype: npt.DTypeLike, window: int, min_length: int | None) -> None:
    x = (1e3 + speech(1, [60, 80], [0, 1])).astype(dtype)
    np.testing.assert_allclose(
        gaussian_divergence(x, window=window, min_length=min_length),
        reference.gaussian_divergence(x, window, min_length),
        rtol=1e-6,
    )


def test_divergence_does_not_drift() -> None:
    x = np.tile(speech(2, [40, 60], [0, 1]), (130, 1))
    curve = gaussian_divergence(x, window=50)
    np.testing.assert_allclose(curve[12_800:12_900], curve[:100], rtol=1e-11)


def test_divergence_equals_s4d(show: dict[str, npt.NDArray[Any]]) -> None:
    curve = gaussian_divergence(show["cep"], window=250)
    np.testing.assert_allclose(curve, show["gd_dist"], rtol=1e-9)


def test_divergence_of_short_input_is_empty() -> None:
    assert gaussian_divergence(np.ones((9, 3)), window=5).shape == (0,)


@pytest.mark.parametrize("silence", [slice(0, 300), slice(90, 150), slice(0, 0)])
def test_digital_silence_gives_finite_numbers(silence: slice) -> None:
    x = speech(3, [150, 150], [0, 1])
    x[silence] = -80.0
    assert np.isfinite(gaussian_divergence(x, window=40)).all()
    segments = [[0, 100], [100, 102], [102, 120], [120, 300]]
    _, distances = _bic_merges(x, segments, 1.0)
    assert np.isfinite(distances).all()
    assert linear_bic(x, segments, alpha=1.0)[-1, 1] == 300


# Change points


def test_change_points_by_hand() -> None:
    step = np.repeat([0.0, 4.0, 0.0], [40, 60, 50])[:, None]
    x = step + np.tile([[0.5], [-0.5]], (75, 1))
    assert change_points(x, [[0, 150]], window=20).tolist() == [[0, 40], [40, 100], [100, 150]]


def test_shorter_windows_find_changes_near_the_ends() -> None:
    x = speech(4, [30, 200, 25], [0, 1, 0])
    assert len(change_points(x, [[0, 255]], window=50)) == 1
    cuts = change_points(x, [[0, 255]], window=50, min_length=10)
    assert cuts.tolist() == [[0, 30], [30, 230], [230, 255]]


def test_change_points_see_nothing_outside_their_region() -> None:
    x = speech(4, [100, 100, 100], [0, 1, 0])
    regions = [[10, 60], [70, 170], [200, 290]]
    cuts = [change_points(x[a:b], [[0, b - a]], window=20) + a for a, b in regions]
    together = change_points(x, regions, window=20)
    assert [70, 100] in together.tolist()
    assert together.tolist() == np.concatenate(cuts).tolist()


def test_constant_features_are_not_cut() -> None:
    assert change_points(np.full((500, 3), 7.0), [[0, 500]], window=20).tolist() == [[0, 500]]


@pytest.mark.parametrize("marks", ["whole", "sad"])
def test_change_points_equal_s4d(show: dict[str, npt.NDArray[Any]], marks: str) -> None:
    # S4D ends a segment on the last frame of the left window: one frame early.
    x = show["cep"]
    regions = [[0, len(x)]] if marks == "whole" else show["sad"]
    ours = change_points(x, regions, window=250)
    is_cut = np.append(ours[1:, 0] == ours[:-1, 1], False)
    ours[is_cut, 1] -= 1
    ours[1:, 0] -= is_cut[:-1]
    assert ours.tolist() == show[f"gd_{marks}"].tolist()


@settings(max_examples=30, deadline=None)
@given(
    edges=st.lists(st.integers(0, 400), min_size=2, max_size=8, unique=True).map(sorted),
    window=st.integers(10, 60),
    min_length=st.integers(2, 10),
    seed=st.integers(0, 5),
)
def test_change_points_cover_regions(
    edges: list[int], window: int, min_length: int, seed: int
) -> None:
    x = speech(seed, [150, 100, 150], [0, 1, 2])
    regions = [[a, b] for a, b in zip(edges[::2], edges[1::2], strict=False)]
    cuts = change_points(x, regions, window=window, min_length=min_length)
    covered = np.zeros(400, dtype=int)
    for first, last in cuts:
        covered[first:last] += 1
    expected = np.zeros(400, dtype=int)
    for first, last in regions:
        expected[first:last] = 1
    assert covered.tolist() == expected.tolist()
    whole = {tuple(region) for region in regions}
    assert all(last - first > min_length for first, last in cuts if (first, last) not in whole)


# Linear BIC


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize("dtype", DTYPES)
def test_linear_bic_equals_twin(dtype: npt.DTypeLike) -> None:
    lengths = [60, 40, 80, 50, 70, 30]
    x = speech(5, lengths, [0, 0, 1, 1, 1, 2]).astype(dtype)
    merged = linear_bic(x, bounds(lengths), alpha=1.0).tolist()
    assert merged == [[0, 100], [100, 300], [300, 330]]
    assert merged == reference.linear_bic(x, bounds(lengths), 1.0)


def test_linear_bic_keeps_apart_over_a_gap() -> None:
    x = speech(6, [300], [0])
    assert linear_bic(x, [[0, 100], [105, 200]], alpha=1.0).tolist() == [[0, 100], [105, 200]]


def test_linear_bic_merges_over_a_short_gap_without_its_frames() -> None:
    x = speech(6, [300], [0])
    x[100:105] += 50
    segments = [[0, 100], [105, 200], [220, 300]]
    assert linear_bic(x, segments, alpha=1.0, max_gap=5).tolist() == [[0, 200], [220, 300]]


def test_linear_bic_equals_s4d_without_holes(show: dict[str, npt.NDArray[Any]]) -> None:
    merged = linear_bic(show["cep"], show["gd_whole"], alpha=2.0)
    assert merged.tolist() == show["bic_linear_whole_a2"].tolist()


@pytest.mark.usefixtures("instruction_set")
def test_linear_bic_differs_from_s4d_only_by_its_stale_model(
    show: dict[str, npt.NDArray[Any]],
) -> None:
    # After a hole in the speech S4D goes on comparing with the model from before the hole,
    # so pairs are kept apart that touch and belong together. The twin reproduces that.
    x, segments = show["cep"], show["gd_sad"]
    merged = linear_bic(x, segments, alpha=2.0)
    assert merged.tolist() == reference.linear_bic(x, segments, 2.0)
    theirs = reference.linear_bic(x, segments, 2.0, stale=True)
    assert theirs == show["bic_linear_a2"].tolist()


# BIC clustering


@pytest.mark.usefixtures("instruction_set")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("d", [1, 4, 10])
def test_bic_merges_equal_twin(dtype: npt.DTypeLike, d: int) -> None:
    lengths = [60, 80, 50, 70, 90, 40, 60, 50, 75, 30, 45]
    x = speech(7, lengths, [0, 1, 0, 2, 1, 0, 2, 3, 3, 0, 1], d).astype(dtype)
    merges, distances = _bic_merges(x, bounds(lengths), 1.0)
    expected = reference.bic_merges(x, bounds(lengths), 1.0)
    assert merges.tolist() == [[i, j] for i, j, _ in expected]
    np.testing.assert_allclose(distances, [value for _, _, value in expected], rtol=1e-6)


@pytest.mark.usefixtures("instruction_set")
def test_bic_clustering_finds_the_speakers() -> None:
    lengths = [200, 150, 180, 220, 160]
    x = speech(8, lengths, [1, 0, 1, 2, 0])
    assert bic_clustering(x, bounds(lengths), alpha=1.0).tolist() == [0, 1, 0, 2, 1]


def test_bic_does_not_depend_on_scale() -> None:
    lengths = [60, 80, 50, 70]
    x = speech(9, lengths, [0, 1, 0, 1])
    _, distances = _bic_merges(x, bounds(lengths), 1.0)
    _, scaled = _bic_merges(x * [1e-5, 1, 1e6, 30] + 1e3, bounds(lengths), 1.0)
    np.testing.assert_allclose(scaled, distances, rtol=1e-6)


@pytest.mark.parametrize("n_segments", [0, 1])
def test_bic_clustering_of_few_segments(n_segments: int) -> None:
    segments = bounds([50] * n_segments)
    assert bic_clustering(np.ones((50, 3)), segments, alpha=1.0).tolist() == [0] * n_segments


@pytest.mark.parametrize("most", [20, 50])
def test_bic_blocks_end_with_what_all_pairs_give(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    speakers = np.random.default_rng(12).integers(0, 5, 90).tolist()
    x = speech(12, [60] * 90, speakers)
    at_once = bic_clustering(x, bounds([60] * 90), alpha=1.0)
    monkeypatch.setattr(bic, "_BLOCK", 16)
    monkeypatch.setattr(bic, "_MOST", most)
    found = bic_clustering(x, bounds([60] * 90), alpha=1.0)
    assert found.tolist() == at_once.tolist()
    assert len(set(zip(found.tolist(), speakers, strict=True))) == 5


def test_bic_clusters_that_are_too_many_stay_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    x = speech(13, [60] * 40, list(range(40)))
    monkeypatch.setattr(bic, "_BLOCK", 8)
    monkeypatch.setattr(bic, "_MOST", 16)
    assert bic_clustering(x, bounds([60] * 40), alpha=1.0).tolist() == list(range(40))


@pytest.mark.parametrize("alpha", [1.0, 1.5, 3.0])
def test_bic_clustering_equals_s4d(show: dict[str, npt.NDArray[Any]], alpha: float) -> None:
    # S4D goes on to a single cluster; its merges below 0 are those that count. Its segments
    # are named in order of time, and the name of the earlier cluster stays.
    segments = show[f"hac_a{alpha}_segs"]
    names = [row[1] for row in show[f"hac_a{alpha}_merges"] if row[0] == "-1"]
    rows = [row for row in show[f"hac_a{alpha}_merges"] if row[0] != "-1" and float(row[3]) < 0]
    _, distances = _bic_merges(show["cep"], segments, alpha)
    assert len(distances) == len(rows)
    np.testing.assert_allclose(distances, [float(row[3]) for row in rows], rtol=1e-9, atol=1e-8)
    labels = bic_clustering(show["cep"], segments, alpha=alpha)
    pairs = set(zip(labels.tolist(), show[f"hac_a{alpha}_labels"].tolist(), strict=True))
    assert len(pairs) == len(set(labels.tolist())) == len(names) - len(rows)


# The whole


def test_segment_in_seconds() -> None:
    lengths = [700, 500, 900]
    x = speech(10, lengths, [0, 1, 2])
    config = SegmentationConfig(window=1.0, alpha=1.0)
    assert segment(x, [[0, 2100]], config=config).tolist() == bounds(lengths).tolist()


def test_segment_cuts_long_segments_into_equal_parts() -> None:
    x = speech(11, [1000], [0])
    config = SegmentationConfig(window=1.0, alpha=3.0, max_duration=3.0)
    parts = segment(x, [[0, 1000]], config=config)
    assert parts.tolist() == [[0, 250], [250, 500], [500, 750], [750, 1000]]


def test_no_speech_gives_no_segments() -> None:
    assert segment(np.ones((100, 3)), np.empty((0, 2))).shape == (0, 2)
    assert segment(np.empty((0, 3)), []).shape == (0, 2)


@pytest.mark.parametrize(
    ("regions", "message"),
    [
        ([[0, 101]], "at most 100"),
        ([[-1, 50]], "rise from 0"),
        ([[50, 50]], r"regions\[0\] is empty"),
        ([[0, 60], [50, 90]], "without overlap"),
        ([[0, 1, 2]], "shape"),
    ],
)
def test_wrong_bounds_are_named(regions: list[list[int]], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        segment(np.ones((100, 3)), regions)


def test_wrong_values_are_named() -> None:
    with pytest.raises(ParameterError, match="NaN or infinity, first in row 3"):
        segment(np.where(np.arange(10) == 3, np.nan, 1.0)[:, None], [[0, 10]])
    with pytest.raises(ParameterError, match="window must be at least 2"):
        gaussian_divergence(np.ones((10, 2)), window=1)
    with pytest.raises(ParameterError, match="alpha must be 0 or more"):
        linear_bic(np.ones((10, 2)), [[0, 10]], alpha=-1)
    with pytest.raises(ParameterError, match="window must be above 0"):
        SegmentationConfig(window=0)
    with pytest.raises(ParameterError, match=r"min_duration .* at most the window \(0.5 s\)"):
        SegmentationConfig(window=0.5)
    with pytest.raises(ParameterError, match=r"min_length must be from 2 to the window \(5\)"):
        change_points(np.ones((10, 2)), [[0, 10]], window=5, min_length=6)
