"""Lets retrieved chunks into the context, or not: screened by the profile, probed, dosed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from overlay.answer import Step
from overlay.drafting import Drafter
from overlay.halving import Halver
from overlay.injection import Context, Dose, Injection, does_not_fit
from overlay.prompt import Prompt
from overlay.screened import Screened
from overlay.settings import Settings
from overlay.weighing import weigh
from probes.cost import Ledger
from probes.kv_store import KVStore
from probes.layers import spread_layers
from probes.prompted import Prompted, prompt_chunks
from probes.protocol import Model, Session
from selector.budget import Budget
from selector.order import ordered
from selector.profile import Profile
from selector.profile_judge import ProfileJudge
from selector.thresholds import Thresholds
from selector.verdict import Verdict

__all__ = ["Filling", "fill_plain"]

# Rows that reading windows puts into the cache beside the sessions themselves, at most.
_READ_ROOM = 1024


class Filling:
    """Fills the context of one turn. Use it once, and close it.

    Args:
        question: decides which weights of the profile apply.
        room: tokens that prefix and context may take.
        ledger: books what probing and dosing cost.
        profile: judges in place of the thresholds, where there is one.
        kept: see :func:`probes.prompted.prompt_chunks`.
    """

    def __init__(
        self,
        model: Model,
        question: str,
        prompt: Prompt,
        settings: Settings,
        budget: Budget,
        *,
        room: int,
        ledger: Ledger,
        thresholds: Thresholds,
        profile: Profile | None,
        kept: KVStore | None,
    ) -> None:
        self._model = model
        self._question = question
        self._prompt = prompt
        self._settings = settings
        self._budget = budget
        self._room = room
        self._ledger = ledger
        self._thresholds = thresholds
        self._profile = profile
        self._kept = kept
        self._screened: Screened | None = None
        self._misfits: list[Step] = []

    def run(self, prefix: Session, context: Context, doses: Sequence[Dose]) -> Iterator[Step]:
        """Yield a step for every chunk once it is judged.

        The caller adds each step to ``context.steps`` before it asks for the next one.
        """
        fitting, self._misfits = self._split_by_room(doses)
        if fitting:
            prompted = prompt_chunks(
                self._model,
                prefix,
                [dose.tokens for dose in fitting],
                self._prompt.tail,
                lead=self._prompt.lead,
                kept=self._kept,
            )
            with ExitStack() as stack:
                stack.enter_context(prompted)
                [context.bare] = prompted.bare.fork(1)
                if self._profile is None:
                    yield from self._dose(prefix, context, fitting, prompted)
                else:
                    yield from self._screen(self._profile, prefix, context, fitting, prompted)
                    # Whoever closes this closes them.
                    stack.pop_all()
        yield from self._misfits

    def draft(self, accepted: Sequence[Step]) -> str:
        """What the accepted chunk that is likeliest to help makes the model say alone.

        Args:
            accepted: at least one step.
        """
        if self._screened is not None:
            return self._screened.draft()
        return max(accepted, key=lambda step: step.verdict.utility or 0.0).draft

    def read(self) -> list[Step] | None:
        """All steps with what was not read before the answer; None where nothing is left to read.

        Raises:
            ModelError: the model fails.
        """
        if self._screened is None:
            return None
        steps = [*self._screened.read(), *self._misfits]
        self._ledger.book("probe")
        return steps

    def close(self) -> None:
        """Close the sessions that were kept for reading."""
        if self._screened is not None:
            self._screened.close()

    def _screen(
        self,
        profile: Profile,
        prefix: Session,
        context: Context,
        doses: Sequence[Dose],
        prompted: Prompted,
    ) -> Iterator[Step]:
        """Let in what the profile puts within budget."""
        embedder = self._settings.embedder
        weighing = weigh(self._model, profile, self._question, doses, prompted, embedder=embedder)
        if self._settings.halve:
            halver = Halver(
                self._model,
                profile,
                self._question,
                self._prompt,
                budget=self._budget,
                embedder=embedder,
                spare=self._spare(prompted),
            )
            doses, weighing = halver.halve(doses, prompted, weighing)
        judge = ProfileJudge(weighing.rated, weighing.gains, self._thresholds, self._budget)
        self._screened = Screened(
            self._model,
            context,
            self._prompt,
            doses,
            prompted,
            judge=judge,
            order=self._settings.order,
            room=self._room,
            recompute=self._settings.recompute,
            drafter=self._drafter(prefix),
            vote=self._settings.majority,
        )
        self._ledger.book("probe")
        yield from self._screened.let_in()
        self._ledger.book("dose")

    def _spare(self, prompted: Prompted) -> int:
        """Cache cells that are free beside the chunks and what reading takes."""
        held = sum(len(session.tokens) for session in (prompted.bare, *prompted.sessions))
        return self._model.info.cache_size - held - _READ_ROOM

    def _drafter(self, prefix: Session) -> Drafter:
        readable = self._model.capabilities.layer_states
        layers = spread_layers(self._model.info.layers) if readable else ()
        draft_tokens = self._settings.draft_tokens
        return Drafter(self._model, prefix, self._prompt.tail, draft_tokens, layers)

    def _dose(
        self, prefix: Session, context: Context, doses: Sequence[Dose], prompted: Prompted
    ) -> Iterator[Step]:
        """Probe the chunks, and let them in one by one or not, on plain thresholds."""
        probed = self._drafter(prefix).probe(prompted, support=True)
        context.baseline = probed.baseline
        self._ledger.book("probe")
        injection = Injection(
            self._model,
            context,
            self._prompt,
            doses,
            probed,
            thresholds=self._thresholds,
            budget=self._budget,
            draft_tokens=self._settings.draft_tokens,
            room=self._room,
            recompute=self._settings.recompute,
        )
        drifts = [reading.logit_drift for reading in probed.readings]
        yield from injection.run(ordered(self._settings.order, None, drifts))
        self._ledger.book("dose")

    def _split_by_room(self, doses: Sequence[Dose]) -> tuple[list[Dose], list[Step]]:
        """Chunks that can be probed side by side, and the steps of those that cannot."""
        alone = self._room - len(self._prompt.prefix)
        cells = self._model.info.cache_size
        side_by_side = cells - len(self._prompt.prefix) - min(_READ_ROOM, cells // 2)
        overhead = len(self._prompt.tail) + self._settings.draft_tokens
        side_by_side -= overhead
        fitting: list[Dose] = []
        misfits: list[Step] = []
        for dose in doses:
            size = len(dose.tokens)
            if size > alone:
                verdict = does_not_fit(size, alone)
            elif size + overhead > side_by_side:
                verdict = does_not_fit(
                    size + overhead, side_by_side, where="the cache beside the other chunks"
                )
            else:
                fitting.append(dose)
                side_by_side -= size + overhead
                continue
            misfits.append(Step(dose.chunk, None, verdict, None, ""))
        return fitting, misfits


def fill_plain(context: Context, doses: Sequence[Dose], room: int) -> Iterator[Step]:
    """Let in what there is room for, as plain RAG does."""
    for dose in doses:
        left = room - len(context.session.tokens)
        if len(dose.tokens) > left:
            verdict = does_not_fit(len(dose.tokens), left)
        else:
            context.session.extend(dose.tokens)
            verdict = Verdict(True, "not judged", "plain mode: not probed", None, None, 0.0)
        yield Step(dose.chunk, None, verdict, None, "")
