"""Draws a token from logits: greedy, or through transformers' own warpers."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from transformers.generation.logits_process import (
    LogitsProcessorList,
    TemperatureLogitsWarper,
    TopPLogitsWarper,
)

from probes.protocol import Sampling

__all__ = ["Sampler"]

# torch takes seeds of 64 bits with a sign; a caller's larger one still gives a repeatable draw.
_SEEDS = 2**63


class Sampler:
    """Draws tokens, one after the other, as ``sampling`` says."""

    def __init__(self, sampling: Sampling, device: torch.device) -> None:
        self._warpers = LogitsProcessorList()
        self._generator: torch.Generator | None = None
        if sampling.temperature > 0.0:
            self._warpers.append(TemperatureLogitsWarper(sampling.temperature))
            self._warpers.append(TopPLogitsWarper(sampling.top_p))
            self._generator = torch.Generator(device).manual_seed(sampling.seed % _SEEDS)

    def draw(self, logits: torch.Tensor, allowed: NDArray[np.bool_] | None = None) -> int:
        """Draw from ``[vocabulary]`` logits.

        Args:
            allowed: ``[vocabulary]``, the tokens that may be drawn; None for all.
        """
        if allowed is not None:
            others = torch.from_numpy(~allowed).to(logits.device)
            logits = logits.masked_fill(others, -torch.inf)
        if self._generator is None:
            return int(logits.argmax())
        # The warpers look at the logits alone, not at the tokens before.
        tokens = torch.empty((1, 0), dtype=torch.long, device=logits.device)
        # mypy cannot tell torch's legacy tensor types from one another.
        scores = self._warpers(tokens, logits[None].float())  # type: ignore[arg-type]
        choice = torch.multinomial(scores.softmax(dim=-1)[0], 1, generator=self._generator)
        return int(choice)
