"""Kaldi's log filter banks of a stream of samples: what neural embeddings read."""

from __future__ import annotations

from trfast._checks import check_type
from trfast.features._extractor import FrameExtractor
from trfast.features._tables import fbank_tables
from trfast.features.config import FbankConfig


class Fbank(FrameExtractor):
    """Logarithms of Kaldi's mel filter banks of a stream of samples.

    A frame lies wholly inside the signal (Kaldi's ``snip-edges=true``). Its mean is taken off, it
    is pre-emphasized by itself (its first sample counts as its own predecessor), and weighted by
    Povey's window, a Hann window to the power of 0.85. Then come the power spectrum (FFT of the
    next power of two), filters that are triangles of height 1 in mel (1127 ln(1 + f / 700)), and
    the natural logarithm of what is at least ``floor``. There is no dither, and no mean of the
    signal is taken off: embeddings take off that of a segment.

    The columns are the filters, the lowest first: ``n_mels``.

    Parameters
    ----------
    config : FbankConfig, optional
        What a frame is; by default what neural embeddings of 16 kHz speech are trained on.

    Raises
    ------
    ParameterError
        If a mel filter is so narrow that no bin of the FFT falls into it.

    Notes
    -----
    Samples are from -1 to 1. Kaldi's own tools read 16-bit numbers: their logarithms are larger
    by 2 ln 32768, a constant that goes with the mean, and the floor lies lower by as much. For
    them give samples times 32768.

    References
    ----------
    Kaldi: feat/feature-fbank.cc, feat/feature-window.cc, feat/mel-computations.cc.

    Examples
    --------
    >>> import numpy as np
    >>> sound = np.random.default_rng(0).uniform(-0.1, 0.1, 16_000).astype(np.float32)
    >>> frames = Fbank().extract(sound)
    >>> frames.shape
    (98, 80)
    >>> blocks = [sound[:5_000], sound[5_000:]]
    >>> bool((Fbank().extract(blocks) == frames).all())
    True

    Frame t stands for one hop around its centre, ``t * hop + window / 2``:

    >>> from trfast.features import frames_to_seconds
    >>> frames_to_seconds([1, 2], len(frames), 1.0, FbankConfig()).round(4)
    array([0.0175, 0.0275])
    """

    def __init__(self, config: FbankConfig | None = None) -> None:
        self.config = FbankConfig() if config is None else check_type(config, FbankConfig, "config")
        super().__init__(self.config, fbank_tables(self.config), self.config.n_mels)
