"""Put the results of the studies into docs/paper.md: tables between marks, figures beside it.

python -m benchmarks.paper.render
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import click
from benchmarks.paper._common import ROOT


@click.command()
@click.argument("results", type=click.Path(path_type=Path, exists=True), default="build/paper")
@click.argument(
    "page", type=click.Path(path_type=Path, exists=True), default=ROOT / "docs/paper.md"
)
def main(results: Path, page: Path) -> None:
    """Put tables and figures of RESULTS into PAGE; what is not there stays as it is."""

    def table(mark: re.Match[str]) -> str:
        file = results / f"{mark[2]}.md"
        return f"{mark[1]}{file.read_text()}{mark[3]}" if file.exists() else mark[0]

    text = re.sub(
        r"(<!-- ([\w-]+) -->\n).*?(<!-- end -->)",
        table,
        page.read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )
    page.write_text(text, encoding="utf-8")
    folder = page.with_suffix("")
    folder.mkdir(exist_ok=True)
    for figure in results.glob("*figure*.png"):
        shutil.copy(figure, folder)


if __name__ == "__main__":
    main()
