"""Names of recordings: what can be one, and what becomes one.

A name goes into RTTM, a database, a page and a terminal, so it is decided once, where a recording
comes in, and can be written everywhere after that.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from trfast._checks import check_listed, check_path
from trfast.audio.remote import is_url, path_in_url
from trfast.errors import AnnotationError, ParameterError, ParameterTypeError
from trfast.formats._records import writable_name

Key = TypeVar("Key")

_LONGEST = 255  # bytes of a file's name, in nearly all file systems
_CHANNEL = re.compile(r"-ch[1-9][0-9]*$")  # as `channel_name` has it


def check_name(name: str, kind: str = "recording") -> str:
    """Return a name that was given by hand, if it can be written.

    Raises
    ------
    ParameterError
        If it is empty, ``<NA>``, starts with ``;;``, or holds whitespace, control characters or
        what is no Unicode.

    Examples
    --------
    >>> check_name("monday")
    'monday'
    """
    if not isinstance(name, str):
        raise ParameterTypeError(f"{kind} name must be a str, got {type(name).__name__} {name!r}")
    try:
        writable_name(name, kind)
    except AnnotationError as error:
        raise ParameterError(str(error)) from error
    if any(unicodedata.category(letter) == "Cc" for letter in name):
        raise ParameterError(f"{kind} name {name!r} holds control characters. Rename it first")
    return name


def written(text: str) -> str:
    """Make a name of a file's name: whitespace becomes ``_``, and what else no name can hold, its
    bytes in percent.

    Examples
    --------
    >>> written("late show"), written("<NA>"), written(os.fsdecode(b"\\xe9t\\xe9"))
    ('late_show', '%3CNA%3E', '%E9t%E9')
    """
    return _reversible(re.sub(r"\s+", "_", text))


def _reversible(text: str) -> str:
    text = "".join(
        _percent(letter)
        if letter.isspace() or unicodedata.category(letter) in ("Cc", "Cs")
        else letter
        for letter in text
    )
    if text == "<NA>":
        return "%3CNA%3E"
    return re.sub("^;;", "%3B%3B", text)


def _percent(letter: str) -> str:
    # A byte of a file's name that is not UTF-8 stands in Python's text as half of a pair.
    escaped = "surrogateescape" if "\udc80" <= letter <= "\udcff" else "surrogatepass"
    return "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", escaped))


def name_recordings(
    paths: Iterable[str | os.PathLike[str]], known: Mapping[str, str | None] | None = None
) -> dict[str, Path | str]:
    """Name each file by its stem, after as many of its folders as it takes to tell all apart.

    Files of one folder that differ in their suffix only keep it. Whitespace becomes ``_``, and
    what else RTTM cannot hold, its bytes in percent (``%E9t%E9``). The order of the files plays no
    part.

    Parameters
    ----------
    paths : iterable of path
        Audio files, or URLs of some, which stay as they are; one given twice counts once.
    known : mapping of str to (str or None), optional
        Names given before, to absolute paths. These files keep their names; a name whose file
        is gone is free again.

    Returns
    -------
    dict of str to Path or str

    Raises
    ------
    ParameterError
        If two URLs differ only in what no name tells.

    Examples
    --------
    >>> sorted(name_recordings(["2021/news.mp3", "2022/news.mp3", "2022/late show.mp3"]))
    ['2021_news', '2022_news', 'late_show']
    >>> sorted(name_recordings(["news.mp3", "news.wav"]))
    ['news.mp3', 'news.wav']
    """
    known = known or {}
    names = {_place(source): name for name, source in known.items() if source is not None}
    n_names = Counter(_place(source) for source in known.values() if source is not None)
    todo: dict[str, Path | str] = {}
    for given in map(_checked, check_listed(paths, "paths", "paths")):
        place = _place(given)
        if is_url(given) and todo.get(place, given) != given:
            raise ParameterError(
                f"{given} and {todo[place]} would have one name: give Job(name, url) for each"
            )
        todo[place] = given
    there = {_place(source) for source in known.values() if source and is_there(source)}
    own = _names_in_folders(todo.keys() | there)
    # A file of several names, of its channels, has none as a whole.
    named = {
        names[absolute]: todo.pop(absolute) for absolute in list(todo) if n_names[absolute] == 1
    }
    taken = named.keys() | {
        name for name, source in known.items() if source is None or _place(source) in there
    }
    depth = 0
    while todo:
        depth += 1
        names_here = {absolute: _with_folders(absolute, own[absolute], depth) for absolute in todo}
        for absolute, name in _told_apart(names_here, taken).items():
            named[name] = todo.pop(absolute)
        taken = taken | named.keys()
        if all(depth >= len(Path(absolute).parts) for absolute in todo):
            break
    # "a/b_c.wav" beside "a_b/c.wav": no folder tells them apart.
    named.update((f"{own[absolute]}~{_digest(absolute)}", todo[absolute]) for absolute in todo)
    return named


def is_there(source: str) -> bool:
    """Whether there is a file; what is at a URL is not looked for.

    Examples
    --------
    >>> is_there("https://example.org/monday.mp3"), is_there("/no/such/file")
    (True, False)
    """
    return is_url(source) or os.path.exists(source)


def _checked(path: object) -> Path | str:
    return path if is_url(path) else Path(check_path(path, "path"))


def _place(source: str | os.PathLike[str]) -> str:
    return path_in_url(source) if is_url(source) else os.path.abspath(source)


def _with_folders(absolute: str, name: str, depth: int) -> str:
    folders = Path(absolute).parent.parts[1:]
    return "_".join((*map(written, folders[max(0, len(folders) - depth + 1) :]), name))


def _names_in_folders(files: Iterable[str]) -> dict[str, str]:
    """Name each file so that no other in its folder has the same name."""
    folders: dict[Path, list[Path]] = defaultdict(list)
    for file in map(Path, files):
        folders[file.parent].append(file)
    ways: tuple[Callable[[Path], str], ...] = (
        lambda path: written(path.stem),
        lambda path: written(path.name),
        lambda path: _reversible(path.name),
    )
    found = {}
    for inside in folders.values():
        left, taken = set(inside), set[str]()
        for way in ways:
            apart = _told_apart({file: way(file) for file in left}, taken)
            found.update(apart)
            left -= apart.keys()
            taken |= set(apart.values())
        found.update((file, f"{written(file.stem)}~{_digest(file.name)}") for file in left)
    return {str(file): name for file, name in found.items()}


def _told_apart(names: Mapping[Key, str], taken: Collection[str]) -> dict[Key, str]:
    """Return the names that are one file's only, and not taken."""
    n_files = Counter(names.values())
    return {f: name for f, name in names.items() if n_files[name] == 1 and name not in taken}


