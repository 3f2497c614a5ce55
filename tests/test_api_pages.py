"""The Python reference: it has every public name, and no other."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import trfast

PAGES = Path(__file__).parents[1] / "docs" / "api"
DIRECTIVE = re.compile(r"^\.\. auto(module|class|function):: (\S+)\n((?: {3}:.*\n)*)", re.MULTILINE)
ROOMS = sorted(
    room.name
    for room in pkgutil.iter_modules(trfast.__path__)
    if not room.name.startswith("_") and room.name not in ("cli", "review")
)
# Public where they are: modules that are no package, and two rooms' own shelves.
WHOLE = (
    "annotation",
    "comparison",
    "errors",
    "evidence",
    "training.augmentation",
    "training.tuning",
)


def own_names(module: Any) -> list[str]:
    names = getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    ]
    return list(names)


def documented() -> Iterator[tuple[str, Any]]:
    """What the directives of the pages show; data, such as tables, are not seen here."""
    for page in PAGES.glob("*.rst"):
        for kind, target, settings in DIRECTIVE.findall(page.read_text(encoding="utf-8")):
            if kind != "module":
                module, _, name = target.rpartition(".")
                yield target, getattr(import_module(module), name)
                continue
            module = import_module(target)
            left_out = re.search(":exclude-members:(.*)", settings)
            shown = set(own_names(module)) - set(
                re.findall(r"\w+", left_out[1] if left_out else "")
            )
            for name in shown:
                yield f"{target}.{name}", getattr(module, name)


def public() -> Iterator[tuple[str, Any]]:
    for room in ROOMS:
        module = import_module(f"trfast.{room}")
        for name in getattr(module, "__all__", ()):
            yield f"trfast.{room}.{name}", getattr(module, name)


@pytest.fixture(autouse=True)
def _extra() -> None:
    pytest.importorskip("starlette", reason="trfast[review] is not installed")


def test_every_public_name_is_there() -> None:
    shown = {id(value) for _, value in documented()}
    tables = {"trfast.formats.FORMATS"}
    assert {name for name, value in public() if id(value) not in shown} == tables


def test_only_public_names_are_there() -> None:
    known = {id(value) for _, value in public()}
    whole = tuple(f"trfast.{module}." for module in (*WHOLE, "review"))
    strange = {
        name
        for name, value in documented()
        if id(value) not in known and not name.startswith(whole)
    }
    assert strange == set()


def test_what_is_imported_from_the_package_is_public() -> None:
    homes = dict(public())
    whole = {
        f"trfast.{m}.{name}" for m in WHOLE for name in own_names(import_module(f"trfast.{m}"))
    }
    values = {id(value) for value in homes.values()}
    for name in trfast.__all__:
        value = getattr(trfast, name)
        assert id(value) in values or f"{value.__module__}.{name}" in whole, name
