"""One answer in the making: retrieve, probe, inject in doses, decide, speak."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from typing import TypeVar

from overlay.anchor import anchors
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
from overlay.filling import Filling, fill_plain
from overlay.injection import Context, Dose
from overlay.options import AskOptions, Mode
from overlay.prompt import Prompt, chunk_tokens
from overlay.settings import Fallback, Settings
from overlay.signs import read_signs
from overlay.text_stream import TextStream
from probes.cost import Ledger
from probes.errors import PromptTooLongError
from probes.kv_store import KVStore
from probes.protocol import Model, Sampling, Session
from probes.state import State
from probes.subject import as_text
from probes.token_log_probs import TokenLogProb, end_token, token_log_probs
from retriever import Searcher
from selector.budget import budget_for
from selector.confidence import Signs
from selector.majority import FEWEST
from selector.profile import Guarantee, Profile
from selector.thresholds import Thresholds

__all__ = ["ABSTENTION", "Turn"]

_Value = TypeVar("_Value", int, float)

ABSTENTION = "The documents do not answer this question."


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
        self._budget = options.budget or budget_for(
            settings.budget_step, settings.budget_answer, profile=self._profile is not None
        )
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
            filling = stack.enter_context(closing(self._filling()))
            for step in self._fill(filling, prefix, context):
                context.steps.append(step)
                yield StepTaken(step)
            outcome, note = self._decide(prefix, context)
            repeated = self._anchor(context, filling) if outcome is Outcome.ANSWERED else ()
            speaker, tail = self._speaker(prefix, context, outcome)
            stack.push(lambda *_: speaker.close())
            echoed = self._listen(speaker, tail)
            prompt_tokens = len(speaker.tokens)
            for part in self._speak(speaker, outcome, text):
                clock.first_token()
                parts.append(part)
                yield TextAdded(part)
            clock.last_token()
            self._ledger.book("answer")
            steps = filling.read() or context.steps
            answered = "".join(parts)
            signs = self._signs(speaker, prompt_tokens, answered, outcome, steps)
            said = self._expected(speaker, prompt_tokens, text)
            if said:
                self._ledger.book("log-probabilities")
        yield AnswerFinished(
            Answer(
                text=answered,
                outcome=outcome,
                note=note,
                anchor=repeated,
                finish_reason=self._finish_reason(text),
                steps=tuple(steps),
                budget=self._budget,
                spent=context.spent,
                usage=Usage(prompt_tokens, text.tokens, self._ledger.phases),
                seconds=clock.to_last_token(),
                seconds_to_first_token=clock.to_first_token(),
                model=self._model.info.name,
                mode=self._options.mode,
                guarantee=self._guarantee(context.steps),
                signs=signs,
                confidence=self._confidence(signs),
                prompt=as_text(self._model, tail) if self._options.echo else "",
                prompt_log_probs=tuple(echoed),
                log_probs=tuple(said),
            )
        )

    def _guarantee(self, steps: Sequence[Step]) -> Guarantee | None:
        if self._profile is None or self._options.mode is not Mode.OVERLAY:
            return None
        if self._profile.embedder not in {"", self._settings.embedder}:
            return None  # it was promised of verdicts that weigh that embedder's similarities
        if any(step.halved for step in steps):
            return None  # it was promised of whole chunks
        promised = self._profile.guarantee(self._budget, len(steps))
        if promised is not None and self._settings.majority and len(steps) >= FEWEST:
            # What a budget keeps out was promised; what a majority keeps out comes on top.
            return promised.model_copy(update={"loss": None})
        return promised

    def _fill(self, filling: Filling, prefix: Session, context: Context) -> Iterator[Step]:
        """Retrieve chunks and let them into the context, or not."""
        doses = self._retrieve()
        if self._options.mode is Mode.PLAIN:
            return fill_plain(context, doses, self._room)
        return filling.run(prefix, context, doses)

    def _filling(self) -> Filling:
        return Filling(
            self._model,
            self._question,
            self._prompt,
            self._settings,
            self._budget,
            room=self._room,
            ledger=self._ledger,
            thresholds=self._thresholds,
            profile=self._profile,
            kept=self._kept,
        )

    def _retrieve(self) -> list[Dose]:
        if self._retriever is None or self._options.mode is Mode.NO_CONTEXT:
            return []
        k = _first(self._options.k, self._settings.k)
        return [
            Dose(ranked, chunk_tokens(self._model, ranked.chunk.text))
            for ranked in self._retriever.search(self._question, k)
        ]

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
            return Outcome.ANSWERED, _conflict(context.steps)
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

    def _anchor(self, context: Context, filling: Filling) -> tuple[str, ...]:
        """Say again what the accepted chunks say closest to the question; what that is."""
        plain = self._options.mode is Mode.PLAIN or self._prompt.alone is not None
        if plain or not self._settings.anchor:
            return ()
        accepted = context.accepted
        texts = [step.chunk.chunk.text for step in accepted]
        room = self._room - len(context.session.tokens)
        said: list[str] = []
        tokens: list[int] = []
        for sentence in anchors(self._question, texts, filling.draft(accepted)):
            # In quotation marks it is no further chunk, which a small model would rather go on
            # with.
            more = chunk_tokens(self._model, f'"{sentence}"')
            if len(tokens) + len(more) <= room:
                said.append(sentence)
                tokens += more
        if said:
            context.say_again(tokens, self._prompt.tail)
        self._ledger.book("anchor")
        return tuple(said)

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

    def _signs(
        self, speaker: Session, start: int, answer: str, outcome: Outcome, steps: Sequence[Step]
    ) -> Signs | None:
        """What the answer shows of being right."""
        if self._options.mode is not Mode.OVERLAY or outcome is Outcome.ABSTAINED:
            return None
        rests_on = [step for step in steps if step.verdict.accepted and outcome is Outcome.ANSWERED]
        signs = read_signs(
            self._model,
            speaker,
            start=start,
            question=self._question,
            answer=answer,
            rests_on=rests_on,
        )
        if signs is not None:
            self._ledger.book("confidence")
        return signs

    def _confidence(self, signs: Signs | None) -> float | None:
        """How likely the answer is to be right; None where nothing tells."""
        if self._profile is None or signs is None:
            return None
        states = signs.state is not None
        weights = self._profile.confidence_in(self._question, states=states)
        return None if weights is None else weights.chance(signs)

    def _speak(self, speaker: Session, outcome: Outcome, text: TextStream) -> Iterator[str]:
        if outcome is Outcome.ABSTAINED:
            yield ABSTENTION
            return
        tokens = speaker.generate(self._sampling)
        yield from text.feed(self._model.piece(token) for token in tokens)

    def _finish_reason(self, text: TextStream) -> str:
        full = text.tokens >= self._sampling.max_tokens
        return "length" if full and not text.stopped else "stop"

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
        self._last: float | None = None

    def first_token(self) -> None:
        if self._first is None:
            self._first = self.elapsed()

    def last_token(self) -> None:
        self._last = self.elapsed()

    def elapsed(self) -> float:
        return time.perf_counter() - self._started

    def to_last_token(self) -> float:
        return self.elapsed() if self._last is None else self._last

    def to_first_token(self) -> float:
        return self.elapsed() if self._first is None else self._first


def _conflict(steps: Sequence[Step]) -> str:
    """What to say where chunks within budget disagreed."""
    out = sum(step.outvoted for step in steps)
    kept = sum(step.verdict.accepted for step in steps)
    if not out:
        return ""
    return (
        f"the sources disagree: {kept} chunks within budget support each other, and {out} "
        f"{'speaks' if out == 1 else 'speak'} against them and {'was' if out == 1 else 'were'} "
        "kept out"
    )


def _first(option: _Value | None, setting: _Value) -> _Value:
    return setting if option is None else option
