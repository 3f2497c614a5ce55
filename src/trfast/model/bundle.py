"""ModelBundle: all that diarization and linking need."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from importlib.resources import as_file, files
from typing import Any

import numpy as np
import numpy.typing as npt

from trfast._checks import check_share
from trfast._names import BACKENDS, BackendName
from trfast._pictures import card, table
from trfast.embedding import (
    Embedding,
    IvectorEmbedder,
    NormalizationConfig,
    OnnxEmbedder,
    PieceEmbedder,
    SimplifiedIvectors,
    piece_embedder,
)
from trfast.embedding.gmm import DiagonalGmm
from trfast.embedding.ivector import TotalVariability
from trfast.errors import ModelError
from trfast.features import MfccConfig, check_audio_rate, frame_hop
from trfast.model.arrays import check_arrays
from trfast.model.compared import ClusteringConfig, Compared, backends_of
from trfast.model.file import (
    content_hash,
    detector_of,
    detector_settings,
    detector_tensors,
    mixture_of,
    mixture_tensors,
    parts_of,
    read_model,
    window_scoring,
    window_tensors,
    write_model,
)
from trfast.model.neural import NeuralConfig
from trfast.scoring.backend import Backend
from trfast.scoring.estimators import estimator_tensors
from trfast.scoring.normalization import Whitening
from trfast.scoring.windows import WindowConfig, WindowScoring
from trfast.segmentation import SegmentationConfig
from trfast.speech import SpeechDetector
from trfast.speech.inputs import n_inputs

BUNDLED = ("default", "campplus")
"""Names of the models that come with the package."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelBundle(Compared):
    """Models and settings of the whole path, from samples to linked speakers.

    Parameters
    ----------
    mfcc, segmentation, normalization, clustering
        Settings, one dataclass a stage.
    detector : SpeechDetector
    ubm : DiagonalGmm or None
    total_variability : TotalVariability or None
        Of i-vectors; None with a neural embedding.
    whitening : Whitening
        Centring and whitening of vectors; that of all back-ends.
    backends : mapping of str to Backend
        By name.
    provenance : mapping
        How the model was made: data, counts, seed, versions. It does not enter the hash.
    windows : WindowScoring, optional
        What diarizes by windows; without it, segments are compared at a threshold.
    cohort : ndarray (n_cohort, rank), optional
        Vectors of strangers; that of all back-ends.
    neural : NeuralConfig, optional
        The embedding in place of i-vectors.
    network : PieceEmbedder, optional
        Its ONNX file, opened, or an embedding of one's own. Not in the model file.
    own_backends : mapping of str to Backend
        With estimators of one's own, as `trfast.training.train` fits them. Not in the model file.

    Raises
    ------
    ParameterError
        If `mfcc` is for another rate than that of `trfast.audio`.
    ModelError
        If `network` is another one than `neural` names.
    """

    mfcc: MfccConfig
    segmentation: SegmentationConfig
    normalization: NormalizationConfig
    clustering: ClusteringConfig
    detector: SpeechDetector
    ubm: DiagonalGmm | None
    total_variability: TotalVariability | None
    whitening: Whitening
    backends: Mapping[BackendName, Backend]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    windows: WindowScoring | None = None
    cohort: npt.NDArray[np.floating] | None = None
    neural: NeuralConfig | None = None
    network: PieceEmbedder | None = None
    own_backends: Mapping[str, Backend] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_audio_rate(self.mfcc)
        if self.network is None:
            return
        if self.neural is None:
            raise ModelError("the model makes i-vectors: it takes no neural embedding")
        if self.network.file_hash not in (self.neural.file_hash, *self.neural.other_hashes):
            raise ModelError(
                f"{self.network.path} is another network ({self.network.file_hash:.12}) than the"
                f" model was trained with ({self.neural.file_hash:.12}): give that file"
            )

    def __getstate__(self) -> dict[str, Any]:
        # What is quickly made of the rest does not go to other processes.
        made = ("window_ivectors", "unit_embedder", "ivectors")
        return {name: value for name, value in vars(self).items() if name not in made}

    def __repr__(self) -> str:
        if self.ubm is None or self.total_variability is None:
            what = f"neural embedding {self.neural and self.neural.file_hash:.12}"
        else:
            what = f"{len(self.ubm.weights_)} Gaussians, rank {self.total_variability.rank}"
        return (
            f"<ModelBundle {self.content_hash:.12}: {what}, back-ends {', '.join(self.backends)};"
            f" default {self.clustering.backend} {self.clustering.clustering}>"
        )

    def _repr_html_(self) -> str:
        default = (self.clustering.backend, self.clustering.clustering)
        rows = [
            (name, kind, f"{t.within:g}", f"{t.across:g}", "default" * ((name, kind) == default))
            for name, backend in (*self.backends.items(), *self.own_backends.items())
            for kind, t in backend.thresholds.items()
        ]
        head = ("back-end", "clustering", "threshold within", "across recordings", "")
        return card(repr(self), table(head, rows))

    @property
    def embedder(self) -> IvectorEmbedder | PieceEmbedder:
        """Segments -> vectors.

        Raises
        ------
        ModelError
            If the model needs a network that is not there.
        """
        return self.ivectors if self.neural is None else self.neural_embedder

    @property
    def neural_embedder(self) -> PieceEmbedder:
        """The network of a model with a neural embedding.

        Raises
        ------
        ModelError
            If it is not there.
        """
        if self.network is None:
            named = "" if self.neural is None else f" (SHA-256 {self.neural.file_hash:.12}...)"
            raise ModelError(
                f"the model compares vectors of a neural embedding that is not part of it{named}:"
                " give its ONNX file, --embedder FILE, in Python load_model(path, embedder=FILE)"
            )
        return self.network

    @cached_property
    def ivectors(self) -> IvectorEmbedder:
        """Segments -> i-vectors.

        Raises
        ------
        ModelError
            If the model has a neural embedding in their place.
        """
        ubm, total_variability = self._ivector_parts
        return IvectorEmbedder(
            ubm=ubm,
            total_variability=total_variability,
            normalization=self.normalization,
            hop=frame_hop(self.mfcc),
        )

    @property
    def _ivector_parts(self) -> tuple[DiagonalGmm, TotalVariability]:
        if self.ubm is None or self.total_variability is None:
            raise ModelError("the model has a neural embedding, and makes no i-vectors")
        return self.ubm, self.total_variability

    @cached_property
    def unit_embedder(self) -> IvectorEmbedder:
        """Units -> statistics that add up to windows: frames are normalized around each."""
        return replace(self.ivectors, normalization=NormalizationConfig(scope="sliding"))

    @cached_property
    def window_ivectors(self) -> SimplifiedIvectors:
        """Statistics of windows -> i-vectors."""
        return SimplifiedIvectors(self._ivector_parts[1])

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of the settings and arrays: equal where results are."""
        return content_hash(self._settings(), self._tensors())

    @cached_property
    def vectors_hash(self) -> str:
        """SHA-256 of what local speakers and their vectors depend on: where it is equal, they can
        be linked by either model, whatever its back-ends and thresholds.

        With `Diarizer(comparison=...)`, who is one local speaker depends on those too; in
        recordings of over two hours, on the triplet network and its cohort.
        """
        settings = self._settings()
        del settings["backends"]
        settings["clustering"] = [self.clustering.alpha, self.clustering.min_speech]
        others = ("whitening", "cohort", *BACKENDS)
        tensors = {n: x for n, x in self._tensors().items() if n.split(".")[0] not in others}
        return content_hash(settings, tensors)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the bundle; the file appears only when it is complete."""
        write_model(path, self._settings(), self._tensors(), self.provenance)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> ModelBundle:
        """Read a bundle.

        Raises
        ------
        ModelError
            If the file is missing, is not a bundle, is of another format, or is damaged.
        """
        header, tensors = read_model(path)
        if "vectors" in header["settings"]:
            raise ModelError(
                f"{path}: a model of imported vectors ({header['settings']['vectors']}), which"
                " diarizes nothing. Give it to trfast link, in Python load it with VectorModel.load"
            )
        with parts_of(path):
            return cls._from_parts(header["settings"], tensors, header["provenance"])

    def _settings(self) -> dict[str, Any]:
        return {
            "mfcc": asdict(self.mfcc),
            "segmentation": asdict(self.segmentation),
            "normalization": asdict(self.normalization),
            "clustering": asdict(self.clustering),
            "backends": self._backend_settings(),
            "detector": detector_settings(self.detector),
            **({} if self.ubm is None else {"posterior_floor": self.ubm.posterior_floor}),
            **({} if self.neural is None else {"neural": _as_json(self.neural)}),
            **({} if self.windows is None else {"windows": _as_json(self.windows.config)}),
        }

    def _tensors(self) -> dict[str, npt.NDArray[Any]]:
        tensors = {
            "whitening.mean": self.whitening.mean_.astype(np.float32),
            "whitening.matrix": self.whitening.matrix_.astype(np.float32),
        } | detector_tensors(self.detector)
        if self.neural is None:
            ubm, total_variability = self._ivector_parts
            # Half precision: its rounding is far below what the data determine.
            tensors["total_variability"] = total_variability.matrix_.astype(np.float16)
            tensors |= mixture_tensors("ubm", ubm)
        if self.windows is not None:
            tensors |= window_tensors(self.windows)
        if self.cohort is not None:
            tensors["cohort"] = self.cohort.astype(np.float16)
        for name, backend in self.backends.items():
            tensors |= estimator_tensors(name, backend.estimator)
        return {name: np.ascontiguousarray(array) for name, array in tensors.items()}

    @classmethod
    def _from_parts(
        cls,
        settings: Mapping[str, Any],
        tensors: Mapping[str, npt.NDArray[Any]],
        provenance: Mapping[str, Any],
    ) -> ModelBundle:
        mfcc = MfccConfig(**settings["mfcc"])
        neural = NeuralConfig(**settings["neural"]) if "neural" in settings else None
        windows = WindowConfig(**settings["windows"]) if "windows" in settings else None
        n_static = mfcc.n_cepstra + 1
        check_arrays(
            tensors,
            n_windows=0 if windows is None else len(windows.lengths),
            inputs=n_inputs(n_static),
            columns=3 * n_static,
            **({} if neural is None else {"rank": neural.dimension}),
        )
        ubm, total_variability = None, None
        if neural is None:
            # One thread: recordings, not kernels, are what runs in parallel.
            ubm = mixture_of("ubm", tensors, n_threads=1)
            ubm.set_params(
                posterior_floor=check_share(settings["posterior_floor"], "posterior_floor")
            )
            matrix = tensors["total_variability"].astype(np.float32)
            total_variability = TotalVariability(ubm=ubm, rank=matrix.shape[2], n_threads=1)
            total_variability.matrix_ = matrix
        cohort = tensors.get("cohort")
        whitening, backends = backends_of(settings["backends"], tensors, cohort)
        return cls(
            mfcc=mfcc,
            segmentation=SegmentationConfig(**settings["segmentation"]),
            normalization=NormalizationConfig(**settings["normalization"]),
            clustering=ClusteringConfig(**settings["clustering"]),
            detector=detector_of(settings["detector"], tensors, mfcc),
            ubm=ubm,
            total_variability=total_variability,
            whitening=whitening,
            backends=backends,
            provenance=provenance,
            windows=None if windows is None else window_scoring(windows, tensors),
            cohort=cohort,
            neural=neural,
        )


