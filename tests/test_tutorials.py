"""Tutorials: what their cells print is what stands below them. `make notebooks` writes it anew."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tools.gallery import GALLERY, drawn, shown

TUTORIALS = sorted((Path(__file__).parents[1] / "docs" / "tutorials").glob("*.ipynb"))

# Runs cells as a kernel does; not a file, which worker processes would import.
RUNNER = """
import contextlib, io, json, subprocess, sys

space = {"__name__": "__main__", "display": lambda value: None}
printed = []
for source in json.load(sys.stdin):
    out = io.StringIO()
    if source.startswith("%%bash"):
        script = source.partition("\\n")[2]
        done = subprocess.run(["bash", "-e"], input=script, stdout=-1, text=True, check=True)
        out.write(done.stdout)
    else:
        with contextlib.redirect_stdout(out):
            exec(source, space)
    printed.append(out.getvalue())
print(json.dumps(printed))
"""


def code_cells(path: Path) -> list[dict[str, Any]]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def printed(cell: dict[str, Any]) -> str:
    texts = [out["text"] for out in cell["outputs"] if out.get("name") == "stdout"]
    return "".join("".join(text) for text in texts)


def without_numbers(texts: list[str]) -> list[str]:
    return [re.sub(r" *[\d.]+", " #", text) for text in texts]


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_all_cells_ran_in_order(path: Path) -> None:
    cells = code_cells(path)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert {out["output_type"] for cell in cells for out in cell["outputs"]} <= {
        "display_data",
        "execute_result",
        "stream",
    }
    assert not [out for cell in cells for out in cell["outputs"] if out.get("name") == "stderr"]


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_pictures_are_there_and_small(path: Path) -> None:
    for cell in code_cells(path):
        data = [out.get("data", {}) for out in cell["outputs"]]
        pictures = [own["image/png"] for own in data if "image/png" in own]
        assert len(pictures) == "".join(cell["source"]).count("plt.show()")
        assert all(len(picture) < 150_000 for picture in pictures)


@pytest.mark.slow
@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_prints_what_stands_there(path: Path) -> None:
    if shutil.which("bash") is None:
        pytest.skip("no bash: cells of commands cannot run")
    cells = code_cells(path)
    done = subprocess.run(
        [sys.executable, "-c", RUNNER],
        input=json.dumps(["".join(cell["source"]) for cell in cells]),
        cwd=path.parent,
        env=os.environ
        | {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "MPLBACKEND": "agg",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    stored, found = [printed(cell) for cell in cells], json.loads(done.stdout)
    if path.stem == "paper":  # a training on minutes leans on how the machine rounds
        stored, found = map(without_numbers, (stored, found))
    assert stored == found


def test_gallery_has_what_they_drew() -> None:
    pictures = {name: data for path in TUTORIALS for name, data in drawn(path).items()}
    found = {file.name: file.read_bytes() for file in GALLERY.iterdir()}
    assert set(found) == shown()
    assert {name: found[name] for name in found if name in pictures} == {
        name: data for name, data in pictures.items() if name in found
    }
