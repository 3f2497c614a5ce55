"""Tables 2 and 3 and figure 5 with a neural embedding in place of i-vectors.

python -m benchmarks.paper.neural --embedder campplus-int8.onnx
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click
from benchmarks.paper import figure5, table2, table3
from benchmarks.paper._common import KINDS, Study, command

from trfast.training import TrainingConfig

# Epochs that show where the networks go; networks for whom thresholds are found again and again.
N_EPOCHS, FEW = 400, 5
NEURAL, PAPER = TrainingConfig.neural(), TrainingConfig.paper().estimators
# The second has the paper's network, but for the epochs.
RECIPES = {
    "neural": replace(NEURAL, backends=("cosine", "wccn", "plda", "tr")),
    "random start": replace(
        NEURAL,
        backends=("tr",),
        estimators=replace(PAPER, tr={**PAPER.tr, "n_epochs": N_EPOCHS}),
    ),
}
LEVELS = {"cosine, neural": ":", "wccn, neural": "-.", "plda, neural": "--"}


def run(study: Study) -> None:
    """Tables 2 and 3 and figure 5 with a neural embedding, whose local speakers windows find."""
    study = replace(study, recipes=RECIPES)
    systems = [(name, recipe) for recipe, own in RECIPES.items() for name in own.backends]
    table2.run(study, "neural-table2", "neural")
    table3.run(study, "neural-table3", systems)
    figure5.run(study, "neural-figure5", LEVELS, every=10, n_epochs=N_EPOCHS)
    few = replace(study, networks=min(study.networks, FEW))
    figure5.run(few, "neural-figure5b", LEVELS, kind=KINDS[1], every=40, n_epochs=N_EPOCHS)


main = command(
    run,
    click.Option(
        ["--embedder"],
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        required=True,
        help="The network, an ONNX file.",
    ),
)

if __name__ == "__main__":
    main()
