"""MFCC frames from audio blocks, their deltas and normalization, and the frame clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._checks import check_matrix, check_offsets
from trfast._ext import _mfcc
from trfast._mfcc_tables import mfcc_tables
from trfast.annotation import Timeline
from trfast.errors import AudioError, ParameterError

# Samples from here on are no sound: their energy may overflow. The kernel looks at the
# energy of a frame only, 1e30 at most, so that a bad sample is searched for just once.
_IMPLAUSIBLE = 1e13


@dataclass(frozen=True, kw_only=True)
class MfccConfig:
    """What an MFCC frame is; the defaults are those of the default model.

    Parameters
    ----------
    sample_rate : int
        Hz.
    window, hop : float
        Length and step of a frame in seconds.
    n_cepstra : int
        Cepstra kept, c1 first; the log-energy stands before them.
    n_mels : int
        Number of mel filters.
    low_frequency, high_frequency : float
        Edges of the filter bank in Hz.
    pre_emphasis : float
        Coefficient of the first-order difference.
    floor : float
        Mean square of a white noise whose power is added to every frame, so that digital
        silence has a finite logarithm. The default is the rounding noise of 16-bit audio.

    Raises
    ------
    ParameterError
        If a value makes no sense, alone or beside the others.
    """

    sample_rate: int = 16_000
    window: float = 0.025
    hop: float = 0.010
    n_cepstra: int = 19
    n_mels: int = 40
    low_frequency: float = 100.0
    high_frequency: float = 7600.0
    pre_emphasis: float = 0.97
    floor: float = 2.0**-30 / 12

    def __post_init__(self) -> None:
        if not 1 <= self.hop_samples <= self.window_samples:
            raise ParameterError(
                f"window {self.window} s and hop {self.hop} s at {self.sample_rate} Hz: "
                "the hop must be at least one sample and at most the window"
            )
        if not 0 <= self.low_frequency < self.high_frequency <= self.sample_rate / 2:
            raise ParameterError(
                f"mel filters from {self.low_frequency} to {self.high_frequency} Hz do not lie "
                f"between 0 and half the sample rate, {self.sample_rate / 2} Hz"
            )
        if not 1 <= self.n_cepstra < self.n_mels:
            raise ParameterError(
                f"n_cepstra must be from 1 to n_mels - 1 = {self.n_mels - 1}, got {self.n_cepstra}"
            )
        if not (0 <= self.pre_emphasis < 1 and 0 <= self.floor < np.inf):
            raise ParameterError(
                f"pre_emphasis must lie in [0, 1) and floor be 0 or more, "
                f"got {self.pre_emphasis} and {self.floor}"
            )

    @property
    def window_samples(self) -> int:
        """Length of a frame in samples."""
        return round(self.window * self.sample_rate)

    @property
    def hop_samples(self) -> int:
        """Step from a frame to the next in samples."""
        return round(self.hop * self.sample_rate)


def timeline_to_frames(
    timeline: Timeline, n_frames: int, config: MfccConfig
) -> npt.NDArray[np.int64]:
    """Return the (k, 2) frame bounds [first, last) whose centres lie inside each segment.

    Empty results are dropped, bounds are clipped to ``0..n_frames``.
    """
    centre = config.window / 2
    bounds = np.stack([timeline.starts, timeline.ends], axis=1)
    frames = np.ceil((bounds - centre) / config.hop - 1e-6).astype(np.int64)
    frames = np.clip(frames, 0, n_frames)
    return frames[frames[:, 1] > frames[:, 0]]


def frames_to_seconds(
    frames: npt.ArrayLike, n_frames: int, duration: float, config: MfccConfig
) -> npt.NDArray[np.float64]:
    """Return the times of frame bounds: frame t stands for one hop around its centre.

    The first bound of the recording is 0 and the last is `duration`, so that nothing at
    the edges is lost to the window.
    """
    index = np.asarray(frames)
    seconds = index * config.hop + (config.window - config.hop) / 2
    seconds = np.where(index <= 0, 0.0, seconds)
    return np.minimum(np.where(index >= n_frames, duration, seconds), duration)


class Mfcc:
    """Mel-frequency cepstra and log-energy of a stream of samples.

    A frame is pre-emphasized by itself (its first sample counts as its own predecessor, as
    in HTK and Kaldi), so it depends on its own samples only. Its log-energy is that of the
    pre-emphasized samples; then come a Hamming window, the power spectrum (FFT of the next
    power of two), triangular filters of equal width in mel (2595 log10(1 + f / 700)) and of
    unit area in Hz, the natural logarithm and the orthonormal DCT, without c0.

    Parameters
    ----------
    config : MfccConfig, optional
        What a frame is; by default that of the default model.

    Raises
    ------
    ParameterError
        If a mel filter is so narrow that no bin of the FFT falls into it.

    Examples
    --------
    >>> import numpy as np
    >>> sound = np.random.default_rng(0).uniform(-0.1, 0.1, 16_000).astype(np.float32)
    >>> frames = Mfcc().extract(sound)
    >>> frames.shape
    (98, 20)
    >>> blocks = [sound[:5_000], sound[5_000:]]
    >>> bool((Mfcc().extract(blocks) == frames).all())
    True
    """

    def __init__(self, config: MfccConfig | None = None) -> None:
        self.config = config or MfccConfig()
        self._tables = mfcc_tables(self.config)

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
        ndarray (n_frames, 1 + n_cepstra) of float32
            Log-energy, then c1, c2, ...; ``n_frames = 1 + (n - window) // hop`` in samples,
            0 for a signal shorter than a window.

        Raises
        ------
        AudioError
            If a sample is NaN, infinite or absurdly large; the message gives its time.
        ParameterError
            If a block is not a 1-D array of floats.
        """
        frames = np.empty((0, 1 + self.config.n_cepstra), np.float32)
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
        ndarray (n, 1 + n_cepstra) of float32
            Consecutive frames, for each block those that it completes.
        """
        window, hop = self.config.window_samples, self.config.hop_samples
        n_frames = 0
        rest = np.empty(0, np.float32)
        for block in [blocks] if isinstance(blocks, np.ndarray) else blocks:
            samples = _checked_samples(block)
            if len(rest):
                samples = np.concatenate([rest, samples])
            n_new = max(0, 1 + (len(samples) - window) // hop)
            frames = np.empty((n_new, 1 + self.config.n_cepstra), np.float32)
            if not _mfcc.mfcc(samples, **self._tables, out=frames):
                self._raise_implausible(samples, n_frames)
            yield frames
            rest = samples[n_new * hop :].copy()
            n_frames += n_new
        self._raise_implausible(rest, n_frames)

    def _raise_implausible(self, samples: npt.NDArray[np.float32], first_frame: int) -> None:
        """Raise AudioError if one of the samples, which start with a frame, is no sound."""
        bad = np.flatnonzero(~(np.abs(samples) < _IMPLAUSIBLE))
        if len(bad):
            time = (first_frame * self.config.hop_samples + bad[0]) / self.config.sample_rate
            raise AudioError(
                f"the sample at {time:.3f} s is {samples[bad[0]]}; expected numbers from about "
                "-1 to 1. Repair the recording, or cut this place out"
            )


def _checked_samples(block: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    samples = np.asarray(block)
    if samples.ndim != 1:
        raise ParameterError(f"samples must be 1-D (one channel), got shape {samples.shape}")
    if not np.issubdtype(samples.dtype, np.floating):
        raise ParameterError(
            f"samples must be floats from -1 to 1, got {samples.dtype}; divide 16-bit by 32768"
        )
    return np.ascontiguousarray(samples, dtype=np.float32)


def _checked_features(features: npt.ArrayLike) -> npt.NDArray[Any]:
    double = getattr(features, "dtype", None) == np.float64
    return check_matrix(features, "features", dtype=np.float64 if double else np.float32)


def deltas(features: npt.ArrayLike, *, width: int = 2) -> npt.NDArray[Any]:
    """Return the slope of each column: ``sum_k k (x[t+k] - x[t-k]) / (2 sum_k k^2)``.

    Beyond the ends the first and the last frame go on, so a constant has no slope anywhere.

    Parameters
    ----------
    features : array_like (n_frames, d)
        float32, or float64, which is kept.
    width : int
        Frames on each side.

    Returns
    -------
    ndarray (n_frames, d)

    Raises
    ------
    ParameterError
        If the features are not a finite matrix or `width` is below 1.

    References
    ----------
    The HTK Book, equation 5.16.

    Examples
    --------
    >>> deltas([[0.0], [1.0], [2.0], [3.0], [4.0]]).ravel()
    array([0.5, 0.8, 1. , 0.8, 0.5], dtype=float32)
    """
    x = _checked_features(features)
    out = np.empty_like(x)
    _fill_deltas(x, width, out)
    return out


def add_deltas(static: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return static features, their deltas and the deltas of these, side by side.

    Parameters
    ----------
    static : array_like (n_frames, d)
        float32, or float64, which is kept.

    Returns
    -------
    ndarray (n_frames, 3 d)

    Raises
    ------
    ParameterError
        If the features are not a finite matrix.

    Examples
    --------
    >>> add_deltas([[1.0, 2.0]])
    array([[1., 2., 0., 0., 0., 0.]], dtype=float32)
    """
    x = _checked_features(static)
    d = x.shape[1]
    out = np.empty((len(x), 3 * d), x.dtype)
    out[:, :d] = x
    _fill_deltas(x, 2, out[:, d : 2 * d])
    _fill_deltas(out[:, d : 2 * d], 2, out[:, 2 * d :])
    return out


