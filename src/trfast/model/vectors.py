"""VectorModel: back-ends for vectors that another system made."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from trfast._checks import check_type
from trfast.errors import ModelError
from trfast.model.arrays import check_arrays
from trfast.model.compared import ClusteringConfig, Compared, backends_of
from trfast.model.file import parts_of, read_model, write_model
from trfast.scoring.estimators import estimator_tensors
from trfast.scoring.normalization import Whitening


@dataclass(frozen=True, kw_only=True, eq=False)
class VectorModel(Compared):
    """Back-ends, trained on vectors of another system, that link its collections.

    Parameters
    ----------
    clustering : ClusteringConfig
        Default back-end and clustering.
    backends : mapping of str to Backend
        By name; with one whitening.
    vectors_hash : str
        `Diarization.model_hash` of what it links: ``imported:`` and a name.
    provenance : mapping
        How the model was made.

    Examples
    --------
    >>> from trfast import Collection
    >>> model = VectorModel.load("wespeaker.safetensors")  # doctest: +SKIP
    >>> with Collection("shows.sqlite") as collection:  # doctest: +SKIP
    ...     collection.link(model)
    """

    vectors_hash: str
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model; the file appears only when it is complete."""
        whitening = next(iter(self.backends.values())).whitening or Whitening()
        tensors = {
            "whitening.mean": whitening.mean_.astype(np.float32),
            "whitening.matrix": whitening.matrix_.astype(np.float32),
        }
        for name, backend in self.backends.items():
            tensors |= estimator_tensors(name, backend.estimator)
        settings = {
            "vectors": self.vectors_hash,
            "clustering": asdict(self.clustering),
            "backends": self._backend_settings(),
        }
        tensors = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
        write_model(path, settings, tensors, self.provenance)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> VectorModel:
        """Read a model.

        Raises
        ------
        ModelError
            If the file is missing, is no such model, is of another format, or is damaged; or if its
            parts do not fit each other.
        """
        header, tensors = read_model(path)
        settings = header["settings"]
        if "vectors" not in settings:
            raise ModelError(
                f"{path}: a model that diarizes, expected one of imported vectors, made by trfast"
                " train --vectors"
            )
        with parts_of(path):
            check_arrays(tensors)
            return cls(
                clustering=ClusteringConfig(**settings["clustering"]),
                backends=backends_of(settings["backends"], tensors)[1],
                vectors_hash=check_type(settings["vectors"], str, "vectors"),
                provenance=header["provenance"],
            )
