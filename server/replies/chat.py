"""What a chat request gets back: one object, or the events of a stream."""

from __future__ import annotations

import contextlib
import json
import logging
import time
import uuid
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from fastapi.sse import format_sse_event

from overlay.answer import Answer, AnswerFinished, Event, TextAdded
from overlay.errors import OverlayError
from overlay.report import report
from server.errors import ErrorReply

__all__ = ["Reply"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply, in OpenAI's form with the stability report in the field ``overlay``.

    Args:
        model: the served model's id.
    """

    model: str
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, answer: Answer) -> dict[str, object]:
        """Return the body of a reply that is not streamed."""
        message = {"role": "assistant", "content": answer.text, "refusal": None}
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": answer.finish_reason,
        }
        return self._object("chat.completion", [choice]) | {
            "usage": _usage(answer),
            "overlay": report(answer),
        }

    async def stream(
        self, first: Event, rest: AsyncGenerator[Event], *, include_usage: bool
    ) -> AsyncGenerator[bytes]:
        """Yield server-sent events; an error becomes the last of them."""
        async with contextlib.aclosing(rest):
            try:
                # OpenAI sends the field with every chunk once it was asked for.
                usage: dict[str, object] = {"usage": None} if include_usage else {}
                yield _event(self._chunk({"role": "assistant", "content": ""}) | usage)
                event = first
                while not isinstance(event, AnswerFinished):
                    if isinstance(event, TextAdded):
                        yield _event(self._chunk({"content": event.text}) | usage)
                    event = await anext(rest)
                answer = event.answer
                yield _event(self._chunk({}, answer.finish_reason) | usage)
                usage = {"usage": _usage(answer)} if include_usage else {}
                last = self._object("chat.completion.chunk", [])
                yield _event(last | usage | {"overlay": report(answer)})
                yield format_sse_event(data_str="[DONE]")
            except StopAsyncIteration:
                return  # the client is gone
            except OverlayError as error:
                yield _event(ErrorReply.of(error).body)
            except Exception as error:
                _logger.exception("a stream failed")
                yield _event(ErrorReply.of(error).body)

    def _chunk(self, delta: dict[str, str], finish_reason: str | None = None) -> dict[str, object]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return self._object("chat.completion.chunk", [choice])

    def _object(self, kind: str, choices: list[dict[str, object]]) -> dict[str, object]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "choices": choices,
        }


def _usage(answer: Answer) -> dict[str, object]:
    usage = answer.usage
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }


def _event(data: dict[str, object]) -> bytes:
    return format_sse_event(data_str=json.dumps(data, ensure_ascii=False, allow_nan=False))
