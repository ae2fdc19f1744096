"""What every integration asks of a judge: passages in, verdicts out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from overlay.errors import InputError

__all__ = ["MOST_PASSAGES", "JudgedPassage", "Passage", "PassageJudge", "judged"]

MOST_PASSAGES = 64
"""So many are judged for one question. Each is judged beside the others and spends of one budget,
so that more of them cannot be judged in parts."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that was found for a question.

    Attributes:
        source: of what document it is; the model reads it with the text.
        title: of the document, or of its part.
    """

    text: str
    source: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class JudgedPassage:
    """The verdict on one passage.

    Attributes:
        number: its place among those that were judged, from 0.
        text: what may be let in: a part of the passage where the rest of it was an instruction.
        accepted: whether it is within budget.
        reason: of the verdict, with its numbers.
        volatility: the chance, 0 to 1, that it shakes the model without helping; None where it
            was not read, as where it does not fit the model's context.
        spent: what it takes of the budget of an answer; 0 where it is not accepted.
        attention: how much more the question looks at it than one that says nothing, in nats; None
            likewise.
    """

    number: int
    text: str
    accepted: bool
    reason: str
    volatility: float | None
    spent: float
    attention: float | None

    @property
    def facts(self) -> dict[str, object]:
        """All but number and text, for the metadata of what is returned."""
        return {
            "accepted": self.accepted,
            "reason": self.reason,
            "volatility": self.volatility,
            "spent": self.spent,
            "attention": self.attention,
        }


class PassageJudge(Protocol):
    """Judges passages for a question."""

    def judge(self, question: str, passages: Sequence[Passage], /) -> list[JudgedPassage]:
        """A verdict a passage, in the order in which they would enter the model's context.

        Raises:
            OverlayError: they cannot be judged.
        """


def judged(
    judge: PassageJudge, question: str, passages: Sequence[Passage], *, rejected: bool
) -> list[JudgedPassage]:
    """What a judge lets in, in its order. Blank passages say nothing and are left out.

    Args:
        rejected: return what it does not let in, too, after the rest.

    Raises:
        InputError: there are more passages than are judged for one question.
        OverlayError: they cannot be judged.
    """
    if len(passages) > MOST_PASSAGES:
        raise InputError(
            f"{len(passages)} passages were found, and at most {MOST_PASSAGES} are judged",
            hint="retrieve fewer, or rank them before",
            param="passages",
        )
    places = [place for place, one in enumerate(passages) if one.text.strip()]
    if not places:
        return []
    verdicts = [
        replace(one, number=places[one.number])
        for one in judge.judge(question, [passages[place] for place in places])
    ]
    accepted = [one for one in verdicts if one.accepted]
    return [*accepted, *(one for one in verdicts if not one.accepted)] if rejected else accepted
