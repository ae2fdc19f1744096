"""What comes out of one question: events while it runs, and the answer with its trajectory."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from probes.cost import Cost
from probes.reading import Reading
from probes.token_log_probs import TokenLogProb
from retriever import RankedChunk
from selector.budget import Budget
from selector.profile import Guarantee
from selector.signs import Signs
from selector.verdict import Verdict

__all__ = [
    "Answer",
    "AnswerFinished",
    "Event",
    "Other",
    "Outcome",
    "Step",
    "StepTaken",
    "TextAdded",
    "ThoughtAdded",
    "Tried",
    "Usage",
]


class Outcome(StrEnum):
    """What the answer rests on."""

    ANSWERED = "answered"
    WITHOUT_CONTEXT = "answered_without_context"
    ABSTAINED = "abstained"


@dataclass(frozen=True, slots=True)
class Step:
    """One dose of the trajectory: a chunk, what it did to the model, and the verdict on it.

    Attributes:
        reading: probe values of the chunk alone; None in plain mode, and where the chunk was
            never probed: it did not fit the context, or the profile put it over budget already.
        marginal_drift: logit drift in bits per position that the chunk caused inside the
            growing context, on the window of the draft made just before; None where the chunk
            was not injected.
        draft: what the model would answer under this chunk alone; empty where it was not probed.
        question_gain: see :func:`probes.question_gain.question_gain`; None in plain mode and
            where the chunk did not fit.
        halved: whether the chunk's text is a part of what was retrieved, because the rest instructs
            the model.
        attention: how much more the question looks at the chunk than a content-free question does,
            nats, see :func:`probes.attention.attention`; None where the profile does not weigh it,
            the model does not show it, or the chunk did not fit beside the others.
    """

    chunk: RankedChunk
    reading: Reading | None
    verdict: Verdict
    marginal_drift: float | None
    draft: str
    question_gain: float | None = None
    halved: bool = False
    attention: float | None = None

    @property
    def source(self) -> str:
        """Of what document the chunk is."""
        return self.chunk.source

    @property
    def text(self) -> str:
        """What the chunk says."""
        return self.chunk.text


@dataclass(frozen=True, slots=True)
class Tried:
    """One variant that was tried.

    Attributes:
        name: how it words and orders the context, and what of it it takes.
        chunks: ranks of its chunks, in the order in which they entered.
        repeated: sentences that stood behind them once more.
        index: the volatility index by the answer's first tokens alone, before other variants are
            heard; None where it was not read.
        spoken: whether the answer is this one.
    """

    name: str
    chunks: tuple[int, ...]
    repeated: tuple[str, ...]
    index: float | None
    spoken: bool


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts.

    Attributes:
        prompt_tokens, completion_tokens: of the prompt that was answered, and of all answers with
            what was thought before them.
        phases: what the model spent, by phase of the answer, probes included.
        reasoning_tokens: those of the ``completion_tokens`` that are thoughts.
    """

    prompt_tokens: int
    completion_tokens: int
    phases: dict[str, Cost]
    reasoning_tokens: int = 0

    @property
    def cost(self) -> Cost:
        """What the model spent in all."""
        return sum(self.phases.values(), Cost())


@dataclass(frozen=True, slots=True)
class Other:
    """One more answer to the same question from the same context; see :class:`Answer`."""

    text: str
    finish_reason: str
    log_probs: tuple[TokenLogProb, ...] = ()
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer and the record of how it came about.

    Attributes:
        finish_reason: ``stop`` (the model ended, or a stop text was met) or ``length`` (the longest
            answer was reached, or the model's context is full).
        steps: the trajectory, in the order in which the chunks were tried.
        spent: volatility that the accepted steps spent.
        judged_by: which profile judged; empty where none did.
        guarantee: what the profile promises under the budget; None where none judged, where it was
            calibrated with another embedder, or where half a chunk was let in.
        signs: what it shows of being right; None in plain mode, without retrieval and where there
            is no answer.
        volatility_index: the calibrated chance that the answer is wrong; None there too, and
            without a profile that was calibrated for it.
        searched_for: the queries that found the chunks; none where nothing was found, or sought.
        variants: those that were tried, in order; none where there was no context to answer from.
        anchor: sentences of the accepted chunks that stood behind them once more, see
            :func:`overlay.anchor.anchors`; none in other modes, or where there was no room.
        reasoning: what the model thought before the answer; empty where it thinks nothing, which
            prompts ask of it.
        prompt: what the prompt says behind the context, where that was to be echoed.
        prompt_log_probs, log_probs: how each token of the prompt and of the answer was expected,
            where that was asked for. The pieces of the answer join to the bytes of its text: blanks
            before it and what belongs to a stop text are cut off. Behind them may come the token
            that ended it. What a form forbids counts as well: they are the model's own.
        others: more answers than the first, where they were asked for; all but the text, why it
            ended and its log-probabilities is said of the first.
        seconds: wall time from the question to the last token.
        seconds_to_first_token: wall time from the question to the first token of the answer,
            behind what was thought.
    """

    text: str
    outcome: Outcome
    finish_reason: str
    steps: tuple[Step, ...]
    budget: Budget
    spent: float
    usage: Usage
    seconds: float
    seconds_to_first_token: float
    model: str
    mode: str
    note: str = ""
    searched_for: tuple[str, ...] = ()
    anchor: tuple[str, ...] = ()
    guarantee: Guarantee | None = None
    judged_by: str = ""
    signs: Signs | None = None
    volatility_index: float | None = None
    variants: tuple[Tried, ...] = ()
    reasoning: str = ""
    prompt: str = ""
    prompt_log_probs: tuple[TokenLogProb, ...] = ()
    log_probs: tuple[TokenLogProb, ...] = ()
    others: tuple[Other, ...] = ()

    @property
    def choices(self) -> tuple[Answer | Other, ...]:
        """This answer and the others."""
        return (self, *self.others)


@dataclass(frozen=True, slots=True)
class StepTaken:
    """A chunk was judged. Under a profile what it does is read later: see the answer's steps."""

    step: Step


@dataclass(frozen=True, slots=True)
class TextAdded:
    """The answer grew by ``text``; of several answers ``choice`` says which, from 0."""

    text: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class ThoughtAdded:
    """What the model thinks before an answer grew by ``text``; no part of the answer.

    Of several answers ``choice`` says which, from 0.
    """

    text: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class AnswerFinished:
    """The last event: the whole answer."""

    answer: Answer


Event = StepTaken | ThoughtAdded | TextAdded | AnswerFinished
