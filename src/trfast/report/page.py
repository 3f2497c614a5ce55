"""One HTML page: a bar a recording, a colour a speaker; nothing is loaded from elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from string import Template
from typing import TextIO

from trfast._files import replacing
from trfast.annotation import Annotation, Timeline

_HEAD = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Who speaks when</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
section { margin: 1.5rem 0; content-visibility: auto; contain-intrinsic-size: auto 8rem; }
h1, h2 { line-height: 1.2; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 0; }
h2 small { font-weight: normal; opacity: .75; }
svg { display: block; width: 100%; height: 2.2rem; margin: .3rem 0; }
.track { fill: #8883; }
ul { display: flex; flex-wrap: wrap; gap: 0 1.5rem; margin: 0; padding: 0; list-style: none; }
i { display: inline-block; width: .8em; height: .8em; margin-right: .4em; border-radius: 2px; }
table { border-collapse: collapse; }
th, td { padding: .2rem 1.5rem .2rem 0; border-bottom: 1px solid #8884; text-align: left; }
th:nth-child(n+2), td:nth-child(n+2) { text-align: right; font-variant-numeric: tabular-nums; }
</style>
<h1>Who speaks when</h1>
"""

_RECORDING = Template("""\
<section>
<h2>$name <small>$length</small></h2>
<svg viewBox="0 0 $end 1" preserveAspectRatio="none" role="img" aria-label="Who speaks when">
<rect class="track" width="$end" height="1"/>
$paths</svg>
<ul>
$speakers</ul>
</section>
""")

_SPEAKERS = Template("""\
<h2>Speakers: $n; recordings: $n_recordings</h2>
<table>
<thead><tr><th scope="col">Speaker<th scope="col">Recordings<th scope="col">Speech</thead>
<tbody>
$rows</tbody>
</table>
</html>
""")
_ROW_HEAD = 'th scope="row"'


@dataclass
class _Total:
    colour: str
    n_recordings: int = 0
    speech: float = 0.0


def write_report(
    annotations: Iterable[Annotation],
    path: str | os.PathLike[str],
    *,
    durations: Mapping[str, float] | None = None,
) -> None:
    """Write an HTML page of recordings, where a speaker has one colour in all of them.

    The page needs no network and no script. Speakers get their colours in order of appearance.

    Parameters
    ----------
    annotations : iterable of Annotation
        One a recording, with names that mean the same speaker in all; taken one by one.
    path : path
        The file to write; it appears only when it is complete.
    durations : mapping of str to float, optional
        Seconds of audio, by name of recording; default: until the last turn ends.

    Examples
    --------
    >>> shows = [Annotation("monday", [(0, 5, "ann")]), Annotation("tuesday", [(2, 3, "ann")])]
    >>> write_report(shows, "shows.html", durations={"monday": 6.0})  # doctest: +SKIP
    """
    totals: dict[str, _Total] = {}
    n_recordings = 0
    with (
        replacing(path) as temporary,
        open(temporary, "w", encoding="utf-8", errors="backslashreplace") as file,
    ):
        file.write(_HEAD)
        for annotation in annotations:
            n_recordings += 1
            duration = (durations or {}).get(annotation.recording)
            _write_recording(file, annotation, duration, totals)
        rows = "".join(
            f"<tr>{_cell(_ROW_HEAD, name, total.colour)}<td>{total.n_recordings}"
            f"<td>{hours(total.speech)}\n"
            for name, total in sorted(totals.items(), key=lambda row: (-row[1].speech, row[0]))
        )
        file.write(_SPEAKERS.substitute(n=len(totals), n_recordings=n_recordings, rows=rows))


def hours(seconds: float) -> str:
    """Write a duration as hours, minutes and seconds.

    Examples
    --------
    >>> hours(3725.4)
    '1:02:05'
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _write_recording(
    file: TextIO, annotation: Annotation, duration: float | None, totals: dict[str, _Total]
) -> None:
    spoken: dict[str, list[tuple[float, float]]] = {}
    for turn in annotation:
        spoken.setdefault(turn.speaker, []).append((turn.start, turn.end))
    end = duration or max((turn.end for turn in annotation), default=0.0)
    paths, speakers = [], []
    for name, turns in spoken.items():
        total = totals.setdefault(name, _Total(_colour(len(totals))))
        speech = Timeline(turns).merged().duration
        total.n_recordings += 1
        total.speech += speech
        outline = "".join(f"M{a:.2f} 0h{b - a:.2f}v1h-{b - a:.2f}z" for a, b in turns)
        paths.append(
            f'<path fill="{total.colour}" d="{outline}"><title>{escape(name)}</title></path>\n'
        )
        speakers.append(f"{_cell('li', name, total.colour)} {hours(speech)}\n")
    file.write(
        _RECORDING.substitute(
            name=escape(annotation.recording),
            length=hours(end),
            end=f"{end or 1:.2f}",
            paths="".join(paths),
            speakers="".join(speakers) or "<li>No speech\n",
        )
    )


def _cell(tag: str, name: str, colour: str) -> str:
    return f'<{tag}><i style="background:{colour}"></i>{escape(name)}'


def _colour(number: int) -> str:
    """Hues a golden angle apart, so that the first ones, and neighbours, are far apart."""
    return f"hsl({number * 137.508 % 360:.0f} {(70, 50)[number % 2]}% {(45, 60, 52)[number % 3]}%)"
