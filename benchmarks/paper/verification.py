"""EER and minDCF of each back-end, as the paper has it and as the default model has it.

python -m benchmarks.paper.verification
"""

from __future__ import annotations

from benchmarks.paper._common import (
    TARGETS,
    Study,
    command,
    summary,
    verification,
)


def run(study: Study) -> None:
    """EER and minDCF (1 %) of all back-ends of both recipes; of networks mean, least and most."""
    items = [
        (recipe, name, seed)
        for recipe in study.recipes
        for name in study.recipes[recipe].backends
        for seed in range(study.networks if name == "tr" else 1)
    ]
    rows = summary(
        [
            {"condition": f"{name}, {recipe}", "target": target, "measure": measure, "value": error}
            for (recipe, name, _), errors in zip(items, study.over(_errors, items), strict=True)
            for target, own in errors.items()
            for measure, error in own.items()
        ]
    )
    cells: dict[str, list[str]] = {}
    for row in rows:
        form = "{:.2%}" if row["measure"] == "eer" else "{:.3f}"
        mean, least, most = (form.format(row[part]) for part in ("mean", "min", "max"))
        cell = mean if least == most else f"{mean} ({least} to {most})"
        cells.setdefault(row["condition"], []).append(cell)
    heading = ["", *(f"{target} {measure}" for target in TARGETS for measure in ("EER", "minDCF"))]
    study.write("verification", rows, (heading, [[name, *own] for name, own in cells.items()]))


def _errors(study: Study, item: tuple[str, str, int]) -> dict[str, dict[str, float]]:
    recipe, name, seed = item
    backend = study.backend(name, recipe, seed=seed)
    return {t: verification(backend, study.material[recipe, t].vectors) for t in TARGETS}


main = command(run)

if __name__ == "__main__":
    main()
