"""How many speakers recordings have, where that is known."""

from __future__ import annotations

import csv
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from io import StringIO

from trfast._checks import check_integer, check_type
from trfast.errors import AnnotationError, ParameterError, Problem
from trfast.formats._records import malformed, read_text

_COLUMNS = ("num_speakers", "min_speakers", "max_speakers")
_NAMED = 5  # recordings that an error names


@dataclass(frozen=True, slots=True)
class SpeakerCount:
    """How many speakers a recording has, as far as it is known.

    Parameters
    ----------
    num_speakers : int, optional
        So many, no more and no less.
    min_speakers, max_speakers : int, optional
        At least, at most so many.

    Raises
    ------
    ParameterError
        If one is no whole number of 1 or more, or if they contradict each other.

    Examples
    --------
    >>> SpeakerCount(min_speakers=2, max_speakers=4).nearest(7)
    4
    >>> SpeakerCount(2).nearest(7), SpeakerCount().nearest(7)
    (2, 7)
    """

    num_speakers: int | None = None
    min_speakers: int | None = None
    max_speakers: int | None = None

    def __post_init__(self) -> None:
        for name in _COLUMNS:
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, check_integer(value, name, least=1))
        bounded = self.min_speakers is not None or self.max_speakers is not None
        if self.num_speakers is not None and bounded:
            raise ParameterError(
                f"a number of speakers, {self.num_speakers}, leaves nothing open: give num_speakers"
                " (--num-speakers), or min_speakers and max_speakers, not both"
            )
        if self.most is not None and self.least > self.most:
            raise ParameterError(
                f"the least number of speakers is {self.least}, expected at most the greatest,"
                f" {self.most}"
            )

    @property
    def least(self) -> int:
        """So many at least; 0 if nothing was asked for."""
        return self.num_speakers or self.min_speakers or 0

    @property
    def most(self) -> int | None:
        """So many at most, if that is known."""
        return self.num_speakers or self.max_speakers

    @property
    def is_known(self) -> bool:
        """Whether anything is."""
        return self.least > 0 or self.most is not None

    @property
    def settings(self) -> tuple[int | None, ...]:
        """What tells it from others; nothing if nothing is known."""
        return (self.least, self.most) if self.is_known else ()

    def nearest(self, n: int) -> int:
        """Return the number nearest to `n` that is allowed."""
        n = max(n, self.least)
        return n if self.most is None else min(n, self.most)

    def check(self, n: int, of: str, recording: str) -> None:
        """Raise an error if `n` parts of speech, which `of` calls, are too few for the speakers."""
        if n >= self.least:
            return
        asked = f"{self.least} speaker{'s'[: self.least > 1]} asked for"
        if n == 0:
            raise ParameterError(
                f"no speech found in recording {recording!r}, but {asked}: give speech marks, try"
                " another detector, or say only how many there are at most"
            )
        raise ParameterError(
            f"{n} {of}{'s'[: n > 1]} of speech in recording {recording!r}, too few for the {asked}:"
            f" ask for at most {n}, or give speech marks if some speech is missed"
        )


@dataclass(frozen=True, eq=False)
class SpeakerCounts:
    """How many speakers each of many recordings has.

    Parameters
    ----------
    by_name : mapping of str to SpeakerCount
        By name of recording.
    others : SpeakerCount
        Of those without a name here; default: nothing is known.
    lines : mapping of str to str
        Where each name was read, for errors.

    Examples
    --------
    >>> counts = SpeakerCounts({"monday": SpeakerCount(2)}, SpeakerCount(max_speakers=5))
    >>> counts.of("monday").most, counts.of("tuesday").most
    (2, 5)
    """

    by_name: Mapping[str, SpeakerCount]
    others: SpeakerCount = SpeakerCount()
    lines: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        hint = "a mapping of names to SpeakerCount"
        check_type(self.by_name, Mapping, "by_name", hint=hint)  # type: ignore[type-abstract]
        for name, count in self.by_name.items():
            check_type(count, SpeakerCount, f"by_name[{name!r}]", hint="give SpeakerCount(n)")
        check_type(self.others, SpeakerCount, "others", hint="give SpeakerCount(n)")

    def of(self, recording: str) -> SpeakerCount:
        """Return that of one recording."""
        return self.by_name.get(recording, self.others)

    def check_names(self, given: Collection[str], known: Collection[str] = ()) -> None:
        """Raise an error if a name is neither given, nor known otherwise: it may be mistyped."""
        unknown = [name for name in self.by_name if name not in given and name not in known]
        if not unknown:
            return
        told = "; ".join(
            f"{self.lines[name]}: {name!r}" if name in self.lines else repr(name)
            for name in unknown[:_NAMED]
        )
        more = len(unknown) - _NAMED
        there = ", ".join(map(repr, sorted(given)[:_NAMED])) or "none"
        raise ParameterError(
            f"speaker counts of recordings that are not there: {told}"
            + f" and {more} more" * (more > 0)
            + f". Recordings go by name, and are {there}"
            + ", ..." * (len(given) > _NAMED)
        )


