"""NeuralConfig: which neural embedding a model takes."""

from __future__ import annotations

from dataclasses import dataclass

from trfast._checks import check_integer, check_positive, check_type


@dataclass(frozen=True, kw_only=True)
class NeuralConfig:
    """The neural embedding of a model, which is not in its file.

    Parameters
    ----------
    file_hash : str
        SHA-256 of the ONNX file that the model was trained with, or the `fingerprint` of an
        embedding of one's own.
    other_hashes : tuple of str
        Of other files of the same network, which the model takes as well.
    dimension : int
        Of its vectors.
    window : float
        Seconds around each unit that are embedded.
    """

    file_hash: str
    dimension: int
    window: float = 1.5
    other_hashes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "other_hashes", tuple(self.other_hashes))  # a file has lists
        for named in (self.file_hash, *self.other_hashes):
            check_type(named, str, "hashes of a network")
        check_integer(self.dimension, "dimension", least=1)
        check_positive(self.window, "window")
