"""The llama.cpp backend: any GGUF file, through llama-cpp-python's low-level bindings."""

from __future__ import annotations

from probes.llamacpp.model import LlamaCppModel

__all__ = ["LlamaCppModel"]
