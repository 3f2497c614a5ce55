"""All studies, one after the other.

python -m benchmarks.paper
"""

from __future__ import annotations

import time

import click
from benchmarks.paper import (
    figure2,
    figure3,
    figure4,
    figure5,
    table1,
    table2,
    table3,
    verification,
)
from benchmarks.paper._common import Study, command

STUDIES = (table1, verification, figure2, figure3, figure4, table2, table3, figure5)


def run(study: Study) -> None:
    """Run every study: all tables and figures."""
    for module in STUDIES:
        start = time.perf_counter()
        click.echo(f"\n{module.__name__.rpartition('.')[2]}: {module.run.__doc__.splitlines()[0]}")
        module.run(study)
        click.echo(f"{time.perf_counter() - start:.0f} s")


main = command(run)

if __name__ == "__main__":
    main()
