"""Errors of the instrumented models. Their root is :mod:`overlay.errors`."""

from __future__ import annotations

from overlay.errors import InputError, ResourceError

__all__ = ["ModelCacheError", "ModelError", "NoRoomError", "PromptTooLongError", "UnavailableError"]


class ModelError(ResourceError):
    """A model cannot be found, loaded, or run."""

    code = "model_error"


class ModelCacheError(ModelError):
    """The folder of converted models cannot be written."""


class NoRoomError(ModelError):
    """What is evaluated at a time outgrows the model's cache."""


class PromptTooLongError(InputError):
    """The prompt needs more tokens than the model's context holds."""

    code = "context_length_exceeded"


class UnavailableError(ResourceError):
    """A probe needs something that this model's backend cannot give."""

    code = "probe_unavailable"
