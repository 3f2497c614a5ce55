"""ELAN's EAF: a tier a speaker, times in milliseconds, one recording a file.

Read by expat, which knows its line, and written as the schema of EAF 2.8 has it. pympi, with which
tests read it back, names no line, and writes the time of day into the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from trfast.annotation import Annotation
from trfast.errors import AnnotationError
from trfast.formats._draft import Draft
from trfast.formats._records import line_name, tiers, writable

_STEP = 0.001  # seconds
_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv2.8.xsd"


@dataclass
class _Span:
    """An annotation of a tier, between two time slots."""

    line: int
    speaker: str
    slots: tuple[str, str]
    text: list[str] = field(default_factory=list)


class _Reader:
    """Takes what expat finds."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.slots: dict[str, float | None] = {}
        self.spans: list[_Span] = []
        self._speaker = ""
        self._in_value = False
        self._root = ""
        self._expat = expat.ParserCreate("UTF-8")  # whatever the file says, which was decoded
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._text
        self._expat.StartDoctypeDeclHandler = self._doctype

    def read(self, text: str) -> None:
        """Take the elements of a text.

        Raises
        ------
        AnnotationError
            If it is no EAF.
        """
        try:
            self._expat.Parse(text.encode(), True)
        except expat.ExpatError as error:
            self.draft.bad(error.lineno, f"not XML ({expat.ErrorString(error.code)})")

    def _doctype(self, *_: object) -> None:  # entities can make a file endless
        raise AnnotationError("a DOCTYPE, which EAF has not")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        line = self._expat.CurrentLineNumber
        if not self._root:
            self._root = tag
            if tag != "ANNOTATION_DOCUMENT":
                raise AnnotationError(f"<{tag[:40]}>, expected <ANNOTATION_DOCUMENT>: no EAF")
        try:
            if tag == "TIME_SLOT":
                self.slots[attributes["TIME_SLOT_ID"]] = None  # known, whatever its time
                self.slots[attributes["TIME_SLOT_ID"]] = _milliseconds(attributes)
            elif tag == "TIER":
                self._speaker = attributes.get("PARTICIPANT", "").strip() or attributes["TIER_ID"]
            elif tag == "ALIGNABLE_ANNOTATION":
                slots = attributes["TIME_SLOT_REF1"], attributes["TIME_SLOT_REF2"]
                self.spans.append(_Span(line, self._speaker.strip(), slots))
            elif tag == "REF_ANNOTATION":
                self.draft.left_out["annotation of an annotation"] += 1
            elif tag == "ANNOTATION_VALUE":
                self._in_value = True
        except KeyError as error:
            self.draft.bad(line, f"<{tag}> without {error.args[0]}")
        except AnnotationError as error:
            self.draft.bad(line, error)

    def _end(self, tag: str) -> None:
        if tag == "ANNOTATION_VALUE":
            self._in_value = False

    def _text(self, text: str) -> None:
        if self._in_value and self.spans:
            self.spans[-1].text.append(text)


def _milliseconds(attributes: dict[str, str]) -> float | None:
    value = attributes.get("TIME_VALUE")
    if value is None:
        return None
    if not (value.isascii() and value.isdigit()) or len(value) > 15:
        raise AnnotationError(
            f"TIME_VALUE is {value[:40]!r}, expected whole milliseconds, at least 0"
        )
    return int(value) / 1000


def parse(draft: Draft, text: str) -> None:
    """Take the turns of a text, and what is wrong in it: annotations with times, of the participant
    of the tier or, without one, of the tier's name. What they say beside that is left out."""
    draft.turns[draft.recording, ""] = []
    reader = _Reader(draft)
    try:
        reader.read(text)
    except AnnotationError as error:
        draft.bad(1, error)
        return
    for span in reader.spans:
        try:
            start, end = (_time(reader.slots, slot) for slot in span.slots)
            if not span.speaker:
                raise AnnotationError("a tier without name, expected that of a speaker")
            draft.add(start, end, span.speaker)
        except AnnotationError as error:
            draft.bad(span.line, error)
        said = "".join(span.text).strip()
        draft.left_out["text of an annotation"] += bool(said) and said != span.speaker


def _time(slots: dict[str, float | None], slot: str) -> float:
    if slot not in slots:
        raise AnnotationError(f"no time slot {slot!r}")
    time = slots[slot]
    if time is None:
        raise AnnotationError(f"time slot {slot!r} has no time. Align the annotation in ELAN")
    return time


def render(annotations: Sequence[Annotation]) -> str:
    """Return the turns of a recording as EAF."""
    slots: list[str] = []
    parts: list[str] = []
    ids: Counter[str] = Counter()

    def slot(time: int) -> str:
        ids["ts"] += 1
        slots.append(f'<TIME_SLOT TIME_SLOT_ID="ts{ids["ts"]}" TIME_VALUE="{time}"/>')
        return f"ts{ids['ts']}"

    for annotation in writable(annotations, line_name, alone=True):
        for speaker, turns in tiers(annotation, _STEP).items():
            name = quoteattr(speaker)
            parts.append(f'<TIER LINGUISTIC_TYPE_REF="speakers" PARTICIPANT={name} TIER_ID={name}>')
            for start, end in turns:
                ids["a"] += 1
                parts.append(
                    f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{ids["a"]}"'
                    f' TIME_SLOT_REF1="{slot(start)}" TIME_SLOT_REF2="{slot(end)}">'
                    f"<ANNOTATION_VALUE>{escape(speaker)}</ANNOTATION_VALUE>"
                    "</ALIGNABLE_ANNOTATION></ANNOTATION>"
                )
            parts.append("</TIER>")
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ANNOTATION_DOCUMENT AUTHOR="" DATE="1970-01-01T00:00:00+00:00" FORMAT="2.8"'
        ' VERSION="2.8" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        f' xsi:noNamespaceSchemaLocation="{_SCHEMA}">\n'
        '<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"/>'
    )
    kind = '<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="speakers" TIME_ALIGNABLE="true"/>'
    lines = [head, "<TIME_ORDER>", *slots, "</TIME_ORDER>", *parts, kind, "</ANNOTATION_DOCUMENT>"]
    return "\n".join([*lines, ""])
