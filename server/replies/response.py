"""What a request to ``/v1/responses`` gets back: one object, or the events of a stream."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from overlay.answer import Answer, AnswerFinished, Event, TextAdded
from overlay.answering.speak import ABSTENTION
from overlay.options import AskOptions
from overlay.report import report
from probes.token_log_probs import TokenLogProb
from server.bodies.response import ResponseRequest
from server.event_stream import frame
from server.replies.log_probs import log_prob_entries

__all__ = ["Reply"]

_PLACE = {"output_index": 0, "content_index": 0}


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply, in OpenAI's form with the stability report in the field ``overlay``.

    Args:
        model: the served model's id.
        asked: what was asked, of which a response repeats a part.
        options: the same in the runtime's form.
    """

    model: str
    asked: ResponseRequest
    options: AskOptions
    number: str = field(default_factory=lambda: uuid.uuid4().hex)
    created: int = field(default_factory=lambda: int(time.time()))

    @property
    def id(self) -> str:
        """Names the answer, for feedback."""
        return f"resp_{self.number}"

    def whole(self, answer: Answer) -> dict[str, object]:
        """The body of a reply that is not streamed."""
        short = answer.finish_reason == "length"
        usage = answer.usage
        output = [*self._thoughts(answer), self._message(answer)]
        body = self._response("incomplete" if short else "completed", output)
        return body | {
            "incomplete_details": {"reason": "max_output_tokens"} if short else None,
            "usage": {
                "input_tokens": usage.prompt_tokens,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": usage.completion_tokens,
                "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
                "total_tokens": usage.prompt_tokens + usage.completion_tokens,
            },
            "overlay": report(answer),
        }

    async def stream(self, events: AsyncIterable[Event]) -> AsyncGenerator[bytes]:
        """Yield server-sent events, in OpenAI's order; the last one holds the whole response."""
        numbers = count()
        begun = False
        async for event in events:
            if not begun:
                begun = True
                for sent in self._begin(numbers):
                    yield sent
            match event:
                case TextAdded(text) if not self._refused(text):
                    delta = {"delta": text, "logprobs": []}
                    yield self._part("response.output_text.delta", numbers, delta)
                case AnswerFinished(answer):
                    for sent in self._end(numbers, answer):
                        yield sent

    def _begin(self, numbers: Iterator[int]) -> Iterator[bytes]:
        started = {"response": self._response("in_progress", [])}
        yield _event("response.created", numbers, started)
        yield _event("response.in_progress", numbers, started)
        item = {"output_index": 0, "item": self._item("in_progress", [])}
        yield _event("response.output_item.added", numbers, item)
        yield self._part("response.content_part.added", numbers, {"part": _text("", ())})

    def _end(self, numbers: Iterator[int], answer: Answer) -> Iterator[bytes]:
        said = self._said(answer)
        if self._refused(answer.text):
            yield self._part("response.refusal.done", numbers, {"refusal": answer.text})
        else:
            done = {"text": answer.text, "logprobs": said["logprobs"]}
            yield self._part("response.output_text.done", numbers, done)
        yield self._part("response.content_part.done", numbers, {"part": said})
        item = {"output_index": 0, "item": self._message(answer)}
        yield _event("response.output_item.done", numbers, item)
        whole = self.whole(answer)
        yield _event(f"response.{whole['status']}", numbers, {"response": whole})

    def _part(self, kind: str, numbers: Iterator[int], data: Mapping[str, object]) -> bytes:
        return _event(kind, numbers, {"item_id": self._item_id, **_PLACE, **data})

    @property
    def _format(self) -> dict[str, object]:
        asked = self.asked.text and self.asked.text.form
        if not asked:
            return {"type": "text"}
        return asked.model_dump(by_alias=True, exclude_none=True)

    @property
    def _item_id(self) -> str:
        return f"msg_{self.number}"

    def _thoughts(self, answer: Answer) -> list[dict[str, object]]:
        if not answer.reasoning:
            return []
        content = [{"type": "reasoning_text", "text": answer.reasoning}]
        item = {"id": f"rs_{self.number}", "type": "reasoning", "summary": []}
        return [{**item, "content": content, "status": "completed"}]

    def _message(self, answer: Answer) -> dict[str, object]:
        status = "incomplete" if answer.finish_reason == "length" else "completed"
        return self._item(status, [self._said(answer)])

    def _said(self, answer: Answer) -> dict[str, object]:
        if self._refused(answer.text):
            return {"type": "refusal", "refusal": answer.text}
        return _text(answer.text, answer.log_probs)

    def _refused(self, text: str) -> bool:
        """Whether the overlay abstains where JSON was asked for, which nothing else can say."""
        return self.options.form is not None and text == ABSTENTION

    def _item(self, status: str, content: list[dict[str, object]]) -> dict[str, object]:
        head = {"id": self._item_id, "type": "message", "role": "assistant"}
        return {**head, "status": status, "content": content}

    def _response(self, status: str, output: list[dict[str, object]]) -> dict[str, object]:
        asked = self.asked
        return {
            "id": self.id,
            "object": "response",
            "created_at": self.created,
            "model": self.model,
            "status": status,
            "error": None,
            "incomplete_details": None,
            "instructions": asked.instructions,
            "max_output_tokens": asked.max_output_tokens,
            "metadata": asked.metadata or {},
            "output": output,
            "parallel_tool_calls": False,
            "previous_response_id": None,
            "store": False,
            "temperature": asked.temperature,
            "text": {"format": self._format},
            "tool_choice": "none",
            "tools": [],
            "top_p": asked.top_p,
            "truncation": "disabled",
            "usage": None,
        }


def _event(kind: str, numbers: Iterator[int], data: Mapping[str, object]) -> bytes:
    return frame({"type": kind, "sequence_number": next(numbers), **data}, event=kind)


def _text(text: str, tokens: tuple[TokenLogProb, ...]) -> dict[str, object]:
    log_probs = list(log_prob_entries(tokens))
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": log_probs}
