"""Figure 5: X-DER by epoch.

python -m benchmarks.paper.figure5
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import product
from typing import Any

from benchmarks.paper import _plots
from benchmarks.paper._common import (
    EVERY,
    KINDS,
    TARGETS,
    Study,
    Table,
    command,
    diarization,
    summary,
    thresholds,
)

from trfast.scoring.backend import Backend
from trfast.scoring.triplet import TripletNetwork

LEVELS = {"cosine, default": ":", "plda, default": "--"}
TITLES = {"cc": "X-DER, %, CC", "hac": "X-DER, %, HAC"}
Rows = list[dict[str, Any]]


def run(
    study: Study,
    output: str = "figure5",
    levels: Mapping[str, str] = LEVELS,
    *,
    kind: str = KINDS[0],
    every: int = EVERY,
    **tr: Any,
) -> None:
    """X-DER of 20 networks by epoch, with connected components and with HAC.

    Thresholds are those that training finds on radio-train, the same for all networks of a
    recipe, at all epochs; of the other `kind`, those of the least error on the other target, for
    each network at each epoch its own. Every network makes its own local speakers, as in the
    paper, unless windows do. `tr`: arguments of `TripletRanking` other than the recipes'.
    """
    items = list(product(study.recipes, range(study.networks)))
    network = partial(_network, kind=kind, every=every, tr=tr)
    found = [row for rows in study.over(network, items) for row in rows]
    rows = summary(found + _levels(study, levels, kind))
    study.write(output, rows, _table(rows))
    networks = [f"tr, {recipe}" for recipe in study.recipes]
    _plots.draw(
        study.output / f"{output}.png",
        [{**row, "panel": row["clustering"]} for row in rows if row["measure"] == "x_der"],
        TITLES,
        levels=levels,
        shown=networks,
        bands=networks,
    )


def _rows(study: Study, backend: Backend, recipe: str, kind: str, epoch: int = 0) -> Rows:
    """I-DER and X-DER of a back-end on both targets, and its thresholds across recordings."""
    return [
        {
            "target": target,
            "clustering": clustering,
            "condition": f"{backend.name}, {recipe}",
            "epoch": epoch,
            "measure": measure,
            "value": value,
        }
        for (target, clustering), limits in thresholds(study, recipe, backend, kind).items()
        for measure, value in {
            **diarization(study, recipe, target, backend, clustering, limits),
            "across": limits.across,
        }.items()
    ]


def _network(
    study: Study,
    item: tuple[str, int],
    *,
    kind: str,
    every: int,
    tr: Mapping[str, Any],
) -> Rows:
    """Errors of one network, by epoch."""
    recipe, seed = item
    rows: Rows = []

    def measure(backend: Backend, network: TripletNetwork) -> None:
        rows.extend(_rows(study, backend, recipe, kind, len(network.history)))

    study.watch(recipe, measure, seed=seed, every=every, **tr)
    return rows


def _levels(study: Study, levels: Mapping[str, str], kind: str) -> Rows:
    """Errors of what has no epochs."""
    rows: Rows = []
    for condition in levels:
        name, recipe = condition.split(", ")
        rows += _rows(study, study.backend(name, recipe), recipe, kind)
    return rows


def _table(rows: Rows) -> Table:
    """Return the errors at the last epoch."""
    last = {(r["condition"], r["clustering"], r["target"], r["measure"]): r for r in rows}
    lines = []
    for condition, clustering in dict.fromkeys(key[:2] for key in last):
        cells = []
        for key in product(TARGETS, ("i_der", "x_der")):
            row = last[(condition, clustering, *key)]
            cell = f"{100 * row['mean']:.1f}"
            if row["epoch"]:
                cell += f" ({100 * row['min']:.1f} to {100 * row['max']:.1f})"
            cells.append(cell)
        lines.append([condition, clustering, *cells])
    heading = [f"{t} {e}" for t, e in product(TARGETS, ("I-DER", "X-DER"))]
    return ["", "", *heading], lines


main = command(run)

if __name__ == "__main__":
    main()
