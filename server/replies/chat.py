"""What a chat request gets back: one object, or the chunks of a stream."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from dataclasses import dataclass, field

from overlay.answer import Answer, AnswerFinished, Event, StepTaken, TextAdded
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
        log_probs: whether each choice says how likely its tokens were.
        steps: whether a stream sends each verdict when it is reached.
        include_usage: whether a stream ends with token counts.
    """

    model: str
    log_probs: bool = False
    steps: bool = False
    include_usage: bool = False
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, answers: Sequence[Answer]) -> dict[str, object]:
        """The body of a reply that is not streamed.

        The report is the first answer's. Where there are several, each choice has its own, too.
        """
        choices: list[dict[str, object]] = [
            {
                "index": index,
                "message": {"role": "assistant", "content": answer.text, "refusal": None},
                "logprobs": chat_log_probs(answer.log_probs) if self.log_probs else None,
                "finish_reason": answer.finish_reason,
                **({"overlay": report(answer)} if len(answers) > 1 else {}),
            }
            for index, answer in enumerate(answers)
        ]
        return self._object("chat.completion", choices) | {
            "usage": usage_of(answers),
            "overlay": report(answers[0]),
        }

    async def stream(self, events: AsyncIterable[Event]) -> AsyncGenerator[bytes]:
        """Yield server-sent events.

        The report is on the chunk that ends its choice, so that every chunk has a choice but the
        one with token counts, which comes where it was asked for.
        """
        answers: list[Answer] = []
        begun = -1
        async for event in events:
            index = len(answers)
            if begun < index:
                begun = index
                yield self._frame(index, {"role": "assistant", "content": ""})
            match event:
                case TextAdded(text):
                    yield self._frame(index, {"content": text})
                case StepTaken(step) if self.steps:
                    yield self._frame(index, {}, extra={"overlay": {"step": step_report(step)}})
                case AnswerFinished(answer):
                    answers.append(answer)
                    yield self._last(index, answer)
        if answers:
            if self.include_usage:
                counts = {"usage": usage_of(answers)}
                yield frame(self._object("chat.completion.chunk", []) | counts)
            yield DONE

    def _last(self, index: int, answer: Answer) -> bytes:
        log_probs = chat_log_probs(answer.log_probs) if self.log_probs else None
        choice = _choice(index, {}, answer.finish_reason, log_probs)
        return self._framed(choice, {"overlay": report(answer)})

    def _frame(
        self, index: int, delta: dict[str, str], extra: dict[str, object] | None = None
    ) -> bytes:
        return self._framed(_choice(index, delta), extra or {})

    def _framed(self, choice: dict[str, object], extra: dict[str, object]) -> bytes:
        # OpenAI sends the field with every chunk once it was asked for.
        usage: dict[str, object] = {"usage": None} if self.include_usage else {}
        return frame(self._object("chat.completion.chunk", [choice]) | usage | extra)

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
