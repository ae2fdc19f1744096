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

    Both tails are evaluated, and nothing else. The tokens of the question look, and those behind
    it up to where the answer begins.

    Args:
        session: holds the prefix and the chunks.
        spans: where each chunk stands in it.
        unasked: with a question that says nothing.

    Raises:
        PromptTooLongError: session and tail outgrow the model's context.
        UnavailableError: the model does not show its attention.
    """

    def looked(asking: Asking) -> FloatArray:
        # The first row is the session's last token, the next ones are the tail's.
        rows = model.attend(session, spans, asking.tail)[:, :, 1 + asking.lead :]
        return looks(rows)

    return [float(one) for one in attention(looked(asked), looked(unasked))]
