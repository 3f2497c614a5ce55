"""The house: rooms import only from those above them in the way of the data."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import trfast

SOURCE = Path(trfast.__file__).parent
GROUND = (
    "errors",
    "_text",
    "_log",
    "_stderr",
    "_checks",
    "_names",
    "_pictures",
    "_resources",
    "_threads",
    "_files",
    "_listening",
    "_extras",
    "_estimators",
    "_filters",
    "_viterbi",
    "_mixture",
    "_matching",
    "_onnx",
    "annotation",
    "formats",
)
ROOMS = [
    line.split()[0] for line in (trfast.__doc__ or "").split("::")[1].split("\n\n")[1].split("\n")
]
FLOORS = {room: floor for floor, room in enumerate((*GROUND, *ROOMS))}


def room_of(module: str) -> str:
    """Return the room of ``trfast.room.module``."""
    return module.split(".")[1]


def imports(file: Path) -> set[str]:
    """Return the modules of trfast that a file imports anywhere, for type checking too."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = {name for name in inside if name in MODULES}
            found |= modules or {node.module}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.startswith("trfast.")}


FILES = sorted(
    file
    for file in SOURCE.rglob("*.py")
    if file.parent / file.stem not in (SOURCE / "__init__", SOURCE / "__main__")
    and file.relative_to(SOURCE).parts[0] != "_ext"
)
MODULES = {
    ".".join(("trfast", *file.relative_to(SOURCE).with_suffix("").parts)).removesuffix(
        ".__init__"
    ): file
    for file in FILES
}


@pytest.mark.parametrize("module", MODULES)
def test_no_arrow_runs_up(module: str) -> None:
    above = {
        name
        for name in imports(MODULES[module])
        if room_of(name) not in ("_ext", room_of(module))
        and FLOORS[room_of(name)] >= FLOORS[room_of(module)]
    }
    assert above == set()


def test_no_circle_inside_a_room() -> None:
    left = {module: imports(file) for module, file in MODULES.items()}
    while free := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in free:
            del left[name]
    assert left == {}


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_there(room: str) -> None:
    assert (SOURCE / room).is_dir() or (SOURCE / f"{room}.py").exists()
