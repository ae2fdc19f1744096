"""What a chain does to a model, told gradually and told abruptly."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

from eval.sharp_steps.chains import Chain, ChainQuestion, Order
from overlay.labelled.matching import contains_any
from overlay.prompt import Prompt, build_prompt, chunk_tokens
from probes.chat import Message
from probes.hidden_drift import hidden_drift
from probes.layers import spread_layers
from probes.logit_drift import logit_drift
from probes.path import path_ratio
from probes.protocol import DifferentiableModel, Model, Session
from probes.state import State
from probes.subject import as_text
from probes.token_grad import token_grad
from probes.trajectory import grow

__all__ = [
    "ANSWER_TOKENS",
    "CONTEXT",
    "MEASURES",
    "Measure",
    "Measured",
    "Path",
    "measure",
    "paths",
]

ANSWER_TOKENS = 32
"""Length of the greedy answer that is looked through for an accepted one."""

CONTEXT = "context"
"""Stands for the question where a number depends on the order of the sentences alone."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A number that is compared between the orders.

    Attributes:
        primary: whether the claim is judged by it.
        claimed: how, by the claim, gradual compares with abrupt; empty where it says nothing.
        rate: whether it is 0 or 1 for one chain.
        of_context: whether it depends on the order of the sentences alone, on no question.
    """

    name: str
    claimed: str = ""
    primary: bool = False
    rate: bool = False
    of_context: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """One chain in one order, under one question.

    Attributes:
        question: near, far, or :data:`CONTEXT`.
        values: by name of the measure, without those that this model cannot give.
        steps: drift of each of the six steps, by window and kind.
        answer: what the model says, greedily.
    """

    question: str
    order: str
    values: dict[str, float]
    steps: dict[str, list[float]]
    answer: str


@dataclass(frozen=True, slots=True)
class Path:
    """Drifts along a path of states: bits for logit drift, no unit for hidden drift.

    ``length`` adds drifts, which are no distances, so that it can fall below ``net``;
    :func:`probes.path.path_ratio` takes roots, and cannot fall below 1.

    Attributes:
        steps: drift of each step.
        net: drift from the first state to the last.
    """

    steps: list[float]
    net: float

    @property
    def length(self) -> float:
        """``sum_s d_s``."""
        return math.fsum(self.steps)

    @property
    def largest(self) -> float:
        """``max_s d_s``."""
        return max(self.steps)


@dataclass(frozen=True, slots=True)
class _Walk:
    """One chain in one order, under the question called ``name``, as sessions that grow."""

    name: str
    order: Order
    question: ChainQuestion
    prompt: Prompt
    sentences: list[list[int]]
    stages: list[Session]


_ANSWER, _DRAFT = "answer window", "draft window"
_LOGIT, _HIDDEN = "logit", "hidden"
_TOKEN_GRAD = "TokenGrad, mean"  # noqa: S105 - the name of a number, not a secret
_LOG_PROB = "answer's log-probability"
_RIGHT = "answer right"
_FLUENCY = "context's log-probability"


def _of_paths(window: str, *, primary: bool) -> Iterator[Measure]:
    for kind in (_LOGIT, _HIDDEN):
        yield Measure(f"{kind} path length, {window}", "smaller", primary=primary)
        yield Measure(f"{kind} largest step, {window}", "smaller")
        yield Measure(f"{kind} net displacement, {window}")
    yield Measure(f"path ratio, {window}", "smaller")


MEASURES = (
    *_of_paths(_ANSWER, primary=True),
    Measure(_TOKEN_GRAD, "smaller", primary=True),
    Measure(_LOG_PROB, "larger", primary=True),
    Measure(_RIGHT, "larger", primary=True, rate=True),
    *_of_paths(_DRAFT, primary=False),
    Measure(_FLUENCY, "larger", of_context=True),
)
"""Everything that :func:`measure` gives, in the order of the table."""


def measure(model: Model, chain: Chain, *, draft_tokens: int) -> list[Measured]:
    """Tell the chain in both orders under both questions, and read the model all the way.

    A sentence is a step. Before the first and after each one the state is read on two windows:
    the accepted answer, the same tokens in both orders, and the draft that the order's whole
    context leads to. Hidden drift is the mean over five layers spread over the depth.

    Args:
        draft_tokens: length of the draft that serves as a window, at most.

    Raises:
        PromptTooLongError: the chain outgrows the model's context.
    """
    found = []
    with ExitStack() as stack:
        walks = []
        for order in Order:
            sentences = [chunk_tokens(model, text) for text in order.arrange(chain.sentences)]
            for name, question in chain.questions.items():
                prompt = build_prompt(model, [Message("user", question.question)])
                context = stack.enter_context(model.session())
                context.extend(prompt.prefix)
                stages = [stack.enter_context(s) for s in grow(context, sentences, prompt.tail)]
                walks.append(_Walk(name, order, question, prompt, sentences, stages))
        ends = [walk.stages[-1] for walk in walks]
        answers = model.draft_many(ends, max(ANSWER_TOKENS, draft_tokens))
        for walk, answer in zip(walks, answers, strict=True):
            values, steps = _read(model, walk, answer[:draft_tokens])
            text = as_text(model, answer[:ANSWER_TOKENS])
            values[_RIGHT] = float(contains_any(text, walk.question.answers))
            found.append(Measured(walk.name, walk.order, values, steps, text))
    for order in Order:
        [walk, *_] = [walk for walk in walks if walk.order is order]
        # What stands before the context is the same for both questions.
        fluency = _fluency(model, walk.prompt, walk.sentences)
        found.append(Measured(CONTEXT, order, {_FLUENCY: fluency}, {}, ""))
    return found


def paths(states: Sequence[State]) -> dict[str, Path]:
    """What the states go through, by logit drift and, where layers were read, by hidden drift."""
    pairs = list(pairwise(states))
    first, last = states[0], states[-1]
    found = {_LOGIT: Path([logit_drift(a, b) for a, b in pairs], logit_drift(first, last))}
    if first.layers:
        found[_HIDDEN] = Path([_hidden(a, b) for a, b in pairs], _hidden(first, last))
    return found


def _hidden(a: State, b: State) -> float:
    return float(hidden_drift(a, b).mean())


def _read(
    model: Model, walk: _Walk, draft: Sequence[int]
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Values and steps, with the context growing sentence by sentence."""
    accepted = model.tokenize(walk.question.answers[0])
    layers = spread_layers(model.info.layers) if model.capabilities.layer_states else ()
    on_answer, on_draft = (
        model.read_many([(stage, window) for stage in walk.stages], layers)
        for window in (accepted, draft)
    )
    values = {
        **_token_grad(model, walk.prompt, walk.sentences, accepted),
        _LOG_PROB: on_answer[-1].mean_log_prob,
    }
    steps = {}
    for window, states in ((_ANSWER, on_answer), (_DRAFT, on_draft)):
        found = paths(states)
        for kind, path in found.items():
            values[f"{kind} path length, {window}"] = path.length
            values[f"{kind} largest step, {window}"] = path.largest
            values[f"{kind} net displacement, {window}"] = path.net
            steps[f"{kind}, {window}"] = path.steps
        ratio = path_ratio(found[_LOGIT].steps, found[_LOGIT].net)
        if ratio is not None:
            values[f"path ratio, {window}"] = ratio
    return values, steps


def _token_grad(
    model: Model, prompt: Prompt, sentences: Sequence[Sequence[int]], window: Sequence[int]
) -> dict[str, float]:
    """Mean over the context's tokens; nothing without gradients."""
    if not model.capabilities.gradients:
        return {}
    context = [token for sentence in sentences for token in sentence]
    tokens = [*prompt.prefix, *context, *prompt.tail]
    norms = token_grad(cast(DifferentiableModel, model).gradient(tokens, window))
    start = len(prompt.prefix)
    return {_TOKEN_GRAD: float(norms[start : start + len(context)].mean())}


def _fluency(model: Model, prompt: Prompt, sentences: Sequence[Sequence[int]]) -> float:
    """Mean log-probability of the context's own tokens, nats: how expected the order is."""
    with model.session() as session:
        session.extend(prompt.prefix)
        [mean] = model.score_many([(session, [t for sentence in sentences for t in sentence])])
    return mean
