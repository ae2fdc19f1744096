"""Ways to say which sentences of the context an answer rests on, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from probes.influence import sum_over_spans
from probes.masking import Masker
from probes.protocol import DifferentiableModel, Session
from probes.subject import Span, Subject
from probes.token_grad import gradient_times_input, token_grad
from probes.trajectory import Trajectory

__all__ = ["METHODS", "Task", "log_prob_without"]

Float64Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Task:
    """An answer whose sources are sought.

    Attributes:
        context: a session that holds prefix and all sources.
        sentences: spans of all sentences in the whole prompt.
    """

    subject: Subject
    trajectory: Trajectory
    context: Session
    sentences: tuple[Span, ...]


def log_prob_without(task: Task, spans: Sequence[Span]) -> float:
    """Log-probability of the answer when the spans are truly gone, everything evaluated anew."""
    gone = {place for start, stop in spans for place in range(start, stop)}
    tokens = [token for place, token in enumerate(task.subject.tokens) if place not in gone]
    model = task.subject.model
    with model.session() as session:
        session.extend(tokens)
        [mean] = model.score_many([(session, task.trajectory.answer)])
    return mean * len(task.trajectory.answer)


def _masked_removal(task: Task) -> Float64Array:
    masker = Masker(task.subject, task.trajectory, task.context)
    return masker.removal(task.sentences)


def _gradient_input(task: Task) -> Float64Array:
    model = cast(DifferentiableModel, task.subject.model)
    gradient = model.gradient(task.subject.tokens, task.trajectory.answer)
    return sum_over_spans(gradient_times_input(gradient), task.sentences)


def _token_grad(task: Task) -> Float64Array:
    model = cast(DifferentiableModel, task.subject.model)
    gradient = model.gradient(task.subject.tokens, task.trajectory.answer)
    return sum_over_spans(token_grad(gradient), task.sentences)


def _integrated_gradients(task: Task) -> Float64Array:
    model = cast(DifferentiableModel, task.subject.model)
    values = model.integrated_gradients(task.subject.tokens, task.trajectory.answer, steps=8)
    return sum_over_spans(values, task.sentences)


METHODS: dict[str, Callable[[Task], Float64Array]] = {
    "removal, masked on the kept cache": _masked_removal,
    "gradient times input": _gradient_input,
    "TokenGrad, summed": _token_grad,
    "integrated gradients, 8 steps": _integrated_gradients,
}
"""By name: a function that gives each sentence a number, ``[sentences]``."""
