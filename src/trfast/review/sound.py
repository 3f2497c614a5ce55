"""Recordings of a collection as WAV that browsers play and seek in: one road for all formats."""

from __future__ import annotations

import os
import re
import struct
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from trfast._resources import temporary_space
from trfast.audio import SAMPLE_RATE, stream
from trfast.collection import Recording
from trfast.errors import AudioError, CollectionError

HEADER = 44  # bytes
PIECE = 1 << 20  # bytes that are answered at once, 33 s of sound
_KEPT = 1 << 30  # bytes of decoded sound on disk, 9 hours
_LONGEST = 0xFFFFFFFF - HEADER
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class Sound:
    """A recording as WAV of 16 bits, mono, at 16 kHz; decoded as far as somebody has asked for.

    Its length is computed, from the duration; threads may share it.
    """

    def __init__(self, source: str, duration: float) -> None:
        self.size = HEADER + 2 * round(duration * SAMPLE_RATE)
        self._source = source
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        self._pieces: Iterator[np.ndarray[tuple[int], np.dtype[np.float32]]] = iter(())
        self._stopped = False

    def read(self, start: int, stop: int) -> bytes:
        """Return bytes of the WAV file.

        Raises
        ------
        AudioError, MissingExtraError
            If the recording cannot be decoded as far as that.
        """
        with self._lock:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 (close() closes it)
                self._file.write(_header(self.size))
                self._pieces = stream(self._source)
            try:
                with temporary_space():
                    self._decode(self._file, min(stop, self.size))
            except BaseException:
                self._reset()
                raise
            self._file.seek(start)
            return self._file.read(min(stop, self.size) - start)

    def _decode(self, file: BinaryIO, stop: int) -> None:
        done = file.seek(0, os.SEEK_END)
        while done < stop:
            if self._stopped:
                raise AudioError(f"{self._source}: stopped while it was decoded")
            piece = next(self._pieces, None)
            if piece is None:  # another file than was diarized lies there
                piece = np.zeros((stop - done + 1) // 2, np.float32)
            done += file.write((np.clip(piece, -1, 1) * 32767).astype("<i2").tobytes())

    def close(self) -> None:
        """Forget what is decoded; a later `read` starts anew."""
        with self._lock:
            self._reset()

    def stop(self) -> None:
        """End what decodes now, for good."""
        self._stopped = True
        self.close()

    def _reset(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file, self._pieces = None, iter(())


class Sounds:
    """The sounds heard last, decoded."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sounds: OrderedDict[tuple[str, float, int], Sound] = OrderedDict()

    def of(self, recording: Recording) -> Sound:
        """Return the sound of a recording.

        Raises
        ------
        CollectionError
            If it has none: it was imported, or its file is gone.
        """
        source = recording.source
        if source is None:
            raise CollectionError(f"{recording.name} came without sound, from another system")
        try:
            stamp = os.stat(source).st_mtime_ns
        except OSError as error:
            raise CollectionError(f"{source} cannot be opened: {error.strerror}") from error
        key = source, recording.duration, stamp
        with self._lock:
            sound = self._sounds.setdefault(key, Sound(source, recording.duration))
            self._sounds.move_to_end(key)
            while len(self._sounds) > 1 and sum(s.size for s in self._sounds.values()) > _KEPT:
                self._sounds.popitem(last=False)[1].close()
        return sound

    def stop(self) -> None:
        """Forget all."""
        with self._lock:
            for sound in self._sounds.values():
                sound.stop()


def has_sound(recording: Recording) -> bool:
    """Whether the file of a recording is there."""
    return recording.source is not None and os.path.isfile(recording.source)


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Return start and stop of the bytes that a Range header asks for, at most a piece of them;
    None for all, as for a header that is not understood.

    Raises
    ------
    ValueError
        If there are no such bytes.

    Examples
    --------
    >>> byte_range("bytes=10-19", 100), byte_range("bytes=-5", 100), byte_range(None, 100)
    ((10, 20), (95, 100), None)
    """
    found = _RANGE.fullmatch(header or "")
    if found is None or found[1] == found[2] == "":
        return None
    if found[1] == "":
        start, stop = max(size - int(found[2]), 0), size
    else:
        start = int(found[1])
        stop = min(int(found[2]) + 1, size) if found[2] else size
        if found[2] and int(found[2]) < start:
            return None
    if start >= stop:
        raise ValueError(header)
    return start, min(stop, start + PIECE)


def _header(size: int) -> bytes:
    n_bytes = min(size - HEADER, _LONGEST)
    rate = SAMPLE_RATE
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    riff = struct.pack("<4sI4s", b"RIFF", n_bytes + HEADER - 8, b"WAVE")
    return riff + form + struct.pack("<4sI", b"data", n_bytes)
