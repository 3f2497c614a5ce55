"""One HTML page of a collection, with all that it needs inside: nothing is loaded from elsewhere.

Its markup, style and script lie in ``web``; what is written here is the data in it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from functools import cache
from html import escape
from importlib.resources import files
from string import Template
from typing import Any, TextIO

from trfast._files import replacing
from trfast._text import writable
from trfast.annotation import Annotation
from trfast.report.colours import COLOURS
from trfast.report.sound import Embedded, beside

_SCRIPTS = ("data.js", "list.js", "player.js", "draw.js", "timeline.js", "page.js")
_DATA = "<!-- data -->"


def write_report(
    annotations: Iterable[Annotation],
    path: str | os.PathLike[str],
    *,
    title: str = "Who speaks when",
    durations: Mapping[str, float] | None = None,
    sounds: Mapping[str, str | os.PathLike[str]] | None = None,
    embed_limit: float = 0.0,
    facts: Mapping[str, str] | None = None,
    failures: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Write an HTML page of recordings and their speakers, to look at without a network.

    Speakers come with the recordings that they speak in, recordings with a timeline that opens;
    both can be searched and sorted. `write_collection_report` makes one of a collection.

    Parameters
    ----------
    annotations : iterable of Annotation
        One a recording, with names that mean the same speaker in all; taken one by one.
    path : path
        The file to write; it appears only when it is complete.
    title : str
        The heading.
    durations : mapping of str to float, optional
        Seconds of audio, by name of recording; default: until the last turn ends.
    sounds : mapping of str to path, optional
        Audio files, by name of recording. The page plays those in the folder that holds its own, or
        below, from where they are.
    embed_limit : float
        Megabytes of sound that are put into the page itself, at most: MP3 of 24 kbit/s, some 14 MB
        an hour, of recordings in their order.
    facts : mapping of str to str, optional
        What else the summary says, such as the model.
    failures : mapping of str to str, optional
        Recordings that could not be diarized, and why.

    Returns
    -------
    dict of str to str
        With an `embed_limit`: the recordings whose sound is not inside the page, and why.

    Raises
    ------
    ParameterError
        If `embed_limit` is negative.

    Examples
    --------
    >>> shows = [Annotation("monday", [(0, 5, "ann")]), Annotation("tuesday", [(2, 3, "ann")])]
    >>> write_report(shows, "shows.html", durations={"monday": 6.0})  # doctest: +SKIP
    """
    embedded = Embedded(embed_limit)
    head, _, tail = _frame(title).partition(_DATA)
    with (
        replacing(path) as temporary,
        open(temporary, "w", encoding="utf-8", newline="\n") as file,
    ):
        file.write(head)
        names, lengths = _write_data(
            file, annotations, path, durations or {}, sounds or {}, facts or {}, failures or {}
        )
        for number, (name, length) in enumerate(zip(names, lengths, strict=True)):
            source = (sounds or {}).get(name) if embed_limit else None
            if source is not None and (sound := embedded.base64(name, source, length)):
                file.write(f'\n<script type="text/plain" id="sound-{number}">{sound}</script>')
        file.write(tail)
    return embedded.left_out


def hours(seconds: float) -> str:
    """Write a duration as hours, minutes and seconds.

    Examples
    --------
    >>> hours(3725.4)
    '1:02:05'
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


@cache
def _file(name: str) -> str:
    return files("trfast.report").joinpath("web", name).read_text(encoding="utf-8")


def _frame(title: str) -> str:
    """Return the page without its data; only what is inside it now may run, or change its look."""
    style, script = _file("page.css"), "".join(map(_file, _SCRIPTS))
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; media-src 'self' file: blob:;"
        f" script-src {_digest(script)}; style-src {_digest(style)}"
    )
    return Template(_file("page.html")).substitute(
        title=escape(writable(title)), policy=policy, style=style, script=script, data=_DATA
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _write_data(
    file: TextIO,
    annotations: Iterable[Annotation],
    path: str | os.PathLike[str],
    durations: Mapping[str, float],
    sounds: Mapping[str, str | os.PathLike[str]],
    facts: Mapping[str, str],
    failures: Mapping[str, str],
) -> tuple[list[str], list[float]]:
    """Write the data as JSON, a recording a line; return the recordings' names and durations."""
    numbers: dict[str, int] = {}
    names: list[str] = []
    lengths: list[float] = []
    file.write('<script type="application/json" id="data">{"recordings":[')
    for annotation in annotations:
        name = annotation.recording
        row = _recording(annotation, durations.get(name), numbers)
        if name in sounds and (address := beside(sounds[name], path)):
            row["sound"] = address
        file.write(",\n" if names else "\n")
        file.write(_json(row))
        names.append(name)
        lengths.append(row["duration"] / 100)
    for key, values in (
        ("speakers", [writable(name) for name in numbers]),
        ("facts", [(writable(label), writable(text)) for label, text in facts.items()]),
        ("failures", [(writable(name), writable(error)) for name, error in failures.items()]),
        ("colours", COLOURS),
    ):
        file.write(f'\n{"]" if key == "speakers" else ""},"{key}":{_json(values)}')
    file.write("}</script>")
    return names, lengths


def _recording(
    annotation: Annotation, duration: float | None, numbers: dict[str, int]
) -> dict[str, Any]:
    """Return what the page has of a recording, in hundredths of a second.

    A turn is three numbers: from the start of the one before to its own, to its end, and the lane
    of its speaker; lanes are in order of speech.
    """
    speech: dict[str, float] = {}
    reach: dict[str, float] = {}  # so that overlapping turns of a speaker count once
    for turn in annotation:
        name, until = turn.speaker, reach.get(turn.speaker, turn.start)
        speech[name] = speech.get(name, 0.0) + max(0.0, turn.end - max(turn.start, until))
        reach[name] = max(turn.end, until)
    order = sorted(speech, key=lambda name: -speech[name])
    lanes = {name: lane for lane, name in enumerate(order)}
    turns: list[int] = []
    before = 0
    for turn in annotation:
        start, end = round(100 * turn.start), round(100 * turn.end)
        turns += (start - before, end - start, lanes[turn.speaker])
        before = start
    return {
        "name": writable(annotation.recording),
        "duration": round(100 * (duration or max(reach.values(), default=0.0))),
        "speakers": [numbers.setdefault(name, len(numbers)) for name in order],
        "speech": [round(100 * speech[name]) for name in order],
        "turns": turns,
    }


def _json(value: object) -> str:
    """As JSON that ends no script: "<" is written as its number."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")
