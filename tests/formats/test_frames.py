"""Tables of pandas and pyarrow, and pyannote's Annotation."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trfast.annotation import Annotation
from trfast.errors import AnnotationError, MissingExtraError
from trfast.formats import (
    find_problems,
    from_arrow,
    from_pandas,
    from_pyannote,
    read_turns,
    to_arrow,
    to_pandas,
    to_pyannote,
    write_turns,
)

SHOW = Annotation("show", [(0.5, 2.5, "ann"), (0.5, 2.5, "ann"), (2.0, 4.25, "ben")])
OTHER = Annotation("a b", [(0, 1e-3, "Zoé")])


def test_pandas_there_and_back() -> None:
    pytest.importorskip("pandas")
    frame = to_pandas([SHOW, OTHER])
    assert list(frame.columns) == ["recording", "start", "end", "speaker"]
    assert frame["start"].dtype == frame["end"].dtype == "float64"
    assert frame.iloc[-1].tolist() == ["show", 2.0, 4.25, "ben"]
    assert from_pandas(frame) == {"show": SHOW, "a b": OTHER}
    assert from_pandas(to_pandas([])) == {}


def test_rows_of_a_data_frame_that_are_no_turns() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {"recording": ["a", None], "start": [1, 0], "end": [0.5, 1], "speaker": ["x", "y"]}
    )
    with pytest.raises(AnnotationError, match=r"2 malformed rows\n  row 0: .*\n  row 1: recording"):
        from_pandas(frame)
    with pytest.raises(AnnotationError, match="no column end, speaker"):
        from_pandas(frame[["recording", "start"]])


def test_arrow_there_and_back() -> None:
    pytest.importorskip("pyarrow")
    table = to_arrow([SHOW, OTHER])
    assert table.column_names == ["recording", "start", "end", "speaker"]
    assert from_arrow(table) == {"show": SHOW, "a b": OTHER}
    assert from_arrow(to_arrow([])) == {}
    with pytest.raises(AnnotationError, match="no column speaker"):
        from_arrow(table.drop(["speaker"]))


def test_parquet_that_is_none_or_other(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "all.parquet"
    path.write_bytes(b"PAR1")
    (problem,) = find_problems(path)
    assert "not Parquet that can be read" in problem.message
    parquet.write_table(pyarrow.table({"recording": ["a"]}), str(path))
    assert "no column start, end, speaker" in find_problems(path)[0].message
    write_turns([SHOW], path)
    assert parquet.read_table(str(path)).num_rows == 3
    assert read_turns(path) == {"show": SHOW}


milliseconds = st.integers(0, 10**8)


@settings(max_examples=50, deadline=None)
@given(turns=st.lists(st.tuples(milliseconds, st.integers(1, 10**6), st.text())), uri=st.text())
def test_pyannote_there_and_back(turns: list[tuple[int, int, str]], uri: str) -> None:
    pytest.importorskip("pyannote.core")
    show = Annotation(uri, [(a / 1000, (a + d) / 1000, name) for a, d, name in turns])
    there = to_pyannote(show)
    assert there.uri == uri
    assert sorted(there.labels()) == list(show.speakers)
    assert from_pyannote(there) == show


def test_what_is_not_of_pyannote() -> None:
    core = pytest.importorskip("pyannote.core")
    with pytest.raises(AnnotationError, match="is empty for pyannote"):
        to_pyannote(Annotation("show", [(1, 1, "ann")]))
    made = core.Annotation()
    made[core.Segment(0, 1)] = 5
    with pytest.raises(AnnotationError, match="has no uri: give the name"):
        from_pyannote(made)
    with pytest.raises(AnnotationError, match="label 5 is no string"):
        from_pyannote(made, "show")


@pytest.mark.parametrize(
    ("module", "extra", "call"),
    [
        ("pandas", "pandas", lambda: to_pandas([SHOW])),
        ("pyarrow", "tables", lambda: to_arrow([SHOW])),
        ("pyannote.core", "pyannote", lambda: to_pyannote(SHOW)),
    ],
)
def test_what_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, module: str, extra: str, call: object
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf'pip install "trfast\[{extra}\]"'):
        call()  # type: ignore[operator]
