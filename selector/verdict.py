"""A verdict: accept or reject, with the numbers and the reason."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Verdict"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement on one chunk.

    Attributes:
        accepted: whether the chunk is in the context.
        short: the reason in a few words, where one line tells of one chunk.
        reason: one sentence for people, with its numbers.
        utility: evidence that the chunk helps, in [0, 1]; None where it was not probed.
        volatility: evidence that it destabilises the model, in [0, 1]; None likewise.
        spent: volatility that the step took from the answer's budget; 0 if rejected.
    """

    accepted: bool
    short: str
    reason: str
    utility: float | None
    volatility: float | None
    spent: float
