"""One answer in the making: retrieve, probe, inject in doses, decide, speak."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import TypeVar

from overlay.answer import (
    Answer,
    AnswerFinished,
    Event,
    Outcome,
    Step,
    StepTaken,
    TextAdded,
    Usage,
)
from overlay.injection import Context, Dose, does_not_fit, inject
from overlay.options import AskOptions, Mode
from overlay.prompt import Prompt, chunk_tokens
from overlay.settings import Fallback, Settings
from overlay.text_stream import TextStream
from probes.cost import Ledger
from probes.errors import PromptTooLongError
from probes.isolated import probe_prompted
from probes.kv_store import KVStore
from probes.layers import spread_layers
from probes.prompted import Prompted, prompt_chunks
from probes.protocol import Model, Sampling, Session
from probes.state import State
from probes.subject import as_text
from probes.token_log_probs import TokenLogProb, end_token, token_log_probs
from retriever import Searcher
from selector.budget import Budget
from selector.judges import ProfileJudge, ThresholdsJudge
from selector.order import ordered
from selector.profile import Guarantee, Profile
from selector.thresholds import Thresholds
from selector.verdict import Verdict

__all__ = ["ABSTENTION", "Turn"]

_Value = TypeVar("_Value", int, float)

ABSTENTION = "The documents do not answer this question."

# Rows that reading windows puts into the cache beside the sessions themselves, at most.
_READ_ROOM = 1024


class Turn:
    """Works one chat turn out on a model. Use it once.

    Args:
        question: what is searched for.
        prompt: what the model reads around the context.
        profile: judges in place of the thresholds, where there is one.
        kept: see :func:`probes.prompted.prompt_chunks`; nothing is kept of plain answers.
    """

    def __init__(
        self,
        model: Model,
        question: str,
        prompt: Prompt,
        options: AskOptions,
        *,
        retriever: Searcher | None,
        settings: Settings,
        thresholds: Thresholds,
        profile: Profile | None = None,
        kept: KVStore | None = None,
    ) -> None:
        self._model = model
        self._retriever = retriever
        self._settings = settings
        self._options = options
        self._question = question
        self._prompt = prompt
        self._thresholds = thresholds
        # What was calibrated is a chat: a profile says nothing of a bare text.
        self._profile = None if prompt.alone is not None else profile
        self._kept = None if options.mode is not Mode.OVERLAY else kept
        self._budget = options.budget or Budget(settings.budget_step, settings.budget_answer)
        self._sampling = Sampling(
            max_tokens=_first(options.max_tokens, settings.max_tokens),
            temperature=_first(options.temperature, settings.temperature),
            top_p=_first(options.top_p, settings.top_p),
            seed=_first(options.seed, settings.seed),
        )
        self._room = self._room_for_context()
        self._ledger = Ledger(model)

    def run(self) -> Iterator[Event]:
        """Yield the steps, then the text, then the whole answer."""
        clock = _Clock()
        text = TextStream(self._options.stop, keep_blanks=self._prompt.alone is not None)
        parts: list[str] = []
        with ExitStack() as stack:
            prefix = stack.enter_context(self._model.session())
            if self._kept is None:
                prefix.extend(self._prompt.prefix)
            else:
                self._kept.extend_many(self._model, [prefix], [self._prompt.prefix])
            context = Context(prefix.fork(1)[0])
            stack.push(lambda *_: context.close())
            for step in self._fill(prefix, context):
                context.steps.append(step)
                yield StepTaken(step)
            outcome, note = self._decide(prefix, context)
            speaker, tail = self._speaker(prefix, context, outcome)
            stack.push(lambda *_: speaker.close())
            echoed = self._listen(speaker, tail)
            prompt_tokens = len(speaker.tokens)
            for part in self._speak(speaker, outcome, text):
                clock.first_token()
                parts.append(part)
                yield TextAdded(part)
            self._ledger.book("answer")
            said = self._expected(speaker, prompt_tokens, text)
            if said:
                self._ledger.book("log-probabilities")
        yield AnswerFinished(
            Answer(
                text="".join(parts),
                outcome=outcome,
                note=note,
                finish_reason=self._finish_reason(text),
                steps=tuple(context.steps),
                budget=self._budget,
                spent=context.spent,
                volatility_index=context.spent / self._budget.answer if context.spent else 0.0,
                usage=Usage(prompt_tokens, text.tokens, self._ledger.phases),
                seconds=clock.elapsed(),
                seconds_to_first_token=clock.to_first_token(),
                model=self._model.info.name,
                mode=self._options.mode,
                guarantee=self._guarantee(),
                prompt=as_text(self._model, tail) if self._options.echo else "",
                prompt_log_probs=tuple(echoed),
                log_probs=tuple(said),
            )
        )

    def _guarantee(self) -> Guarantee | None:
        if self._profile is None or self._options.mode is not Mode.OVERLAY:
            return None
        return self._profile.guarantee(self._budget.step)

    def _fill(self, prefix: Session, context: Context) -> Iterator[Step]:
        """Retrieve chunks and let them into the context, or not."""
        doses = self._retrieve()
        if self._options.mode is Mode.PLAIN:
            yield from self._fill_plain(context, doses)
            return
        fitting, misfits = self._split_by_room(doses)
        if fitting:
            with prompt_chunks(
                self._model,
                prefix,
                [dose.tokens for dose in fitting],
                self._prompt.tail,
                kept=self._kept,
            ) as prompted:
                yield from self._fill_judged(prefix, context, fitting, prompted)
        for dose in misfits:
            yield Step(dose.chunk, None, does_not_fit(len(dose.tokens), self._room), None, "")

    def _fill_judged(
        self, prefix: Session, context: Context, doses: Sequence[Dose], prompted: Prompted
    ) -> Iterator[Step]:
        """Reject what the profile, if there is one, puts over budget; probe and dose the rest."""
        context.bare = prompted.bare.fork(1)[0]
        screen = self._screen(prompted)
        self._ledger.book("probe")
        verdicts = [None if screen is None else screen.screen(n) for n in range(len(doses))]
        left = [n for n, verdict in enumerate(verdicts) if verdict is None or verdict.accepted]
        dosed = self._dose(
            prefix,
            context,
            [doses[n] for n in left],
            prompted.choose(left),
            places=left,
            screen=screen,
        )
        yield from dosed
        for n, (dose, verdict) in enumerate(zip(doses, verdicts, strict=True)):
            if verdict is not None and not verdict.accepted:
                gain = prompted.question_gains[n]
                yield Step(dose.chunk, None, verdict, None, "", gain)
        self._ledger.book("dose")

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
        )
        context.baseline = probed.baseline
        self._ledger.book("probe")
        yield from inject(
            self._model,
            context,
            self._prompt,
            doses,
            probed,
            order=ordered(
                self._settings.order,
                None if screen is None else [screen.rated[place].utility for place in places],
                [reading.logit_drift for reading in probed.readings],
            ),
            places=places,
            judge=screen or ThresholdsJudge(self._thresholds, self._budget),
            draft_tokens=self._settings.draft_tokens,
            room=self._room,
            recompute=self._settings.recompute,
        )

    def _retrieve(self) -> list[Dose]:
        if self._retriever is None or self._options.mode is Mode.NO_CONTEXT:
            return []
        k = _first(self._options.k, self._settings.k)
        return [
            Dose(ranked, chunk_tokens(self._model, ranked.chunk.text))
            for ranked in self._retriever.search(self._question, k)
        ]

    def _fill_plain(self, context: Context, doses: Sequence[Dose]) -> Iterator[Step]:
        for dose in doses:
            left = self._room - len(context.session.tokens)
            if len(dose.tokens) > left:
                verdict = does_not_fit(len(dose.tokens), left)
            else:
                context.session.extend(dose.tokens)
                verdict = Verdict(True, "plain mode: not probed", None, None, 0.0)
            yield Step(dose.chunk, None, verdict, None, "")

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

    def _decide(self, prefix: Session, context: Context) -> tuple[Outcome, str]:
        """Whether to answer from the context, without it, or not at all, and why."""
        mode = self._options.mode
        if mode is Mode.NO_CONTEXT:
            return Outcome.WITHOUT_CONTEXT, "nothing was retrieved: retrieval is off"
        if mode is Mode.PLAIN and context.accepted:
            return Outcome.ANSWERED, ""
        best = max((step.verdict.utility or 0.0 for step in context.accepted), default=0.0)
        enough = 0.0 if self._profile else self._thresholds.evidence
        if context.accepted and best >= enough:
            return Outcome.ANSWERED, ""
        why = (
            f"no accepted chunk brings enough evidence (best utility {best:.2f}, "
            f"needed {enough:.2f})"
            if context.accepted
            else "no chunk is within budget"
            if context.steps
            else "nothing was retrieved"
        )
        fallback = self._settings.fallback
        if fallback is Fallback.AUTO:
            confidence = self._without_context(prefix, context).mean_log_prob
            sure = confidence >= self._thresholds.confidence
            fallback = Fallback.ANSWER if sure else Fallback.ABSTAIN
            why += f"; without context the model is {'' if sure else 'not '}sure of itself "
            why += f"({confidence:.2f} nats per token)"
        if fallback is Fallback.ANSWER:
            return Outcome.WITHOUT_CONTEXT, why
        return Outcome.ABSTAINED, why

    def _without_context(self, prefix: Session, context: Context) -> State:
        """The state on the draft without context."""
        if context.baseline is None:
            bare = self._bare(prefix, context)
            [context.baseline] = self._model.draft_states([bare], self._settings.draft_tokens)
        return context.baseline

    def _bare(self, prefix: Session, context: Context) -> Session:
        """A session that holds the prompt without context."""
        if context.bare is None:
            [context.bare] = prefix.fork(1)
            context.bare.extend(self._prompt.tail)
        return context.bare

    def _speaker(
        self, prefix: Session, context: Context, outcome: Outcome
    ) -> tuple[Session, Sequence[int]]:
        """The session that answers, and what it has still to read."""
        tail = self._prompt.tail
        if outcome is Outcome.ANSWERED:
            if context.prompted is None or self._options.echo:
                return context.session, tail
            return context.prompted, ()
        if self._prompt.alone is not None:
            return self._model.session(), self._prompt.alone
        if context.bare is None or self._options.echo:
            return prefix, tail
        return context.bare, ()

    def _listen(self, speaker: Session, tail: Sequence[int]) -> list[TokenLogProb]:
        """Read the rest of the prompt, and say of its tokens what is asked for."""
        if self._options.echo and self._options.top_log_probs is not None:
            return token_log_probs(self._model, speaker, tail, self._options.top_log_probs)
        speaker.extend(tail)
        return []

    def _expected(self, speaker: Session, start: int, text: TextStream) -> list[TokenLogProb]:
        """How the tokens of the answer were expected, its end token among them."""
        top = self._options.top_log_probs
        if top is None or not speaker.tokens:
            return []
        tokens = list(speaker.tokens[start:])
        [twin] = speaker.fork(1)
        with twin:
            twin.rollback(start)
            found = token_log_probs(self._model, twin, tokens, top)
            if not text.stopped and len(tokens) < self._sampling.max_tokens:
                found.append(end_token(self._model, twin, top))
        return found

    def _speak(self, speaker: Session, outcome: Outcome, text: TextStream) -> Iterator[str]:
        if outcome is Outcome.ABSTAINED:
            yield ABSTENTION
            return
        tokens = speaker.generate(self._sampling)
        yield from text.feed(self._model.piece(token) for token in tokens)

    def _finish_reason(self, text: TextStream) -> str:
        full = text.tokens >= self._sampling.max_tokens
        return "length" if full and not text.stopped else "stop"

    def _layers(self) -> tuple[int, ...]:
        if not self._model.capabilities.layer_states:
            return ()
        return spread_layers(self._model.info.layers)

    def _room_for_context(self) -> int:
        """Tokens that prefix and chunks may take: what tail and answer leave.

        Raises:
            PromptTooLongError: not even the question fits.
        """
        size = self._model.info.context_size
        question = len(self._prompt.prefix) + len(self._prompt.tail)
        if question + self._settings.draft_tokens > size:
            raise PromptTooLongError(
                f"the question and the earlier turns take {question} tokens, the context "
                f"holds {size}",
                hint="shorten the question or the conversation, or raise context_size",
                param="messages",
            )
        # A caller who asks for very long answers still gets chunks to answer from.
        answer = min(self._sampling.max_tokens, size // 4)
        return size - len(self._prompt.tail) - max(answer, self._settings.draft_tokens)


class _Clock:
    """Wall time of one answer, in seconds."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._first: float | None = None

    def first_token(self) -> None:
        if self._first is None:
            self._first = self.elapsed()

    def elapsed(self) -> float:
        return time.perf_counter() - self._started

    def to_first_token(self) -> float:
        return self.elapsed() if self._first is None else self._first


def _first(option: _Value | None, setting: _Value) -> _Value:
    return setting if option is None else option
