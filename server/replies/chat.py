"""What a chat request gets back: one object, or the chunks of a stream."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from overlay.answer import (
    Answer,
    AnswerFinished,
    Event,
    Other,
    Outcome,
    StepTaken,
    TextAdded,
    ThoughtAdded,
)
from overlay.answering.speak import ABSTENTION
from overlay.options import AskOptions
from overlay.report import report, step_report
from server.event_stream import DONE, frame
from server.replies.log_probs import chat_log_probs
from server.replies.usage import usage_of

__all__ = ["Reply"]


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply, in OpenAI's form with the stability report in the field ``overlay``.

    Args:
        model: the served model's id.
        options: what was asked for.
        steps: whether a stream sends each verdict when it is reached.
        include_usage: whether a stream ends with token counts.
    """

    model: str
    options: AskOptions
    steps: bool = False
    include_usage: bool = False
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, answer: Answer) -> dict[str, object]:
        """The body of a reply that is not streamed."""
        choices: list[dict[str, object]] = [
            {
                "index": index,
                "message": self._message(answer, one),
                "logprobs": self._log_probs(one),
                "finish_reason": one.finish_reason,
            }
            for index, one in enumerate(answer.choices)
        ]
        return self._object("chat.completion", choices) | {
            "usage": usage_of([answer]),
            "overlay": report(answer),
        }

    async def stream(self, events: AsyncIterable[Event]) -> AsyncGenerator[bytes]:
        """Yield server-sent events.

        The report is on the chunk that ends the last choice, so that every chunk has a choice but
        the one with token counts, which comes where it was asked for.
        """
        begun = -1
        async for event in events:
            choice = event.choice if isinstance(event, TextAdded | ThoughtAdded) else 0
            if begun < choice:
                begun = choice
                yield self._framed(_choice(choice, {"role": "assistant", "content": ""}))
            match event:
                case ThoughtAdded(text):
                    yield self._framed(_choice(choice, {"reasoning_content": text}))
                case TextAdded(text):
                    # Under a form nothing else can say so: an answer there is JSON.
                    refused = self.options.form is not None and text == ABSTENTION
                    delta = {"refusal" if refused else "content": text}
                    yield self._framed(_choice(choice, delta))
                case StepTaken(step) if self.steps:
                    told = {"overlay": {"step": step_report(step)}}
                    yield self._framed(_choice(0, {}), told)
                case AnswerFinished(answer):
                    for sent in self._end(answer):
                        yield sent

    def _end(self, answer: Answer) -> Iterator[bytes]:
        for index, one in enumerate(answer.choices):
            choice = _choice(index, {}, one.finish_reason, self._log_probs(one))
            told = {"overlay": report(answer)} if one is answer.choices[-1] else {}
            yield self._framed(choice, told)
        if self.include_usage:
            counts = {"usage": usage_of([answer])}
            yield frame(self._object("chat.completion.chunk", []) | counts)
        yield DONE

    def _message(self, answer: Answer, said: Answer | Other) -> dict[str, object]:
        refused = self.options.form is not None and answer.outcome is Outcome.ABSTAINED
        thoughts = {"reasoning_content": said.reasoning} if said.reasoning else {}
        return {
            "role": "assistant",
            "content": None if refused else said.text,
            "refusal": said.text if refused else None,
            **thoughts,
        }

    def _log_probs(self, said: Answer | Other) -> dict[str, object] | None:
        asked = self.options.top_log_probs is not None
        return chat_log_probs(said.log_probs) if asked else None

    def _framed(
        self, choice: dict[str, object], extra: Mapping[str, object] = MappingProxyType({})
    ) -> bytes:
        # OpenAI sends the field with every chunk once it was asked for.
        usage: dict[str, object] = {"usage": None} if self.include_usage else {}
        return frame(self._object("chat.completion.chunk", [choice]) | usage | dict(extra))

    def _object(self, kind: str, choices: list[dict[str, object]]) -> dict[str, object]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "choices": choices,
        }


def _choice(
    index: int,
    delta: dict[str, str],
    finish_reason: str | None = None,
    log_probs: dict[str, object] | None = None,
) -> dict[str, object]:
    return {"index": index, "delta": delta, "logprobs": log_probs, "finish_reason": finish_reason}
