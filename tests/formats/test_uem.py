from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trfast.annotation import Timeline
from trfast.errors import AnnotationError
from trfast.formats import read_uem, write_uem


def test_reads_regions_by_recording(tmp_path: Path) -> None:
    path = tmp_path / "all.uem"
    path.write_text(";; comment\nMÉO 1 0.0 10\n\nb 1 1.5 2.5\nMÉO 1 20 30\n", encoding="utf-8")
    assert read_uem(path) == {
        "MÉO": Timeline([(0, 10), (20, 30)]),
        "b": Timeline([(1.5, 2.5)]),
    }


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a 1 0.0", "3 fields, expected 4"),
        ("a show 1 0.0 1.0", "5 fields, expected 4"),
        ("a 1 -1 1", "start is -1, expected at least 0"),
        ("a 1 0 x", "end is 'x', expected a finite number"),
        ("a 1 2 2", "end is 2, expected above the start 2"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "all.uem"
    path.write_text("b 1 0 1\n" + line + "\n")
    with pytest.raises(AnnotationError) as error:
        read_uem(path)
    assert f"line 2: {message}" in str(error.value)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "all.uem"
    timelines = {"b": Timeline([(0, 0.0004), (20.125, 30)]), "a": Timeline([(0, 1)])}
    write_uem(timelines, path)
    assert path.read_text() == "a 1 0.000 1.000\nb 1 20.125 30.000\n"
    assert read_uem(path)["b"] == Timeline([(20.125, 30)])


milliseconds = st.integers(0, 10**8)


@settings(deadline=None)
@given(regions=st.lists(st.tuples(milliseconds, st.integers(1, 10**6)), min_size=1))
def test_what_is_written_is_read_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, regions: list[tuple[int, int]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "round-trip.uem"
    timelines = {"a": Timeline([(start / 1000, (start + d) / 1000) for start, d in regions])}
    write_uem(timelines, path)
    assert read_uem(path) == timelines


def test_what_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="starts before 0"):
        write_uem({"a": Timeline([(-1, 1)])}, tmp_path / "all.uem")
    with pytest.raises(AnnotationError, match="recording name 'a b'"):
        write_uem({"a b": Timeline([(0, 1)])}, tmp_path / "all.uem")
    assert list(tmp_path.iterdir()) == []
