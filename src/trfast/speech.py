"""Where somebody speaks: a network + Viterbi, an energy detector as fall-back."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence, Sized
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d, minimum_filter1d, uniform_filter1d
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from trfast._checks import (
    check_bounds,
    check_integer,
    check_not_negative,
    check_number,
    check_random_state,
    check_type,
)
from trfast._threads import blas_limit, one_thread
from trfast._viterbi import best_path
from trfast.annotation import Timeline
from trfast.errors import ModelError, ParameterError
from trfast.features import MfccConfig, deltas, frames_to_seconds, timeline_to_frames
from trfast.features.clock import lasts
from trfast.features.frames import Frames, checked_frames

FloatArray = npt.NDArray[Any]

# Natural log-energy (samples in +-1, a frame of 400) of what is not even recording noise:
# about 1e-5 of full scale a sample.
_SILENCE = float(np.log(400 * 1e-10))

# Frames whose columns are in memory at a time: 5 minutes.
_CHUNK = 30_000
# Frames around each over which the network sees mean and standard deviation, and those that
# deltas look at on either side.
_WINDOW, _REACH = 51, 2
# One frame in so many is looked at, and trained on: neighbours say the same. Chunks are multiples.
_STEP, _FIT_STEP = 4, 8
_BATCH = 128
# Columns that the network sees of each static one: it and its delta, of each mean and deviation.
_INPUTS = 6
# What does not move by 4 dB (in log-energy) within 3 s is a hum or a hiss, whatever the network,
# which never heard it, says. Speech moves by more, and pauses are shorter.
_STEADY, _STEADY_FRAMES = 1.0, 300


class SpeechDetector(BaseEstimator):  # type: ignore[misc]
    """A small network that tells speech from the rest, and a Viterbi path between them.

    The network has one hidden layer of rectified units [1]_. Of every fourth frame it sees log-
    energy, cepstra and their deltas, the energy relative to the loud frames of the recording, and
    the mean and standard deviation of each over half a second: speech has syllables, music has
    not. Its output is the log-likelihood ratio of speech over the rest.

    Parameters
    ----------
    config : MfccConfig
        What the frames are: static columns, log-energy first.
    n_hidden : int
        Units of the hidden layer.
    n_epochs : int
        Passes of training over the frames.
    penalty : float
        Cost of a change between speech and the rest, in units of log-likelihood.
    bias : float
        Added to the log-likelihood ratio of each frame: above 0 finds more speech.
    min_duration, min_gap : float
        Seconds: gaps shorter than `min_gap` are closed, then regions shorter than `min_duration`
        dropped.
    random_state : int
        Seed of the network's start and of the order of frames.

    Attributes
    ----------
    layers_ : tuple of (ndarray (n_inputs, n_outputs), ndarray (n_outputs,)), float32
        Weights and bias of the hidden layer and of the output.

    References
    ----------
    .. [1] N. Ryant, M. Liberman, J. Yuan, "Speech activity detection on YouTube using deep neural
       networks", Interspeech 2013.
    """

    def __init__(
        self,
        *,
        config: MfccConfig | None = None,
        n_hidden: int = 64,
        n_epochs: int = 8,
        penalty: float = 80.0,
        bias: float = 0.0,
        min_duration: float = 0.2,
        min_gap: float = 0.5,
        random_state: int = 0,
    ) -> None:
        self.config = config
        self.n_hidden = n_hidden
        self.n_epochs = n_epochs
        self.penalty = penalty
        self.bias = bias
        self.min_duration = min_duration
        self.min_gap = min_gap
        self.random_state = random_state

    def fit(self, X: Sequence[FloatArray], y: Sequence[Timeline]) -> Self:
        """Train on recordings and where somebody speaks in each.

        Parameters
        ----------
        X : sequence of ndarray (n_frames, n_static)
            Static frames of each recording.
        y : sequence of Timeline
            Reference speech of each recording.

        Raises
        ------
        ParameterError
            If `X` and `y` differ in length, or something else is among them.
        ModelError
            If there are too few frames of speech, or of the rest.
        """
        self._check_parameters()
        for name, value in (("X", X), ("y", y)):
            check_type(value, Sized, name, hint="one for each recording")  # type: ignore[type-abstract]
        if len(X) != len(y):
            raise ParameterError(f"y must hold a timeline for each of {len(X)} X, got {len(y)}")
        from sklearn.neural_network import MLPClassifier  # slow to load, only training needs it

        rows, spoken = [], []
        for recording, timeline in zip(X, y, strict=True):
            static = checked_frames(recording, "X")
            energy = _energy(static)
            chosen = energy[::_FIT_STEP] > _SILENCE
            chunks = _inputs(static, _loudness(energy), _FIT_STEP)
            rows += [np.concatenate(list(chunks))[chosen]] if chosen.any() else []
            spoken.append(self._mask(len(static), timeline)[::_FIT_STEP][chosen])
        labels = np.concatenate([np.empty(0, dtype=bool), *spoken])
        for name, count in (("speech", labels.sum()), ("non-speech", (~labels).sum())):
            if count < self.n_hidden:
                raise ModelError(
                    f"{_FIT_STEP * count} frames of {name} cannot train {self.n_hidden} units;"
                    " give recordings with both speech and pauses, music or noise"
                )
        inputs = np.concatenate(rows)
        mean, scale = inputs.mean(axis=0, dtype=np.float64), inputs.std(axis=0, dtype=np.float64)
        scale = np.maximum(scale, 1e-6)
        inputs -= mean.astype(np.float32)
        inputs /= scale.astype(np.float32)
        network = MLPClassifier(
            (self.n_hidden,),
            batch_size=min(_BATCH, len(inputs)),
            max_iter=self.n_epochs,
            n_iter_no_change=self.n_epochs + 1,
            random_state=self.random_state,
        )
        # One thread: BLAS adds up in another order with more.
        with one_thread(), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the epochs are what is wanted
            network.fit(inputs, labels)
        (first, second), (bias, output) = network.coefs_, network.intercepts_
        first = first / scale[:, None]
        # From the posterior's log-odds to the ratio of likelihoods: without the prior's.
        output = output - np.log(labels.sum() / (~labels).sum())
        self.layers_ = tuple(
            (weights.astype(np.float32), offset.astype(np.float32))
            for weights, offset in ((first, bias - mean @ first), (second, output))
        )
        return self

    def detect(self, static: Frames) -> npt.NDArray[np.int64]:
        """Find speech in one recording.

        Parameters
        ----------
        static : ndarray (n_frames, n_static), float32
            Static frames, log-energy first.

        Returns
        -------
        ndarray (n_regions, 2), int64
            Bounds ``[first, last)`` of the regions, in frames.

        Raises
        ------
        ParameterError
            If the frames are no finite matrix, or have other columns than those trained on.
        """
        check_is_fitted(self, "layers_")
        self._check_parameters()
        static = checked_frames(static, "static")
        n_inputs = len(self.layers_[0][0])
        if _INPUTS * static.shape[1] != n_inputs and len(static):
            raise ParameterError(
                f"static must have {n_inputs // _INPUTS} columns, got {static.shape[1]}"
            )
        if len(static) == 0:
            return np.empty((0, 2), dtype=np.int64)
        energy = _energy(static)
        moves = maximum_filter1d(energy, _STEADY_FRAMES) - minimum_filter1d(energy, _STEADY_FRAMES)
        silent = (energy <= _SILENCE) | (moves < _STEADY)
        ratio = np.where(silent, -1e3, self._ratio(static, _loudness(energy)) + self.bias)
        return _closed(
            _viterbi(ratio, self.penalty),
            self.min_duration,
            self.min_gap,
            self.config or MfccConfig(),
        )

    def _check_parameters(self) -> None:
        if self.config is not None:
            check_type(self.config, MfccConfig, "config")
        for name in ("n_hidden", "n_epochs"):
            check_integer(getattr(self, name), name, least=1)
        for name in ("penalty", "min_duration", "min_gap"):
            check_not_negative(getattr(self, name), name)
        check_number(self.bias, "bias")
        check_random_state(self.random_state)

    def _mask(self, n_frames: int, speech: Timeline) -> npt.NDArray[np.bool_]:
        mask = np.zeros(n_frames, dtype=bool)
        for first, last in timeline_to_frames(speech, n_frames, self.config or MfccConfig()):
            mask[first:last] = True
        return mask

    def _ratio(self, static: Frames, loudness: float) -> npt.NDArray[np.float64]:
        """Log-likelihood ratio of speech over the rest in each frame."""
        (hidden, bias), (output, offset) = self.layers_
        with blas_limit():
            chunks = [
                np.maximum(inputs @ hidden + bias, 0) @ output + offset
                for inputs in _inputs(static, loudness, _STEP)
            ]
        ratio = np.concatenate(chunks)[:, 0].astype(np.float64)
        return np.repeat(ratio, _STEP)[: len(static)]


def _inputs(static: Frames, loudness: float, step: int) -> Iterator[FloatArray]:
    """Yield what the network sees of every `step`-th frame, chunk by chunk."""
    reach = _REACH + _WINDOW // 2
    for first in range(0, len(static), _CHUNK):
        low, last = max(0, first - reach), min(first + _CHUNK, len(static))
        near = static[low : last + reach]
        columns = np.hstack([near, deltas(near)]).astype(np.float64)
        columns[:, 0] -= loudness
        mean = uniform_filter1d(columns, _WINDOW, axis=0)
        variance = uniform_filter1d(columns**2, _WINDOW, axis=0) - mean**2
        seen = slice(first - low, last - low, step)
        spread = np.sqrt(np.maximum(variance[seen], 0))
        yield np.hstack([columns[seen], mean[seen], spread]).astype(np.float32)


def detect_by_energy(
    static: Frames,
    *,
    config: MfccConfig | None = None,
    min_duration: float = 0.2,
    min_gap: float = 0.5,
) -> npt.NDArray[np.int64]:
    """Find speech without a model: frames louder than half-way between quiet and loud.

    Parameters
    ----------
    static : ndarray (n_frames, n_static)
        Static frames, log-energy first.
    config : MfccConfig, optional
        What the frames are.
    min_duration, min_gap : float
        Seconds, as in `SpeechDetector`.

    Returns
    -------
    ndarray (n_regions, 2), int64
        Bounds ``[first, last)`` of the regions, in frames.

    Examples
    --------
    >>> import numpy as np
    >>> static = np.full((300, 1), -12.0)
    >>> static[100:200] = -2.0
    >>> detect_by_energy(static)
    array([[100, 200]])
    """
    check_not_negative(min_duration, "min_duration")
    check_not_negative(min_gap, "min_gap")
    config = MfccConfig() if config is None else check_type(config, MfccConfig, "config")
    energy = _energy(checked_frames(static, "static")).astype(np.float64)
    heard = energy[energy > _SILENCE]
    if len(heard) == 0:
        return np.empty((0, 2), dtype=np.int64)
    quiet, loud = np.percentile(heard, [10, 90])
    threshold = max((quiet + loud) / 2, _SILENCE) if loud - quiet > 2 else loud - 2
    return _closed(energy > threshold, min_duration, min_gap, config)


def regions_to_timeline(
    regions: npt.NDArray[np.int64], n_frames: int, duration: float, config: MfccConfig
) -> Timeline:
    """Turn frame bounds into seconds."""
    regions = check_bounds(regions, "regions", n_frames, apart=False)
    return Timeline.from_arrays(*frames_to_seconds(regions, n_frames, duration, config).T)


def _closed(
    speech: npt.NDArray[np.bool_], min_duration: float, min_gap: float, config: MfccConfig
) -> npt.NDArray[np.int64]:
    """Bounds of the runs of True, short gaps closed, then short runs dropped."""
    edges = np.flatnonzero(np.diff(speech.astype(np.int8), prepend=np.int8(0), append=np.int8(0)))
    starts, ends = edges[::2], edges[1::2]
    if len(starts) == 0:
        return np.empty((0, 2), dtype=np.int64)
    apart = lasts(starts[1:] - ends[:-1], min_gap, config)
    starts = starts[np.concatenate([[True], apart])]
    ends = ends[np.concatenate([apart, [True]])]
    keep = lasts(ends - starts, min_duration, config)
    return np.stack([starts[keep], ends[keep]], axis=1)


def _energy(static: Frames) -> FloatArray:
    # Copies: a column alone would keep its whole chunk in memory.
    starts = range(0, len(static), _CHUNK)
    chunks = [static[first : first + _CHUNK][:, 0].copy() for first in starts]
    return np.concatenate([np.empty(0, np.float32), *chunks])


def _loudness(energy: FloatArray) -> float:
    """Energy of the recording's loud frames."""
    heard = energy[energy > _SILENCE]
    return float(np.percentile(heard, 90)) if len(heard) else 0.0


def _viterbi(ratio: npt.NDArray[np.float64], penalty: float) -> npt.NDArray[np.bool_]:
    """Best two-state path: `ratio` is the score of speech over the rest in each frame."""
    chunks = (ratio[first : first + _CHUNK] for first in range(0, len(ratio), _CHUNK))
    scores = (np.stack([np.zeros_like(chunk), chunk]) for chunk in chunks)
    return np.asarray(best_path(scores, 2, len(ratio), penalty=penalty) == 1)