def read_speaker_counts(
    path: str | os.PathLike[str], *, others: SpeakerCount | None = None
) -> SpeakerCounts:
    """Read how many speakers recordings have from a CSV file.

    Parameters
    ----------
    path : path
        UTF-8. The first line names the columns: ``recording``, and ``num_speakers``, or
        ``min_speakers`` and ``max_speakers``, or one of those; a cell of them may be empty, but
        not all of a line.
    others : SpeakerCount, optional
        Of recordings that the file does not name.

    Returns
    -------
    SpeakerCounts

    Raises
    ------
    AnnotationError
        If the file cannot be read or has malformed lines; each is named.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "counts.csv")
    >>> _ = path.write_text("recording,min_speakers,max_speakers\\nmonday,2,4\\ntuesday,,3\\n")
    >>> read_speaker_counts(path).of("tuesday")
    SpeakerCount(num_speakers=None, min_speakers=None, max_speakers=3)
    """
    rows = csv.reader(StringIO(read_text(path)), strict=True)
    found: dict[str, SpeakerCount] = {}
    lines: dict[str, str] = {}
    columns: list[str] = []
    problems: list[Problem] = []
    try:
        for row in rows:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            try:
                if not columns:
                    columns = _header(cells)
                    continue
                name, count = _count_of(columns, cells)
                if name in found:
                    raise AnnotationError(f"recording {name!r} is there twice")
                found[name] = count
                lines[name] = f"{os.fspath(path)}, line {rows.line_num}"
            except (AnnotationError, ParameterError) as error:
                problems.append(Problem(rows.line_num, str(error)))
                if not columns:
                    break
    except csv.Error as error:
        problems.append(Problem(rows.line_num, str(error)))
    if not columns and not problems:
        problems.append(Problem(1, "no header, expected recording,num_speakers"))
    if problems:
        raise malformed(path, problems)
    return SpeakerCounts(found, SpeakerCount() if others is None else others, lines)


def _header(cells: list[str]) -> list[str]:
    numbers = cells[1:]
    if (
        cells[0] != "recording"
        or not numbers
        or len(set(numbers)) < len(numbers)
        or not set(numbers) <= set(_COLUMNS)
    ):
        raise AnnotationError(
            f"the header is {','.join(cells)}, expected recording,num_speakers or"
            " recording,min_speakers,max_speakers"
        )
    return cells


def _count_of(columns: list[str], cells: list[str]) -> tuple[str, SpeakerCount]:
    if len(cells) != len(columns):
        raise AnnotationError(f"{len(cells)} cells, expected {len(columns)}: {','.join(columns)}")
    if not cells[0]:
        raise AnnotationError("the name of the recording is empty")
    numbers = {}
    for column, cell in zip(columns[1:], cells[1:], strict=True):
        if cell:
            if not (cell.isascii() and cell.isdigit() and len(cell) < 10):
                raise AnnotationError(f"{column} is {cell!r}, expected a whole number of 1 or more")
            numbers[column] = int(cell)
    if not numbers:
        raise AnnotationError(f"no number for recording {cells[0]!r}: leave out the line")
    return cells[0], SpeakerCount(**numbers)
