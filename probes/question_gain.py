"""Question gain: how much likelier a chunk makes the question that is asked of it."""

from __future__ import annotations

import numpy as np

from overlay.errors import InputError
from probes.state import FloatArray

__all__ = ["question_gain"]


def question_gain(without: FloatArray, with_chunk: FloatArray) -> float:
    """How much the chunk raises the end of the prompt, from the question on.

    Formula: ``mean_t (log p(q_t | chunk, q_<t) - log p(q_t | q_<t))`` over the tokens ``q`` of the
        question and what the chat template puts after it
    Unit: nats per token
    Range: unbounded; positive where the chunk makes the question likelier
    Source: Sachan et al., 2022, arXiv 2204.07496, eq. 3, who rank passages by ``log p(q | chunk)``;
        the baseline is taken off here
    Needs: log-probabilities; both backends

    They are evaluated anyway, so this takes no evaluations of its own.

    Args:
        without: ``[tokens]`` log-probabilities of those tokens without the chunk.
        with_chunk: ``[tokens]`` the same with it.

    Raises:
        InputError: there are no tokens, or not the same number.
    """
    if without.shape != with_chunk.shape or not without.size:
        raise InputError(
            f"question_gain compares {without.shape} with {with_chunk.shape}", param="with_chunk"
        )
    return float(np.mean(with_chunk - without, dtype=np.float64))
