"""What the line-by-line text formats share: reading with every bad line named."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path

from trfast._checks import check_path
from trfast.errors import AnnotationError

LISTED = 10  # bad lines shown in one error


def read_records(path: str | os.PathLike[str], parse: Callable[[list[str]], None]) -> None:
    """Hand the fields of each line to `parse`; blank lines and ``;;`` comments are left out.

    Raises
    ------
    AnnotationError
        If the file cannot be read, is not UTF-8, or `parse` raised AnnotationError for some
        lines: all of them are counted, the first ten listed.
    """
    problems = []
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        fields = line.split()
        if not fields or fields[0].startswith(";;"):
            continue
        try:
            parse(fields)
        except AnnotationError as error:
            problems.append(f"  line {number}: {error}")
    if problems:
        raise malformed(path, problems)


def malformed(path: str | os.PathLike[str], problems: list[str]) -> AnnotationError:
    """Return an error that counts the problems of a file, a line each, and lists the first ten."""
    more = len(problems) - LISTED
    return AnnotationError(
        "\n".join(
            [f"{os.fspath(path)}: {len(problems)} malformed line{'s'[: len(problems) > 1]}"]
            + problems[:LISTED]
            + [f"  and {more} more"] * (more > 0)
        )
    )


def read_text(path: str | os.PathLike[str]) -> str:
    """Return the text of a file in UTF-8, every line of which ends as on Unix.

    Raises
    ------
    AnnotationError
        If it cannot be read, or is not UTF-8.
    """
    try:
        data = Path(check_path(path, "path")).read_bytes()
    except OSError as error:
        raise AnnotationError(f"{os.fspath(path)}: cannot be read ({error.strerror})") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise AnnotationError(
            f"{os.fspath(path)}: line {line}: byte 0x{data[error.start]:02x} is not UTF-8."
            " Save the file as UTF-8"
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def seconds(text: str, name: str) -> float:
    """Return a finite, not negative number of seconds."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if 0 <= value < math.inf and "_" not in text:
        return value
    if not math.isfinite(value) or "_" in text:
        raise AnnotationError(f"{name} is {text!r}, expected a finite number of seconds")
    raise AnnotationError(f"{name} is {text}, expected at least 0 seconds")


def writable_name(name: str, kind: str) -> str:
    """Return `name` if it is one field of a line."""
    if name.split() != [name] or name == "<NA>" or name.startswith(";;"):
        raise AnnotationError(
            f"{kind} name {name!r} cannot be written: expected one word, without whitespace,"
            " not <NA> and no comment (;;). Rename it first, for instance with '_' for a space"
        )
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise AnnotationError(f"{kind} name {name!r} is not valid Unicode. Rename it") from error
    return name
