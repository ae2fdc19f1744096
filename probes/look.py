"""What is read of chunks that stand side by side in one context, before their question is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from probes.attention import attention, looks, middle_layers
from probes.protocol import Model, Session
from probes.state import FloatArray

__all__ = ["Asking", "end_states", "extend_asked", "read_attention"]

_SIDE_BY_SIDE = 16
"""Sessions at a time, of the few dozen that a model may have."""


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
    """:func:`extend_asked`, but the session stays as it was."""
    [fork] = session.fork(1)
    with fork:
        return extend_asked(model, fork, spans, asked, unasked)


def extend_asked(
    model: Model,
    session: Session,
    spans: Sequence[tuple[int, int]],
    asked: Asking,
    unasked: Asking,
) -> list[float]:
    """Ask the question of a session, and read :func:`probes.attention.attention` of each chunk.

    Both tails are evaluated, and nothing else; the session then ends where the answer begins. The
    reading is the mean of two: what the question's tokens look at, with those behind it up to where
    the answer begins, and what the last of these looks at. The first tells more with a small model,
    the second with a larger one, and their mean more than either with both (docs/selection.md).

    Args:
        session: holds the prefix and the chunks.
        spans: where each chunk stands in it.
        asked: by its tail the session is extended.
        unasked: with a question that says nothing.

    Raises:
        PromptTooLongError: session and tail outgrow the model's context.
        UnavailableError: the model does not show its attention.
    """
    layers = range(model.info.layers)[middle_layers(model.info.layers)]
    [beside] = session.fork(1)
    with beside:
        requests = [(session, asked.tail), (beside, unasked.tail)]
        found = model.extend_attended(requests, spans, layers)
    looked = []
    for asking, rows in zip((asked, unasked), found, strict=True):
        # The first row is the session's last token, the next ones are the tail's.
        behind = rows[:, :, 1 + asking.lead :]
        looked.append((looks(behind), looks(behind[:, :, -1:])))
    question, answer = (attention(more, less) for more, less in zip(*looked, strict=True))
    return [float(one) for one in (question + answer) / 2]


def end_states(model: Model, session: Session, ends: Sequence[int], layer: int) -> FloatArray:
    """The state at each chunk's end: what the model makes of the chunk, behind those before it.

    An instruction in a chunk shows there, whether or not anything has been asked.

    Formula: ``h[l, t]`` at the last token ``t`` of each chunk
    Source: a linear probe of it finds injected instructions, as of the state deltas of Abdelnabi
        et al., 2024, arXiv 2406.00799 (TaskTracker); here it costs no pass of its own
    Needs: layer states; evaluates one token a chunk

    Args:
        session: holds the prefix and the chunks; stays as it was.
        ends: the position behind each chunk.
        layer: l; 0 is the first transformer block.

    Returns:
        ``[chunks, width]``
    """
    window = [session.tokens[-1]]  # the state is that of the token before the window
    found = []
    for start in range(0, len(ends), _SIDE_BY_SIDE):
        some = ends[start : start + _SIDE_BY_SIDE]
        forks = session.fork(len(some))
        try:
            for fork, end in zip(forks, some, strict=True):
                fork.rollback(end)
            states = model.read_many([(fork, window) for fork in forks], [layer])
        finally:
            for fork in forks:
                fork.close()
        found += [state.hidden[0, 0] for state in states]
    return np.stack(found)
