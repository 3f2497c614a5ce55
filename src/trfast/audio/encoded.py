"""Where the bytes of an audio file are: in a file, or in memory."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from io import BufferedReader, BytesIO, RawIOBase
from typing import Any, BinaryIO

from trfast.errors import AudioError, ParameterTypeError


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A file by its path."""

    path: str | os.PathLike[str]

    @property
    def name(self) -> str:
        """What errors call it."""
        return os.fspath(self.path)

    @property
    def size(self) -> int:
        """Its bytes."""
        return os.path.getsize(self.path)

    def open(self) -> BinaryIO:
        """Open it, at its start."""
        return open(self.path, "rb")

    def for_soundfile(self) -> Any:
        """Return what soundfile opens: as bytes, for it encodes text, and not every name is
        UTF-8."""
        return os.fsencode(self.path)

    def for_ffmpeg(self) -> tuple[Any, str]:
        """Return what PyAV opens, and what a recording may make FFmpeg open besides: files."""
        return f"file:{self.name}", "file"


@dataclass(frozen=True, slots=True)
class Encoded:
    """An audio file in memory.

    Parameters
    ----------
    content : bytes
    file_name : str, optional
        What it was called.
    """

    content: bytes = field(repr=False)
    file_name: str | None = None

    @classmethod
    def of(cls, source: object) -> Encoded | None:
        """Return bytes, or all that a file object gives from where it stands; of anything else
        None.

        Raises
        ------
        AudioError
            If the file object cannot be read.
        ParameterTypeError
            If it gives no bytes.
        """
        if isinstance(source, Encoded):
            return source
        if isinstance(source, bytes | bytearray | memoryview):
            return cls(bytes(source))
        read = getattr(source, "read", None)
        if read is None:
            return None
        name = getattr(source, "name", None)
        file_name = os.path.basename(name) if isinstance(name, str) and name else None
        try:
            content = read()
        except (OSError, ValueError) as error:
            raise AudioError(f"{_called(file_name)} cannot be read: {error}.") from error
        if not isinstance(content, bytes):
            raise ParameterTypeError(
                f"{_called(file_name)} gives {type(content).__name__}, expected bytes: open it in"
                ' binary mode, open(path, "rb")'
            )
        return cls(content, file_name)

    @property
    def name(self) -> str:
        """What errors call it."""
        return _called(self.file_name) if self.file_name else f"<{len(self.content)} bytes>"

    @property
    def size(self) -> int:
        """Its bytes."""
        return len(self.content)

    def open(self) -> BinaryIO:
        """Open it, at its start."""
        return BytesIO(self.content)

    def for_soundfile(self) -> Any:
        """Return what soundfile opens."""
        return self.open()

    def for_ffmpeg(self) -> tuple[Any, str]:
        """Return what PyAV opens, and what a recording may make FFmpeg open besides: nothing."""
        return self.open(), "nothing"


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of a file, from `start` to `end`, that are a file of their own."""

    whole: OnDisk | Encoded | Part
    start: int
    end: int

    @property
    def name(self) -> str:
        """What errors call it."""
        return self.whole.name

    @property
    def size(self) -> int:
        """Its bytes."""
        return self.end - self.start

    def open(self) -> BinaryIO:
        """Open it, at its start."""
        return BufferedReader(_Window(self.whole.open(), self.start, self.end))

    def for_soundfile(self) -> Any:
        """Return what soundfile opens."""
        return self.open()

    def for_ffmpeg(self) -> tuple[Any, str]:
        """Return what PyAV opens, and what a recording may make FFmpeg open besides: nothing."""
        return self.open(), "nothing"


class _Window(RawIOBase):
    """Some bytes of an opened file; the position is counted from the first of them."""

    def __init__(self, file: BinaryIO, start: int, end: int) -> None:
        self._file, self._start, self._end = file, start, end
        file.seek(start)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: self._start, os.SEEK_END: self._end}.get(whence, self._file.tell())
        at = min(max(self._start, origin + offset), self._end)
        return self._file.seek(at) - self._start

    def tell(self) -> int:
        return self._file.tell() - self._start

    def readinto(self, buffer: Any) -> int:
        content = self._file.read(max(0, min(len(buffer), self._end - self._file.tell())))
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        self._file.close()
        super().close()


def _called(file_name: str | None) -> str:
    return f"<file object {file_name}>" if file_name else "<file object>"