def _as_json(config: NeuralConfig | WindowConfig) -> dict[str, Any]:
    """Lists for tuples, as a file gives them back."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(config).items()
    }


def load_model(
    path: str | os.PathLike[str] | None = None,
    *,
    embedder: str | os.PathLike[str] | Embedding | PieceEmbedder | None = None,
) -> ModelBundle:
    """Load a model bundle.

    Parameters
    ----------
    path : path, optional
        A file made by ``trfast train``, or the name of a model that comes with the package:
        ``"default"``, which is the default, or ``"campplus"``, for the embedding CAM++.
    embedder : path or Embedding, optional
        The ONNX file of a model with a neural embedding, or the embedding of one's own that it was
        trained with; default: what ``TRFAST_EMBEDDER`` in the environment names. Such a model loads
        without it, but diarizes nothing.

    Returns
    -------
    ModelBundle

    Raises
    ------
    ModelError
        If the file is missing, is not a bundle, is of another format, or is damaged; or if the
        embedding is not the model's.
    MissingExtraError
        If `embedder` is given, and onnxruntime is missing.

    Examples
    --------
    >>> load_model().total_variability.rank
    200
    """
    path = BUNDLED[0] if path is None else path
    if str(path) in BUNDLED and not os.path.exists(path):
        with as_file(files("trfast") / "models" / f"{path}.safetensors") as bundled:
            model = ModelBundle.load(bundled)
    else:
        model = ModelBundle.load(path)
    if model.neural is not None:
        embedder = embedder or os.environ.get("TRFAST_EMBEDDER") or None
    if embedder is None:
        return model
    if isinstance(embedder, str | os.PathLike):
        return replace(model, network=OnnxEmbedder(embedder))
    return replace(model, network=piece_embedder(embedder))
