"""Tables in memory, of pandas and pyarrow, and Parquet: a turn a row.

The columns are those of the CSV: recording, start, end, speaker.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from trfast._checks import check_listed, check_type
from trfast._extras import extra
from trfast.annotation import Annotation
from trfast.errors import AnnotationError
from trfast.formats._draft import Draft
from trfast.formats._records import LARGEST, malformed, writable
from trfast.formats.table import COLUMNS, not_empty


def to_pandas(annotations: Iterable[Annotation]) -> Any:
    """Return turns as a pandas DataFrame (``trfast[pandas]``).

    Parameters
    ----------
    annotations : iterable of Annotation
        One or several recordings; one without turns leaves no trace.

    Returns
    -------
    pandas.DataFrame
        Columns recording, start, end (seconds) and speaker, a row a turn, in the order of
        recordings and time.

    Raises
    ------
    AnnotationError
        If a name is empty or no Unicode, or a turn starts before zero.
    MissingExtraError
        If pandas is missing.

    Examples
    --------
    >>> to_pandas([Annotation("show", [(0.5, 2.5, "ann")])])  # doctest: +SKIP
      recording  start  end speaker
    0      show    0.5  2.5     ann
    """
    pandas = extra("pandas", "pandas", "a data frame")
    columns = _columns(annotations)
    times = {"start": "float64", "end": "float64"}
    return pandas.DataFrame(columns, columns=list(COLUMNS)).astype(times)


def from_pandas(frame: Any) -> dict[str, Annotation]:
    """Return the turns of a pandas DataFrame, as `to_pandas` makes it.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns recording, start, end (seconds) and speaker, in any order; others are passed over.

    Returns
    -------
    dict of str to Annotation
        By name of recording.

    Raises
    ------
    AnnotationError
        If a column is missing, or a row is no turn; each is named.

    Examples
    --------
    >>> show = Annotation("show", [(0.5, 2.5, "ann")])
    >>> from_pandas(to_pandas([show]))["show"] == show  # doctest: +SKIP
    True
    """
    missing = [column for column in COLUMNS if column not in frame.columns]
    if missing:
        raise AnnotationError(_no_column(missing, list(frame.columns)))
    return _from_columns({column: frame[column].tolist() for column in COLUMNS}, "the data frame")


def to_arrow(annotations: Iterable[Annotation]) -> Any:
    """Return turns as a pyarrow Table (``trfast[tables]``).

    Parameters
    ----------
    annotations : iterable of Annotation
        As for `to_pandas`.

    Returns
    -------
    pyarrow.Table
        Columns recording, start, end (seconds) and speaker, a row a turn.

    Raises
    ------
    AnnotationError
        As `to_pandas`.
    MissingExtraError
        If pyarrow is missing.

    Examples
    --------
    >>> to_arrow([Annotation("show", [(0.5, 2.5, "ann")])]).num_rows  # doctest: +SKIP
    1
    """
    arrow = extra("pyarrow", "tables", "an Arrow table")
    kinds = (arrow.string(), arrow.float64(), arrow.float64(), arrow.string())
    columns = _columns(annotations)
    return arrow.table(columns, schema=arrow.schema(list(zip(COLUMNS, kinds, strict=True))))


def from_arrow(table: Any) -> dict[str, Annotation]:
    """Return the turns of a pyarrow Table, as `to_arrow` makes it.

    Parameters
    ----------
    table : pyarrow.Table
        As for `from_pandas`.

    Returns
    -------
    dict of str to Annotation
        By name of recording.

    Raises
    ------
    AnnotationError
        As `from_pandas`.

    Examples
    --------
    >>> show = Annotation("show", [(0.5, 2.5, "ann")])
    >>> from_arrow(to_arrow([show]))["show"] == show  # doctest: +SKIP
    True
    """
    missing = [column for column in COLUMNS if column not in table.column_names]
    if missing:
        raise AnnotationError(_no_column(missing, table.column_names))
    columns = {column: table.column(column).to_pylist() for column in COLUMNS}
    return _from_columns(columns, "the table")


def parse_parquet(draft: Draft, data: bytes) -> None:
    """Take the turns of a Parquet file, and what is wrong in it."""
    arrow = extra("pyarrow", "tables", "Parquet")
    parquet = extra("pyarrow.parquet", "tables", "Parquet")
    try:
        table = parquet.read_table(arrow.BufferReader(data))
    except (arrow.ArrowException, OSError) as error:
        draft.bad(0, f"not Parquet that can be read ({error})")
        return
    missing = [column for column in COLUMNS if column not in table.column_names]
    if missing:
        draft.bad(0, _no_column(missing, table.column_names))
        return
    try:
        columns = {column: table.column(column).to_pylist() for column in COLUMNS}
    except (arrow.ArrowException, UnicodeDecodeError) as error:
        draft.bad(0, f"not Parquet that can be read ({error})")
        return
    _take(draft, columns)
    for column in table.column_names:
        draft.left_out[f"column {column}"] += column not in COLUMNS


def render_parquet(annotations: Sequence[Annotation]) -> bytes:
    """Return turns as Parquet; times have all their digits."""
    arrow = extra("pyarrow", "tables", "Parquet")
    parquet = extra("pyarrow.parquet", "tables", "Parquet")
    sink = arrow.BufferOutputStream()
    parquet.write_table(to_arrow(annotations), sink)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _columns(annotations: Iterable[Annotation]) -> dict[str, list[Any]]:
    given = check_listed(annotations, "annotations", "Annotation")
    listed = writable([check_type(a, Annotation, "annotation") for a in given], not_empty)
    rows = [
        (annotation.recording, float(turn.start), float(turn.end), turn.speaker)
        for annotation in listed
        for turn in annotation
    ]
    return {column: [row[i] for row in rows] for i, column in enumerate(COLUMNS)}


def _no_column(missing: list[str], found: list[Any]) -> str:
    return (
        f"no column {', '.join(missing)} (columns: {', '.join(map(str, found))[:200] or 'none'}),"
        f" expected {', '.join(COLUMNS)}"
    )


def _from_columns(columns: dict[str, list[Any]], what: str) -> dict[str, Annotation]:
    draft = Draft()
    _take(draft, columns)
    if draft.problems:
        raise malformed(what, draft.problems, "row")
    return draft.annotations()


def _take(draft: Draft, columns: dict[str, list[Any]]) -> None:
    """Take a turn a row; rows are counted from 0, as tables count them."""
    rows = zip(*(columns[column] for column in COLUMNS), strict=True)
    for row, (recording, start, end, speaker) in enumerate(rows):
        try:
            for name, value in (("recording", recording), ("speaker", speaker)):
                if not isinstance(value, str) or not value:
                    raise AnnotationError(f"{name} is {value!r}, expected a name")
            for name, value in (("start", start), ("end", end)):
                if isinstance(value, bool) or not isinstance(value, int | float):
                    raise AnnotationError(f"{name} is {value!r}, expected a number of seconds")
                if not 0 <= value <= LARGEST:
                    raise AnnotationError(
                        f"{name} is {value}, expected a finite number of seconds, at least 0"
                    )
            draft.add(float(start), float(end), speaker, recording=recording)
        except AnnotationError as error:
            draft.bad(0, f"row {row}: {error}")
