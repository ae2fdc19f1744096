"""What is read from a model: the state on a window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FloatArray", "State"]

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """The state of a model on a window ``w_1 .. w_T`` under one context.

    Row ``t`` of both arrays belongs to the position *before* ``w_t``, the one whose output
    predicts ``w_t``.

    Attributes:
        window: the T token ids.
        log_probs: ``[T, vocabulary]`` natural log-probabilities of the next token.
        hidden: ``[len(layers), T, width]`` outputs of the chosen layers.
        layers: indices of the layers in ``hidden``; 0 is the first transformer block.
    """

    window: tuple[int, ...]
    log_probs: FloatArray
    hidden: FloatArray
    layers: tuple[int, ...]

    @property
    def log_prob(self) -> float:
        """Summed log-probability of the window's own tokens, nats."""
        rows = np.arange(len(self.window))
        return float(self.log_probs[rows, list(self.window)].sum(dtype=np.float64))

    @property
    def mean_log_prob(self) -> float:
        """Mean log-probability of the window's own tokens, nats per token."""
        return self.log_prob / len(self.window)

    def first(self, count: int) -> State:
        """The same state on the first tokens of the window."""
        if count >= len(self.window):
            return self
        return State(
            self.window[:count], self.log_probs[:count], self.hidden[:, :count], self.layers
        )
