"""FrameExtractor: frames of a stream of samples, whatever the kernel makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._ext import _mel
from trfast.errors import AudioError, ParameterError, ParameterTypeError
from trfast.features.config import FrameConfig

# Samples from here on are no sound: their energy may overflow. The kernel looks at the
# energy of a frame only, 1e30 at most, so that a bad sample is searched for just once.
_IMPLAUSIBLE = 1e13


class FrameExtractor:
    """What `Mfcc` and `Fbank` share: the stream, and the checks of its samples."""

    def __init__(self, config: FrameConfig, tables: dict[str, Any], n_columns: int) -> None:
        self._frame = config
        self._tables = tables
        self._n_columns = n_columns

    def extract(
        self, blocks: npt.NDArray[np.floating] | Iterable[npt.NDArray[np.floating]]
    ) -> npt.NDArray[np.float32]:
        """Return the frames of a signal.

        Parameters
        ----------
        blocks : ndarray (n,) or iterable of ndarray (n_i,)
            Samples at the configuration's rate, full scale -1 to 1, whole or in blocks of any
            size; the frames do not depend on how the signal is cut.

        Returns
        -------
        ndarray (n_frames, n_columns) of float32
            What the class says, a row a frame; ``n_frames = 1 + (n - window) // hop`` in samples,
            0 for a signal shorter than a window.

        Raises
        ------
        AudioError
            If a sample is NaN, infinite or absurdly large; the message gives its time.
        ParameterError
            If the blocks cannot be gone through, or one is not a 1-D array of floats.
        """
        if isinstance(blocks, np.ndarray):
            (frames,) = self.stream(blocks)
            return frames
        frames = np.empty((0, self._n_columns), np.float32)
        n_frames = 0
        for block in self.stream(blocks):
            total = n_frames + len(block)
            if total > len(frames):
                # In place and by an eighth: the output of a stream is never there twice.
                frames.resize((max(total, n_frames * 9 // 8), frames.shape[1]), refcheck=False)
            frames[n_frames:total] = block
            n_frames = total
        frames.resize((n_frames, frames.shape[1]), refcheck=False)
        return frames

    def stream(
        self, blocks: npt.NDArray[np.floating] | Iterable[npt.NDArray[np.floating]]
    ) -> Iterator[npt.NDArray[np.float32]]:
        """Yield the frames of a signal as its samples arrive; arguments and errors as `extract`.

        Yields
        ------
        ndarray (n, n_columns) of float32
            Consecutive frames, for each block those that it completes.
        """
        window, hop = self._frame.window_samples, self._frame.hop_samples
        n_frames = 0
        rest = np.empty(0, np.float32)
        for samples in checked_blocks(blocks):
            if len(rest):
                samples = np.concatenate([rest, samples])
            n_new = max(0, 1 + (len(samples) - window) // hop)
            frames = np.empty((n_new, self._n_columns), np.float32)
            if not _mel.mel_frames(samples, **self._tables, out=frames):
                self._raise_implausible(samples, n_frames)
            yield frames
            rest = samples[n_new * hop :].copy()
            n_frames += n_new
        self._raise_implausible(rest, n_frames)

    def _raise_implausible(self, samples: npt.NDArray[np.float32], first_frame: int) -> None:
        """Raise AudioError if one of the samples, which start with a frame, is no sound."""
        bad = np.flatnonzero(~(np.abs(samples) < _IMPLAUSIBLE))
        if len(bad):
            time = (first_frame * self._frame.hop_samples + bad[0]) / self._frame.sample_rate
            raise AudioError(
                f"the sample at {time:.3f} s is {samples[bad[0]]}; expected numbers from about "
                "-1 to 1. Repair the recording, or cut this place out"
            )


def checked_blocks(
    blocks: npt.NDArray[np.floating] | Iterable[npt.NDArray[np.floating]],
) -> Iterator[npt.NDArray[np.float32]]:
    """Yield a signal, whole or in blocks, as contiguous float32; only shape and type are looked
    at."""
    if not isinstance(blocks, Iterable):
        raise ParameterTypeError(
            f"samples must be an array or blocks of it, got {type(blocks).__name__}: of a"
            " recording, trfast.audio.stream(...) gives them"
        )
    for block in [blocks] if isinstance(blocks, np.ndarray) else blocks:
        samples = np.asarray(block)
        if samples.ndim != 1:
            raise ParameterError(f"samples must be 1-D (one channel), got shape {samples.shape}")
        if not np.issubdtype(samples.dtype, np.floating):
            raise ParameterError(
                f"samples must be floats from -1 to 1, got {samples.dtype}; divide 16-bit by 32768"
            )
        yield np.ascontiguousarray(samples, dtype=np.float32)
