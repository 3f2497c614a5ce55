"""The face of a speech detector of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from trfast.annotation import Timeline


@runtime_checkable
class Detector(Protocol):
    """A speech detector of one's own, as `Diarizer` takes it; picklable, if recordings are to go
    over processes."""

    @property
    def fingerprint(self) -> str:
        """A text that changes where what it finds would."""

    def detect(self, blocks: Iterator[npt.NDArray[np.float32]], /) -> Timeline:
        """Return where somebody speaks.

        Parameters
        ----------
        blocks : iterator of ndarray (n_i,), float32
            Samples at 16 kHz, as `trfast.audio.stream` gives them, one channel.
        """
