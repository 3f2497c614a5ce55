"""Where somebody speaks: GMM + Viterbi, an energy detector as fall-back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numba
import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from trfast._checks import check_matrix
from trfast.annotation import Timeline
from trfast.errors import ModelError
from trfast.features import MfccConfig, deltas, frames_to_seconds, timeline_to_frames
from trfast.gmm import DiagonalGmm

FloatArray = npt.NDArray[Any]

# Natural log-energy (samples in +-1, a frame of 400) of what is not even recording noise:
# about 1e-5 of full scale a sample.
_SILENCE = float(np.log(400 * 1e-10))


class SpeechDetector(BaseEstimator):  # type: ignore[misc]
    """Two GMMs, speech and the rest, and a Viterbi path between them.

    Parameters
    ----------
    config : MfccConfig
        What the frames are: static columns, log-energy first.
    n_components : int
        Gaussians in each of the two mixtures.
    penalty : float
        Cost of a change between speech and the rest, in units of log-likelihood.
    bias : float
        Added to the log-likelihood ratio of each frame: above 0 finds more speech.
    min_speech, min_gap : float
        Seconds: gaps shorter than `min_gap` are closed, then shorter speech is dropped.
    random_state : int
        Seed of the mixtures' start.
    n_threads : int or None
        Threads; None takes all cores.

    Attributes
    ----------
    speech_, rest_ : DiagonalGmm
        The two mixtures.
    """

    def __init__(
        self,
        *,
        config: MfccConfig | None = None,
        n_components: int = 64,
        penalty: float = 80.0,
        bias: float = 0.0,
        min_speech: float = 0.2,
        min_gap: float = 0.5,
        random_state: int = 0,
        n_threads: int | None = None,
    ) -> None:
        self.config = config
        self.n_components = n_components
        self.penalty = penalty
        self.bias = bias
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
        """
        config = self.config or MfccConfig()
        speech, rest = [], []
        for static, timeline in zip(X, y, strict=True):
            mask = np.zeros(len(static), dtype=bool)
            for first, last in timeline_to_frames(timeline, len(static), config):
                mask[first:last] = True
            frames = self._frames(static)
            heard = static[:, 0] > _SILENCE
            speech.append(frames[mask & heard])
            rest.append(frames[~mask & heard])
        for name, part in (("speech", speech), ("non-speech", rest)):
            n_frames = sum(map(len, part))
            if n_frames < 10 * self.n_components:
                raise ModelError(
                    f"{n_frames} frames of {name} cannot train {self.n_components} Gaussians;"
                    " give recordings with both speech and pauses, music or noise"
                )
        self.speech_, self.rest_ = (
            DiagonalGmm(
                n_components=self.n_components,
                random_state=self.random_state,
                n_threads=self.n_threads,
            ).fit(part)
            for part in (speech, rest)
        )
        return self

    def detect(self, static: FloatArray) -> npt.NDArray[np.int64]:
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
        check_is_fitted(self, "speech_")
        static = check_matrix(static, "static")
        if len(static) == 0:
            return np.empty((0, 2), dtype=np.int64)
        frames = self._frames(static)
        ratio = self.speech_.score_samples(frames) - self.rest_.score_samples(frames) + self.bias
        ratio[static[:, 0] <= _SILENCE] = -1e3
        return _closed(
            _viterbi(ratio, self.penalty),
            self.min_speech,
            self.min_gap,
            self.config or MfccConfig(),
        )

    def _frames(self, static: FloatArray) -> FloatArray:
        """Static and delta columns; the energy is relative to the recording's loud frames."""
        level = static[:, :1]
        heard = level[level > _SILENCE]
        centred = static.copy()
        centred[:, 0] -= np.percentile(heard, 90) if len(heard) else 0
        return np.ascontiguousarray(np.hstack([centred, deltas(static)]))


def detect_by_energy(
    static: FloatArray,
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
    energy = check_matrix(static, "static", dtype=np.float64)[:, 0]
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
    edges = np.flatnonzero(np.diff(np.concatenate([[0], speech.astype(np.int8), [0]])))
    starts, ends = edges[::2], edges[1::2]
    if len(starts) == 0:
        return np.empty((0, 2), dtype=np.int64)
    apart = (starts[1:] - ends[:-1]) * config.hop >= min_gap
    starts = starts[np.concatenate([[True], apart])]
    ends = ends[np.concatenate([apart, [True]])]
    keep = (ends - starts) * config.hop >= min_speech
    return np.stack([starts[keep], ends[keep]], axis=1)


@numba.njit(cache=True)
def _viterbi(ratio: npt.NDArray[np.float64], penalty: float) -> npt.NDArray[np.bool_]:
    """Best two-state path: `ratio` is the score of speech over the rest in each frame."""
    n = len(ratio)
    from_other = np.zeros((n, 2), dtype=np.bool_)
    rest, speech = 0.0, 0.0
    for t in range(n):
        new_rest, new_speech = rest, speech
        if speech - penalty > rest:
            new_rest, from_other[t, 0] = speech - penalty, True
        if rest - penalty > speech:
            new_speech, from_other[t, 1] = rest - penalty, True
        rest, speech = new_rest, new_speech + ratio[t]
    path = np.empty(n, dtype=np.bool_)
    state = speech > rest
    for t in range(n - 1, -1, -1):
        path[t] = state
        if from_other[t, int(state)]:
            state = not state
    return path
