"""A chunk that instructs the model beside what helps: the part without the instruction may enter.

An instruction stands somewhere in a passage. Cut between sentences, one half often has it, or one
half of that, and the rest what is known. Where another chunk is likely to help, an attacked one
is better left alone: what is left of it can still be an instruction.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import takewhile

from overlay.injection import Dose
from overlay.prompt import Prompt, chunk_tokens
from overlay.sentences import remainders
from overlay.weighing import Weighing, weigh
from probes.prompted import Prompted, prompt_beside
from probes.protocol import Model, Session
from selector.budget import Budget
from selector.profile import Profile

__all__ = ["Halver"]

_LIKELY = 0.6
"""Utility of a chunk that makes up for an attacked one. Irrelevant ones within budget mostly lie
below, the best helpful one of a question above in nine of ten."""


@dataclass(frozen=True, slots=True, eq=False)
class _Tried:
    """A part of a chunk, rated in the chunk's place.

    Attributes:
        session: prefix, part and tail.
        weighing: of all chunks of the question, with the part in its chunk's place.
    """

    dose: Dose
    session: Session
    weighing: Weighing


class Halver:
    """Puts harmless parts in the place of chunks that instruct.

    Args:
        question: decides which weights of the profile apply.
        spare: cache cells that parts may take beside what is held.
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
        """Cut the chunks that would be within budget but for an instruction in them.

        Nothing is done where a chunk is within budget that is likely to help. Otherwise each part
        of :func:`overlay.sentences.remainders` is rated in the chunk's place, and the one of the
        highest utility, if it is within budget, takes it, among the sessions too.

        Returns:
            Doses and weighing, with parts in the place of some chunks.
        """
        chosen = list(doses)
        if any(self._likely(rated.utility) for rated in weighing.rated):
            return chosen, weighing
        for place in self._instructing(weighing):
            with ExitStack() as stack:
                best: _Tried | None = None
                for part in self._parts(doses[place]):
                    session = self._session(part, doses[place], prompted.sessions[place])
                    stack.enter_context(session)
                    tried = self._rate(part, session, place, prompted, weighing)
                    worse: _Tried | None = tried
                    if best is None or _utility(tried, place) > _utility(best, place):
                        best, worse = tried, best
                    if worse is not None:
                        worse.session.close()
                if best is not None and self._within(_utility(best, place)):
                    [taken] = best.session.fork(1)
                    prompted.put(place, taken, best.weighing.gains[place])
                    chosen[place], weighing = best.dose, best.weighing
        return chosen, weighing

    def _rate(
        self, part: Dose, session: Session, place: int, prompted: Prompted, weighing: Weighing
    ) -> _Tried:
        """Rate a part, which stands in the session, in its chunk's place."""
        asked = prompt_beside(
            self._model, prompted, session, self._prompt.tail, lead=self._prompt.lead
        )
        seen = weigh(
            self._model, self._profile, self._question, [part], asked, embedder=self._embedder
        )
        return _Tried(part, session, weighing.with_other(place, seen, 0))

    def _session(self, part: Dose, whole: Dose, asked: Session) -> Session:
        """Prefix and part; what the whole chunk begins with alike is not evaluated again."""
        pairs = zip(part.tokens, whole.tokens, strict=False)
        alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        [session] = asked.fork(1)
        session.rollback(len(self._prompt.prefix) + alike)
        session.extend(part.tokens[alike:])
        return session

    def _within(self, utility: float) -> bool:
        return 1 - utility <= self._budget.step

    def _likely(self, utility: float) -> bool:
        return self._within(utility) and utility >= _LIKELY

    def _instructing(self, weighing: Weighing) -> list[int]:
        """Places of the chunks that nothing but an instruction puts over budget."""
        return [
            place
            for place, rated in enumerate(weighing.rated)
            if self._within(rated.utility / (1 - rated.instructs))
            and not self._within(rated.utility)
        ]

    def _parts(self, dose: Dose) -> list[Dose]:
        """Parts of a chunk; none where it cannot be cut, or the cache has no room for two."""
        if 2 * (len(dose.tokens) + len(self._prompt.tail)) > self._spare:
            return []
        return [
            Dose(
                replace(dose.chunk, chunk=replace(dose.chunk.chunk, text=text)),
                chunk_tokens(self._model, text),
                halved=True,
            )
            for text in remainders(dose.chunk.chunk.text)
        ]


def _utility(tried: _Tried, place: int) -> float:
    return tried.weighing.rated[place].utility
