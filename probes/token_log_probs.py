"""How each token of a text was expected: its log-probability, and the likeliest ones beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from probes.protocol import Model, Session
from probes.state import FloatArray

__all__ = ["TokenLogProb", "end_token", "token_log_probs"]

# Windows are read and forgotten one by one: a whole text's distributions would fill the memory.
_WINDOW = 64


@dataclass(frozen=True, slots=True)
class TokenLogProb:
    """One token in its place.

    Attributes:
        piece: the token's bytes; a character can span several tokens.
        log_prob: natural log-probability; None for the first token of all.
        top: the likeliest tokens in that place with theirs, the likeliest first.
        ends: whether it ended the answer, and is no part of its text.
    """

    piece: bytes
    log_prob: float | None
    top: tuple[tuple[bytes, float], ...] = ()
    ends: bool = False


def token_log_probs(
    model: Model, session: Session, tokens: Sequence[int], top: int
) -> list[TokenLogProb]:
    """Append the tokens to a session, and say how each was expected.

    They are evaluated twice: once to be read, once to stay.

    Args:
        top: how many of the likeliest tokens come with each.
    """
    found = []
    rest = tokens
    if tokens and not session.tokens:
        found.append(TokenLogProb(model.piece(tokens[0]), None))
        session.extend(tokens[:1])
        rest = tokens[1:]
    for first in range(0, len(rest), _WINDOW):
        window = rest[first : first + _WINDOW]
        rows = session.read(window).log_probs
        found += [_expected(model, t, row, top) for t, row in zip(window, rows, strict=True)]
        session.extend(window)
    return found


def end_token(model: Model, session: Session, top: int) -> TokenLogProb:
    """The likeliest of the tokens that end an answer, in the place after a session."""
    row = session.read([0]).log_probs[0]
    order = np.argsort(-row, kind="stable").tolist()
    token = next((token for token in order if model.ends_generation(token)), order[0])
    return replace(_expected(model, token, row, top), ends=True)


def _expected(model: Model, token: int, row: FloatArray, top: int) -> TokenLogProb:
    best = np.argsort(-row, kind="stable")[:top].tolist()
    likeliest = tuple((model.piece(other), float(row[other])) for other in best)
    return TokenLogProb(model.piece(token), float(row[token]), likeliest)
