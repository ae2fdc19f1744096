"""Who judges passages: an overlay in this process, or a running server."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from overlay.integrations.passages import JudgedPassage, Passage
from overlay.integrations.served import LOCAL, Served
from overlay.options import AskOptions
from retriever import Chunk
from selector.budget import Budget

if TYPE_CHECKING:
    from overlay.runtime import Overlay

__all__ = ["OverlayJudge", "ServerJudge"]

_PATH = "stability"


class OverlayJudge:
    """An open overlay. Threads that ask at once wait for one another.

    Args:
        overlay: stays open; whoever opened it closes it.
        budget: in place of that of its settings.
    """

    def __init__(self, overlay: Overlay, budget: Budget | None = None) -> None:
        self._overlay = overlay
        self._options = AskOptions(budget=budget)
        self._one_at_a_time = threading.Lock()

    def judge(self, question: str, passages: Sequence[Passage], /) -> list[JudgedPassage]:
        """See :class:`overlay.integrations.passages.PassageJudge`.

        Raises:
            InputError: as :meth:`overlay.runtime.Overlay.judge`.
        """
        chunks = [
            Chunk(str(number), one.source or f"passage {number}", one.title, 0, one.text)
            for number, one in enumerate(passages)
        ]
        with self._one_at_a_time:
            found = self._overlay.judge(question, chunks, self._options)
        return [
            JudgedPassage(
                number=int(step.chunk.chunk.id),
                text=step.chunk.text,
                accepted=step.verdict.accepted,
                reason=step.verdict.reason,
                volatility=step.verdict.volatility,
                spent=step.verdict.spent,
                attention=step.attention,
            )
            for step in found.steps
        ]


class ServerJudge:
    """A running ``overlay serve``, asked at ``/v1/stability``.

    Args:
        base_url: where it listens, with or without ``/v1``.
        api_key: sent as a bearer token.
        step, answer: the budget, in place of the server's own.
        timeout: seconds to wait for a reply; the first may have to wait for other answers.
    """

    def __init__(
        self,
        base_url: str = LOCAL,
        api_key: str | None = None,
        *,
        step: float | None = None,
        answer: float | None = None,
        timeout: float = 120.0,
    ) -> None:
        self._server = Served(base_url, api_key, timeout)
        self._budget = {"step": step, "answer": answer}

    def judge(self, question: str, passages: Sequence[Passage], /) -> list[JudgedPassage]:
        """See :class:`overlay.integrations.passages.PassageJudge`.

        Raises:
            InputError: the server refuses the request, in its own words.
            BusyError: it is loading, or too many requests wait.
            ResourceError: it cannot be reached, or fails.
        """
        body = {
            "question": question,
            "passages": [
                {"text": one.text, "source": one.source, "title": one.title} for one in passages
            ],
            "budget": self._budget,
        }
        try:
            return [_read(step) for step in self._server.post(_PATH, body)["steps"]]
        except (ValueError, KeyError, TypeError) as error:
            raise self._server.stranger(_PATH) from error


def _read(step: Mapping[str, Any]) -> JudgedPassage:
    return JudgedPassage(
        number=int(step["id"]),
        text=step["chunk"]["text"],
        accepted=step["accepted"],
        reason=step["reason"],
        volatility=step["volatility"],
        spent=step["spent"],
        attention=step["attention"],
    )
