"""Praat's TextGrid: a tier a speaker, one recording a file.

A text file of Praat's is numbers, texts in quotes and flags like ``<exists>``, with blanks around
each; all else, as ``xmin =``, is for people. So long and short files are read alike. praatio, with
which tests read them back, looks for the words: it stops at a label that says ``item [1]:``, and
cannot tell the line in which a file is wrong.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from trfast.annotation import Annotation
from trfast.errors import AnnotationError
from trfast.formats._draft import Draft
from trfast.formats._records import line_name, tiers, writable

_STEP = 1e-6  # seconds
_TOKEN = re.compile(
    r'(?<!\S)(?:"(?P<text>(?:[^"]|"")*)"(?!\S)|(?P<number>[+-]?\d[\d.eE+-]*)(?!\S)'
    r'|<(?P<flag>\w+)>(?!\S)|(?P<comment>!.*)|(?P<open>"))'
)

Token = tuple[int, str, str]  # line, kind, value


class _Tokens:
    """What counts in a text, one after the other."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self.line = 1

    def take(self, kind: str, name: str) -> str:
        """Return the next token, which has to be of that kind."""
        self.line, found, value = next(self._tokens, (self.line, "end", ""))
        if found != kind:
            got = "the file ends" if found == "end" else f"found {found} {value[:40]!r}"
            raise AnnotationError(f"{got}, expected {name}. Nothing is read from here on")
        return value

    def number(self, name: str) -> float:
        """Return the next number."""
        value = self.take("number", name)
        try:
            found = float(value)
        except ValueError:
            found = math.nan
        if not math.isfinite(found):
            raise AnnotationError(
                f"{name} is {value[:40]!r}, expected a number. Nothing is read from here on"
            )
        return found

    def count(self, name: str) -> int:
        """Return the next number, which counts something."""
        value = self.number(name)
        if not (value >= 0 and value.is_integer()):
            raise AnnotationError(
                f"{name} is {value}, expected a whole one. Nothing is read from here on"
            )
        return int(value)


def _tokens(text: str) -> Iterator[Token]:
    line, done = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", done, match.start())
        done = match.start()
        kind = str(match.lastgroup)
        if kind != "comment":
            yield line, kind, match[kind].replace('""', '"')


def parse(draft: Draft, text: str) -> None:
    """Take the turns of a text, and what is wrong in it.

    Intervals that say anything are turns of the speaker after whom the tier is named. What they say
    beside that name is left out, and so are tiers of points.
    """
    draft.turns[draft.recording, ""] = []
    tokens = _Tokens(text)
    try:
        for expected in ("ooTextFile", "TextGrid"):
            found = tokens.take("text", f'"{expected}"')
            if found != expected:
                raise AnnotationError(f'"{found[:40]}", expected "{expected}": no TextGrid')
        tokens.number("xmin")
        tokens.number("xmax")
        if tokens.take("flag", "<exists>") != "exists":
            return
        for _ in range(tokens.count("number of tiers")):
            _parse_tier(draft, tokens)
    except AnnotationError as error:
        draft.bad(tokens.line, error)


def _parse_tier(draft: Draft, tokens: _Tokens) -> None:
    kind = tokens.take("text", "the class of a tier")
    if kind not in ("IntervalTier", "TextTier"):
        raise AnnotationError(f'class is "{kind[:40]}", expected "IntervalTier" or "TextTier"')
    speaker, line = tokens.take("text", "the name of a tier").strip(), tokens.line
    tokens.number("xmin")
    tokens.number("xmax")
    if kind == "TextTier":
        for _ in range(tokens.count("number of points")):
            tokens.number("time of a point")
            tokens.take("text", "the mark of a point")
        draft.left_out["tier of points"] += 1
        return
    before = 0.0
    for _ in range(tokens.count("number of intervals")):
        start, at = tokens.number("xmin of an interval"), tokens.line
        end = tokens.number("xmax of an interval")
        text = tokens.take("text", "the text of an interval").strip()
        if start < before or end < start:
            draft.bad(
                at, f"an interval from {start} to {end} s after {before}, expected in order of time"
            )
            continue
        before = end
        if not text:
            continue
        if not speaker:
            draft.bad(line, "a tier without name, expected that of a speaker")
            return
        draft.left_out["text of an interval"] += text != speaker
        draft.add(start, end, speaker)


def render(annotations: Sequence[Annotation]) -> str:
    """Return the turns of a recording as TextGrid, in the long form; times in microseconds.

    The intervals of a tier bear the speaker's name; those between them are empty, as Praat has it.
    """
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', ""]
    for annotation in writable(annotations, line_name, alone=True):
        found = tiers(annotation, _STEP)
        last = max((turns[-1][1] for turns in found.values() if turns), default=0)
        whole = ["xmin = 0 ", f"xmax = {_time(last or 1_000_000)} "]
        lines += [*whole, "tiers? <exists> ", f"size = {len(found)} ", "item []: "]
        for number, (speaker, turns) in enumerate(found.items(), start=1):
            intervals = list(_intervals(_quoted(speaker), turns, last or 1_000_000))
            lines += [f"    item [{number}]:", '        class = "IntervalTier" ']
            lines += [f"        name = {_quoted(speaker)} ", *(f"        {line}" for line in whole)]
            lines += [f"        intervals: size = {len(intervals)} "]
            for i, (start, end, text) in enumerate(intervals, start=1):
                lines += [
                    f"        intervals [{i}]:",
                    f"            xmin = {_time(start)} ",
                    f"            xmax = {_time(end)} ",
                    f"            text = {text} ",
                ]
    return "\n".join([*lines, ""])


def _intervals(
    text: str, turns: list[tuple[int, int]], last: int
) -> Iterator[tuple[int, int, str]]:
    """Yield the turns, and what is between them, before and after."""
    done = 0
    for start, end in turns:
        if start > done:
            yield done, start, '""'
        yield start, end, text
        done = end
    if done < last:
        yield done, last, '""'


def _time(steps: int) -> str:
    return f"{steps * _STEP:.6f}".rstrip("0").rstrip(".")


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
