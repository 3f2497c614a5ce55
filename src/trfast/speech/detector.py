"""SpeechDetector: a small network that tells speech from the rest, and a Viterbi path."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence, Sized
from itertools import count, pairwise
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from trfast._checks import (
    check_integer,
    check_not_negative,
    check_number,
    check_random_state,
    check_type,
)
from trfast._estimators import Estimator, check_is_fitted
from trfast._filters import running_max, running_min
from trfast._threads import blas_limit, one_thread
from trfast.annotation import Timeline
from trfast.errors import ModelError, ParameterError
from trfast.features import MfccConfig, frame_hop, timeline_mask
from trfast.features.frames import Frames, checked_frames
from trfast.speech.inputs import SILENCE, STEP, energy_of, inputs, levels_of, n_inputs
from trfast.speech.regions import closed, likely

FloatArray = npt.NDArray[Any]

# One block in so many is trained on, of each recording whole and of its stretches.
_FIT_STEP = 6
# Seconds that a stretch lasts at least and at most.
_STRETCH = (2.5, 60.0)
# Rows of a batch, fewer of a small collection: it takes so many steps, whatever the rows.
_BATCHES, _STEPS = (32, 512), 500
_RATE, _DECAY = 2e-3, 3e-3
# What does not move by 4 dB (in log-energy) within 3 s is a hum or a hiss, whatever the network,
# which never heard it, says. Speech moves by more, and pauses are shorter.
_STEADY, _STEADY_FRAMES = 1.0, 300


class SpeechDetector(Estimator):
    """A small network that tells speech from the rest, and a Viterbi path between them.

    The network has two hidden layers of rectified units [1]_. Of every four frames it sees energy
    and cepstra, how much they move within half a second and five, all relative to the five
    seconds around or to the recording's loud and quiet frames: neither level nor channel count,
    and speech has syllables, while tones and noise have not. Its output is the log-likelihood
    ratio of speech over the rest.

    Parameters
    ----------
    config : MfccConfig
        What the frames are: static columns, log-energy first.
    n_hidden : int
        Units of the first hidden layer; the second has a quarter of them, rounded up.
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
        Seed of the network's start, of the order of frames, and of the stretches of recordings.

    Attributes
    ----------
    layers_ : tuple of (ndarray (n_inputs, n_outputs), ndarray (n_outputs,)), float32
        Weights and bias of the hidden layers and of the output.

    References
    ----------
    .. [1] N. Ryant, M. Liberman, J. Yuan, "Speech activity detection on YouTube using deep neural
       networks", Interspeech 2013.
    """

    def __init__(
        self,
        *,
        config: MfccConfig | None = None,
        n_hidden: int = 128,
        n_epochs: int = 6,
        penalty: float = 120.0,
        bias: float = -1.0,
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

        Each is looked at whole and in stretches, whose loud and quiet frames are others.

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
        self.check_parameters()
        for name, value in (("X", X), ("y", y)):
            check_type(value, Sized, name, hint="one for each recording")  # type: ignore[type-abstract]
        if len(X) != len(y):
            raise ParameterError(f"y must hold a timeline for each of {len(X)} X, got {len(y)}")
        rng = np.random.default_rng(self.random_state)
        rows, spoken = [], [np.empty(0, dtype=bool)]
        for recording, timeline in zip(X, y, strict=True):
            static = checked_frames(recording, "X")
            mask = timeline_mask(timeline, len(static), self.config or MfccConfig())
            stretches = list(self._stretches(len(static), rng))
            for first, last in [(0, len(static)), *stretches] if stretches else []:
                seen, labels = _training_rows(static[first:last], mask[first:last])
                rows.append(seen)
                spoken.append(labels)
        labels = np.concatenate(spoken)
        for name, n_rows in (("speech", labels.sum()), ("non-speech", (~labels).sum())):
            if n_rows < self.n_hidden:
                raise ModelError(
                    f"{n_rows} blocks of {name} cannot train {self.n_hidden} units;"
                    " give recordings with both speech and pauses, music or noise"
                )
        self.layers_ = self._trained(np.concatenate(rows), labels)
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
        self.check_parameters()
        static = checked_frames(static, "static")
        if len(static) == 0:
            return np.empty((0, 2), dtype=np.int64)
        n_seen = len(self.layers_[0][0])
        if n_inputs(static.shape[1]) != n_seen:
            expected = next(k for k in count(1) if n_inputs(k) >= n_seen)
            raise ParameterError(f"static must have {expected} columns, got {static.shape[1]}")
        energy = energy_of(static)
        moves = running_max(energy, _STEADY_FRAMES) - running_min(energy, _STEADY_FRAMES)
        silent = (energy <= SILENCE) | (moves < _STEADY)
        ratio = np.where(silent, -1e3, self._ratio(static, levels_of(energy)) + self.bias)
        return closed(
            likely(ratio, self.penalty),
            self.min_duration,
            self.min_gap,
            frame_hop(self.config or MfccConfig()),
        )

    def check_parameters(self) -> None:
        """Raise a ParameterError if a parameter makes no sense."""
        if self.config is not None:
            check_type(self.config, MfccConfig, "config")
        for name in ("n_hidden", "n_epochs"):
            check_integer(getattr(self, name), name, least=1)
        for name in ("penalty", "min_duration", "min_gap"):
            check_not_negative(getattr(self, name), name)
        check_number(self.bias, "bias")
        check_random_state(self.random_state)

    def _stretches(self, n_frames: int, rng: np.random.Generator) -> Iterator[tuple[int, int]]:
        """Cut a recording into stretches of whole blocks, about as many short as long ones."""
        hop = frame_hop(self.config or MfccConfig())
        shortest, longest = np.log(np.array(_STRETCH) / hop / STEP)
        cuts = [0]
        while cuts[-1] < n_frames:
            cuts.append(cuts[-1] + STEP * max(1, int(np.exp(rng.uniform(shortest, longest)))))
        yield from pairwise([*cuts[:-1], n_frames])

    def _trained(
        self, seen: FloatArray, labels: npt.NDArray[np.bool_]
    ) -> tuple[tuple[FloatArray, FloatArray], ...]:
        """Layers of the network trained on rows, which are changed."""
        # Slow to load, and only training needs them.
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier

        mean, scale = seen.mean(axis=0, dtype=np.float64), seen.std(axis=0, dtype=np.float64)
        scale = np.maximum(scale, 1e-6)
        seen -= mean.astype(np.float32)
        seen /= scale.astype(np.float32)
        network = MLPClassifier(
            (self.n_hidden, -(-self.n_hidden // 4)),
            batch_size=min(int(np.clip(len(seen) // _STEPS, *_BATCHES)), len(seen)),
            alpha=_DECAY,
            learning_rate_init=_RATE,
            max_iter=self.n_epochs,
            n_iter_no_change=self.n_epochs + 1,
            random_state=self.random_state,
        )
        # One thread: BLAS adds up in another order with more.
        with one_thread(), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the epochs are what is wanted
            network.fit(seen, labels)
        weights, offsets = list(network.coefs_), list(network.intercepts_)
        weights[0] = weights[0] / scale[:, None]
        offsets[0] = offsets[0] - mean @ weights[0]
        # From the posterior's log-odds to the ratio of likelihoods: without the prior's.
        offsets[-1] = offsets[-1] - np.log(labels.sum() / (~labels).sum())
        return tuple(
            (weight.astype(np.float32), offset.astype(np.float32))
            for weight, offset in zip(weights, offsets, strict=True)
        )

    def _ratio(self, static: Frames, levels: tuple[float, float]) -> npt.NDArray[np.float64]:
        """Log-likelihood ratio of speech over the rest in each frame."""
        *hidden, (output, offset) = self.layers_
        chunks = []
        with blas_limit():
            for seen in inputs(static, levels):
                for weights, bias in hidden:
                    seen = np.maximum(seen @ weights + bias, 0)
                chunks.append(seen @ output + offset)
        ratio = np.concatenate(chunks)[:, 0].astype(np.float64)
        return np.repeat(ratio, STEP)[: len(static)]


def _training_rows(
    static: FloatArray, mask: npt.NDArray[np.bool_]
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """What the network sees of some blocks that are not silent, and whether they are speech."""
    energy = energy_of(static)
    middles = np.minimum(np.arange(0, len(static), STEP) + STEP // 2, len(static) - 1)
    chosen = np.arange(len(middles)) % _FIT_STEP == 0
    chosen &= energy[middles] > SILENCE
    seen = np.concatenate(list(inputs(static, levels_of(energy))))
    return seen[chosen], mask[middles][chosen]
