"""ModelBundle: all that diarization and linking need, in one safetensors file."""

from trfast.model.bundle import ModelBundle, load_model
from trfast.model.compared import ClusteringConfig
from trfast.model.neural import NeuralConfig
from trfast.model.vectors import VectorModel

__all__ = ["ClusteringConfig", "ModelBundle", "NeuralConfig", "VectorModel", "load_model"]
