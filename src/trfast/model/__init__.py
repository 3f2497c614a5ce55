"""ModelBundle: all that diarization and linking need, in one safetensors file."""

from trfast.model.bundle import ClusteringConfig, ModelBundle, load_model

__all__ = ["ClusteringConfig", "ModelBundle", "load_model"]
