"""The last answers with their reports, so that feedback can be kept beside them."""

from __future__ import annotations

import json
import os
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from overlay.answer import Answer, AnswerFinished, Event
from overlay.errors import InputError, ResourceError
from overlay.report import report
from probes.chat import Message

__all__ = ["KeptAnswers", "UnknownAnswerError"]

_MOST = 256


class UnknownAnswerError(InputError):
    """Feedback names an answer that is not known any more."""

    code = "answer_not_found"
    http_status = 404


@dataclass(frozen=True, slots=True)
class _Kept:
    question: str
    answers: list[Answer]


class KeptAnswers:
    """Remembers the last answers by the ids that their replies had.

    Args:
        file: where feedback is kept, a JSON line each; None keeps none.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def add(self, identity: str, question: str, answer: Answer) -> None:
        """Remember an answer; of all, the last 256 are."""
        self._kept.setdefault(identity, _Kept(question, [])).answers.append(answer)
        while len(self._kept) > _MOST:
            self._kept.popitem(last=False)

    async def noting(
        self, identity: str, messages: Sequence[Message], events: AsyncGenerator[Event]
    ) -> AsyncGenerator[Event]:
        """The same events; each answer to the last message is remembered as it ends."""
        question = str(messages[-1].content)
        async with aclosing(events):
            async for event in events:
                if isinstance(event, AnswerFinished):
                    self.add(identity, question, event.answer)
                yield event

    def rate(self, identity: str, rating: Literal["up", "down"], comment: str) -> None:
        """Write feedback down, with the question, the answers and their reports.

        Raises:
            UnknownAnswerError: the answer is not known.
            ResourceError: feedback is not kept, or the file cannot be written.
        """
        kept = self._kept.get(identity)
        if kept is None:
            raise UnknownAnswerError(
                f"there is no answer {identity[:200]!r}",
                hint=f"the last {_MOST} answers since the server started are known",
                param="id",
            )
        if self._file is None:
            raise ResourceError("feedback is not kept here", param="id")
        line = {
            "time": int(time.time()),
            "id": identity,
            "rating": rating,
            "comment": comment,
            "question": kept.question,
            "answers": _told(kept.answers),
        }
        try:
            _append(self._file, json.dumps(line, ensure_ascii=False, allow_nan=False))
        except OSError as error:
            raise ResourceError(
                f"feedback cannot be written to {self._file}: {error.strerror}",
                hint="make room, or make the folder writable",
            ) from error


def _told(answers: Sequence[Answer]) -> list[dict[str, object]]:
    return [{"text": answer.text, "report": report(answer)} for answer in answers]


def _append(file: Path, line: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as opened:
        opened.write(f"{line}\n")
        opened.flush()
        os.fsync(descriptor)
