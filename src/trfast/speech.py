"""Where somebody speaks: GMM + Viterbi, an energy detector as fall-back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d, minimum_filter1d, uniform_filter1d
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from trfast._ext import _segmentation
from trfast._frames import Frames, checked_frames
from trfast.annotation import Timeline
from trfast.errors import ModelError
from trfast.features import MfccConfig, deltas, frames_to_seconds, timeline_to_frames
from trfast.gmm import DiagonalGmm

FloatArray = npt.NDArray[Any]
Mixtures = tuple[DiagonalGmm, DiagonalGmm]

# Natural log-energy (samples in +-1, a frame of 400) of what is not even recording noise:
# about 1e-5 of full scale a sample.
_SILENCE = float(np.log(400 * 1e-10))

# Frames whose columns are in memory at a time: 5 minutes.
_CHUNK = 30_000
# Frames over which the modulation of the energy is looked at: 0.75 s, three syllables.
_MODULATION = 75
# What does not move by 4 dB (in log-energy) within 3 s is a hum or a hiss, whatever the mixtures,
# which never heard it, say. Speech moves by more, and pauses are shorter.
_STEADY, _STEADY_FRAMES = 1.0, 300


@dataclass(frozen=True)
class _View:
    """One way to look at frames: columns of every `step`-th of them, out of `reach` around."""

    columns: Callable[[FloatArray, float], FloatArray]
    reach: int
    step: int

    def chunks(self, static: Frames, loudness: float) -> Iterator[FloatArray]:
        for first in range(0, len(static), _CHUNK):
            low, last = max(0, first - self.reach), min(first + _CHUNK, len(static))
            columns = self.columns(static[low : last + self.reach], loudness)
            yield np.ascontiguousarray(columns[first - low : last - low : self.step])

    def ratio(self, mixtures: Mixtures, static: Frames, loudness: float) -> FloatArray:
        """Log-likelihood ratio of speech over the rest in each frame."""
        speech, rest = mixtures
        chunks = [
            speech.score_samples(frames) - rest.score_samples(frames)
            for frames in self.chunks(static, loudness)
        ]
        return np.repeat(np.concatenate(chunks), self.step)[: len(static)]


def _cepstral_columns(static: FloatArray, loudness: float) -> FloatArray:
    """Static and delta columns; the energy is relative to `loudness`."""
    columns = np.hstack([static, deltas(static)])
    columns[:, 0] -= loudness
    return columns


def _modulation_columns(static: FloatArray, loudness: float) -> FloatArray:
    """The same, and how energy and spectrum move: speech has syllables, music has not."""
    columns = _cepstral_columns(static, loudness)
    energy = columns[:, 0].astype(np.float64)
    mean = uniform_filter1d(energy, _MODULATION)
    variance = uniform_filter1d(energy**2, _MODULATION) - mean**2
    movement = np.abs(deltas(static)[:, 1:8]).mean(axis=1, dtype=np.float64)
    moving = [
        mean,
        np.sqrt(np.maximum(variance, 0)),
        minimum_filter1d(energy, _MODULATION),
        maximum_filter1d(energy, _MODULATION),
        uniform_filter1d(movement, _MODULATION),
    ]
    return np.hstack([columns, np.stack(moving, axis=1).astype(columns.dtype)])


_CEPSTRA = _View(_cepstral_columns, reach=2, step=2)
VIEWS = {
    "cepstra": _CEPSTRA,
    "modulation": _View(_modulation_columns, reach=2 + _MODULATION // 2, step=4),
}


class SpeechDetector(BaseEstimator):  # type: ignore[misc]
    """GMMs of speech and of the rest, and a Viterbi path between them.

    Two pairs of mixtures look at each recording: one at cepstra and their deltas, whose means
    are adapted to the recording (MAP [1]_), one also at the modulation of energy and spectrum,
    which tells music from speech. The mean of their log-likelihood ratios decides.

    Parameters
    ----------
    config : MfccConfig
        What the frames are: static columns, log-energy first.
    n_components : int
        Gaussians in each mixture.
    penalty : float
        Cost of a change between speech and the rest, in units of log-likelihood.
    bias : float
        Added to the log-likelihood ratio of each frame: above 0 finds more speech.
    n_adaptations : int
        Times that the cepstral mixtures are adapted to what was found so far; 0: never.
    relevance : float
        Frames after which a Gaussian's mean is half the recording's.
    min_speech, min_gap : float
        Seconds: gaps shorter than `min_gap` are closed, then shorter speech is dropped.
    random_state : int
        Seed of the mixtures' start.
    n_threads : int or None
        Threads; None takes all cores.

    Attributes
    ----------
    mixtures_ : dict of str to (DiagonalGmm, DiagonalGmm)
        Speech and the rest, for ``"cepstra"`` and for ``"modulation"``.

    References
    ----------
    .. [1] D. A. Reynolds, T. F. Quatieri, R. B. Dunn, "Speaker verification using adapted
       Gaussian mixture models", Digital Signal Processing 10, 2000.
    """

    def __init__(
        self,
        *,
        config: MfccConfig | None = None,
        n_components: int = 64,
        penalty: float = 80.0,
        bias: float = 1.0,
        n_adaptations: int = 1,
        relevance: float = 30.0,
        min_speech: float = 0.2,
        min_gap: float = 0.5,
        random_state: int = 0,
        n_threads: int | None = None,
    ) -> None:
        self.config = config
        self.n_components = n_components
        self.penalty = penalty
        self.bias = bias
        self.n_adaptations = n_adaptations
        self.relevance = relevance
        self.min_speech = min_speech
        self.min_gap = min_gap
        self.random_state = random_state
        self.n_threads = n_threads

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
        ModelError
            If there are too few frames of speech, or of the rest.
        """
        masks = [self._mask(static, timeline) for static, timeline in zip(X, y, strict=True)]
        self.mixtures_ = {name: self._fit_view(view, X, masks) for name, view in VIEWS.items()}
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
        """
        check_is_fitted(self, "mixtures_")
        static = checked_frames(static, "static")
        if len(static) == 0:
            return np.empty((0, 2), dtype=np.int64)
        energy = _energy(static)
        loudness = _loudness(energy)
        moves = maximum_filter1d(energy, _STEADY_FRAMES) - minimum_filter1d(energy, _STEADY_FRAMES)
        silent = (energy <= _SILENCE) | (moves < _STEADY)
        mixtures = self.mixtures_["cepstra"]
        cepstra = _CEPSTRA.ratio(mixtures, static, loudness)
        for _ in range(self.n_adaptations):
            speech = _viterbi(np.where(silent, -1e3, cepstra), self.penalty)
            labels = np.where(silent, np.int8(2), ~speech)
            mixtures = self._adapted(mixtures, static, loudness, labels)
            cepstra = _CEPSTRA.ratio(mixtures, static, loudness)
        modulation = VIEWS["modulation"].ratio(self.mixtures_["modulation"], static, loudness)
        ratio = np.where(silent, -1e3, (cepstra + modulation) / 2 + self.bias)
        return _closed(
            _viterbi(ratio, self.penalty),
            self.min_speech,
            self.min_gap,
            self.config or MfccConfig(),
        )

    def _mask(self, static: FloatArray, speech: Timeline) -> npt.NDArray[np.bool_]:
        mask = np.zeros(len(static), dtype=bool)
        for first, last in timeline_to_frames(speech, len(static), self.config or MfccConfig()):
            mask[first:last] = True
        return mask

    def _fit_view(
        self, view: _View, recordings: Sequence[FloatArray], masks: list[npt.NDArray[np.bool_]]
    ) -> Mixtures:
        parts: dict[str, list[FloatArray]] = {"speech": [], "non-speech": []}
        for static, mask in zip(recordings, masks, strict=True):
            heard = static[:, 0] > _SILENCE
            columns = view.columns(np.asarray(static), _loudness(static[:, 0]))
            parts["speech"].append(columns[mask & heard])
            parts["non-speech"].append(columns[~mask & heard])
        for name, part in parts.items():
            n_frames = sum(map(len, part))
            if n_frames < 10 * self.n_components:
                raise ModelError(
                    f"{n_frames} frames of {name} cannot train {self.n_components} Gaussians;"
                    " give recordings with both speech and pauses, music or noise"
                )
        speech, rest = (
            DiagonalGmm(
                n_components=self.n_components,
                random_state=self.random_state,
                n_threads=self.n_threads,
            ).fit(part)
            for part in parts.values()
        )
        return speech, rest

    def _adapted(
        self, mixtures: Mixtures, static: Frames, loudness: float, labels: npt.NDArray[np.int8]
    ) -> Mixtures:
        """Mixtures whose means and weights are drawn to the frames of label 0, and 1."""
        labels = labels[:: _CEPSTRA.step]
        counts = [np.zeros(len(mixture.weights_)) for mixture in mixtures]
        sums = [np.zeros_like(mixture.means_) for mixture in mixtures]
        start = 0
        for frames in _CEPSTRA.chunks(static, loudness):
            chosen = labels[start : start + len(frames)]
            for k, mixture in enumerate(mixtures):
                statistics = mixture.statistics(frames[chosen == k])
                counts[k] += statistics.zeroth[0]
                sums[k] += statistics.first[0]
            start += len(frames)
        relevance = self.relevance / _CEPSTRA.step
        speech, rest = (
            DiagonalGmm.of(
                (count + relevance * mixture.weights_) / (count.sum() + relevance),
                (total + relevance * mixture.means_) / (count + relevance)[:, None],
                mixture.variances_,
                n_threads=mixture.n_threads,
            )
            for mixture, count, total in zip(mixtures, counts, sums, strict=True)
        )
        return speech, rest


def detect_by_energy(
    static: Frames,
    *,
    config: MfccConfig | None = None,
    min_speech: float = 0.2,
    min_gap: float = 0.5,
) -> npt.NDArray[np.int64]:
    """Find speech without a model: frames louder than half-way between quiet and loud.

    Parameters
    ----------
    static : ndarray (n_frames, n_static)
        Static frames, log-energy first.
    config : MfccConfig, optional
        What the frames are.
    min_speech, min_gap : float
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
    energy = _energy(checked_frames(static, "static")).astype(np.float64)
    heard = energy[energy > _SILENCE]
    if len(heard) == 0:
        return np.empty((0, 2), dtype=np.int64)
    quiet, loud = np.percentile(heard, [10, 90])
    threshold = max((quiet + loud) / 2, _SILENCE) if loud - quiet > 2 else loud - 2
    return _closed(energy > threshold, min_speech, min_gap, config or MfccConfig())