def _fill_deltas(x: npt.NDArray[Any], width: int, out: npt.NDArray[Any]) -> None:
    if width < 1:
        raise ParameterError(f"width must be at least 1 frame, got {width}")
    if x.size:
        _mfcc.deltas(x, width, out)


def sliding_normalization(
    features: npt.ArrayLike, *, window: int = 301, variance: bool = True
) -> npt.NDArray[Any]:
    """Return features less their mean over a window around each frame, over its deviation.

    Parameters
    ----------
    features : array_like (n_frames, d)
        float32, or float64, which is kept.
    window : int
        Frames, centred on each frame; cut off at the ends of the recording.
    variance : bool
        Divide by the standard deviation (of the population) too.

    Returns
    -------
    ndarray (n_frames, d)
        0 where a column is constant over the window.

    Raises
    ------
    ParameterError
        If the features are not a finite matrix or `window` is below 1.

    Examples
    --------
    >>> sliding_normalization([[1.0], [3.0], [3.0], [3.0]], window=3).ravel().round(3)
    array([-1.   ,  0.707,  0.   ,  0.   ], dtype=float32)
    """
    x = _checked_features(features)
    if window < 1:
        raise ParameterError(f"window must be at least 1 frame, got {window}")
    out = np.empty_like(x)
    if x.size:
        _mfcc.sliding_normalization(x, window, variance, np.empty((2, x.shape[1])), out)
    return out


