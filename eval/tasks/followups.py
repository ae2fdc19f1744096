"""Conversations about the sample documents whose last question leans on what was said before."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from eval.tasks.sample import sample_questions
from overlay.labelled.matching import contains_any
from probes.chat import Message
from retriever import RankedChunk

__all__ = ["FollowUp", "changed_topics", "found", "sample_followups"]

_FILE = Path(__file__).parent / "sample_corpus" / "followups.jsonl"


class Turn(BaseModel):
    """One message of a conversation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Literal["user", "assistant"]
    content: str


class FollowUp(BaseModel):
    """One conversation; see ``eval/tasks/sample_corpus/README.md``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    leaves_out: str
    messages: tuple[Turn, ...]
    question: str
    answers: tuple[str, ...]
    helps: tuple[str, ...]

    @property
    def chat(self) -> list[Message]:
        """The messages in the runtime's form."""
        return [Message(turn.role, turn.content) for turn in self.messages]

    def helped_by(self, source: str, text: str) -> bool:
        """Whether a passage answers the last question."""
        return source in self.helps and contains_any(text, self.answers)


def sample_followups() -> list[FollowUp]:
    """All 60 conversations, in order."""
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    return [FollowUp.model_validate_json(line) for line in lines]


def changed_topics() -> list[FollowUp]:
    """Each answerable sample question, behind a whole conversation about other documents."""
    conversations = sample_followups()
    changed = []
    for place, asked in enumerate(one for one in sample_questions() if one.answers):
        other = next(
            one
            for one in (*conversations[place:], *conversations[:place])
            if not set(one.helps) & set(asked.documents.helps)
        )
        turns = (
            *other.messages,
            Turn(role="assistant", content=other.answers[0]),
            Turn(role="user", content=asked.question),
        )
        changed.append(
            FollowUp(
                id=asked.id,
                leaves_out="topic change",
                messages=turns,
                question=asked.question,
                answers=tuple(asked.answers),
                helps=tuple(asked.documents.helps),
            )
        )
    return changed


def found(followup: FollowUp, hits: Sequence[RankedChunk]) -> bool:
    """Whether a helpful passage is among those that a search found."""
    return any(followup.helped_by(hit.source, hit.text) for hit in hits)
