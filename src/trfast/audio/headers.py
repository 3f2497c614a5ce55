"""What the bytes of a sound file say of its length, and whether another file follows in it.

Decoders believe headers: what lies behind the end that they state is lost without a word.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from trfast.audio.encoded import Encoded, OnDisk, Part

Given = OnDisk | Encoded | Part

_LARGEST_OGG_PAGE = 27 + 255 + 255 * 255
_FIRST_PAGE = re.compile(rb"OggS\x00[\x02\x06].{8}(.{4})", re.DOTALL)
_PAGE_HEADER = 27 + 255
_BLOCK = 1 << 22
_FLAC = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22")
# Headers of chunks: name and size.
_RIFF, _BIG, _W64, _CAF = "<4sI", ">4sI", "<4s12xQ", ">4sQ"
_EBML, _SEGMENT = b"\x1aE\xdf\xa3", b"\x18S\x80g"
_XING_FIELDS = ((1, 4), (2, 4), (4, 100), (8, 4))
_SLACK = 64  # bytes; so few too many or missing are a wrong header, not sound
_TAGS = (b"TAG", b"ID3", b"APETAGEX", b"LYRICSBEGIN")


@dataclass(frozen=True)
class Sound:
    """Where the samples of a file are.

    Parameters
    ----------
    start : int
    stated : int
        Bytes of them by the header; -1 where that was never written.
    present : int
        Bytes of the file from `start` on.
    goes_on : bool
        Whether there is sound behind the end that is stated.
    next_file : int
        Where another file starts behind it; 0: there is none.
    """

    start: int
    stated: int
    present: int
    goes_on: bool = False
    next_file: int = 0

    @property
    def is_cut(self) -> bool:
        """Whether bytes are missing."""
        return self.stated - self.present > _SLACK


def find_sound(given: Given) -> Sound | None:
    """Find the samples of a WAV, RF64, W64, AIFF, CAF or AU file; None if it is none or has none.

    Examples
    --------
    >>> head = b"RIFF" + struct.pack("<I", 44) + b"WAVEdata" + struct.pack("<I", 8)
    >>> find_sound(Encoded(head + bytes(8)))
    Sound(start=20, stated=8, present=8, goes_on=False, next_file=0)
    """
    with given.open() as file:
        found = _stated(file)
        if found is None:
            return None
        start, stated, chunks = found
        present = given.size - start
        if _never_written(stated) and stated > present:
            return Sound(start, -1, present, goes_on=True)
        end = start + stated
        if present - stated <= _SLACK:
            return Sound(start, stated, present)
        for at in dict.fromkeys((_padded(end, chunks), end)):
            file.seek(at)
            head = file.read(40)
            if _is_start(head):
                return Sound(start, stated, present, next_file=at)
            if head.startswith(_TAGS) or _is_chunk(head, given.size - at, chunks):
                return Sound(start, stated, present)
        return Sound(start, stated or -1, present, goes_on=True)


def _never_written(stated: int) -> bool:
    """Whether a size is what programs write that do not know it yet: -1 or the largest number."""
    return (
        0x7FFF0000 <= stated <= 0x80000000
        or 0xFFFF0000 <= stated <= 0xFFFFFFFF
        or stated >= 1 << 62
    )


def _stated(file: BinaryIO) -> tuple[int, int, str] | None:
    """Return where the samples start, their bytes, and how the chunks behind them are written."""
    head = file.read(40)
    if head[:4] in (b".snd", b"dns.") and len(head) >= 24:
        order = ">" if head[:4] == b".snd" else "<"
        start, size = struct.unpack_from(f"{order}II", head, 4)
        return start, size, ""
    if head[:4] in (b"RIFF", b"RIFX", b"RF64") and head[8:12] == b"WAVE":
        return _in_chunks(file, 12, _BIG if head[:4] == b"RIFX" else _RIFF, b"data")
    if head[:4] == b"FORM" and head[8:11] == b"AIF":
        found = _in_chunks(file, 12, _BIG, b"SSND")
        return found and (found[0] + 8, max(0, found[1] - 8), found[2])
    if head[:4] == b"riff" and head[24:28] == b"wave":
        return _in_chunks(file, 40, _W64, b"data")
    if head[:4] == b"caff":
        found = _in_chunks(file, 8, _CAF, b"data")
        return found and (found[0] + 4, max(0, found[1] - 4), found[2])
    return None


def _in_chunks(file: BinaryIO, at: int, form: str, wanted: bytes) -> tuple[int, int, str] | None:
    long_size = None
    for name, start, size in _chunks(file, at, form):
        if name == b"ds64":
            content = file.read(16)
            long_size = struct.unpack_from("<Q", content, 8)[0] if len(content) == 16 else None
        elif name == wanted:
            return start, long_size if size == 0xFFFFFFFF and long_size else size, form
    return None


def _chunks(file: BinaryIO, at: int, form: str) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and size of each chunk."""
    n_header, end = struct.calcsize(form), file.seek(0, os.SEEK_END)
    while at + n_header <= end:
        file.seek(at)
        name, size = struct.unpack(form, file.read(n_header))
        if form == _W64:  # its sizes count the header
            size = max(0, size - n_header)
        yield name, at + n_header, size
        at += n_header + _padded(size, form)