def normalization(
    features: npt.ArrayLike, offsets: npt.ArrayLike, *, variance: bool = True
) -> npt.NDArray[Any]:
    """Return features less the mean of their segment, over its deviation.

    Parameters
    ----------
    features : array_like (n_frames, d)
        Frames of all segments, one segment after the other; float32, or float64, which is
        kept.
    offsets : array_like (n_segments + 1,) of int
        Segment s is rows ``offsets[s]`` to ``offsets[s + 1]``; all rows belong to one.
    variance : bool
        Divide by the standard deviation (of the population) too.

    Returns
    -------
    ndarray (n_frames, d)
        0 where a column is constant over the segment.

    Raises
    ------
    ParameterError
        If the features are not a finite matrix or the offsets do not cover its rows.

    Examples
    --------
    >>> normalization([[1.0], [3.0], [5.0]], [0, 2, 3]).ravel()
    array([-1.,  1.,  0.], dtype=float32)
    """
    x = _checked_features(features)
    bounds = check_offsets(offsets, len(x))
    if bounds[0] != 0 or bounds[-1] != len(x):
        raise ParameterError(
            f"offsets must go from 0 to {len(x)} (the rows), got {bounds[0]} to {bounds[-1]}"
        )
    out = np.empty_like(x)
    if x.size:
        _mfcc.normalization(x, bounds, variance, np.empty((2, x.shape[1])), out)
    return out
