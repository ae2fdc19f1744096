"""What every policy runs on: one model, one prompt, one way to answer and to count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from eval.items import Passage
from eval.policies.ledger import Ledger
from overlay.answer import Answer
from overlay.options import AskOptions, Mode
from overlay.prompt import Prompt, build_prompt, chunk_tokens
from overlay.runtime import Overlay
from overlay.settings import Settings
from probes.chat import Message
from probes.isolated import Isolated, probe_chunks
from probes.protocol import Model, Session
from retriever import Chunk, RankedChunk
from selector.thresholds import Thresholds

__all__ = ["Bench"]


@dataclass(frozen=True, slots=True)
class _Given:
    """Stands where the retriever does: the passages of the case, in their order."""

    passages: Sequence[Passage]

    def search(self, _question: str, k: int, /) -> list[RankedChunk]:
        return [
            RankedChunk(
                Chunk(f"{rank:032x}", passage.source or f"passage {rank + 1}", "", 0, passage.text),
                passage.similarity or 0.0,
                rank,
            )
            for rank, passage in enumerate(self.passages[:k])
        ]


class Bench:
    """A model with the runtime around it. Policies of one case share what they have in common.

    Attributes:
        model: answers for every policy.
        settings: of every answer, such as its greatest length.
        ledger: what was worked out for this case, and what everything cost.
    """

    def __init__(self, model: Model, settings: Settings) -> None:
        self.model = model
        self.settings = settings
        self.ledger = Ledger(model)

    def plain(self, question: str, passages: Sequence[Passage]) -> Answer:
        """Answer with all passages in the context, or from memory where there are none."""
        texts = tuple(passage.text for passage in passages)

        def work() -> Answer:
            mode = Mode.PLAIN if passages else Mode.NO_CONTEXT
            overlay = Overlay(self.model, _Given(passages), self.settings)
            return overlay.ask(question, AskOptions(mode=mode, k=max(len(passages), 1)))

        return self.ledger.once(("plain", question, texts), work)

    def dosed(
        self,
        question: str,
        passages: Sequence[Passage],
        settings: Settings,
        thresholds: Thresholds | None,
    ) -> Answer:
        """Answer as the overlay does; only the probing of the chunks is shared."""
        overlay = Overlay(
            self.model, _Given(passages), settings, thresholds=thresholds, prober=self._probe
        )
        return overlay.ask(question, AskOptions(k=max(len(passages), 1)))

    def prompt(self, question: str) -> Prompt:
        """The prompt of every answer, with its slot for the context."""
        return build_prompt(self.model, [Message("user", question)])

    def context(self, passages: Sequence[Passage]) -> list[int]:
        """The passages as they stand in the slot, in tokens."""
        return [token for p in passages for token in chunk_tokens(self.model, p.text)]

    def text(self, tokens: Sequence[int]) -> str:
        """What tokens say."""
        pieces = b"".join(self.model.piece(token) for token in tokens)
        return pieces.decode("utf-8", "replace").strip()

    def _probe(
        self,
        model: Model,
        prefix: Session,
        chunks: Sequence[Sequence[int]],
        tail: Sequence[int],
        *,
        draft_tokens: int,
        layers: Sequence[int],
    ) -> Isolated:
        """:func:`probes.isolated.probe_chunks`, once for all budgets of a case."""
        key = ("probe", tuple(prefix.tokens), tuple(map(tuple, chunks)), tuple(tail), draft_tokens)

        def work() -> Isolated:
            found = probe_chunks(
                model, prefix, chunks, tail, draft_tokens=draft_tokens, layers=layers
            )
            for session in found.sessions:
                self.ledger.resources.callback(session.close)
            return found

        kept = self.ledger.once(key, work)
        return replace(kept, sessions=[session.fork(1)[0] for session in kept.sessions])
