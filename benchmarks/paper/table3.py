"""Table 3: diarization and linking by cosine, PLDA and the network.

python -m benchmarks.paper.table3
"""

from __future__ import annotations

from itertools import product
from typing import Any

from benchmarks.paper._common import (
    CLUSTERINGS,
    TARGETS,
    Study,
    Table,
    command,
    diarization,
)

from trfast.training.thresholds import Fold, tune

SYSTEMS = (
    ("cosine", "default"),
    ("plda", "paper"),
    ("plda", "default"),
    ("tr", "paper"),
    ("tr", "default"),
)
ERRORS = ("i_der", "x_der")
System = tuple[str, str, int]  # back-end, recipe, seed


def run(study: Study) -> None:
    """I-DER and X-DER of cosine, PLDA and 20 networks, by connected components and HAC.

    Thresholds are those that training finds on radio-train, common to both targets; or those of
    the least error on the other target, for each network its own.
    """
    items = [
        (name, recipe, seed)
        for name, recipe in SYSTEMS
        for seed in range(study.networks if name == "tr" else 1)
    ]
    rows = [row for found in study.over(_errors, items) for row in found]
    study.write("table3", rows, *(_table(rows, kind) for kind in ("common", "other target")))


def _errors(study: Study, system: System) -> list[dict[str, Any]]:
    """Errors of one system on both targets, at both kinds of thresholds."""
    name, recipe, seed = system
    backend = study.backend(name, recipe, seed=seed)
    tuned = {
        t: tune([Fold(study.material[recipe, t].held_back, study.speakers[t], backend)])
        for t in TARGETS
    }
    rows = []
    for target, clustering in product(TARGETS, CLUSTERINGS):
        (other,) = set(TARGETS) - {target}
        for kind, thresholds in (
            ("common", study.models[recipe].thresholds(name, clustering)),
            ("other target", tuned[other][clustering].thresholds),
        ):
            errors = diarization(study, recipe, target, backend, clustering, thresholds)
            rows.append(
                {
                    "backend": name,
                    "recipe": recipe,
                    "clustering": clustering,
                    "thresholds": kind,
                    "seed": seed,
                    "target": target,
                    "within": thresholds.within,
                    "across": thresholds.across,
                    **errors,
                }
            )
    return rows


def _table(rows: list[dict[str, Any]], thresholds: str) -> Table:
    lines = []
    for (name, recipe), clustering in product(SYSTEMS, CLUSTERINGS):
        own = {
            target: [
                row
                for row in rows
                if (row["backend"], row["recipe"], row["clustering"], row["thresholds"])
                == (name, recipe, clustering, thresholds)
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
    return [f"thresholds: {thresholds}", "", "", *heading], lines


main = command(run)

if __name__ == "__main__":
    main()
