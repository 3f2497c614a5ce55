"""Plots by matplotlib: where turns and curves are drawn, and files that can be made again."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from trfast.annotation import Annotation
from trfast.errors import MissingExtraError, ParameterError
from trfast.evaluation import equal_error_rate
from trfast.report import draw_timelines, plot_det, plot_timeline, save_plot
from trfast.report.colours import COLOURS

SHOW = Annotation("sh$ow_$1", [(0, 1, "ann"), (1, 4, "ben"), (6, 7.5, "ben")])


def test_matplotlib_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for name in ("figure", "ticker"):
        monkeypatch.setitem(sys.modules, f"matplotlib.{name}", None)
    with pytest.raises(MissingExtraError, match=r"trfast\[plot\]"):
        plot_timeline(SHOW)


class TestWithMatplotlib:
    @pytest.fixture(autouse=True)
    def _needs_it(self) -> None:
        pytest.importorskip("matplotlib", reason="matplotlib is not installed: trfast[plot]")

    def test_turns_are_where_they_are(self) -> None:
        axes = plot_timeline(SHOW, duration=10.0)
        boxes = [
            [path.get_extents().bounds for path in lane.get_paths()] for lane in axes.collections
        ]
        ben = [(1.0, -0.35, 3.0, 0.7), (6.0, -0.35, 1.5, 0.7)]
        assert np.allclose(boxes[0], ben)
        assert np.allclose(boxes[1], [(0.0, 0.65, 1.0, 0.7)])
        assert axes.get_xlim() == (0.0, 10.0)
        assert [label.get_text() for label in axes.get_yticklabels()] == ["ben", "ann"]

    def test_colours_come_again_with_stripes(self) -> None:
        axes = plot_timeline(Annotation("show", [(i, i + 1, f"{i:02}") for i in range(8)]))
        looks = {(str(lane.get_facecolor()), lane.get_hatch()) for lane in axes.collections}
        assert len(looks) == 8
        assert len({colour for colour, _ in looks}) == len(COLOURS)

    def test_nobody_speaks(self, tmp_path: Path) -> None:
        draw_timelines(tmp_path / "empty.svg", [Annotation("empty")])
        assert "empty" in (tmp_path / "empty.svg").read_text()

    @pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
    def test_the_same_plot_is_the_same_file(self, tmp_path: Path, kind: str) -> None:
        for name in ("one", "two"):
            draw_timelines(tmp_path / f"{name}.{kind}", [SHOW, SHOW])
        one, two = ((tmp_path / f"{name}.{kind}").read_bytes() for name in ("one", "two"))
        assert one == two

    def test_names_are_no_formulas(self, tmp_path: Path) -> None:
        draw_timelines(tmp_path / "show.svg", [SHOW])
        assert "sh$ow_$1" in (tmp_path / "show.svg").read_text()

    def test_other_files_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ParameterError, match=r"show\.gif: plots are \.pdf, \.png, \.svg"):
            save_plot(plot_timeline(SHOW), tmp_path / "show.gif")

    def test_no_recordings(self, tmp_path: Path) -> None:
        with pytest.raises(ParameterError, match="annotations are empty"):
            draw_timelines(tmp_path / "show.svg", [])

    def test_det_curve_goes_through_its_equal_error_rate(self) -> None:
        random = np.random.default_rng(0)
        labels = random.random(5000) < 0.3
        scores = random.normal(size=5000) + 2 * labels
        axes = plot_det({"cosine": (scores, labels)})
        curve, dot = axes.get_lines()
        eer = equal_error_rate(scores, labels)
        assert np.allclose(dot.get_xydata(), [[eer, eer]])
        false_alarm, miss = np.asarray(curve.get_data())
        assert np.interp(eer, false_alarm[::-1], miss[::-1]) == pytest.approx(eer, abs=0.002)
        legend = axes.get_legend()
        assert legend is not None
        assert legend.get_texts()[0].get_text() == f"cosine: EER {100 * eer:.2f} %"

    def test_normal_scores_are_a_straight_line(self) -> None:
        random = np.random.default_rng(0)
        labels = np.arange(200_000) % 2 == 0
        axes = plot_det({"normal": (random.normal(size=200_000) + 2.0 * labels, labels)})
        (curve, _) = axes.get_lines()
        points = axes.transScale.transform(curve.get_xydata())
        inside = (np.abs(points) < 2).all(axis=1)
        assert np.ptp(points[inside].sum(axis=1)) < 0.1  # false alarms + misses = -2 deviates
        assert len(points) < 3000

    def test_without_error(self, tmp_path: Path) -> None:
        axes = plot_det({"perfect": ([0.0, 1.0], [False, True])})
        save_plot(axes, tmp_path / "det.png")
        assert (tmp_path / "det.png").stat().st_size > 1000

    def test_no_curves(self) -> None:
        with pytest.raises(ParameterError, match="curves are empty"):
            plot_det({})
