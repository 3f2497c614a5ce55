"""Subtitles that show who speaks, SubRip (SRT) and WebVTT; one recording a file.

A cue of SRT, which knows no speakers, starts with the name in brackets, as other programs for
diarization write it; one of WebVTT has a voice tag, ``<v ann>``. pysubs2, with which tests read
them back, passes over a time that is none, and takes names in ``<>`` and ``{}`` for markup.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Sequence

from trfast.annotation import Annotation
from trfast.errors import AnnotationError
from trfast.formats._draft import Draft
from trfast.formats._records import line_name, writable

_HOURS = 100  # from which on SRT has no place for the digits
_SRT_TIMES = re.compile(
    r"(\d\d):([0-5]\d):([0-5]\d),(\d{3}) --> (\d\d):([0-5]\d):([0-5]\d),(\d{3})"
)
_VTT_TIMES = re.compile(
    r"(?:(\d{2,}):)?([0-5]\d):([0-5]\d)\.(\d{3})[ \t]+-->[ \t]+"
    r"(?:(\d{2,}):)?([0-5]\d):([0-5]\d)\.(\d{3})(?:[ \t].*)?"
)
_NAMED = re.compile(r"\[([^\[\]]+)\]:?(.*)", re.DOTALL)
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+([^>]+)>")


def parse_srt(draft: Draft, text: str) -> None:
    """Take the turns of a SRT text, and what is wrong in it; the words of a cue are left out."""
    draft.turns[draft.recording, ""] = []
    for first, lines in _blocks(text):
        try:
            if not lines[0].strip().isdigit():
                raise AnnotationError(f"{lines[0][:40]!r}, expected the number of a cue")
            first += 1
            start, end = _times(_SRT_TIMES, lines[1:2], "00:00:01,000 --> 00:00:02,000")
            first += 1
            named = _NAMED.fullmatch("\n".join(lines[2:]).strip())
            if named is None or not named[1].strip():
                raise AnnotationError("no speaker, expected a cue that starts with [NAME]")
            draft.left_out["words of a cue"] += bool(named[2].strip())
            draft.add(start, end, named[1].strip())
        except AnnotationError as error:
            draft.bad(first, error)


def parse_vtt(draft: Draft, text: str) -> None:
    """Take the turns of a WebVTT text, and what is wrong in it; notes, styles and regions are
    passed over, the words of a cue are left out."""
    draft.turns[draft.recording, ""] = []
    blocks = _blocks(text)
    head, lines = next(blocks, (1, [""]))
    if head != 1 or not re.fullmatch(r"WEBVTT(?:[ \t].*)?", lines[0]):
        draft.bad(1, f"{lines[0][:40]!r}, expected WEBVTT")
        return
    for first, lines in blocks:
        if re.match(r"(?:NOTE|STYLE|REGION)(?:\s|$)", lines[0]) and "-->" not in lines[0]:
            continue
        if "-->" not in lines[0]:  # the cue has a name of its own
            first, lines = first + 1, lines[1:]
        try:
            start, end = _times(_VTT_TIMES, lines[:1], "00:00:01.000 --> 00:00:02.000")
            first += 1
            _parse_voices(draft, "\n".join(lines[1:]), start, end)
        except AnnotationError as error:
            draft.bad(first, error)


def _parse_voices(draft: Draft, payload: str, start: float, end: float) -> None:
    before, *rest = _VOICE.split(payload)
    if before.strip() or not rest:
        raise AnnotationError("no speaker, expected a cue that starts with <v NAME>")
    for tag, words in zip(rest[::2], rest[1::2], strict=True):
        name = " ".join(html.unescape(tag).split())
        if not name:
            raise AnnotationError("a voice without name, expected <v NAME>")
        said = html.unescape(re.sub(r"<[^>]*>", "", words)).strip()
        draft.left_out["words of a cue"] += bool(said) and said != name
        draft.add(start, end, name)


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the first line, and the lines, of what stands between blank lines."""
    lines: list[str] = []
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        if line.strip():
            lines.append(line)
        elif lines:
            yield number - len(lines), lines
            lines = []


def _times(pattern: re.Pattern[str], lines: list[str], example: str) -> tuple[float, float]:
    found = pattern.fullmatch(lines[0].strip()) if lines else None
    if found is None:
        got = repr(lines[0][:40]) if lines else "no line"
        raise AnnotationError(f"{got}, expected times like {example}")
    try:
        parts = [int(part or 0) for part in found.groups()]
        start, end = (
            (3_600_000 * hours + 60_000 * minutes + 1000 * seconds + milliseconds) / 1000
            for hours, minutes, seconds, milliseconds in (parts[:4], parts[4:])
        )
    except (OverflowError, ValueError) as error:  # hundreds of digits
        raise AnnotationError(f"times are too large: {lines[0][:40]!r}") from error
    return start, end


def render_srt(annotations: Sequence[Annotation]) -> str:
    """Return the turns of a recording as SRT."""
    cues = list(_cues(annotations, srt_name, ","))
    if max((end for end, *_ in cues), default=0) >= _HOURS * 3_600_000:
        raise AnnotationError(f"a turn ends after {_HOURS} hours, which SRT cannot say")
    return "".join(
        f"{number}\n{times}\n[{speaker}]\n\n" for number, (_, times, speaker) in enumerate(cues, 1)
    )


def render_vtt(annotations: Sequence[Annotation]) -> str:
    """Return the turns of a recording as WebVTT."""
    return "WEBVTT\n\n" + "".join(
        f"{times}\n<v {html.escape(speaker, quote=False)}>{html.escape(speaker, quote=False)}\n\n"
        for _, times, speaker in _cues(annotations, vtt_name, ".")
    )


def _cues(
    annotations: Sequence[Annotation], name: Callable[[str, str], str], point: str
) -> Iterator[tuple[int, str, str]]:
    for annotation in writable(annotations, name, alone=True):
        for turn in annotation:
            start, end = round(turn.start * 1000), round(turn.end * 1000)
            if end > start:
                times = f"{_clock(start, point)} --> {_clock(end, point)}"
                yield end, times, turn.speaker


def _clock(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}{point}{rest:03}"


def srt_name(name: str, kind: str) -> str:
    """Return `name` if SRT can hold it."""
    return vtt_name(line_name(name, kind, without="[]<>{}\\"), kind)


def vtt_name(name: str, kind: str) -> str:
    """Return `name` if a voice tag can hold it."""
    if " ".join(name.split()) != name:
        raise AnnotationError(
            f"{kind} name {name!r} cannot be written: it holds two blanks in a row, or others than"
            " spaces, which subtitles take for one space. Rename it first"
        )
    return line_name(name, kind)
