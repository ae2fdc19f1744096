"""What is examined: a model, a question's prompt, and the texts that go into its context."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from probes.look import Asking
from probes.protocol import Model

__all__ = ["Source", "Span", "Subject", "Variant", "as_text"]

Span = tuple[int, int]
"""Token positions from the first to the one behind the last."""


@dataclass(frozen=True, slots=True)
class Source:
    """A text as it stands in the context.

    Attributes:
        label: where it comes from.
        text: the text itself.
        sentences: its sentences, each with the span of its tokens.
        tokens: the tokens of the text.
    """

    label: str
    text: str
    sentences: tuple[tuple[str, Span], ...]
    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """Another way to word, order or cut the same context and question, in tokens."""

    name: str
    prefix: tuple[int, ...]
    context: tuple[int, ...]
    tail: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """A model that is asked a question over some sources.

    Attributes:
        prefix: the prompt up to the place where the context goes.
        sources: at least one.
        tail: the prompt after the context.
        lead: see :func:`probes.prompted.prompt_chunks`.
        layers: layers whose states are read; none if the model cannot show any.
        draft_tokens: length of drafts, and of the answer that is explained.
        unasked: the tail of a question that says nothing, see :mod:`probes.look`; without it the
            attention is not read.
    """

    model: Model
    prefix: tuple[int, ...]
    sources: tuple[Source, ...]
    tail: tuple[int, ...]
    layers: tuple[int, ...]
    draft_tokens: int
    lead: int = 0
    unasked: Asking | None = None

    @property
    def tokens(self) -> list[int]:
        """The whole prompt."""
        context = [token for source in self.sources for token in source.tokens]
        return [*self.prefix, *context, *self.tail]

    @property
    def spans(self) -> list[Span]:
        """Where each source stands in the whole prompt."""
        spans = []
        start = len(self.prefix)
        for source in self.sources:
            spans.append((start, start + len(source.tokens)))
            start += len(source.tokens)
        return spans

    def text(self, tokens: Iterable[int]) -> str:
        """Tokens as text; see :func:`as_text`."""
        return as_text(self.model, tokens)


def as_text(model: Model, tokens: Iterable[int]) -> str:
    """Tokens as text; U+FFFD stands for what is no whole character."""
    return b"".join(model.piece(token) for token in tokens).decode("utf-8", errors="replace")
