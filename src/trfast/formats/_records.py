"""What the formats share: text, numbers, errors that name every bad line, names."""

from __future__ import annotations

import math
import os
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from trfast._checks import check_path
from trfast.annotation import Annotation
from trfast.errors import AnnotationError, MalformedFileError, Problem

LISTED = 10  # bad lines shown in one error
LARGEST = sys.float_info.max

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def malformed(
    path: str | os.PathLike[str], problems: Sequence[Problem], what: str = "line"
) -> MalformedFileError:
    """Return an error that counts the problems of a file, a line each, and lists the first ten."""
    more = len(problems) - LISTED
    return MalformedFileError(
        "\n".join(
            [f"{os.fspath(path)}: {len(problems)} malformed {what}{'s'[: len(problems) > 1]}"]
            + [f"  {problem}" for problem in problems[:LISTED]]
            + [f"  and {more} more"] * (more > 0)
        ),
        tuple(problems),
    )


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Return what is in a file.

    Raises
    ------
    AnnotationError
        If it cannot be read.
    """
    try:
        return Path(check_path(path, "path")).read_bytes()
    except OSError as error:
        raise AnnotationError(f"{os.fspath(path)}: cannot be read ({error.strerror})") from error


def read_text(path: str | os.PathLike[str]) -> str:
    """Return the text of a file in UTF-8, every line of which ends as on Unix.

    Raises
    ------
    AnnotationError
        If it cannot be read, or is not UTF-8.
    """
    return unix_lines(decoded(read_bytes(path), path))


def decoded(data: bytes, path: str | os.PathLike[str], *, utf_16: bool = False) -> str:
    """Return UTF-8 as text, and UTF-16 that starts with its mark, where a format has it.

    Raises
    ------
    MalformedFileError
        If it is something else.
    """
    if utf_16 and data.startswith(_UTF_16):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError as error:
            problem = Problem(0, f"not UTF-16, as its first bytes say ({error.reason})")
            raise MalformedFileError(f"{os.fspath(path)}: {problem}", (problem,)) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = f"byte 0x{data[error.start]:02x} is not UTF-8. Save the file as UTF-8"
        problem = Problem(line, byte)
        raise MalformedFileError(f"{os.fspath(path)}: {problem}", (problem,)) from error


def unix_lines(text: str) -> str:
    """Return text every line of which ends as on Unix."""
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
            " not <NA> and no comment (;;). Take another name, for instance with '_' for a space"
        )
    return any_name(name, kind)


def any_name(name: str, kind: str) -> str:
    """Return `name` if it is Unicode."""
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise AnnotationError(f"{kind} name {name!r} is not valid Unicode. Rename it") from error
    return name


def line_name(name: str, kind: str, *, without: str = "") -> str:
    """Return `name` if it can stand in a line of text: it is not blank, holds no control character,
    and none of the letters of `without`."""
    found = [
        letter
        for letter in name
        if letter in without
        or unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp")
        or letter in "\ufffe\uffff"  # of which XML knows nothing
    ]
    if found or name.strip() != name or not name:
        what = f"holds {found[0]!r}" if found else "is blank, or starts or ends with a blank"
        raise AnnotationError(f"{kind} name {name!r} cannot be written: it {what}. Rename it first")
    return name


def writable(
    annotations: Iterable[Annotation], name: Callable[[str, str], str], *, alone: bool = False
) -> list[Annotation]:
    """Return annotations in the order of their recordings, if what is in them can be written.

    `name` checks the names of speakers, and of recordings, but where a recording is a file's
    `alone`.
    """
    listed = sorted(annotations, key=lambda annotation: annotation.recording)
    for annotation in listed:
        recording = annotation.recording if alone else name(annotation.recording, "recording")
        for speaker in annotation.speakers:
            name(speaker, "speaker")
        if annotation.turns and annotation.turns[0].start < 0:
            raise AnnotationError(
                f"{recording}: {annotation.turns[0]} starts before 0. Clip it first"
            )
    return listed


def tiers(annotation: Annotation, step: float) -> dict[str, list[tuple[int, int]]]:
    """Return the turns of each speaker in whole steps, if none overlaps another of the same
    speaker; those that round to nothing are left out."""
    found: dict[str, list[tuple[int, int]]] = {speaker: [] for speaker in annotation.speakers}
    for turn in annotation:
        start, end = round(turn.start / step), round(turn.end / step)
        if end <= start:
            continue
        before = found[turn.speaker]
        if before and start < before[-1][1]:
            raise AnnotationError(
                f"{annotation.recording}: {turn} overlaps another turn of {turn.speaker!r}, which"
                " a tier cannot hold. Merge them first (Annotation.timeline_by_speaker)"
            )
        before.append((start, end))
    return found