def _padded(size: int, form: str) -> int:
    return size + (-size % 8 if form == _W64 else size % 2 if form in (_RIFF, _BIG) else 0)


def _is_start(head: bytes) -> bool:
    return (
        (head[:4] in (b"RIFF", b"RIFX", b"RF64") and head[8:12] == b"WAVE")
        or (head[:4] == b"FORM" and head[8:11] == b"AIF")
        or (head[:4] == b"riff" and head[24:28] == b"wave")
        or head[:8] == b"caff\x00\x01\x00\x00"
        or (head[:4] == b".snd" and head[4:6] == b"\x00\x00")
    )


def _is_chunk(head: bytes, left: int, form: str) -> bool:
    if not form or len(head) < struct.calcsize(form):
        return False
    name, size = struct.unpack_from(form, head)
    return all(32 <= byte < 127 for byte in name) and size <= left + _SLACK


def split(given: OnDisk | Encoded, *, thorough: bool) -> list[Given]:
    """Split a file where others were joined to it: links of an Ogg chain, WAV, AIFF, CAF, AU,
    MP4 and Matroska files behind one another.

    Parameters
    ----------
    given : OnDisk or Encoded
    thorough : bool
        Read all of an Ogg file, and find links of one serial number too.
    """
    with given.open() as file:
        head = file.read(12)
        if head[:4] == b"OggS":
            starts = _ogg_starts(given, thorough)
        elif head[4:8] == b"ftyp":
            starts = _mp4_starts(file, given.size)
        elif head[:4] == _EBML:
            starts = _mkv_starts(file, given.size)
        else:
            starts = [0]
    if starts == [0]:
        starts = _sound_starts(given)
    ends = [*starts[1:], given.size]
    if len(starts) == 1:
        return [given]
    return [Part(given, start, end) for start, end in zip(starts, ends, strict=True)]


def _sound_starts(given: OnDisk | Encoded) -> list[int]:
    starts = [0]
    while (sound := find_sound(Part(given, starts[-1], given.size))) and sound.next_file:
        starts.append(starts[-1] + sound.next_file)
    return starts


def _mp4_starts(file: BinaryIO, size: int) -> list[int]:
    """Find where a file type box is, and an index behind it."""
    starts, at, files = [0], 0, list[int]()
    while at + 8 <= size:
        file.seek(at)
        n_bytes, name, long = struct.unpack(">I4sQ", file.read(16).ljust(16, b"\0"))
        if name == b"ftyp":
            starts.append(at)
        elif name == b"moov":
            files.append(starts[-1])
        n_bytes = long if n_bytes == 1 else n_bytes
        if n_bytes < 8:
            break
        at += n_bytes
    return [0, *sorted(set(files) - {0})]


def _mkv_starts(file: BinaryIO, size: int) -> list[int]:
    """Find the headers of Matroska files; behind one of unknown size none is found."""
    starts, at = [0], 0
    while at + 12 <= size:
        file.seek(at)
        head = file.read(12)
        if at and head[:4] == _EBML:
            starts.append(at)
        n_bytes = 9 - head[4].bit_length()  # of the size, whose first bits say how many
        mask = (1 << 7 * n_bytes) - 1
        length = int.from_bytes(head[4 : 4 + n_bytes]) & mask
        if n_bytes > 8 or length == mask or head[:4] not in (_EBML, _SEGMENT):
            break
        at += 4 + n_bytes + length
    return starts


