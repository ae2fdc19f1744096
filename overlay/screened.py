"""Doses that a profile judges: they enter at once, and what they did is read behind the answer.

No draft is waited for here, since the user waits for the first token, but where three chunks or
more are within budget: then their drafts tell whether one of them speaks against the others. One
draft is made before if someone asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from overlay.answer import Step
from overlay.drafting import Drafter
from overlay.injection import Context, Dose, does_not_fit
from overlay.prompt import Prompt
from probes.isolated import Isolated
from probes.logit_drift import logit_drift
from probes.prompted import Prompted
from probes.protocol import Model, Session
from probes.state import State
from probes.subject import as_text
from probes.support import agreement
from selector.majority import FEWEST, majority
from selector.order import Order, ordered
from selector.profile_judge import ProfileJudge
from selector.verdict import Verdict

__all__ = ["Screened"]

_HALVED = "a part of it, without what turns the model as instructions do"


@dataclass(slots=True)
class _Read:
    """What was read of the chunks that were let in, the first dose first."""

    probed: Isolated
    second_drift: float | None


class Screened:
    """The chunks of one turn. Use it once, and close it.

    Args:
        context: moves on with the doses.
        doses: all chunks of the question, as they were retrieved.
        prompted: their sessions; closed with this.
        judge: has rated them.
        order: in which those that are let in enter the context.
        room: tokens that the context may hold before the tail.
        recompute: see :class:`overlay.injection.Injection`.
        drafter: reads what chunks do that stand in the prompt already.
        vote: whether the majority keeps chunks out, see :mod:`selector.majority`.
    """

    def __init__(
        self,
        model: Model,
        context: Context,
        prompt: Prompt,
        doses: Sequence[Dose],
        prompted: Prompted,
        *,
        judge: ProfileJudge,
        order: Order,
        room: int,
        recompute: float,
        drafter: Drafter,
        vote: bool,
    ) -> None:
        self._model = model
        self._context = context
        self._prompt = prompt
        self._doses = doses
        self._gains = prompted.question_gains
        self._judge = judge
        self._order = order
        self._room = room
        self._recompute = recompute
        self._drafter = drafter
        self._verdicts = self._judged()
        accepted = [place for place, verdict in self._verdicts.items() if verdict.accepted]
        # Where a chunk's session is among those that are kept.
        self._number = {place: number for number, place in enumerate(sorted(accepted))}
        self._kept = prompted.choose(list(self._number))
        self._probed: Isolated | None = None
        self._drafted: dict[int, State] = {}
        self._outvoted: set[int] = set()
        if vote and len(accepted) >= FEWEST:
            self._vote(self._read_alone(support=True))
        self._arranged = self._arrange([p for p in accepted if p not in self._outvoted])
        self._whole: Session | None = None

    def let_in(self) -> list[Step]:
        """Put what is within budget into the context: the first chunk, and the others as one dose.

        Returns:
            A step for every chunk: those that entered, in order, then those that did not. Nothing
            is known yet of what they do.
        """
        if self._arranged:
            first, *rest = self._arranged
            # What the first chunk's own session holds is the beginning of the context.
            [prompted] = self._session(first).fork(1)
            self._context.move(prompted, len(self._prompt.tail))
            if self._crowded(rest):
                self._read_alone()
                self._kept.close()
                self._recompute = 1.0
            if rest:
                dose = [(self._doses[place], self._session(place)) for place in rest]
                prompted = self._context.grown(self._prompt, dose, self._recompute)
                self._context.move(prompted, len(self._prompt.tail))
                [self._whole] = prompted.fork(1)
        return self._steps(None)

    def draft(self) -> str:
        """What the chunk that is likeliest to help, of those let in, makes the model say alone."""
        best = max(self._arranged, key=lambda place: self._judge.rated[place].utility)
        number = self._number[best]
        if self._probed is not None:
            return self._said(self._probed.drafts[number])
        if number not in self._drafted:
            self._drafted[number] = self._drafter.draft(self._session(best))
        return self._said(self._drafted[number].window)

    def read(self) -> list[Step]:
        """The same steps, with what each chunk does and each dose did."""
        if not self._arranged:
            return self._steps(None)
        probed = self._read_alone()
        drift = None
        if self._whole is not None:
            before = probed.states[self._number[self._arranged[0]]]
            after = self._whole.read(before.window, before.layers)
            drift = logit_drift(before, after)
        return self._steps(_Read(probed, drift))

    def close(self) -> None:
        """Close the sessions."""
        self._kept.close()
        if self._whole is not None:
            self._whole.close()

    def _read_alone(self, *, support: bool = False) -> Isolated:
        """What each kept chunk does alone; it is read once.

        Args:
            support: see :meth:`overlay.drafting.Drafter.probe`; too late where it has been read
                without.
        """
        if self._probed is None:
            self._probed = self._drafter.probe(self._kept, support=support, drafted=self._drafted)
        return self._probed

    def _crowded(self, dose: Sequence[int]) -> bool:
        """Whether the cache is too small for the chunks' sessions beside the growing context."""
        kept = sum(len(session.tokens) for session in (self._kept.bare, *self._kept.sessions))
        grown = sum(len(self._doses[place].tokens) for place in dose) + len(self._prompt.tail)
        # Half as much again as the context takes, for the answer and for reading.
        size = self._model.info
        return kept + grown > size.cache_size - size.context_size // 2

    def _judged(self) -> dict[int, Verdict]:
        """Verdicts by place, the best chunks first, or by rank."""
        utilities = [rated.utility for rated in self._judge.rated]
        spenders = Order.RANK if self._order is Order.RANK else Order.BEST_FIRST
        order = ordered(spenders, utilities, [0.0] * len(utilities))
        left = self._room - len(self._prompt.prefix)
        verdicts: dict[int, Verdict] = {}
        spent = 0.0
        for place in order:
            verdict = self._judge.screen(place, spent)
            needed = len(self._doses[place].tokens)
            if verdict.accepted and needed > left:
                verdict = does_not_fit(needed, left)
            elif verdict.accepted:
                left -= needed
                spent += verdict.spent
            if self._doses[place].halved:
                part = f"a part, {verdict.short}" if verdict.accepted else verdict.short
                verdict = replace(verdict, short=part, reason=f"{_HALVED}: {verdict.reason}")
            verdicts[place] = verdict
        return verdicts

    def _vote(self, probed: Isolated) -> None:
        """Keep out those within budget whose drafts the majority of them does not support."""
        places = list(self._number)
        texts = [self._doses[place].chunk.chunk.text for place in places]
        agreements = agreement(probed.matrix)
        heard = majority(agreements, texts)
        if not heard:
            return
        said = [self._said(draft) for draft in probed.drafts]
        for number, place in enumerate(places):
            if number not in heard:
                reason = (
                    f"{len(heard)} of {len(places)} chunks within budget support each other, and "
                    f"it agrees by {agreements[number, heard[0]]:.2f} with them, where half is "
                    f'needed: it makes the model say "{said[number]}", they "{said[heard[0]]}".'
                )
                rejected = replace(
                    self._verdicts[place],
                    accepted=False,
                    short=f"outvoted by {len(heard)}",
                    reason=reason,
                    spent=0.0,
                )
                self._verdicts[place] = rejected
                self._outvoted.add(place)

    def _arrange(self, accepted: Sequence[int]) -> list[int]:
        """Places in the order in which they enter."""
        drifts = [0.0] * len(accepted)
        if self._order is Order.BRIDGE and accepted:
            readings = self._read_alone().readings
            drifts = [readings[self._number[place]].logit_drift for place in accepted]
        utilities = [self._judge.rated[place].utility for place in accepted]
        return [accepted[n] for n in ordered(self._order, utilities, drifts)]

    def _said(self, draft: Sequence[int]) -> str:
        return as_text(self._model, draft).strip()

    def _session(self, place: int) -> Session:
        return self._kept.sessions[self._number[place]]

    def _steps(self, read: _Read | None) -> list[Step]:
        rejected = [place for place in sorted(self._verdicts) if place not in self._arranged]
        return [
            *(self._step(place, read, number) for number, place in enumerate(self._arranged)),
            *(
                self._step(place, read if place in self._outvoted else None, 0)
                for place in rejected
            ),
        ]

    def _step(self, place: int, read: _Read | None, number: int) -> Step:
        dose, verdict, gain = self._doses[place], self._verdicts[place], self._gains[place]
        outvoted = place in self._outvoted
        if read is None:
            return Step(dose.chunk, None, verdict, None, "", gain, dose.halved, outvoted)
        index = self._number[place]
        reading = read.probed.readings[index]
        marginal = None if outvoted else read.second_drift if number else reading.logit_drift
        shaken = self._judge.volatility(reading, marginal)
        draft = self._said(read.probed.drafts[index])
        verdict = replace(verdict, volatility=shaken)
        return Step(dose.chunk, reading, verdict, marginal, draft, gain, dose.halved, outvoted)
