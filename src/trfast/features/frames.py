"""Frames of a recording that may be too long for memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from tempfile import SpooledTemporaryFile
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from trfast._checks import check_matrix
from trfast._resources import temporary_space

FloatArray = npt.NDArray[np.float32]

# Bytes from where on frames go to a temporary file: two hours and a quarter of 20 columns.
_LARGEST_IN_MEMORY = 1 << 26

# Frames that are worked on at a time: five minutes.
CHUNK = 30_000


class Frames(Protocol):
    """What is looked at some consecutive rows at a time: an array, or a `FrameStore`."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    def __len__(self) -> int: ...
    def __getitem__(self, rows: slice, /) -> npt.NDArray[Any]: ...


class FrameStore:
    """Rows of float32, in memory while they are few, then in a temporary file.

    A slice is a copy. A context manager; leaving it frees the memory, or the file.

    Examples
    --------
    >>> with FrameStore() as frames:
    ...     frames.extend([np.zeros((2, 3), np.float32), np.ones((1, 3), np.float32)])
    ...     frames.shape, frames[1:].tolist()
    ((3, 3), [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    """

    def __init__(self, *, largest_in_memory: int = _LARGEST_IN_MEMORY) -> None:
        self.shape = (0, 0)
        self._file = SpooledTemporaryFile(largest_in_memory)  # noqa: SIM115 (__exit__ closes it)

    def extend(self, blocks: Iterable[FloatArray]) -> None:
        """Add the rows of blocks, which have the same columns.

        Raises
        ------
        ResourceError
            If the temporary folder is full.
        """
        self._file.seek(0, os.SEEK_END)
        for block in blocks:
            with temporary_space():
                self._file.write(np.ascontiguousarray(block).data)
            self.shape = (len(self) + len(block), block.shape[1])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> FloatArray:
        start, stop, step = rows.indices(len(self))
        if step != 1:
            raise IndexError(f"rows of a FrameStore are consecutive, not every {step}th")
        found = np.empty((max(0, stop - start), self.shape[1]), np.float32)
        with temporary_space():  # what is buffered is written first
            self._file.seek(start * found.strides[0])
        self._file.readinto(found.data)
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # nobody wants what could not be written
            self._file.close()


def checked_frames(frames: Frames | npt.ArrayLike, name: str) -> Frames:
    """Return a store as it is, and anything else as a finite matrix, float64 if it is float64."""
    if isinstance(frames, FrameStore):
        return frames
    double = getattr(frames, "dtype", None) == np.float64
    values: Any = frames
    return check_matrix(values, name, dtype=np.float64 if double else np.float32)


def in_chunks(bounds: npt.NDArray[np.int64]) -> Iterator[slice]:
    """Yield runs of consecutive bounds, (k, 2), that lie within `CHUNK` frames or are one.

    Examples
    --------
    >>> list(in_chunks(np.array([[0, 100], [100, 20_000], [20_000, 40_000]])))
    [slice(0, 2, None), slice(2, 3, None)]
    """
    start = 0
    while start < len(bounds):
        inside = np.searchsorted(bounds[start:, 1], bounds[start, 0] + CHUNK)
        stop = start + max(1, int(inside))
        yield slice(start, stop)
        start = stop