def name_channels(
    paths: Iterable[str | os.PathLike[str]],
    n_channels: Callable[[Path | str], int],
    known: Mapping[str, str | None] | None = None,
) -> dict[str, tuple[Path | str, int | None]]:
    """Name each channel of files as a recording: `channel_name` of what `name_recordings` says.

    Parameters
    ----------
    paths : iterable of path
        Audio files, or URLs of some.
    n_channels : callable
        Says how many channels a file has; one of a single channel has the name of the file.
    known : mapping of str to (str or None), optional
        As in `name_recordings`.

    Returns
    -------
    dict of str to (Path or str, int or None)
        File and channel, from 0; None: the file as a whole.

    Examples
    --------
    >>> sorted(name_channels(["call.wav", "show.wav"], lambda path: 1 + (path.stem == "call")))
    ['call-ch1', 'call-ch2', 'show']
    """
    known = known or {}
    given = list(map(_checked, check_listed(paths, "paths", "paths")))
    counts = {_place(path): n_channels(path) for path in given}
    named = name_recordings(given, _names_of_files(known, counts))
    taken = {name for name, source in known.items() if not source or _place(source) not in counts}
    found: dict[str, tuple[Path | str, int | None]] = {}
    several = {}
    for name, path in named.items():
        if counts[_place(path)] == 1:
            found[name] = path, None
        else:
            several[name] = path
    for name, path in several.items():
        channels = range(counts[_place(path)])
        if any(channel_name(name, i) in taken | found.keys() for i in channels):
            name = f"{name}~{_digest(_place(path))}"
        found.update((channel_name(name, i), (path, i)) for i in channels)
    return found


def _names_of_files(
    known: Mapping[str, str | None], counts: Mapping[str, int]
) -> dict[str, str | None]:
    """Return the names that files had before their channels were named."""
    files: dict[str, str] = {}
    names: dict[str, str | None] = {}
    for name, source in known.items():
        whole = name if source and counts.get(_place(source)) == 1 else _CHANNEL.sub("", name)
        if source is None:
            names[whole] = None
        elif whole != name or source not in files:
            files[source] = whole
    for source in sorted(
        files, key=lambda source: _place(source) not in counts
    ):  # what is given first
        names.setdefault(files[source], source)
    return names


def channel_name(recording: str, channel: int | str) -> str:
    """Name a channel of a recording that is taken for a recording of its own.

    Parameters
    ----------
    recording : str
    channel : int or str
        Counted from 0; or as RTTM and UEM write it, from ``1``, or from ``A``.

    Examples
    --------
    >>> channel_name("call", 0), channel_name("call", "1"), channel_name("call", "A")
    ('call-ch1', 'call-ch1', 'call-ch1')
    """
    if isinstance(channel, int):
        return f"{recording}-ch{channel + 1}"
    letter = "abcdefgh".find(channel.lower()) if len(channel) == 1 else -1
    return f"{recording}-ch{written(channel) if letter < 0 else letter + 1}"


def file_name(name: str, suffix: str) -> str:
    """Return the name of a file for a recording: its own, or, if that is too long for a file
    system, the first part of it and a mark that tells it from others.

    Examples
    --------
    >>> file_name("monday", ".rttm")
    'monday.rttm'
    >>> len(file_name(300 * "x", ".rttm"))
    255
    """
    plain = name.replace("/", "%2F")  # a name that somebody gave may look like a path
    if len(os.fsencode(plain + suffix)) <= _LONGEST:
        return plain + suffix
    mark = f"~{_digest(name)}{suffix}"
    return os.fsencode(plain)[: _LONGEST - len(mark)].decode(errors="ignore") + mark


def _digest(text: str) -> str:
    return hashlib.sha256(os.fsencode(text)).hexdigest()[:8]
