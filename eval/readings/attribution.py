"""Ways to say which sentences and chunks of the context an answer rests on, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from probes.influence import sum_over_spans
from probes.masking import Masker
from probes.protocol import DifferentiableModel, Session
from probes.subject import Span, Subject
from probes.token_grad import gradient_times_input, token_grad
from probes.trajectory import Trajectory

__all__ = ["METHODS", "Attribution", "Task", "TrueRemoval", "leave_one_out"]

Float64Array = NDArray[np.float64]


class Attribution(NamedTuple):
    """A number for each sentence, ``[sentences]``, and for each chunk, ``[chunks]``."""

    sentences: Float64Array
    chunks: Float64Array


@dataclass(frozen=True, slots=True)
class Task:
    """An answer whose sources are sought.

    Attributes:
        context: a session that holds prefix and all sources.
        sentences: spans of all sentences in the whole prompt, chunk by chunk.
        owners: for each sentence, the chunk in which it stands.
    """

    subject: Subject
    trajectory: Trajectory
    context: Session
    sentences: tuple[Span, ...]
    owners: tuple[int, ...]

    @classmethod
    def of(cls, subject: Subject, trajectory: Trajectory, context: Session) -> Task:
        """The task that a trajectory over all sources leaves behind."""
        places = [
            (owner, (start + first, start + last))
            for owner, (source, (start, _)) in enumerate(
                zip(subject.sources, subject.spans, strict=True)
            )
            for _, (first, last) in source.sentences
        ]
        owners, sentences = zip(*places, strict=True)
        return cls(subject, trajectory, context, sentences, owners)


class TrueRemoval:
    """What the answer loses when spans are truly gone: all behind the first is evaluated anew.

    The same spans are evaluated once.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self._known: dict[frozenset[Span], float] = {}

    def drop(self, spans: Iterable[Span]) -> float:
        """Log-probability of the answer less that without the spans, nats."""
        key = frozenset(spans)
        if key not in self._known:
            self._known[key] = self._log_prob(key)
        return self._task.trajectory.log_prob - self._known[key]

    def _log_prob(self, spans: frozenset[Span]) -> float:
        task = self._task
        tokens = task.subject.tokens
        gone = {place for start, stop in spans for place in range(start, stop)}
        first = min(gone, default=len(task.context.tokens))
        kept = [token for place, token in enumerate(tokens) if place >= first and place not in gone]
        [session] = task.context.fork(1)
        with session:
            session.rollback(first)
            session.extend(kept)
            [mean] = task.subject.model.score_many([(session, task.trajectory.answer)])
        return mean * len(task.trajectory.answer)


def leave_one_out(task: Task, removal: TrueRemoval) -> Attribution:
    """The reference: what is lost without each sentence, and without each chunk."""
    return Attribution(
        np.array([removal.drop([span]) for span in task.sentences]),
        np.array([removal.drop([span]) for span in task.subject.spans]),
    )


def _masked_removal(task: Task) -> Attribution:
    masker = Masker(task.subject, task.trajectory, task.context)
    values = masker.removal([*task.sentences, *task.subject.spans])
    return Attribution(values[: len(task.sentences)], values[len(task.sentences) :])


def _gradient_input(task: Task) -> Attribution:
    model = cast(DifferentiableModel, task.subject.model)
    gradient = model.gradient(task.subject.tokens, task.trajectory.answer)
    return _sums(task, gradient_times_input(gradient))


def _token_grad(task: Task) -> Attribution:
    model = cast(DifferentiableModel, task.subject.model)
    return _sums(task, token_grad(model.gradient(task.subject.tokens, task.trajectory.answer)))


def _integrated_gradients(task: Task) -> Attribution:
    model = cast(DifferentiableModel, task.subject.model)
    values = model.integrated_gradients(task.subject.tokens, task.trajectory.answer, steps=8)
    return _sums(task, values)


def _sums(task: Task, values: ArrayLike) -> Attribution:
    return Attribution(
        sum_over_spans(values, task.sentences), sum_over_spans(values, task.subject.spans)
    )


METHODS: dict[str, Callable[[Task], Attribution]] = {
    "removal, masked on the kept cache": _masked_removal,
    "gradient times input": _gradient_input,
    "TokenGrad, summed": _token_grad,
    "integrated gradients, 8 steps": _integrated_gradients,
}
