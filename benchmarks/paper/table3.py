"""Table 3: diarization and linking by cosine, PLDA and the network.

python -m benchmarks.paper.table3
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

from benchmarks.paper._common import (
    CLUSTERINGS,
    KINDS,
    TARGETS,
    Study,
    Table,
    command,
    diarization,
    thresholds,
)

SYSTEMS = (
    ("cosine", "default"),
    ("plda", "paper"),
    ("plda", "default"),
    ("tr", "paper"),
    ("tr", "default"),
)
ERRORS = ("i_der", "x_der")
System = tuple[str, str, int]  # back-end, recipe, seed


def run(study: Study, output: str = "table3", systems: Sequence[tuple[str, str]] = SYSTEMS) -> None:
    """I-DER and X-DER of cosine, PLDA and 20 networks, by connected components and HAC.

    Thresholds are those that training finds on radio-train, common to both targets; or those of
    the least error on the other target, for each network its own.
    """
    items = [
        (name, recipe, seed)
        for name, recipe in systems
        for seed in range(study.networks if name == "tr" else 1)
    ]
    rows = [row for found in study.over(_errors, items) for row in found]
    study.write(output, rows, *(_table(rows, kind) for kind in KINDS))


def _errors(study: Study, system: System) -> list[dict[str, Any]]:
    """Errors of one system on both targets, at both kinds of thresholds."""
    name, recipe, seed = system
    backend = study.backend(name, recipe, seed=seed)
    rows = []
    for kind in KINDS:
        for (target, clustering), limits in thresholds(study, recipe, backend, kind).items():
            errors = diarization(study, recipe, target, backend, clustering, limits)
            rows.append(
                {
                    "backend": name,
                    "recipe": recipe,
                    "clustering": clustering,
                    "thresholds": kind,
                    "seed": seed,
                    "target": target,
                    "within": limits.within,
                    "across": limits.across,
                    **errors,
                }
            )
    return rows


def _table(rows: list[dict[str, Any]], kind: str) -> Table:
    lines = []
    systems = dict.fromkeys((row["backend"], row["recipe"]) for row in rows)
    for (name, recipe), clustering in product(systems, CLUSTERINGS):
        own = {
            target: [
                row
                for row in rows
                if (row["backend"], row["recipe"], row["clustering"], row["thresholds"])
                == (name, recipe, clustering, kind)
                and row["target"] == target
            ]
            for target in TARGETS
        }
        start = [f"{name}, {recipe}", clustering]
        mean = [
            f"{100 * sum(row[error] for row in own[t]) / len(own[t]):.1f}"
            for t, error in product(TARGETS, ERRORS)
        ]
        networks = len(own[TARGETS[0]]) > 1
        lines.append([*start, "mean" if networks else "", *mean])
        if networks:
            best = {t: min(own[t], key=lambda row: float(row["x_der"])) for t in TARGETS}
            cells = [f"{100 * best[t][error]:.1f}" for t, error in product(TARGETS, ERRORS)]
            lines.append([*start, "best", *cells])
    heading = [f"{t} {e}" for t, e in product(TARGETS, ("I-DER", "X-DER"))]
    return [f"thresholds: {kind}", "", "", *heading], lines


main = command(run)

if __name__ == "__main__":
    main()
