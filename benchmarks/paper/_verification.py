"""Verification error of the paper's network by epoch, under variations of one parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product
from statistics import mean
from typing import Any

from benchmarks.paper import _plots
from benchmarks.paper._common import (
    EVERY,
    TARGETS,
    Study,
    Table,
    summary,
    verification,
)

from trfast.scoring.backend import Backend
from trfast.scoring.triplet import TripletNetwork

MEASURES = {"eer": "EER, %", "min_dcf": "minDCF, prior 0.01", "classes": "contributing classes"}
NAMES = {"eer": "EER", "min_dcf": "minDCF"}
LEVELS = {"cosine, paper": ":", "wccn, paper": "-.", "plda, paper": "--", "plda, default": "-"}
Variations = Mapping[str, Mapping[str, Any]]
Rows = list[dict[str, Any]]


def run(
    study: Study,
    name: str,
    variations: Variations,
    *,
    shown: Sequence[str],
    band: str,
    measures: Sequence[str] = ("eer", "min_dcf"),
) -> None:
    """Train and measure; write NAME.csv and NAME.png, and print a table.

    Parameters
    ----------
    variations : mapping of str to mapping
        By name, arguments of `TripletRanking` that differ from the paper's recipe.
    shown : sequence of str
        Variations in the figure.
    band : str
        The one shown with least and most.
    measures : sequence of str
        Rows of the figure.
    """
    items = list(product(variations, range(study.networks)))
    found = study.over(partial(_network, variations=variations), items)
    rows = summary(_levels(study) + [row for rows in found for row in rows])
    study.write(name, rows, _table(rows))
    _plots.draw(
        study.output / f"{name}.png",
        [{**row, "panel": row["measure"]} for row in rows],
        {measure: MEASURES[measure] for measure in measures},
        levels=LEVELS,
        shown=shown,
        bands=[band],
    )


def _network(study: Study, item: tuple[str, int], *, variations: Variations) -> Rows:
    """Errors of one network, by epoch."""
    variation, seed = item
    rows: Rows = []

    def measure(backend: Backend, network: TripletNetwork) -> None:
        for target in TARGETS:
            errors = verification(backend, study.material["paper", target].vectors)
            errors["classes"] = mean(epoch.n_classes for epoch in network.history[-EVERY:])
            key = {"target": target, "condition": variation, "epoch": len(network.history)}
            rows.extend({**key, "measure": m, "value": value} for m, value in errors.items())

    study.watch("paper", measure, seed=seed, **variations[variation])
    return rows


def _levels(study: Study) -> Rows:
    """Errors of what has no epochs."""
    rows: Rows = []
    for condition, target in product(LEVELS, TARGETS):
        name, recipe = condition.split(", ")
        vectors = study.material[recipe, target].vectors
        errors = verification(study.backend(name, recipe), vectors)
        key = {"target": target, "condition": condition, "epoch": 0}
        rows.extend({**key, "measure": m, "value": value} for m, value in errors.items())
    return rows


def _table(rows: Rows) -> Table:
    """Return the mean errors, of networks at their last epoch and at the best one."""
    value = {(r["condition"], r["target"], r["measure"], r["epoch"]): r["mean"] for r in rows}
    columns = list(product(TARGETS, ("eer", "min_dcf")))
    lines = []
    for condition in dict.fromkeys(row["condition"] for row in rows):
        cells = []
        for column in columns:
            by_epoch = {key[-1]: v for key, v in value.items() if key[:-1] == (condition, *column)}
            form = "{:.2%}" if column[1] == "eer" else "{:.3f}"
            best, last = min(by_epoch, key=by_epoch.__getitem__), max(by_epoch)
            cell = form.format(by_epoch[last])
            cells.append(cell + (f" ({form.format(by_epoch[best])} at {best})" if last else ""))
        lines.append([condition, *cells])
    return ["", *(f"{target} {NAMES[m]}" for target, m in columns)], lines
