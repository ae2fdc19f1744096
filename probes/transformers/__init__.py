"""The transformers backend: any causal language model of transformers, gradients included."""

from __future__ import annotations

from probes.transformers.model import TransformersModel

__all__ = ["TransformersModel"]
