"""Reads where a question looks, over the chunks that stand before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from probes.attention import attention, looks
from probes.protocol import Model, Session
from probes.state import FloatArray

__all__ = ["Asking", "read_attention"]


@dataclass(frozen=True, slots=True)
class Asking:
    """What stands behind the context.

    Attributes:
        tail: the prompt after the context.
        lead: its tokens before the question.
    """

    tail: tuple[int, ...]
    lead: int


def read_attention(
    model: Model,
    session: Session,
    spans: Sequence[tuple[int, int]],
    asked: Asking,
    unasked: Asking,
) -> list[float]:
    """Read :func:`probes.attention.attention` of each chunk; the session stays as it was.

    Both tails are evaluated, and nothing else. It is the mean of two: what the question's tokens
    look at, with those behind it up to where the answer begins, and what the last of these looks
    at. The first tells more with a small model, the second with a larger one, and their mean more
    than either with both (docs/selection.md).

    Args:
        session: holds the prefix and the chunks.
        spans: where each chunk stands in it.
        unasked: with a question that says nothing.

    Raises:
        PromptTooLongError: session and tail outgrow the model's context.
        UnavailableError: the model does not show its attention.
    """

    def looked(asking: Asking) -> tuple[FloatArray, FloatArray]:
        # The first row is the session's last token, the next ones are the tail's.
        rows = model.attend(session, spans, asking.tail)[:, :, 1 + asking.lead :]
        return looks(rows), looks(rows[:, :, -1:])

    pairs = zip(looked(asked), looked(unasked), strict=True)
    question, answer = (attention(more, less) for more, less in pairs)
    return [float(one) for one in (question + answer) / 2]
