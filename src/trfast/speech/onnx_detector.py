"""OnnxDetector: a network in an ONNX file that hears speech in samples, and a Viterbi path."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from trfast._checks import check_not_negative, check_number, check_type, check_vector
from trfast._onnx import Network, described
from trfast.annotation import Timeline
from trfast.audio import SAMPLE_RATE
from trfast.errors import AudioError, ModelError, ParameterError
from trfast.features._extractor import checked_blocks
from trfast.speech.regions import closed, likely

FloatArray = npt.NDArray[np.float32]
Blocks = npt.NDArray[np.floating] | Iterable[npt.NDArray[np.floating]]

# Samples of a window, which gets one probability, and those before it that are seen with it.
_STEP, _BEFORE = 512, 64
_WIDTH = _BEFORE + _STEP
# Windows that go through the network together, counted from the start of the recording whatever
# its blocks are: in other numbers they may be rounded otherwise.
_BATCH = 128
# Probabilities nearer to 0 and 1 say no more.
_TINY = 1e-7


@dataclass(frozen=True, kw_only=True)
class OnnxDetectorConfig:
    """How probabilities of speech become regions; chosen for Silero VAD, on `radio-train`.

    Parameters
    ----------
    penalty : float
        Cost of a change between speech and the rest, in units of log-odds.
    bias : float
        Added to the log-odds of each window: above 0 finds more speech.
    min_duration, min_gap : float
        Seconds: gaps shorter than `min_gap` are closed, then regions shorter than `min_duration`
        dropped.
    padding : float
        Seconds by which each region then starts earlier and ends later.
    """

    penalty: float = 25.0
    bias: float = 1.5
    min_duration: float = 0.2
    min_gap: float = 0.5
    padding: float = 0.05

    def __post_init__(self) -> None:
        for name in ("penalty", "min_duration", "min_gap", "padding"):
            check_not_negative(getattr(self, name), name)
        check_number(self.bias, "bias")


class OnnxDetector:
    """A speech detector in an ONNX file, such as the sequence model of Silero VAD.

    It takes windows of 576 samples at 16 kHz, each the 512 that are new and the 64 before them,
    shape (windows, 576), and the states that it left behind; gives one probability of speech a
    window, (windows,), and its states. What they are called is read from the file. One thread
    computes. Picklable: another process opens the file again.

    A Viterbi path goes through the log-odds, as in `SpeechDetector`.

    Parameters
    ----------
    path : path
        ONNX file; users bring it, none comes with the package.
    config : OnnxDetectorConfig, optional

    Raises
    ------
    MissingExtraError
        If onnxruntime is missing (``pip install "trfast[neural]"``).
    ModelError
        If the file cannot be read, is no ONNX model, or takes or gives something else.

    Examples
    --------
    >>> from trfast.audio import stream
    >>> detector = OnnxDetector("silero_vad_16k_sequence.onnx")  # doctest: +SKIP
    >>> detector.detect(stream("show.opus"))  # doctest: +SKIP
    Timeline([(3.1, 21.0), (22.4, 104.2)])
    """

    def __init__(
        self, path: str | os.PathLike[str], *, config: OnnxDetectorConfig | None = None
    ) -> None:
        own = OnnxDetectorConfig() if config is None else config
        self.config = check_type(own, OnnxDetectorConfig, "config")
        self._network = Network(path, "a speech detector in an ONNX file")
        self.path, self.file_hash = self._network.path, self._network.file_hash
        _check(self._network)

    def __reduce__(self) -> tuple[Any, ...]:
        return _opened, (self.path, self.config)

    def __repr__(self) -> str:
        return f"<OnnxDetector {self.path.name} {self.file_hash:.12}>"

    @property
    def settings(self) -> tuple[Any, ...]:
        """All that the regions depend on."""
        return (self.file_hash, *astuple(self.config))

    @property
    def fingerprint(self) -> str:
        """`settings`, as a text."""
        return repr(self.settings)

    def detect(self, blocks: Blocks) -> Timeline:
        """Find speech in one recording.

        Parameters
        ----------
        blocks : ndarray (n,) or iterable of ndarray (n_i,)
            Samples at 16 kHz, full scale -1 to 1, whole or in blocks of any size, as
            `trfast.audio.stream` gives them. The result does not depend on how they are cut.

        Returns
        -------
        Timeline

        Raises
        ------
        AudioError
            If a sample is NaN or infinite.
        ParameterError
            If the blocks cannot be gone through, or one is not a 1-D array of floats.
        ModelError
            If the network gives no probabilities.
        """
        n_samples = 0

        def counted() -> Iterator[FloatArray]:
            nonlocal n_samples
            for block in checked_blocks(blocks):
                n_samples += len(block)
                yield block

        found = np.concatenate([np.empty(0, np.float32), *self.stream(counted())])
        return self.timeline(found, n_samples / SAMPLE_RATE)

    def stream(self, blocks: Blocks) -> Iterator[FloatArray]:
        """Yield the probabilities of speech as samples arrive; arguments and errors as `detect`.

        Yields
        ------
        ndarray (n,) of float32
            One for each 32 ms: for each block those of the windows that it completes, many at a
            time; then those of the last, filled up with zeros.
        """
        states = self._start()
        held = np.zeros(_BEFORE, np.float32)
        batch = _BATCH * _STEP
        for block in checked_blocks(blocks):
            held = np.concatenate([held, block])
            whole = (len(held) - _BEFORE) // batch * batch
            found = [np.empty(0, np.float32)]
            for start in range(0, whole, batch):
                probabilities, *states = self._run(held[start : start + batch + _BEFORE], states)
                found.append(probabilities)
            held = held[whole:].copy()
            yield np.concatenate(found)
        missing = -(len(held) - _BEFORE) % _STEP
        held = np.pad(held, (0, missing))
        if len(held) > _BEFORE:
            yield self._run(held, states)[0]

    def timeline(self, probabilities: npt.ArrayLike, duration: float) -> Timeline:
        """Turn probabilities of speech into regions.

        Parameters
        ----------
        probabilities : array_like (n,)
            Those of a recording, as `stream` yields them, joined.
        duration : float
            Seconds of audio.

        Returns
        -------
        Timeline
        """
        check_not_negative(duration, "duration")
        n, hop, config = np.size(probabilities), _STEP / SAMPLE_RATE, self.config
        values = check_vector(probabilities, "probabilities", n, "a window")
        if n != -(-round(duration * SAMPLE_RATE) // _STEP):
            raise ParameterError(
                f"probabilities must be one for each {hop:g} s of {duration:g} s, got {n}"
            )
        ratio = (
            scipy.special.logit(np.clip(values.astype(np.float64), _TINY, 1 - _TINY)) + config.bias
        )
        speech = likely(ratio, config.penalty)
        bounds = hop * closed(speech, config.min_duration, config.min_gap, hop)
        bounds += (-config.padding, config.padding)
        return Timeline.from_arrays(*bounds.clip(0, duration).T).merged()

    def _start(self) -> list[FloatArray]:
        shapes: list[Any] = [part.shape for part in self._network.takes[1:]]
        return [np.zeros(shape, np.float32) for shape in shapes]

    def _run(self, samples: FloatArray, states: list[FloatArray]) -> list[FloatArray]:
        """Probabilities of consecutive windows, and states."""
        if not np.isfinite(samples).all():
            raise AudioError("samples hold NaN or infinity, expected numbers from about -1 to 1")
        windows = np.lib.stride_tricks.sliding_window_view(samples, _WIDTH)[::_STEP]
        found = self._network.run(np.ascontiguousarray(windows), *states)
        if len(found[0]) != len(windows) or found[0].min() < 0 or found[0].max() > 1:
            raise ModelError(
                f"{self.path}: gives {found[0].shape} numbers from {found[0].min():g} to"
                f" {found[0].max():g} for {len(windows)} windows; expected a probability for each"
            )
        return found


def _opened(path: str | os.PathLike[str], config: OnnxDetectorConfig) -> OnnxDetector:
    return OnnxDetector(path, config=config)


def _check(network: Network) -> None:
    """Refuse a network that takes or gives something else."""
    takes, gives = network.takes, network.gives
    good = takes and takes[0].is_float(rank=2) and gives and gives[0].is_float(rank=1)
    if good:
        n_windows, width = takes[0].shape
        before, after = ([(p.kind, p.shape) for p in parts[1:]] for parts in (takes, gives))
        good = width == _WIDTH and not isinstance(n_windows, int) and before == after
        good = good and all(kind == "tensor(float)" for kind, _ in before)
        good = good and all(isinstance(side, int) for _, shape in before for side in shape)
    if not good:
        raise ModelError(
            f"{network.path}: takes {described(takes)} and gives {described(gives)}; expected"
            f" windows of samples, (windows, {_WIDTH}), and states of known shape in,"
            " probabilities, (windows,), and the states out, all of float32:"
            " silero_vad_16k_sequence.onnx of the package silero-vad is so"
        )
