"""JSON of trfast's own: recordings and their turns, as ``turns.schema.json`` beside this says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import resources
from json.decoder import JSONObject  # type: ignore[attr-defined]
from json.scanner import py_make_scanner  # type: ignore[attr-defined]
from typing import Any

from trfast.annotation import Annotation
from trfast.errors import AnnotationError
from trfast.formats._draft import Draft
from trfast.formats._records import LARGEST, writable
from trfast.formats.table import not_empty

VERSION = 1


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of what `write_turns` writes as JSON.

    Examples
    --------
    >>> json_schema()["title"]
    'Turns of speakers'
    """
    file = resources.files("trfast.formats").joinpath("turns.schema.json")
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema


class _Object(dict[str, Any]):
    """A JSON object that knows its line."""

    line = 0


class _Decoder(json.JSONDecoder):
    """Objects know their lines, and no key is there twice."""

    def __init__(self, text: str) -> None:
        super().__init__(object_pairs_hook=self._object, parse_constant=self._constant)
        self._text, self._done, self._line = text, 0, 1

        def parse_object(text_and_end: tuple[str, int], *rest: Any) -> Any:
            line = self._line_at(text_and_end[1])
            found, end = JSONObject(text_and_end, *rest)
            found.line = line
            return found, end

        self.parse_object = parse_object
        self.scan_once = py_make_scanner(self)  # the one in C would not call it

    def _line_at(self, position: int) -> int:
        self._line += self._text.count("\n", self._done, position)
        self._done = position
        return self._line

    def _object(self, pairs: list[tuple[str, Any]]) -> _Object:
        found = _Object(pairs)
        if len(found) < len(pairs):
            raise AnnotationError("a key is there twice in one object")
        return found

    def _constant(self, name: str) -> float:
        raise AnnotationError(f"{name} is no number of JSON")


def parse(draft: Draft, text: str) -> None:
    """Take the turns of a text, and what is wrong in it; keys that the schema does not know are
    left out."""
    try:
        document = _Decoder(text).decode(text)
    except json.JSONDecodeError as error:
        draft.bad(error.lineno, f"not JSON ({error.msg})")
        return
    except (AnnotationError, RecursionError, ValueError) as error:
        draft.bad(0, error)
        return
    try:
        _check(document, _Object, "the whole")
        version = _get(document, "version", int)
        if version != VERSION:
            raise AnnotationError(f"version is {version}, expected {VERSION}")
        recordings = _get(document, "recordings", list)
    except AnnotationError as error:
        draft.bad(getattr(document, "line", 1), error)
        return
    _leave_out(draft, document, {"version", "recordings"})
    names: set[str] = set()
    for entry in recordings:
        try:
            _check(entry, _Object, "a recording")
            name, turns = _get(entry, "name", str), _get(entry, "turns", list)
            if name in names:
                raise AnnotationError(f"recording {name!r} is there twice")
        except AnnotationError as error:
            draft.bad(getattr(entry, "line", document.line), error)
            continue
        names.add(name)
        _leave_out(draft, entry, {"name", "turns"})
        _parse_turns(draft, name, entry, turns)


def _parse_turns(draft: Draft, recording: str, entry: _Object, turns: list[Any]) -> None:
    draft.turns[recording, ""] = []
    for turn in turns:
        try:
            _check(turn, _Object, "a turn")
            start, end = _seconds(turn, "start"), _seconds(turn, "end")
            draft.add(start, end, _get(turn, "speaker", str), recording=recording)
            _leave_out(draft, turn, {"start", "end", "speaker"})
        except AnnotationError as error:
            draft.bad(getattr(turn, "line", entry.line), error)


_NAMES = {str: "a string", int: "a whole number", list: "a list", _Object: "an object"}


def _check(value: object, kind: type, what: str) -> None:
    if type(value) is not kind:
        raise AnnotationError(f"{what} is {json.dumps(value)[:40]}, expected {_NAMES[kind]}")


def _get(entry: _Object, key: str, kind: type) -> Any:
    if key not in entry:
        raise AnnotationError(f"no {key!r}, expected {_NAMES[kind]}")
    _check(entry[key], kind, key)
    if not entry[key] and kind is str:
        raise AnnotationError(f"{key} is empty, expected a name")
    return entry[key]


def _seconds(turn: _Object, key: str) -> float:
    value: Any = turn.get(key)
    if type(value) not in (int, float) or not 0 <= value <= LARGEST:
        raise AnnotationError(
            f"{key} is {json.dumps(value)[:40]}, expected a number of seconds, at least 0"
        )
    return float(value)


def _leave_out(draft: Draft, entry: _Object, known: set[str]) -> None:
    for key in entry.keys() - known:
        draft.left_out[f"key {key}"] += 1


def render(annotations: Sequence[Annotation]) -> str:
    """Return turns as JSON, a turn a line; times have all their digits."""
    recordings = [
        '  {"name": '
        + _json(annotation.recording)
        + ', "turns": ['
        + ",".join(
            "\n   "
            + _json({"start": float(turn.start), "end": float(turn.end), "speaker": turn.speaker})
            for turn in annotation
        )
        + "]}"
        for annotation in writable(annotations, not_empty)
    ]
    return f'{{"version": {VERSION}, "recordings": [\n' + ",\n".join(recordings) + "\n]}\n"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
