"""What is searched for where a question leans on what was said before it."""

from __future__ import annotations

from collections.abc import Sequence

from probes.chat import Message

__all__ = ["search_queries"]

_LONGEST = 1000  # characters of a query; embedders read a few hundred tokens


def search_queries(messages: Sequence[Message]) -> tuple[str, ...]:
    """The queries for the last message, whose rankings are to be fused.

    The first question of a chat is the only query, as it is. A later one has two: with the
    question before it, which holds on where the topic changes; and with all earlier questions and
    the last reply, which holds on where the topic was named long ago. `overlay lab followups` has
    what each finds.

    Of what stands before the last question, the oldest is cut off beyond 1000 characters, and of
    the reply its end. A last question that is longer is searched for alone.

    Args:
        messages: at least one, the last being the question; other roles than ``user`` and
            ``assistant`` are passed over.
    """
    question = str(messages[-1].content)
    earlier = [str(one.content) for one in messages[:-1] if one.role == "user"]
    if not earlier:
        return (question,)
    replies = [str(one.content) for one in messages[:-1] if one.role == "assistant"]
    near = _joined(earlier[-1:], "", question)
    whole = _joined(earlier, replies[-1] if replies else "", question)
    return tuple(dict.fromkeys((near, whole)))


def _joined(earlier: Sequence[str], reply: str, question: str) -> str:
    """One text, its parts in the order in which they were said."""
    room = _LONGEST - len(question)
    if room <= 0:
        return question
    before = " ".join(earlier)[-room:]
    said = reply[: room - len(before)]
    return " ".join(part for part in (before, said, question) if part)
