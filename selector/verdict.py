"""A verdict: accept or reject, with the numbers and the reason."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NOT_NEEDED", "Verdict", "does_not_fit", "not_needed"]

NOT_NEEDED = "not needed"
"""In a few words, why a chunk of a later dose was not read."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement on one chunk.

    Attributes:
        accepted: whether the chunk is in the context.
        short: the reason in a few words, where one line tells of one chunk.
        reason: one sentence for people, with its numbers.
        volatility: the calibrated chance that the chunk shakes the model without helping, 0 to 1;
            None where it was not read.
        spent: what the step took from the answer's budget; 0 if rejected.
        outvoted: whether it was within budget and kept out because the majority of those within
            budget does not support its draft.
    """

    accepted: bool
    short: str
    reason: str
    volatility: float | None = None
    spent: float = 0.0
    outvoted: bool = False

    @property
    def unread(self) -> bool:
        """Whether the chunk is of a later dose: it was neither let in nor kept out."""
        return self.short == NOT_NEEDED


def does_not_fit(needed: int, left: int) -> Verdict:
    """The verdict on a chunk for which there is no room.

    Args:
        needed: tokens that it takes.
        left: tokens that there are.
    """
    reason = f"it does not fit the context: it needs {needed} tokens, {max(left, 0)} are left."
    return Verdict(False, "does not fit", reason)


def not_needed(first: int) -> Verdict:
    """The verdict on a chunk of a later dose, where none follows on the first.

    Args:
        first: chunks of the first dose.
    """
    before = "most similar chunk" if first == 1 else f"{first} most similar chunks"
    reason = f"the answer begins steady from the {before}, without it."
    return Verdict(False, NOT_NEEDED, reason)
