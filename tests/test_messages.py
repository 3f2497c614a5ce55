"""What an error says to a user of the command line is no Python, unless it says so."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import trfast

SOURCE = Path(trfast.__file__).parent
# Of arguments, which only Python has, and of options, whose names the command line gives.
ARGUMENTS = ("ParameterError", "ParameterTypeError")
PYTHON = re.compile(r"\w=\w|\w\((?!s\))")


def messages() -> Iterator[tuple[str, str]]:
    """Where errors of trfast are made, and what they say."""
    for file in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
                continue
            name = node.func.id
            if name.endswith("Error") and hasattr(trfast.errors, name) and name not in ARGUMENTS:
                parts = [n.value for n in ast.walk(node.args[0]) if isinstance(n, ast.Constant)]
                text = "".join(part for part in parts if isinstance(part, str))
                yield f"{file.relative_to(SOURCE)}:{node.lineno}", text


def test_the_words_of_python_come_last() -> None:
    found = dict(messages())
    assert len(found) > 100
    wrong = {}
    for place, text in found.items():
        words = PYTHON.search(text)
        if words is not None and "in Python" not in text[: words.start()]:
            wrong[place] = text
    assert wrong == {}
