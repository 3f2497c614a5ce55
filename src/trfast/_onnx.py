"""Networks in ONNX files that users bring: opened, described, run in one thread."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from trfast._checks import check_path
from trfast._extras import extra
from trfast.errors import MissingExtraError, ModelError

FloatArray = npt.NDArray[Any]

# The lower bound in pyproject.toml: before, int8 is rounded otherwise, and vectors are others.
_OLDEST = (1, 29)


class Part(NamedTuple):
    """What a network takes, or gives; sides that may be of any length have a name."""

    name: str
    kind: str
    shape: list[int | str | None]

    def is_float(self, rank: int) -> bool:
        """Whether it is float32, with so many sides."""
        return self.kind == "tensor(float)" and len(self.shape) == rank


class Network:
    """A network in an ONNX file.

    Parameters
    ----------
    path : path
    purpose : str
        What it is for, as errors call it.

    Raises
    ------
    MissingExtraError
        If onnxruntime is missing, or too old.
    ModelError
        If the file cannot be read, or is no ONNX model.
    """

    def __init__(self, path: str | os.PathLike[str], purpose: str) -> None:
        self.path = Path(check_path(path, "path"))
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise ModelError(f"{self.path}: cannot be read: {error.strerror or error}") from error
        self.file_hash = hashlib.sha256(content).hexdigest()
        onnxruntime = extra("onnxruntime", "neural", f"{self.path}: {purpose}")
        if tuple(map(int, onnxruntime.__version__.split(".")[:2])) < _OLDEST:
            raise MissingExtraError(
                f"{self.path}: {purpose} needs onnxruntime {'.'.join(map(str, _OLDEST))} or newer,"
                f" got {onnxruntime.__version__}, which rounds int8 otherwise and gives other"
                ' vectors: pip install --upgrade "trfast[neural]"'
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # of many classes, none of them public
            raise ModelError(
                f"{self.path}: not an ONNX model that can be run here ({error})"
            ) from error
        self.takes = [Part(p.name, p.type, p.shape) for p in self._session.get_inputs()]
        self.gives = [Part(p.name, p.type, p.shape) for p in self._session.get_outputs()]

    def run(self, *values: FloatArray, n_outputs: int | None = None) -> list[FloatArray]:
        """Return the first outputs for all inputs, in the order of the file.

        Raises
        ------
        ModelError
            If the network fails, or the first output holds NaN or infinity.
        """
        names = [part.name for part in self.gives[:n_outputs]]
        given = {part.name: value for part, value in zip(self.takes, values, strict=True)}
        try:
            found: list[FloatArray] = self._session.run(names, given)
        except Exception as error:  # of many classes, none of them public
            raise ModelError(f"{self.path}: the network fails ({error})") from error
        if not np.isfinite(found[0]).all():
            raise ModelError(f"{self.path}: the network gives NaN or infinity")
        return found


def described(parts: Sequence[Part]) -> str:
    """Say what they are, for an error."""
    return ", ".join(f"{part.name} {part.kind} {part.shape}" for part in parts) or "nothing"
