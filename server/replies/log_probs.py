"""Log-probabilities of tokens, in today's form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from probes.token_log_probs import TokenLogProb

__all__ = ["chat_log_probs", "log_prob_entries"]

_LEAST = -9999.0  # what OpenAI sends where there is no number


def chat_log_probs(tokens: Sequence[TokenLogProb]) -> dict[str, object]:
    """The field ``logprobs`` of a choice."""
    return {"content": list(log_prob_entries(tokens)), "refusal": None}


def log_prob_entries(tokens: Sequence[TokenLogProb]) -> Iterator[dict[str, object]]:
    """One entry a token: its text, its bytes, its natural log-probability, the likeliest beside.

    A token that is no whole character has a text with replacement characters; its bytes are right.
    """
    for token in tokens:
        if token.ends:
            continue  # it ended the answer, and is no part of it
        beside = [_entry(piece, value) for piece, value in token.top]
        yield {**_entry(token.piece, token.log_prob), "top_logprobs": beside}


def _entry(piece: bytes, value: float | None) -> dict[str, object]:
    return {
        "token": piece.decode("utf-8", "replace"),
        "bytes": list(piece),
        "logprob": _LEAST if value is None else value,
    }
