"""The HTML page: what it shows, read back from its markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from trfast.annotation import Annotation
from trfast.report import write_report

SHOWS = [
    Annotation("monday", [(1.0, 4.0, "ann"), (4.0, 5.5, "ben"), (8.0, 9.0, "ann")]),
    Annotation("tuesday", [(0.0, 62.0, "ben"), (61.0, 70.0, "ben")]),
]


def page(tmp_path: Path, shows: list[Annotation], **options: dict[str, float]) -> str:
    path = tmp_path / "page.html"
    write_report(iter(shows), path, **options)
    return path.read_text(encoding="utf-8")


def bars(html: str) -> list[tuple[str, str, str]]:
    """Speaker, colour and outline of each path."""
    found = re.findall(r'<path fill="([^"]+)" d="([^"]+)"><title>([^<]*)</title></path>', html)
    return [(name, colour, outline) for colour, outline, name in found]


def test_turns_are_drawn_where_they_are(tmp_path: Path) -> None:
    outlines = [(name, outline) for name, _, outline in bars(page(tmp_path, SHOWS))]
    assert outlines[:2] == [
        ("ann", "M1.00 0h3.00v1h-3.00zM8.00 0h1.00v1h-1.00z"),
        ("ben", "M4.00 0h1.50v1h-1.50z"),
    ]


def test_a_bar_is_as_long_as_its_recording(tmp_path: Path) -> None:
    html = page(tmp_path, SHOWS, durations={"monday": 12.0})
    assert re.findall(r'viewBox="0 0 ([\d.]+) 1"', html) == ["12.00", "70.00"]
    assert re.findall(r"<h2>(\S+) <small>([\d:]+)", html) == [
        ("monday", "0:00:12"),
        ("tuesday", "0:01:10"),
    ]


def test_a_speaker_has_one_colour_everywhere(tmp_path: Path) -> None:
    html = page(tmp_path, SHOWS)
    colours = {(name, colour) for name, colour, _ in bars(html)}
    assert len(colours) == 2
    for name, colour in colours:
        # Two legends of ben and one of ann, and the table.
        swatch = f'<i style="background:{colour}"></i>{name}'
        assert html.count(swatch) == {"ann": 2, "ben": 3}[name]


def test_many_speakers_have_different_colours(tmp_path: Path) -> None:
    show = Annotation("show", [(k, k + 1, f"speaker-{k}") for k in range(40)])
    assert len({colour for _, colour, _ in bars(page(tmp_path, [show]))}) == 40


def test_the_table_adds_up(tmp_path: Path) -> None:
    html = page(tmp_path, SHOWS)
    assert "Speakers: 2; recordings: 2" in html
    rows = re.findall(r"</i>(\w+)<td>(\d+)<td>([\d:]+)", html)
    # Overlapping turns of one speaker count once: 1.5 s and 70 s.
    assert rows == [("ben", "2", "0:01:12"), ("ann", "1", "0:00:04")]


def test_names_are_escaped(tmp_path: Path) -> None:
    html = page(tmp_path, [Annotation("<b>&\"'$end", [(0, 1, "<script>alert(1)</script>")])])
    assert "<h2>&lt;b&gt;&amp;&quot;&#x27;$end <small>" in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3
    assert "<script" not in html
    assert "<b>" not in html


def test_nothing_is_loaded_from_elsewhere(tmp_path: Path) -> None:
    html = page(tmp_path, SHOWS)
    assert not re.search(r"\b(?:src|href|action)=|url\(|@import|//", html)


@pytest.mark.parametrize("durations", [{}, {"empty": 0.0}, {"empty": 3.0}])
def test_a_recording_without_speech(tmp_path: Path, durations: dict[str, float]) -> None:
    html = page(tmp_path, [Annotation("empty")], durations=durations)
    assert "<li>No speech" in html
    assert 'viewBox="0 0 0' not in html  # a box of no width would hide the bar
    assert "Speakers: 0; recordings: 1" in html


def test_a_page_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def stops() -> Iterator[Annotation]:
        yield SHOWS[0]
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        write_report(stops(), tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_no_unicode_can_be_shown(tmp_path: Path) -> None:
    assert r"<h2>\udce9t <small>" in page(tmp_path, [Annotation("\udce9t", [(0.0, 1.0, "ann")])])
