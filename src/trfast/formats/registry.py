"""The formats there are: what each is called, holds and cannot hold."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trfast.annotation import Annotation
from trfast.errors import ParameterError
from trfast.formats import (
    audacity,
    eaf,
    frames,
    rttm,
    seg,
    subtitles,
    table,
    textgrid,
    turns_json,
    uem,
)
from trfast.formats._draft import Draft


@dataclass(frozen=True, kw_only=True)
class Format:
    """A kind of file that holds turns.

    Parameters
    ----------
    name : str
        As ``--format`` takes it.
    suffix : str
        Of its files, as they are written; read in any case.
    step : float
        Seconds to which times are rounded; 0: they have all their digits.
    cannot_hold : str
        What of turns it cannot hold: writing that is an error.
    alone : bool
        Whether a file holds one recording, which has the file's name.
    has_speakers : bool
        Whether a turn says who speaks.
    is_text : bool
        Whether it is text, in UTF-8.
    parse, render : callable
        From what is in a file, and to it.
    """

    name: str
    suffix: str
    step: float
    cannot_hold: str
    parse: Callable[[Draft, Any], None]
    render: Callable[[Sequence[Annotation]], str | bytes]
    alone: bool = False
    has_speakers: bool = True
    is_text: bool = True


_WORD = "names that are not one word"
_LINE = "names with control characters or blanks at an end"
_TIER = "overlapping turns of one speaker"

FORMATS: dict[str, Format] = {
    each.name: each
    for each in (
        Format(
            name="rttm",
            suffix=".rttm",
            step=0.001,
            cannot_hold=_WORD,
            parse=rttm.parse,
            render=rttm.render,
        ),
        Format(
            name="uem",
            suffix=".uem",
            step=0.001,
            cannot_hold=f"speakers; {_WORD}",
            has_speakers=False,
            parse=uem.parse,
            render=uem.render,
        ),
        Format(
            name="seg",
            suffix=".seg",
            step=seg.STEP,
            cannot_hold=_WORD,
            parse=seg.parse,
            render=seg.render,
        ),
        Format(
            name="csv",
            suffix=".csv",
            step=0.0,
            cannot_hold="empty names",
            parse=table.parse,
            render=table.render,
        ),
        Format(
            name="json",
            suffix=".json",
            step=0.0,
            cannot_hold="empty names",
            parse=turns_json.parse,
            render=turns_json.render,
        ),
        Format(
            name="parquet",
            suffix=".parquet",
            step=0.0,
            cannot_hold="empty names",
            is_text=False,
            parse=frames.parse_parquet,
            render=frames.render_parquet,
        ),
        Format(
            name="textgrid",
            suffix=".TextGrid",
            step=1e-6,
            cannot_hold=f"{_TIER}; {_LINE}",
            alone=True,
            parse=textgrid.parse,
            render=textgrid.render,
        ),
        Format(
            name="eaf",
            suffix=".eaf",
            step=0.001,
            cannot_hold=f"{_TIER}; {_LINE}",
            alone=True,
            parse=eaf.parse,
            render=eaf.render,
        ),
        Format(
            name="audacity",
            suffix=".txt",
            step=1e-6,
            cannot_hold=_LINE,
            alone=True,
            parse=audacity.parse,
            render=audacity.render,
        ),
        Format(
            name="srt",
            suffix=".srt",
            step=0.001,
            cannot_hold=f"more than 99 hours; brackets in names; blanks in a row; {_LINE}",
            alone=True,
            parse=subtitles.parse_srt,
            render=subtitles.render_srt,
        ),
        Format(
            name="vtt",
            suffix=".vtt",
            step=0.001,
            cannot_hold=f"blanks in a row in names; {_LINE}",
            alone=True,
            parse=subtitles.parse_vtt,
            render=subtitles.render_vtt,
        ),
    )
}
"""Formats of turns, by name."""


def format_of(path: str | os.PathLike[str], name: str | None = None) -> Format:
    """Return the format called `name`, or else the one that the suffix of a file says.

    Raises
    ------
    ParameterError
        If there is none.

    Examples
    --------
    >>> format_of("shows/monday.TextGrid").name
    'textgrid'
    """
    if name is not None:
        if name not in FORMATS:
            raise ParameterError(f"format {name!r}, expected one of {', '.join(FORMATS)}")
        return FORMATS[name]
    suffix = Path(path).suffix.lower()
    for each in FORMATS.values():
        if each.suffix.lower() == suffix:
            return each
    raise ParameterError(
        f"{os.fspath(path)}: the suffix is that of no format; expected one of"
        f" {', '.join(each.suffix for each in FORMATS.values())}, or say the format"
    )
