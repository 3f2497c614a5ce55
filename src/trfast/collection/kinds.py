"""What the columns of a collection's file hold, for SQLite takes any value in any of them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from trfast.errors import CollectionError


class _Kind(NamedTuple):
    """What values of a column are: of which types, and what else must hold."""

    said: str
    types: frozenset[type]
    holds: Callable[[Any], bool] | None = None

    def or_null(self) -> _Kind:
        return self._replace(said=f"{self.said} or NULL", types=self.types | {type(None)})


def _is_path(value: str | bytes | None) -> bool:
    return value is None or ("\0" if isinstance(value, str) else b"\0") not in value  # type: ignore[operator]


_TEXT = _Kind("text", frozenset({str}))
_PATH = _Kind("a path", frozenset({str, bytes, type(None)}), _is_path)
_INTEGER = _Kind("an integer", frozenset({int}))
_NUMBER = _Kind("a number", frozenset({float, int}))
_SECONDS = _Kind("seconds, 0 or more", _NUMBER.types, lambda value: 0 <= value < math.inf)
_VECTOR = _Kind("float32 numbers", frozenset({bytes}), lambda value: value and len(value) % 4 == 0)

# By the names of the columns that queries give; of what has another name, whoever asks looks.
_KINDS = {
    **dict.fromkeys(("name", "local", "model", "kind", "what", "who", "made", "why"), _TEXT),
    **dict.fromkeys(("recording", "stages", "before"), _TEXT),
    **dict.fromkeys(("made_by", "error", "details", "how", "undone"), _TEXT.or_null()),
    **dict.fromkeys(("speaker", "correction"), _TEXT.or_null()),
    **dict.fromkeys(("nearest_recording", "nearest_local"), _TEXT.or_null()),
    **dict.fromkeys(("runner_up_recording", "runner_up_local"), _TEXT.or_null()),
    "source": _PATH,
    **dict.fromkeys(("id", "generation", "linked", "same", "local_id"), _INTEGER),
    **dict.fromkeys(("speaker_id", "size", "stamp"), _INTEGER.or_null()),
    **dict.fromkeys(("start", "end"), _NUMBER),
    **dict.fromkeys(("similarity", "runner_up_similarity"), _NUMBER.or_null()),
    "enrolled_similarity": _NUMBER.or_null(),
    **dict.fromkeys(("duration", "speech"), _SECONDS),
    **dict.fromkeys(("vector", "shift"), _VECTOR),
}


def check_rows(path: str, names: Sequence[str], rows: Sequence[Any]) -> None:
    """Check what a query gave.

    Raises
    ------
    CollectionError
        If a value is not what its column holds.
    """
    for k, name in enumerate(names):
        kind = _KINDS.get(name)
        if kind is None or (
            {type(row[k]) for row in rows} <= kind.types
            and (kind.holds is None or all(kind.holds(row[k]) for row in rows))
        ):
            continue
        wrong = next(
            row[k]
            for row in rows
            if type(row[k]) not in kind.types or not (kind.holds is None or kind.holds(row[k]))
        )
        raise senseless(path, f"{name} is {wrong!r:.80}, expected {kind.said}")


def parsed(path: str, text: str, kind: type, name: str) -> Any:
    """Return what JSON in a column says, if it is of a kind.

    Raises
    ------
    CollectionError
        If it is not.
    """
    try:
        value = json.loads(text)
    except (RecursionError, ValueError):
        value = None
    if not isinstance(value, kind):
        raise senseless(path, f"{name} is {text!r:.80}, expected JSON of a {kind.__name__}")
    return value


def senseless(path: str, what: str) -> CollectionError:
    """Return the error of a file that SQLite can read, and nobody understand."""
    return CollectionError(
        f"{path}: {what}. The file is damaged, or another program changed it: put back a copy, or"
        " start a new one."
    )
