"""Figure 5: X-DER by epoch.

python -m benchmarks.paper.figure5
"""

from __future__ import annotations

from itertools import product
from typing import Any

from benchmarks.paper import _plots
from benchmarks.paper._common import (
    CLUSTERINGS,
    TARGETS,
    Study,
    Table,
    command,
    diarization,
    summary,
)

from trfast.scoring.backend import Backend
from trfast.scoring.triplet import TripletNetwork

LEVELS = {"cosine, default": ":", "plda, default": "--"}
TITLES = {"cc": "X-DER, %, CC", "hac": "X-DER, %, HAC"}
Rows = list[dict[str, Any]]


def run(study: Study) -> None:
    """X-DER of 20 networks by epoch, with connected components and with HAC.

    Thresholds are those that training finds on radio-train, the same for all networks of a
    recipe, at all epochs. Every network makes its own local speakers, as in the paper.
    """
    items = list(product(study.recipes, range(study.networks)))
    found = [row for rows in study.over(_network, items) for row in rows]
    rows = summary(found + _levels(study))
    study.write("figure5", rows, _table(rows))
    networks = [f"tr, {recipe}" for recipe in study.recipes]
    _plots.draw(
        study.output / "figure5.png",
        [{**row, "panel": row["clustering"]} for row in rows if row["measure"] == "x_der"],
        TITLES,
        levels=LEVELS,
        shown=networks,
        bands=networks,
    )


def _rows(study: Study, backend: Backend, recipe: str, condition: str, epoch: int) -> Rows:
    """I-DER and X-DER of a back-end on both targets."""
    return [
        {
            "target": target,
            "clustering": clustering,
            "condition": condition,
            "epoch": epoch,
            "measure": measure,
            "value": value,
        }
        for target, clustering in product(TARGETS, CLUSTERINGS)
        for measure, value in diarization(
            study,
            recipe,
            target,
            backend,
            clustering,
            study.models[recipe].thresholds(backend.name, clustering),
        ).items()
    ]


def _network(study: Study, item: tuple[str, int]) -> Rows:
    """Errors of one network, by epoch."""
    recipe, seed = item
    rows: Rows = []

    def measure(backend: Backend, network: TripletNetwork) -> None:
        rows.extend(_rows(study, backend, recipe, f"tr, {recipe}", len(network.history)))

    study.watch(recipe, measure, seed=seed)
    return rows


def _levels(study: Study) -> Rows:
    """Errors of what has no epochs."""
    rows: Rows = []
    for condition in LEVELS:
        name, recipe = condition.split(", ")
        rows += _rows(study, study.backend(name, recipe), recipe, condition, 0)
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
