"""Draw the gallery of the documentation: make pictures.

The example shows by ``trfast plot`` and ``trfast verify``, and what the tutorials drew when
`tools/notebooks.py` ran them last.
"""

import base64
import json
import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
GALLERY = ROOT / "docs" / "gallery"
TUTORIALS = ROOT / "docs" / "tutorials"


def drawn(notebook: Path) -> dict[str, bytes]:
    """Return the pictures of a notebook, by file name, numbered as they come."""
    found: list[tuple[str, bytes]] = []
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            vectors = re.search("<svg.*</svg>", "".join(data.get("text/html", "")), re.DOTALL)
            if "image/png" in data:
                found.append(("png", base64.b64decode("".join(data["image/png"]))))
            elif vectors:
                paper = vectors[0].replace("width:100%", "width:100%;background:white", 1)
                found.append(("svg", paper.encode()))
    return {
        f"{notebook.stem}-{number}.{suffix}": content
        for number, (suffix, content) in enumerate(found, 1)
    }


def shown() -> set[str]:
    """Return the names of the pictures that the page shows."""
    page = GALLERY.with_suffix(".md").read_text(encoding="utf-8")
    return set(re.findall(r"\]\(gallery/(.*?)\)", page))


def command(*words: str | Path) -> None:
    """Run a command of trfast, which must go well."""
    from click.testing import CliRunner

    from trfast.cli import main

    result = CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)
    if result.exit_code:
        sys.exit(result.output)


if __name__ == "__main__":
    GALLERY.mkdir(exist_ok=True)
    examples = ROOT / "examples"
    with tempfile.TemporaryDirectory() as found:
        command("run", examples / "audio", "-o", found, "--quiet")
        command("plot", found, "-o", GALLERY / "found.svg")
    command("verify", examples, "--quiet", "--det", GALLERY / "det.svg")
    for notebook in TUTORIALS.glob("*.ipynb"):
        for name, content in drawn(notebook).items():
            if name in shown():
                (GALLERY / name).write_bytes(content)
