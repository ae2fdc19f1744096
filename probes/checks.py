"""Checks that every backend makes of what its callers give."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from overlay.errors import InputError
from probes.errors import PromptTooLongError
from probes.protocol import Session

__all__ = [
    "check_attended",
    "check_layers",
    "check_length",
    "check_own",
    "check_part",
    "check_position",
    "check_span",
    "check_spans",
    "check_window",
]

_Session = TypeVar("_Session")


def check_own(sessions: Iterable[object], kind: type[_Session]) -> list[_Session]:
    """The sessions, or InputError where another model made one of them."""
    found = []
    for session in sessions:
        if not isinstance(session, kind):
            raise InputError(f"a {type(session).__name__} is no session of this model")
        found.append(session)
    return found


def check_length(tokens: int, context_size: int) -> None:
    """Raise PromptTooLongError unless a session may hold this many tokens."""
    if tokens > context_size:
        raise PromptTooLongError(
            f"the prompt needs {tokens} tokens, the context holds {context_size}",
            hint="shorten the question or the conversation, or raise context_size",
            param="messages",
        )


def check_attended(
    requests: Sequence[tuple[Session, Sequence[int]]],
    spans: Sequence[tuple[int, int]],
    context_size: int,
) -> None:
    """Raise what :meth:`probes.protocol.Model.extend_attended` raises of its arguments."""
    for session, window in requests:
        if session.tokens != requests[0][0].tokens:
            raise InputError(
                "the sessions hold unlike tokens: fork them from one", param="requests"
            )
        check_spans(spans, len(session.tokens))
        check_length(len(session.tokens) + len(window), context_size)


def check_layers(layers: Iterable[int], count: int) -> None:
    """Raise InputError unless the model has all these layers."""
    for layer in layers:
        if not 0 <= layer < count:
            raise InputError(f"layer {layer} of {count}", param="layers")


def check_window(window: Sequence[int]) -> None:
    """Raise InputError where there is nothing to read."""
    if not window:
        raise InputError("the window is empty", param="window")


def check_position(position: int, tokens: int) -> None:
    """Raise InputError unless a session of ``tokens`` tokens can be rolled back to ``position``."""
    if not 0 <= position <= tokens:
        raise InputError(
            f"cannot roll back to {position}: the session has {tokens} tokens", param="position"
        )


def check_part(start: int, stop: int, tokens: int) -> None:
    """Raise InputError unless ``start`` to ``stop - 1`` are some of ``tokens`` tokens."""
    if not 0 <= start < stop <= tokens:
        raise InputError(
            f"no tokens {start} to {stop}: the session has {tokens} tokens", param="start"
        )


def check_span(start: int, stop: int, tokens: int) -> None:
    """Raise InputError unless ``start`` to ``stop - 1`` can be masked in ``tokens`` tokens."""
    if not 0 <= start < stop < tokens:
        raise InputError(
            f"cannot mask {start} to {stop}: the session has {tokens} tokens, and the last one "
            "must stay",
            param="start",
        )


def check_spans(spans: Sequence[tuple[int, int]], tokens: int) -> None:
    """Raise InputError unless there are spans, and each holds some of ``tokens`` tokens."""
    if not spans:
        raise InputError("there is no span to attend to", param="spans")
    for start, stop in spans:
        if not 0 <= start < stop <= tokens:
            raise InputError(
                f"no tokens {start} to {stop}: the session has {tokens} tokens", param="spans"
            )
