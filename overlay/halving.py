"""A chunk that instructs the model beside what helps: the half without the instruction may enter.

An instruction stands somewhere in a passage. Cut in two between sentences, one half often has it
and the other what is known. Where another chunk helps, an attacked one is better left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from overlay.injection import Dose
from overlay.prompt import Prompt, chunk_tokens
from overlay.sentences import halves
from overlay.weighing import Weighing, weigh
from probes.prompted import Prompted, prompt_chunks
from probes.protocol import Model, Session
from selector.budget import Budget
from selector.profile import Profile

__all__ = ["Halver"]


class Halver:
    """Puts harmless halves in the place of chunks that instruct.

    Args:
        question: decides which weights of the profile apply.
        prefix: the prompt up to the context; stays as it was.
        spare: cache cells that halves may take beside what is held.
    """

    def __init__(
        self,
        model: Model,
        profile: Profile,
        question: str,
        prompt: Prompt,
        *,
        prefix: Session,
        budget: Budget,
        embedder: str,
        spare: int,
    ) -> None:
        self._model = model
        self._profile = profile
        self._question = question
        self._prompt = prompt
        self._prefix = prefix
        self._budget = budget
        self._embedder = embedder
        self._spare = spare

    def halve(
        self, doses: Sequence[Dose], prompted: Prompted, weighing: Weighing
    ) -> tuple[list[Dose], Weighing]:
        """Halve the chunks that would be within budget but for an instruction in them.

        Nothing is done where a chunk is within budget as it is. Otherwise both halves are rated in
        the chunk's place; the one of higher utility takes it, if it is within budget, among the
        sessions too.

        Returns:
            Doses and weighing, with halves in the place of some chunks.
        """
        chosen = list(doses)
        if any(self._within(rated.utility) for rated in weighing.rated):
            return chosen, weighing
        for place in self._instructing(weighing):
            pair = self._pair(doses[place])
            if not pair:
                continue
            with prompt_chunks(
                self._model,
                self._prefix,
                [half.tokens for half in pair],
                self._prompt.tail,
                lead=self._prompt.lead,
            ) as asked:
                seen = weigh(
                    self._model,
                    self._profile,
                    self._question,
                    pair,
                    asked,
                    embedder=self._embedder,
                )
                found = [weighing.with_other(place, seen, number) for number in range(len(pair))]
                utilities = [one.rated[place].utility for one in found]
                best = utilities.index(max(utilities))
                if self._within(utilities[best]):
                    chosen[place], weighing = pair[best], found[best]
                    [taken] = asked.sessions[best].fork(1)
                    prompted.put(place, taken, asked.question_gains[best])
        return chosen, weighing

    def _within(self, utility: float) -> bool:
        return 1 - utility <= self._budget.step

    def _instructing(self, weighing: Weighing) -> list[int]:
        """Places of the chunks that nothing but an instruction puts over budget."""
        return [
            place
            for place, rated in enumerate(weighing.rated)
            if self._within(rated.utility / (1 - rated.instructs))
        ]

    def _pair(self, dose: Dose) -> list[Dose]:
        """Both halves of a chunk; none where it cannot be cut, or the cache has no room."""
        parts = halves(dose.chunk.chunk.text)
        if parts is None:
            return []
        pair = [
            Dose(
                replace(dose.chunk, chunk=replace(dose.chunk.chunk, text=text)),
                chunk_tokens(self._model, text),
                halved=True,
            )
            for text in parts
        ]
        needed = sum(len(half.tokens) for half in pair) + 3 * len(self._prompt.tail)
        return pair if needed <= self._spare else []
