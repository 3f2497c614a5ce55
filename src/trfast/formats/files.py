"""Files of turns, whatever their format: read, written, checked."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from trfast._checks import check_listed, check_path, check_type
from trfast._files import write_atomic
from trfast.annotation import Annotation
from trfast.errors import AnnotationError, MalformedFileError, Problem
from trfast.formats._draft import Draft
from trfast.formats._records import decoded, malformed, read_bytes, unix_lines
from trfast.formats.registry import Format, format_of

Annotations = Annotation | Iterable[Annotation] | Mapping[str, Annotation]


def read_turns(
    path: str | os.PathLike[str],
    format: str | None = None,  # noqa: A002
    *,
    lenient: bool = False,
) -> dict[str, Annotation]:
    """Read who speaks when from a file of any format.

    Parameters
    ----------
    path : path
        A file, in UTF-8 if it is text; a TextGrid may be UTF-16.
    format : str, optional
        A key of `FORMATS`; default: what the suffix says.
    lenient : bool
        Whether malformed lines are left out, and bytes that are not UTF-8 taken for Latin-1.

    Returns
    -------
    dict of str to Annotation
        By name of recording; where the format names none, that is the file's, without its suffix.

    Raises
    ------
    MalformedFileError
        If there are malformed lines; its `problems` are all of them.
    AnnotationError
        If the file cannot be read, or its format has no speakers.
    MissingExtraError
        If the format needs a library that is missing.
    ParameterError
        If the format is not known.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "monday.txt")
    >>> _ = path.write_text("0.5\\t2.5\\tann")
    >>> read_turns(path)["monday"].turns
    (Turn(start=0.5, end=2.5, speaker='ann'),)
    """
    kind = format_of(path, format)
    if not kind.has_speakers:
        raise AnnotationError(
            f"{os.fspath(path)}: {kind.name} has no speakers. Read it with read_{kind.name}"
        )
    draft = read_draft(path, kind, lenient=lenient)
    if draft.problems and not lenient:
        raise malformed(path, draft.problems)
    return draft.annotations()


def read_draft(path: str | os.PathLike[str], kind: Format, *, lenient: bool = False) -> Draft:
    """Return all that a reader gathers of a file, what is wrong in it too.

    Raises
    ------
    AnnotationError
        If it cannot be read at all.
    """
    draft = Draft(Path(check_path(path, "path")).stem)
    data = read_bytes(path)
    content: str | bytes = data
    if kind.is_text:
        try:
            text = decoded(data, path, utf_16=kind.name == "textgrid")
        except MalformedFileError as error:
            draft.problems += error.problems
            if not lenient:
                return draft
            text = data.decode("latin-1")
        # A name in CSV may hold any end of a line.
        content = text if kind.name == "csv" else unix_lines(text)
    kind.parse(draft, content)
    draft.left_out = +draft.left_out  # what was counted at all
    return draft


def find_problems(path: str | os.PathLike[str], format: str | None = None) -> tuple[Problem, ...]:  # noqa: A002
    """Return all that is wrong in a file of any format.

    Parameters
    ----------
    path, format
        As for `read_turns`.

    Returns
    -------
    tuple of Problem
        Their lines, counted from 1 (0: the whole file), and what is wrong; none: the file is good.

    Raises
    ------
    AnnotationError, MissingExtraError, ParameterError
        As `read_turns`, but for malformed lines.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "monday.uem")
    >>> _ = path.write_text("monday 1 0 60\\nmonday 1 60\\n")
    >>> for problem in find_problems(path):
    ...     print(problem)
    line 2: 3 fields, expected 4: recording channel start end (names without whitespace)
    """
    return tuple(read_draft(path, format_of(path, format)).problems)


def write_turns(
    annotations: Annotations,
    path: str | os.PathLike[str],
    format: str | None = None,  # noqa: A002
) -> None:
    """Write who speaks when to a file of any format; it appears whole or not at all.

    Parameters
    ----------
    annotations : Annotation, iterable of Annotation, or mapping of str to Annotation
        One or several recordings.
    path : path
        Where to write; an existing file is replaced.
    format : str, optional
        A key of `FORMATS`; default: what the suffix says.

    Raises
    ------
    AnnotationError
        If the format cannot hold them; `Format.cannot_hold` says what that is.
    MissingExtraError
        If the format needs a library that is missing.
    ParameterError
        If the format is not known.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "monday.vtt")
    >>> write_turns(Annotation("monday", [(0.5, 2.5, "ann")]), path)
    >>> print(path.read_text().strip())
    WEBVTT
    <BLANKLINE>
    00:00:00.500 --> 00:00:02.500
    <v ann>ann
    """
    kind = format_of(check_path(path, "path"), format)
    write_atomic(path, rendered(annotations, kind))


def rendered(annotations: Annotations, kind: Format) -> str | bytes:
    """Return turns as a file of this format holds them.

    Raises
    ------
    AnnotationError
        As `write_turns`.
    """
    listed = as_list(annotations)
    if kind.alone and len(listed) != 1:
        raise AnnotationError(
            f"{kind.name} holds one recording a file, got {len(listed)}. Write each to a file of"
            " its own: to a folder"
        )
    if not kind.has_speakers and any(a.speakers not in ((), ("",)) for a in listed):
        raise AnnotationError(
            f"{kind.name} has no speakers, and these turns have. Write regions with"
            f" write_{kind.name}"
        )
    names = [annotation.recording for annotation in listed]
    if len(set(names)) < len(names):
        raise AnnotationError(
            f"several annotations are of one recording: {max(names, key=names.count)!r}."
            " Join or rename them"
        )
    return kind.render(listed)


def as_list(annotations: Annotations) -> list[Annotation]:
    """Return annotations as a list, be it one, many or a mapping."""
    if isinstance(annotations, Annotation):
        return [annotations]
    if isinstance(annotations, Mapping):
        annotations = annotations.values()
    listed = check_listed(annotations, "annotations", "Annotation")
    return [check_type(annotation, Annotation, "annotation") for annotation in listed]
