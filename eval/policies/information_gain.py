"""Entropy drop alone: Information Gain Pruning (IGP, arXiv 2601.17532)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from eval.policies.bench import Bench
from eval.policies.filters import Filter
from overlay.labelled.items import Passage
from overlay.prompt import chunk_tokens
from probes.entropy import normalised_entropy

__all__ = ["InformationGainPruning"]


class InformationGainPruning(Filter):
    """Keeps passages that make the model surer of what it says than it is without them.

    The gain of a passage is the normalised entropy of the likeliest tokens, averaged over the
    model's own draft, without context less that with the passage. Passages are read by gain, the
    largest first; those below the threshold are left out.

    Args:
        threshold: least gain; 0.05 is what the paper finds best.
        steps: length of the drafts, in tokens.
    """

    def __init__(self, bench: Bench, *, threshold: float = 0.05, steps: int = 16) -> None:
        super().__init__(bench)
        self._threshold = threshold
        self._steps = steps

    def select(self, question: str, passages: Sequence[Passage]) -> Sequence[int]:
        """Those with enough gain, by falling gain."""
        gains = self.gains(question, passages)
        kept = [place for place, gain in enumerate(gains) if gain >= self._threshold]
        return sorted(kept, key=lambda place: -gains[place])

    def gains(self, question: str, passages: Sequence[Passage]) -> list[float]:
        """The gain of each passage, in [-1, 1]."""
        model = self.bench.model
        prompt = self.bench.prompt(question)
        with ExitStack() as stack:
            prefix = stack.enter_context(model.session())
            prefix.extend(prompt.prefix)
            sessions = [stack.enter_context(s) for s in prefix.fork(len(passages) + 1)]
            for session, passage in zip(sessions[1:], passages, strict=True):
                session.extend(chunk_tokens(model, passage.text))
            for session in sessions:
                session.extend(prompt.tail)
            states = model.draft_states(sessions, self._steps)
        without, *within = (normalised_entropy(state) for state in states)
        return [without - one for one in within]
