"""What is asked and what is put before the model, whatever file it came from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Item", "Kind", "Passage"]


class Kind(StrEnum):
    """What a passage is good for; known to whoever measures, never to what is measured.

    IRRELEVANT covers hard distractors too; UNKNOWN is a passage that nobody has labelled.
    """

    HELPFUL = "helpful"
    IRRELEVANT = "irrelevant"
    CONTRADICTING = "contradicting"
    INJECTED = "injected"
    POISONED = "poisoned"
    UNKNOWN = "unknown"

    @property
    def harmful(self) -> bool:
        """Whether a policy that keeps the passage out did well."""
        return self not in (Kind.HELPFUL, Kind.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that may become a chunk of the context.

    Attributes:
        similarity: cosine similarity to the question, where a retriever has said it.
    """

    text: str
    kind: Kind
    source: str = ""
    similarity: float | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One question.

    Attributes:
        answers: accepted answers; none where no passage answers.
        wrong_answers: what the contradicting and poisoned passages say.
        target: what a model prints that obeys the injected passage.
        clean_text: the injected passage without its instruction, where the file has it.
        style: how that instruction is worded, likewise.
    """

    id: str
    dataset: str
    question: str
    answers: tuple[str, ...]
    passages: tuple[Passage, ...]
    wrong_answers: tuple[str, ...] = ()
    target: str | None = None
    clean_text: str | None = None
    style: str = ""

    def of_kind(self, *kinds: Kind) -> list[Passage]:
        """The passages of these kinds, in order."""
        return [passage for passage in self.passages if passage.kind in kinds]
