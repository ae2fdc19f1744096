"""What the server needs of the runtime. :class:`overlay.runtime.Overlay` satisfies it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from overlay.answer import Event
from overlay.attribution import Attribution
from overlay.embedding import Embedded
from overlay.judged import Judged
from overlay.options import AskOptions
from probes.chat import Message
from probes.protocol import ModelInfo
from probes.turns import Turns
from retriever import Chunk
from selector.budget import Budget

__all__ = ["Engine"]


class Engine(Protocol):
    """Answers questions, several at a time as tasks of ``turns``.

    Only the thread that loaded it streams or closes it.
    """

    @property
    def model_info(self) -> ModelInfo:
        """Facts about the loaded model; they never change."""

    @property
    def budget(self) -> Budget:
        """Completes the partial budget of a request; it never changes."""

    @property
    def turns(self) -> Turns[Any]:
        """Runs several answers by turns; it never changes."""

    def stream(self, messages: Sequence[Message], options: AskOptions) -> Iterator[Event]:
        """Answer; the last event is ``AnswerFinished``.

        The server calls ``close()`` on a generator that it needs no further.
        """

    def complete(self, prompt: str | Sequence[int], options: AskOptions) -> Iterator[Event]:
        """Continue a text, given as such or in tokens; otherwise as :meth:`stream`."""

    def judge(self, question: str, passages: Sequence[Chunk], options: AskOptions) -> Judged:
        """Judge passages that the client brings."""

    def attribute(
        self,
        question: str,
        passages: Sequence[tuple[str, str]],
        answer: str | None = None,
        *,
        tokens: bool = False,
    ) -> Attribution:
        """Say which passages, each with its label, made an answer likelier."""

    def embed(self, texts: Sequence[str], collection: str | None = None) -> Embedded:
        """Vectors of texts."""

    def watch(self, check: Callable[[], None] | None) -> None:
        """Call ``check`` often while a request runs; what it raises ends the request."""

    def close(self) -> None:
        """Free the model."""
