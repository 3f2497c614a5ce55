"""MFCC frames of a stream of samples."""

from __future__ import annotations

from trfast._checks import check_type
from trfast.features._extractor import FrameExtractor
from trfast.features._tables import mfcc_tables
from trfast.features.config import MfccConfig


class Mfcc(FrameExtractor):
    """Mel-frequency cepstra and log-energy of a stream of samples.

    A frame is pre-emphasized by itself (its first sample counts as its own predecessor, as
    in HTK and Kaldi), so it depends on its own samples only. Its log-energy is that of the
    pre-emphasized samples; then come a Hamming window, the power spectrum (FFT of the next
    power of two), triangular filters of equal width in mel (2595 log10(1 + f / 700)) and of
    unit area in Hz, the natural logarithm and the orthonormal DCT, without c0.

    The columns are the log-energy, then c1, c2, ...: ``1 + n_cepstra``.

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
        self.config = MfccConfig() if config is None else check_type(config, MfccConfig, "config")
        super().__init__(self.config, mfcc_tables(self.config), 1 + self.config.n_cepstra)
