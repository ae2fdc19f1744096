"""How far a real model's words stand out: what leads by little turns with the processor."""

from __future__ import annotations

from overlay.answer import Answer

__all__ = ["LEAD_NATS", "least_lead"]

LEAD_NATS = 1.0
"""Kernels and number types move a log-probability by hundredths, now and then by some tenths."""


def least_lead(answer: Answer, words: str) -> float:
    """By how much the tokens up to the end of ``words`` lead the second choice, at the least.

    Args:
        answer: asked for with ``top_log_probs=2``.
        words: stand in the answer.

    Returns:
        Nats; the lead of the token that leads least.
    """
    said = b""
    leads = []
    for token in answer.log_probs:
        (_, first), (_, second), *_ = token.top
        leads.append(first - second)
        said += token.piece
        if words.encode() in said:
            return min(leads)
    raise AssertionError(f"{words!r} is not in {answer.text!r}")
