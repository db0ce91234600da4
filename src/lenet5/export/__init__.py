"""The network for other engines: each file writes one format, verified against the reference."""

from .to_c import export_c
from .to_onnx import export_onnx

__all__ = ["export_c", "export_onnx"]
