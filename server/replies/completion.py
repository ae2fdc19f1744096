"""What a completion request gets back, in the form of OpenAI's older endpoint."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from dataclasses import dataclass, field

from overlay.answer import Answer, AnswerFinished, Event, TextAdded
from overlay.options import AskOptions
from overlay.report import report
from probes.token_log_probs import TokenLogProb
from server.event_stream import DONE, frame
from server.replies.usage import usage_of

__all__ = ["Reply"]


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply: one choice a prompt and draw, in order, each with its report.

    Args:
        model: the served model's id.
        options: what was asked for.
        include_usage: whether a stream ends with token counts.
    """

    model: str
    options: AskOptions
    include_usage: bool = False
    id: str = field(default_factory=lambda: f"cmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, answers: Sequence[Answer]) -> dict[str, object]:
        """The body of a reply that is not streamed."""
        choices = [
            self._choice(index, answer.prompt + answer.text, answer)
            for index, answer in enumerate(answers)
        ]
        return self._object(choices) | {"usage": usage_of(answers)}

    async def stream(self, events: AsyncIterable[Event]) -> AsyncGenerator[bytes]:
        """Yield server-sent events; what is echoed comes in one piece with its continuation."""
        answers: list[Answer] = []
        async for event in events:
            index = len(answers)
            match event:
                case TextAdded(text) if not self.options.echo:
                    yield self._frame([_unfinished(index, text)])
                case AnswerFinished(answer):
                    answers.append(answer)
                    said = answer.prompt + answer.text if self.options.echo else ""
                    yield self._frame([self._choice(index, said, answer)])
        if answers:
            if self.include_usage:
                yield frame(self._object([]) | {"usage": usage_of(answers)})
            yield DONE

    def _choice(self, index: int, text: str, answer: Answer) -> dict[str, object]:
        tokens = [*answer.prompt_log_probs, *answer.log_probs]
        asked = self.options.top_log_probs is not None
        return {
            "index": index,
            "text": text,
            "logprobs": _log_probs(tokens) if asked else None,
            "finish_reason": answer.finish_reason,
            "overlay": report(answer),
        }

    def _frame(self, choices: list[dict[str, object]]) -> bytes:
        usage: dict[str, object] = {"usage": None} if self.include_usage else {}
        return frame(self._object(choices) | usage)

    def _object(self, choices: list[dict[str, object]]) -> dict[str, object]:
        return {
            "id": self.id,
            "object": "text_completion",
            "created": self.created,
            "model": self.model,
            "choices": choices,
        }


def _unfinished(index: int, text: str) -> dict[str, object]:
    return {"index": index, "text": text, "logprobs": None, "finish_reason": None}


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
