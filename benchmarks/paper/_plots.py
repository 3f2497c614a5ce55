"""How the figures look: a column a target, names beside the lines, colours for every eye."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import click
import matplotlib
import numpy as np
from matplotlib import pyplot

from trfast.report.colours import COLOURS
from trfast.report.plots import STYLE

matplotlib.use("Agg")

GREY = "#555555"
Rows = Sequence[Mapping[str, Any]]


def draw(
    path: Path,
    rows: Rows,
    panels: Mapping[str, str],
    *,
    levels: Mapping[str, str],
    shown: Sequence[str],
    bands: Collection[str],
) -> None:
    """Draw means by epoch.

    Parameters
    ----------
    rows : sequence of mapping
        With "target", "panel", "condition", "epoch", "mean", "min" and "max".
    panels : mapping of str to str
        Rows of panels, and what stands beside them; with "%" in it, values are fractions.
    levels : mapping of str to str
        Conditions that have no epochs, and the line style of each.
    shown : sequence of str
        The other conditions, in order of their colours.
    bands : collection of str
        Those shown from least to most, too.
    """
    targets = list(dict.fromkeys(row["target"] for row in rows))
    with pyplot.rc_context(STYLE):
        figure, axes = pyplot.subplots(
            len(panels),
            len(targets),
            figsize=(6 * len(targets), 0.6 + 3.1 * len(panels)),
            sharex=True,
            squeeze=False,
            layout="constrained",
        )
        for (i, panel), (j, target) in product(enumerate(panels), enumerate(targets)):
            axis, heading = axes[i, j], panels[panel]
            names = []
            for condition, look in zip(
                (*levels, *shown), (*levels.values(), *COLOURS), strict=False
            ):
                own = [
                    row
                    for row in rows
                    if (row["target"], row["panel"], row["condition"]) == (target, panel, condition)
                ]
                if own:
                    scale = 100 if "%" in heading else 1
                    names.append(
                        _line(axis, own, scale, look, condition in levels, condition in bands)
                    )
            _write_names(axis, names)
            axis.set(
                title=target if i == 0 else None,
                xlabel="epochs" if i == len(panels) - 1 else None,
                ylabel=heading if j == 0 else None,
            )
        figure.savefig(path, dpi=100)
        pyplot.close(figure)
    click.echo(f"wrote {path}")


def _line(
    axis: Any, rows: Rows, scale: float, look: str, level: bool, band: bool
) -> tuple[float, str, str]:
    """Draw one condition; return where its name belongs, the name, and its colour."""
    x, mean, least, most = (
        np.array([row[part] for row in rows], float) for part in ("epoch", "mean", "min", "max")
    )
    if level:
        axis.axhline(scale * mean[0], color=GREY, linestyle=look, linewidth=1.2)
    else:
        axis.plot(x, scale * mean, color=look)
    if band:
        axis.fill_between(x, scale * least, scale * most, color=look, alpha=0.18, linewidth=0)
    return scale * mean[-1], rows[0]["condition"], GREY if level else look


def _write_names(axis: Any, names: Sequence[tuple[float, str, str]]) -> None:
    """Write the names at the right edge, pushed apart where they would overlap."""
    names = sorted(names)
    low, high = axis.get_ylim()
    gap = 0.075 * (high - low)
    places = np.array([place for place, *_ in names])
    for _ in range(100):
        for i in np.flatnonzero(np.diff(places) < 0.999 * gap):
            places[i : i + 2] = places[i : i + 2].mean() + np.array([-gap, gap]) / 2
    for place, (_, name, colour) in zip(places, names, strict=True):
        axis.annotate(
            name,
            (1.015, place),
            xycoords=("axes fraction", "data"),
            color=colour,
            va="center",
            annotation_clip=False,
        )
