"""ModelBundle: all that diarization and linking need, in one safetensors file."""

from trfast.model.bundle import ClusteringConfig, ModelBundle, NeuralConfig, load_model

__all__ = ["ClusteringConfig", "ModelBundle", "NeuralConfig", "load_model"]