def regions_to_timeline(
    regions: npt.NDArray[np.int64], n_frames: int, duration: float, config: MfccConfig
) -> Timeline:
    """Turn frame bounds into seconds."""
    return Timeline.from_arrays(*frames_to_seconds(regions, n_frames, duration, config).T)


def _closed(
    speech: npt.NDArray[np.bool_], min_speech: float, min_gap: float, config: MfccConfig
) -> npt.NDArray[np.int64]:
    """Bounds of the runs of True, short gaps closed, then short runs dropped."""
    edges = np.flatnonzero(np.diff(speech.astype(np.int8), prepend=np.int8(0), append=np.int8(0)))
    starts, ends = edges[::2], edges[1::2]
    if len(starts) == 0:
        return np.empty((0, 2), dtype=np.int64)
    apart = (starts[1:] - ends[:-1]) * config.hop >= min_gap
    starts = starts[np.concatenate([[True], apart])]
    ends = ends[np.concatenate([apart, [True]])]
    keep = (ends - starts) * config.hop >= min_speech
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
    score = np.zeros(2)
    switched = np.empty((len(ratio), 2), dtype=np.uint8)
    source, path = np.empty((2, len(ratio)), dtype=np.int32)
    for first in range(0, len(ratio), _CHUNK):
        chunk = slice(first, first + _CHUNK)
        scores = np.stack([np.zeros_like(ratio[chunk]), ratio[chunk]])
        _segmentation.viterbi_forward(scores, penalty, score, switched[chunk], source[chunk])
    _segmentation.viterbi_backward(switched, source, int(np.argmax(score)), path)
    return np.asarray(path == 1)