def _ogg_starts(given: OnDisk | Encoded, thorough: bool) -> list[int]:
    with given.open() as file:
        head, at, first = file.read(_LARGEST_OGG_PAGE), 0, set()
        while match := _FIRST_PAGE.match(head, at):
            first.add(match[1])
            at += _page_size(head[at : at + _PAGE_HEADER])
        tail = last_bytes(file, 2 * _LARGEST_OGG_PAGE)
        if tail[tail.rfind(b"OggS") :][14:18] in first and not thorough:
            return [0]
        starts, end = [0], 0
        for start, page in _first_pages(file):
            # Streams side by side start together: their first pages follow one another.
            if end and start != end:
                starts.append(start)
            end = start + _page_size(page)
        return starts


def _first_pages(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield the place of each page that starts a stream, and its first bytes."""
    return _found(file, _FIRST_PAGE, 0, _PAGE_HEADER)


def _found(
    file: BinaryIO, pattern: re.Pattern[bytes], first: int, n_bytes: int
) -> Iterator[tuple[int, bytes]]:
    """Yield where a pattern is found from a place on, and so many bytes from there."""
    at, held = first, b""
    file.seek(first)
    while block := file.read(_BLOCK):
        held += block
        for match in pattern.finditer(held):
            if match.start() < len(held) - n_bytes or len(block) < _BLOCK:
                yield at + match.start(), held[match.start() : match.start() + n_bytes]
        at += max(0, len(held) - n_bytes)
        held = held[-n_bytes:]


def _page_size(page: bytes) -> int:
    """Return the bytes of an Ogg page, of which `page` has the header, or part of it."""
    if len(page) < 27:
        return len(page)
    return 27 + page[26] + sum(page[27 : 27 + page[26]])


def ogg_ends(given: Given) -> bool:
    """Say if the last Ogg page is whole and flagged as the end of its stream."""
    with given.open() as file:
        tail = last_bytes(file, 2 * _LARGEST_OGG_PAGE)
    page = tail[tail.rfind(b"OggS") :]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return False
    return len(page) >= _page_size(page) and bool(page[5] & 4)


def last_bytes(file: BinaryIO, size: int) -> bytes:
    """Read the end of a file."""
    file.seek(max(0, file.seek(0, os.SEEK_END) - size))
    return file.read()


def flac_starts(given: Given, at: int = 0) -> list[int]:
    """Find FLAC files that were joined to one, and start where a decoder stopped to read, or little
    before."""
    with given.open() as file:
        own = _after_id3(file.read(10))
        first = max(own + 1, at - (1 << 16))
        return [start for start, _ in _found(file, _FLAC, first, 8)]


def _after_id3(head: bytes) -> int:
    """Return where the sound starts behind a tag, if there is one."""
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    return 10 + (head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9])


@dataclass(frozen=True)
class Count:
    """What the first frame of an MP3 file says of the others."""

    is_whole: bool
    tells_delay: bool


def mp3_count(given: Given) -> Count:
    """Say whether an MP3 file's first frame accounts for all of it, and for its delay."""
    with given.open() as file:
        start = _after_id3(file.read(10))
        file.seek(start)
        frame = file.read(4096)
        at = max(frame.find(b"Xing"), frame.find(b"Info"))
        if at < 0 or len(frame) < at + 16:
            return Count(False, False)
        flags, _, n_bytes = struct.unpack_from(">III", frame, at + 4)
        file.seek(start + n_bytes)
        behind = file.read(3)
    # More bytes than counted: files that were joined.
    left = given.size - start - n_bytes
    is_sound = behind == b"ID3" or (behind[:1] == b"\xff" and behind[1:2] >= b"\xe0")
    joined = flags & 2 and ((left > 4096 and is_sound) or left > 65536 + 0.01 * n_bytes)
    lame = at + 8 + sum(size for bit, size in _XING_FIELDS if flags & bit)
    return Count(bool(flags & 1) and not joined, frame[lame : lame + 3] in (b"LAM", b"Lav"))
