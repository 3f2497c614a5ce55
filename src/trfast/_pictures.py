"""Small pictures of results in HTML, for notebooks: no script, no style sheet, nothing to load."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

# Of Okabe and Ito: told apart by the colour-blind too.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
_WIDTH, _NAMES, _ROW = 720, 140, 18
_MOST_ROWS = 24

Spans = Sequence[tuple[float, float]]


def clock(seconds: float) -> str:
    """Write a time, or a duration.

    Examples
    --------
    >>> clock(75), clock(4000)
    ('1:15', '1:06:40')
    """
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def timeline_picture(rows: Mapping[str, Spans], duration: float) -> str:
    """Draw when each speaker speaks, those with most speech first, as SVG.

    Parameters
    ----------
    rows : mapping of str to sequence of (start, end)
        Spans of each speaker in seconds, rising.
    duration : float
    """
    speech = {name: sum(end - start for start, end in spans) for name, spans in rows.items()}
    names = sorted(rows, key=lambda name: -speech[name])[:_MOST_ROWS]
    scale = (_WIDTH - _NAMES) / max(duration, 1e-9)
    marks = []
    for k, name in enumerate(names):
        y = k * _ROW
        label = f"{escape(name)} {clock(speech[name])}"
        marks.append(f'<text x="0" y="{y + 13}">{label}</text>')
        for start, end in _merged(rows[name], 1 / scale):
            x, width = _NAMES + start * scale, max(1.0, (end - start) * scale)
            marks.append(
                f'<rect x="{x:.1f}" y="{y + 3}" width="{width:.1f}" height="12"'
                f' fill="{_COLOURS[k % len(_COLOURS)]}"><title>{escape(name)}'
                f" {clock(start)} - {clock(end)}</title></rect>"
            )
    bottom = len(names) * _ROW + 13
    for share in (0.0, 0.5, 1.0):
        anchor = {0.0: "start", 0.5: "middle", 1.0: "end"}[share]
        x = _NAMES + share * (_WIDTH - _NAMES)
        marks.append(
            f'<text x="{x:g}" y="{bottom}" text-anchor="{anchor}">{clock(share * duration)}</text>'
        )
    more = len(rows) - len(names)
    note = f"<div>and {more} speakers with less speech</div>" if more else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="who speaks when"'
        f' viewBox="0 0 {_WIDTH} {bottom + 5}" style="max-width:{_WIDTH}px;width:100%"'
        f' font-family="sans-serif" font-size="11" fill="currentColor">{"".join(marks)}</svg>{note}'
    )


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a table."""
    lines = [_line(head, "th"), *(_line(row, "td") for row in rows)]
    return f"<table>{''.join(lines)}</table>"


def card(title: str, *parts: str) -> str:
    """Put parts, which are HTML, under a title, which is text."""
    return f"<div><b>{escape(title)}</b>{''.join(parts)}</div>"


def _line(cells: Sequence[object], kind: str) -> str:
    return f"<tr>{''.join(f'<{kind}>{escape(str(cell))}</{kind}>' for cell in cells)}</tr>"


def _merged(spans: Spans, gap: float) -> list[tuple[float, float]]:
    """Spans with gaps that nobody would see closed: a picture has no more than its pixels."""
    found: list[tuple[float, float]] = []
    for start, end in spans:
        if found and start - found[-1][1] < gap:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found
