"""A chunk that instructs the model beside what helps: the half without the instruction may enter.

An instruction stands somewhere in a passage. Cut in two between sentences, one half often has it
and the other what is known. Where another chunk helps, an attacked one is better left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

from overlay.injection import Dose
from overlay.prompt import Prompt, chunk_tokens
from overlay.sentences import halves
from overlay.weighing import Weighing, weigh
from probes.prompted import Prompted, prompt_beside
from probes.protocol import Model, Session
from selector.budget import Budget
from selector.profile import Profile

__all__ = ["Halver"]


class Halver:
    """Puts harmless halves in the place of chunks that instruct.

    Args:
        question: decides which weights of the profile apply.
        spare: cache cells that halves may take beside what is held.
    """

    def __init__(
        self,
        model: Model,
        profile: Profile,
        question: str,
        prompt: Prompt,
        *,
        budget: Budget,
        embedder: str,
        spare: int,
    ) -> None:
        self._model = model
        self._profile = profile
        self._question = question
        self._prompt = prompt
        self._budget = budget
        self._embedder = embedder
        self._spare = spare

    def halve(
        self, doses: Sequence[Dose], prompted: Prompted, weighing: Weighing
    ) -> tuple[list[Dose], Weighing]:
        """Halve the chunks that would be within budget but for an instruction in them.

        Nothing is done where a chunk is within budget as it is. Otherwise each half is rated in the
        chunk's place, and the first one that is within budget takes it, among the sessions too.

        Returns:
            Doses and weighing, with halves in the place of some chunks.
        """
        chosen = list(doses)
        if any(self._within(rated.utility) for rated in weighing.rated):
            return chosen, weighing
        for place in self._instructing(weighing):
            for half in self._pair(doses[place]):
                found = self._put(place, half, doses[place], prompted, weighing)
                if found is not None:
                    chosen[place], weighing = half, found
                    break
        return chosen, weighing

    def _put(
        self, place: int, half: Dose, whole: Dose, prompted: Prompted, weighing: Weighing
    ) -> Weighing | None:
        """Put a half in its chunk's place if it is within budget there; else None."""
        with self._session(half, whole, prompted.sessions[place]) as session:
            tail, lead = self._prompt.tail, self._prompt.lead
            asked = prompt_beside(self._model, prompted, session, tail, lead=lead)
            seen = weigh(
                self._model,
                self._profile,
                self._question,
                [half],
                asked,
                embedder=self._embedder,
            )
            found = weighing.with_other(place, seen, 0)
            if not self._within(found.rated[place].utility):
                return None
            [taken] = session.fork(1)
            prompted.put(place, taken, asked.question_gains[0])
            return found

    def _session(self, half: Dose, whole: Dose, asked: Session) -> Session:
        """Prefix and half; what the whole chunk begins with alike is not evaluated again."""
        pairs = zip(half.tokens, whole.tokens, strict=False)
        alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        [session] = asked.fork(1)
        session.rollback(len(self._prompt.prefix) + alike)
        session.extend(half.tokens[alike:])
        return session

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
        needed = len(dose.tokens) + len(self._prompt.tail)
        return pair if needed <= self._spare else []
