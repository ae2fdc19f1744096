"""What a completion request gets back, in the form of OpenAI's older endpoint."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence

from overlay.answer import Answer
from overlay.options import AskOptions
from overlay.report import report
from probes.token_log_probs import TokenLogProb

__all__ = ["completion_body"]


def completion_body(
    answers: Sequence[Answer], *, model: str, options: AskOptions
) -> dict[str, object]:
    """The body of a reply: one choice a prompt, in order.

    Args:
        model: the served model's id.
        options: what was asked for.
    """
    prompt = sum(answer.usage.prompt_tokens for answer in answers)
    completion = sum(answer.usage.completion_tokens for answer in answers)
    return {
        "id": f"cmpl-{uuid.uuid4().hex}",
        "object": "text_completion",
        "created": int(time.time()),
        "model": model,
        "choices": [
            {
                "index": index,
                "text": answer.prompt + answer.text,
                "logprobs": None
                if options.top_log_probs is None
                else _log_probs([*answer.prompt_log_probs, *answer.log_probs]),
                "finish_reason": answer.finish_reason,
                "overlay": report(answer),
            }
            for index, answer in enumerate(answers)
        ],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        },
    }


def _log_probs(tokens: Sequence[TokenLogProb]) -> dict[str, object]:
    """Four lists of equal length, one entry a token; the first of all tokens has no numbers."""
    texts = [_text(token.piece) for token in tokens]
    offsets = [0]
    for token in tokens[:-1]:
        offsets.append(offsets[-1] + len(token.piece.decode("utf-8", "replace")))
    return {
        "tokens": texts,
        "token_logprobs": [token.log_prob for token in tokens],
        "top_logprobs": [
            None
            if token.log_prob is None
            else {_text(piece): value for piece, value in reversed(token.top)}
            for token in tokens
        ],
        "text_offset": offsets[: len(tokens)],
    }


def _text(piece: bytes) -> str:
    """A token's text; one that is no whole character is written as OpenAI writes it."""
    try:
        return piece.decode("utf-8")
    except UnicodeDecodeError:
        return "bytes:" + "".join(f"\\x{byte:02x}" for byte in piece)
