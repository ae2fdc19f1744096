"""Lets retrieved chunks into the context, or not: screened by the profile, probed, dosed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from overlay.answer import Step
from overlay.injection import Context, Dose, Injection, does_not_fit
from overlay.prompt import Prompt
from overlay.settings import Settings
from probes.cost import Ledger
from probes.isolated import probe_prompted
from probes.kv_store import KVStore
from probes.layers import spread_layers
from probes.prompted import Prompted, prompt_chunks
from probes.protocol import Model, Session
from selector.budget import Budget
from selector.judges import ProfileJudge, ThresholdsJudge
from selector.order import Order, ordered
from selector.profile import Profile
from selector.thresholds import Thresholds
from selector.verdict import Verdict

__all__ = ["Filling", "fill_plain"]

# Rows that reading windows puts into the cache beside the sessions themselves, at most.
_READ_ROOM = 1024


class Filling:
    """Fills the context of one turn. Use it once.

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

    def run(self, prefix: Session, context: Context, doses: Sequence[Dose]) -> Iterator[Step]:
        """Yield a step for every chunk once it is judged.

        The caller adds each step to ``context.steps`` before it asks for the next one.
        """
        fitting, misfits = self._split_by_room(doses)
        if fitting:
            with prompt_chunks(
                self._model,
                prefix,
                [dose.tokens for dose in fitting],
                self._prompt.tail,
                kept=self._kept,
            ) as prompted:
                yield from self._judge(prefix, context, fitting, prompted)
        for dose in misfits:
            yield Step(dose.chunk, None, does_not_fit(len(dose.tokens), self._room), None, "")

    def _judge(
        self, prefix: Session, context: Context, doses: Sequence[Dose], prompted: Prompted
    ) -> Iterator[Step]:
        """Reject what the profile, if there is one, puts over budget; probe and dose the rest."""
        context.bare = prompted.bare.fork(1)[0]
        screen = self._screen(prompted)
        self._ledger.book("probe")
        verdicts = {} if screen is None else screen.screen(self._spenders(screen))
        rejected = {place for place, verdict in verdicts.items() if not verdict.accepted}
        left = [place for place in range(len(doses)) if place not in rejected]
        yield from self._dose(
            prefix,
            context,
            [doses[place] for place in left],
            prompted.choose(left),
            places=left,
            screen=screen,
        )
        for place in sorted(rejected):
            gain = prompted.question_gains[place]
            yield Step(doses[place].chunk, None, verdicts[place], None, "", gain)
        self._ledger.book("dose")

    def _spenders(self, screen: ProfileJudge) -> list[int]:
        """Which chunks may spend of the answer's budget first: by rank, or the best ones."""
        utilities = [rated.utility for rated in screen.rated]
        first = Order.RANK if self._settings.order is Order.RANK else Order.BEST_FIRST
        return ordered(first, utilities, [0.0] * len(utilities))

    def _screen(self, prompted: Prompted) -> ProfileJudge | None:
        """What the profile says before anything is drafted; None without one."""
        profile = self._profile
        if profile is None:
            return None
        states = self._model.capabilities.layer_states
        weights = profile.weights(self._question, states=states)
        deltas = prompted.state_deltas(self._model, profile.layer) if weights.direction else None
        return ProfileJudge(
            weights.rate(prompted.question_gains, deltas),
            prompted.question_gains,
            self._thresholds,
            self._budget,
        )

    def _dose(
        self,
        prefix: Session,
        context: Context,
        doses: Sequence[Dose],
        prompted: Prompted,
        *,
        places: Sequence[int],
        screen: ProfileJudge | None,
    ) -> Iterator[Step]:
        """Probe the chunks and let them into the context, or not."""
        if not doses:
            return
        probed = probe_prompted(
            self._model,
            prefix,
            prompted,
            self._prompt.tail,
            draft_tokens=self._settings.draft_tokens,
            layers=self._layers(),
            support=screen is None,
        )
        context.baseline = probed.baseline
        self._ledger.book("probe")
        injection = Injection(
            self._model,
            context,
            self._prompt,
            doses,
            probed,
            places=places,
            judge=screen or ThresholdsJudge(self._thresholds, self._budget),
            draft_tokens=self._settings.draft_tokens,
            room=self._room,
            recompute=self._settings.recompute,
        )
        order = ordered(
            self._settings.order,
            None if screen is None else [screen.rated[place].utility for place in places],
            [reading.logit_drift for reading in probed.readings],
        )
        # Drift decides nothing where a profile judges, and a dose for each chunk costs more.
        yield from injection.run(order, together=screen is not None)

    def _split_by_room(self, doses: Sequence[Dose]) -> tuple[list[Dose], list[Dose]]:
        """Chunks that can be probed side by side, and those that cannot."""
        alone = self._room - len(self._prompt.prefix)
        cells = self._model.info.cache_size
        side_by_side = cells - len(self._prompt.prefix) - min(_READ_ROOM, cells // 2)
        overhead = len(self._prompt.tail) + self._settings.draft_tokens
        side_by_side -= overhead
        fitting: list[Dose] = []
        misfits: list[Dose] = []
        for dose in doses:
            needed = len(dose.tokens) + overhead
            if len(dose.tokens) <= alone and needed <= side_by_side:
                fitting.append(dose)
                side_by_side -= needed
            else:
                misfits.append(dose)
        return fitting, misfits

    def _layers(self) -> tuple[int, ...]:
        if not self._model.capabilities.layer_states:
            return ()
        return spread_layers(self._model.info.layers)


def fill_plain(context: Context, doses: Sequence[Dose], room: int) -> Iterator[Step]:
    """Let in what there is room for, as plain RAG does."""
    for dose in doses:
        left = room - len(context.session.tokens)
        if len(dose.tokens) > left:
            verdict = does_not_fit(len(dose.tokens), left)
        else:
            context.session.extend(dose.tokens)
            verdict = Verdict(True, "plain mode: not probed", None, None, 0.0)
        yield Step(dose.chunk, None, verdict, None, "")
