"""The model file: safetensors with a JSON header, and the names that things have in it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors
from safetensors.numpy import save

from trfast._checks import check_path
from trfast._files import write_atomic
from trfast._resources import out_of_memory
from trfast.embedding.gmm import DiagonalGmm
from trfast.errors import ModelError
from trfast.features import MfccConfig
from trfast.scoring.normalization import Whitening
from trfast.scoring.two_covariance import TwoCovariance
from trfast.scoring.windows import WindowConfig, WindowScoring
from trfast.speech import SpeechDetector

Tensors = dict[str, npt.NDArray[Any]]

FORMAT = 4
_HEADER = "trfast"
_PARTS = ("weights", "means", "variances")
# Names in the file, and those of the detector's parameters. What the file calls them stays as it
# is: its hash depends on it.
_DETECTOR_SETTINGS = {
    "n_hidden": "n_hidden",
    "n_epochs": "n_epochs",
    "penalty": "penalty",
    "bias": "bias",
    "min_speech": "min_duration",
    "min_gap": "min_gap",
}
_WINDOW_PARTS = (
    {"whitening.mean": "mean_", "whitening.matrix": "matrix_"},
    {"mean": "mean_", "matrix": "matrix_", "eigenvalues": "eigenvalues_"},
)
_DETECTOR_LAYERS = ("speech.first", "speech.second", "speech.output")


def write_model(
    path: str | os.PathLike[str],
    settings: Mapping[str, Any],
    tensors: Tensors,
    provenance: Mapping[str, Any],
) -> None:
    """Write a model file, which appears only when it is complete."""
    header = {
        "format": FORMAT,
        "settings": settings,
        "provenance": dict(provenance),
        "content_hash": content_hash(settings, tensors),
    }
    write_atomic(Path(path), save(tensors, {_HEADER: json.dumps(header)}))


def read_model(path: str | os.PathLike[str]) -> tuple[dict[str, Any], Tensors]:
    """Read a model file.

    Returns
    -------
    header : dict
        With ``settings`` and ``provenance``.
    tensors : dict of str to ndarray

    Raises
    ------
    ModelError
        If the file is missing, is no model file, is of another format, or is damaged.
    """
    header, tensors = _read(check_path(path, "path of a model"))
    for part in ("settings", "provenance"):
        if not isinstance(header.get(part), dict):
            raise ModelError(f"{path}: a model file without {part}; train it again")
    found, expected = content_hash(header["settings"], tensors), header.get("content_hash")
    if found != expected:
        raise ModelError(
            f"{path}: damaged model file: content hash {found:.12}, expected"
            f" {expected!s:.12}; copy it again"
        )
    return header, tensors


@contextmanager
def parts_of(path: str | os.PathLike[str]) -> Iterator[None]:
    """Say which file it is whose parts are found not to fit each other inside.

    Raises
    ------
    ModelError
    """
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ModelError(
            f"{path}: a model file whose parts do not fit ({type(error).__name__}: {error});"
            " train it again"
        ) from error


def content_hash(settings: object, tensors: Mapping[str, npt.NDArray[Any]]) -> str:
    """Return the SHA-256 of settings and arrays."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for name, array in sorted(tensors.items()):
        digest.update(f"{name}{array.dtype.str}{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def mixture_tensors(name: str, gmm: DiagonalGmm) -> Tensors:
    """Return the arrays of a mixture, as a model file names them."""
    return {f"{name}.{part}": getattr(gmm, f"{part}_").astype(np.float32) for part in _PARTS}


def mixture_of(
    name: str, tensors: Mapping[str, npt.NDArray[Any]], n_threads: int | None
) -> DiagonalGmm:
    """Return the mixture of that name in a model file's arrays."""
    return DiagonalGmm.of(*(tensors[f"{name}.{part}"] for part in _PARTS), n_threads=n_threads)


def detector_tensors(detector: SpeechDetector) -> Tensors:
    """Return the arrays of a detector's layers, as a model file names them."""
    return {
        f"{name}.{part}": array
        for name, layer in zip(_DETECTOR_LAYERS, detector.layers_, strict=True)
        for part, array in zip(("weights", "bias"), layer, strict=True)
    }


def detector_layers(
    tensors: Mapping[str, npt.NDArray[Any]],
) -> tuple[tuple[npt.NDArray[Any], npt.NDArray[Any]], ...]:
    """Return the layers of the detector in a model file's arrays."""
    return tuple((tensors[f"{name}.weights"], tensors[f"{name}.bias"]) for name in _DETECTOR_LAYERS)


def detector_settings(detector: SpeechDetector) -> dict[str, Any]:
    """Return the parameters of a detector, as a model file names them."""
    parameters = detector.get_params(deep=False)
    return {name: parameters[own] for name, own in _DETECTOR_SETTINGS.items()}


def detector_of(
    settings: Mapping[str, Any], tensors: Mapping[str, npt.NDArray[Any]], mfcc: MfccConfig
) -> SpeechDetector:
    """Return the detector of a model file's settings and arrays."""
    parameters = {_DETECTOR_SETTINGS[name]: value for name, value in settings.items()}
    detector = SpeechDetector(config=mfcc, **parameters)
    detector.check_parameters()
    detector.layers_ = detector_layers(tensors)
    return detector


def window_tensors(windows: WindowScoring) -> Tensors:
    """Return the arrays of what scores windows, as a model file names them."""
    return {
        f"windows.{k}.{name}": getattr(part, attribute).astype(np.float32)
        for k, parts in enumerate(zip(windows.whitenings, windows.models, strict=True))
        for part, names in zip(parts, _WINDOW_PARTS, strict=True)
        for name, attribute in names.items()
    }


def window_scoring(config: WindowConfig, tensors: Mapping[str, npt.NDArray[Any]]) -> WindowScoring:
    """Return what scores windows, of a model file's arrays."""
    parts: list[tuple[Any, Any]] = []
    for k in range(len(config.lengths)):
        parts.append((Whitening(), TwoCovariance()))
        for part, names in zip(parts[-1], _WINDOW_PARTS, strict=True):
            for name, attribute in names.items():
                setattr(part, attribute, tensors[f"windows.{k}.{name}"])
            part.n_features_in_ = len(tensors[f"windows.{k}.mean"])
    whitenings, models = zip(*parts, strict=True)
    return WindowScoring(config=config, whitenings=whitenings, models=models)


def _read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], Tensors]:
    """Header and arrays of a file of our format."""
    if os.path.isdir(path):
        raise ModelError(f"{path} is a folder; give a model file")
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        header = json.loads(metadata.get(_HEADER, "{}"))
    except FileNotFoundError as error:
        raise ModelError(
            f"{path}: no such model file; with trfast come 'default' and 'campplus'"
        ) from error
    except MemoryError as error:
        raise out_of_memory(error) from error
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from error
    # Arrays of a type that NumPy has not, JSON in JSON in JSON.
    except (
        safetensors.SafetensorError,
        AttributeError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise ModelError(
            f"{path}: not a model file ({error}); give one made by 'trfast train'"
        ) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of Rust, and no Exception
            raise
        raise ModelError(
            f"{path}: cannot be read: {error}. Make memory free, or copy the file again"
        ) from error
    found = header.get("format") if isinstance(header, dict) else None
    if found != FORMAT:
        raise ModelError(
            f"{path}: a safetensors file without a trfast model of format {FORMAT}"
            f" (found format {found}); give one made by this version's 'trfast train'"
        )
    return header, tensors
