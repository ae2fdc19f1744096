"""A follow-up worded anew by a model, so that it can be understood alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from time import perf_counter
from types import TracebackType
from typing import Self

from probes.chat import Message
from probes.protocol import Model, Sampling
from probes.subject import as_text

__all__ = ["Condensed", "Condenser"]

_LONGEST = 32  # tokens of the new wording
_TASK = (
    "Reword the last question so that it can be understood without the conversation. "
    "Answer with the question only."
)
_EXAMPLES = (
    (
        (
            "User: When does the ferry to Norholm leave?\nAssistant: At nine in the morning.\n"
            "User: And how much is it?"
        ),
        "How much is the ferry to Norholm?",
    ),
    (
        (
            "User: Who wrote the guide to the harbour?\nAssistant: Jan Vos.\n"
            "User: Does he live in the town?\nAssistant: Yes, by the church.\n"
            "User: What about the map?"
        ),
        "Who drew the map of the harbour?",
    ),
    (
        (
            "User: Is the museum open on Mondays?\nAssistant: No, it is closed.\n"
            "User: Where can I buy stamps?"
        ),
        "Where can I buy stamps?",
    ),
)
_NAMES = {"user": "User", "assistant": "Assistant"}


@dataclass(frozen=True, slots=True)
class Condensed:
    """A new wording.

    Attributes:
        evaluated: model-token evaluations, without those of the examples, which are read once.
        seconds: wall time.
    """

    text: str
    evaluated: int
    seconds: float


class Condenser:
    """Words follow-ups anew with one model, greedily. Close it, or use it as a context manager.

    Raises:
        ModelError: the model has no chat template.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        pair = zip(self._tokens("a"), self._tokens("b"), strict=False)
        self._shared = [one for one, _ in takewhile(lambda both: both[0] == both[1], pair)]
        self._examples = model.session()
        self._examples.extend(self._shared)
        model.flush([self._examples])

    def condense(self, messages: Sequence[Message]) -> Condensed:
        """One greedy call; the last question itself where the model says nothing."""
        start, before = perf_counter(), self._model.evaluated
        tokens = self._tokens("\n".join(f"{_NAMES[one.role]}: {one.content}" for one in messages))
        [session] = self._examples.fork(1)
        with session:
            session.extend(tokens[len(self._shared) :])
            said = list(session.generate(Sampling(_LONGEST)))
        text = as_text(self._model, said).strip().partition("\n")[0] or str(messages[-1].content)
        return Condensed(text, self._model.evaluated - before, perf_counter() - start)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._examples.close()

    def _tokens(self, conversation: str) -> list[int]:
        chat = [
            message
            for given, alone in _EXAMPLES
            for message in (Message("user", _asked(given)), Message("assistant", alone))
        ]
        pieces = self._model.encode_chat([*chat, Message("user", _asked(conversation))])
        return [token for piece in pieces for token in piece]


def _asked(conversation: str) -> str:
    return f"{conversation}\n\n{_TASK}"
