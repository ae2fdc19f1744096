"""What a completion request gets back, in the form of OpenAI's older endpoint."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterable, Iterator, Sequence
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
        """The body of a reply that is not streamed; one answer a prompt."""
        choices = [
            choice
            for number, answer in enumerate(answers)
            for choice in self._choices(number, answer, texts=True)
        ]
        return self._object(choices) | {"usage": usage_of(answers)}

    async def stream(self, events: AsyncIterable[Event]) -> AsyncGenerator[bytes]:
        """Yield server-sent events; what is echoed comes in one piece with its continuation."""
        answers: list[Answer] = []
        echo = self.options.echo
        async for event in events:
            number = len(answers)
            match event:
                case TextAdded(text, choice) if not echo:
                    yield self._frame(_unfinished(number * self.options.n + choice, text))
                case AnswerFinished(answer):
                    answers.append(answer)
                    for ended in self._choices(number, answer, texts=echo):
                        yield self._frame(ended)
        if answers:
            if self.include_usage:
                yield frame(self._object([]) | {"usage": usage_of(answers)})
            yield DONE

    def _choices(self, number: int, answer: Answer, *, texts: bool) -> Iterator[dict[str, object]]:
        """The continuations of one prompt; their texts, too, where they were not sent before."""
        asked = self.options.top_log_probs is not None
        for choice, one in enumerate(answer.choices):
            tokens = [*answer.prompt_log_probs, *one.log_probs]
            yield {
                "index": number * self.options.n + choice,
                "text": answer.prompt + one.text if texts else "",
                "logprobs": _log_probs(tokens) if asked else None,
                "finish_reason": one.finish_reason,
                "overlay": report(answer),
            }

    def _frame(self, choice: dict[str, object]) -> bytes:
        usage: dict[str, object] = {"usage": None} if self.include_usage else {}
        return frame(self._object([choice]) | usage)

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
