"""Perplexity pruning, after LLMLingua (arXiv 2310.05736): tokens that the model foresees go.

The package llmlingua 0.2.2 installs, but fails on transformers 5 (it unpacks a cache format that
is gone), and fetches a tokenizer over the network when it starts; hence this plain form of its
token-level step, with the model under test as the small model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from eval.policies.bench import Bench
from eval.policies.protocol import Response
from overlay.labelled.items import Passage

__all__ = ["PerplexityPruning"]


class PerplexityPruning:
    """Drops the least surprising tokens of each passage; no passage goes as a whole.

    A token's surprise is its negative log-probability given the passage before it.

    Args:
        rate: share of tokens that is kept, above 0, up to 1.
    """

    knows_kinds = False

    def __init__(self, bench: Bench, *, rate: float = 0.5) -> None:
        self._bench = bench
        self._rate = rate

    def answer(self, question: str, passages: Sequence[Passage]) -> Response:
        """Answer from the shortened passages."""
        short = [replace(passage, text=self.shorten(passage.text)) for passage in passages]
        kept = [place for place, passage in enumerate(short) if passage.text]
        answer = self._bench.plain(question, [short[place] for place in kept])
        seen = {
            place for place, step in zip(kept, answer.steps, strict=True) if step.verdict.accepted
        }
        accepted = tuple(place in seen for place in range(len(passages)))
        return Response(answer.text, answer.outcome, accepted)

    def shorten(self, text: str) -> str:
        """The text with its most surprising tokens only, in their order."""
        model = self._bench.model
        # A newline stands where the passage follows other text in the prompt.
        first, *tokens = model.tokenize(f"\n{text.strip()}")
        if not tokens:
            return ""
        with model.session() as session:
            session.extend([first])
            state = session.read(tokens)
        surprise = -state.log_probs[np.arange(len(tokens)), tokens]
        count = max(1, round(self._rate * len(tokens)))
        kept = np.sort(np.argsort(-surprise, kind="stable")[:count])
        return self._bench.text([tokens[place] for place in kept])
