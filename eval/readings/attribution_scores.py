"""Each attribution method judged on one question by what removals really do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.readings.attribution import METHODS, Attribution, Task, TrueRemoval, leave_one_out
from overlay.errors import InputError
from overlay.labelled.items import Item
from overlay.probing import subject_of
from overlay.settings import Settings
from probes.faithfulness import linear_datamodeling_score, rank_correlation, top_k
from probes.protocol import Model
from probes.trajectory import follow

__all__ = ["REFERENCE", "TOP", "Design", "Score", "score_methods"]

Float64Array = NDArray[np.float64]

REFERENCE = "leave-one-out"
"""The method that the others are compared with; it is not compared with itself."""

TOP = (1, 3)
"""How many sentences are left out together for the log-probability drops."""


@dataclass(frozen=True, slots=True)
class Design:
    """How much is asked of each question.

    Attributes:
        chunks: how many of its chunks make the context.
        ablations: ContextCite's; 0 leaves it out.
        masks: random removals that the attributions have to predict.
    """

    chunks: int
    ablations: int
    masks: int


@dataclass(frozen=True, slots=True)
class Score:
    """One method on one question.

    Attributes:
        sentences: how many there were.
        correlation: rank correlation with leave-one-out over the sentences; None where the
            method, or leave-one-out, gives all sentences the same value, and for the reference.
        chunk_correlation: the same over the chunks.
        datamodeling: linear datamodeling score over random removals; None likewise.
        drops: log-probability drop without the top 1 and the top 3 sentences, nats.
        evaluated: model-token evaluations of the method.
        forwards: the same over the tokens of the whole prompt and answer.
    """

    question: str
    method: str
    sentences: int
    correlation: float | None
    chunk_correlation: float | None
    datamodeling: float | None
    drops: tuple[float, ...]
    evaluated: int
    forwards: float


def score_methods(
    model: Model, question: Item, settings: Settings, design: Design
) -> Iterator[Score]:
    """Answer the question over its chunks and attribute the answer with every method.

    Raises:
        ResourceError: the model is none of transformers', or ContextCite is not installed.
    """
    texts = [(passage.kind, passage.text) for passage in question.passages[: design.chunks]]
    subject = subject_of(model, question.question, texts, settings, layers=())
    with model.session() as context:
        context.extend(subject.prefix)
        trajectory = follow(subject, context)
        task = Task.of(subject, trajectory, context)
        count = len(task.sentences)
        length = len(subject.tokens) + len(trajectory.answer)
        removal = TrueRemoval(task)

        def drop(sentences: Iterable[int]) -> float:
            return removal.drop(task.sentences[index] for index in sentences)

        found = list(_attributions(task, removal, design))
        kept = np.random.default_rng(settings.seed).random((design.masks, count)) < 0.5
        outcomes = -np.array([drop(np.flatnonzero(~row).tolist()) for row in kept])
        reference = found[0][1]
        for name, values, cost in found:
            tops = [top_k(values.sentences, min(k, count)).tolist() for k in TOP]
            other = name != REFERENCE
            yield Score(
                question=question.id,
                method=name,
                sentences=count,
                correlation=_correlation(values.sentences, reference.sentences) if other else None,
                chunk_correlation=_correlation(values.chunks, reference.chunks) if other else None,
                datamodeling=_datamodeling(values.sentences, kept, outcomes),
                drops=tuple(drop(indices) for indices in tops),
                evaluated=cost,
                forwards=cost / length,
            )


def _attributions(
    task: Task, removal: TrueRemoval, design: Design
) -> Iterator[tuple[str, Attribution, int]]:
    """Name, values and model-token evaluations of each method, the reference first."""
    model = task.subject.model
    before = model.evaluated
    reference = leave_one_out(task, removal)
    yield REFERENCE, reference, model.evaluated - before
    for name, method in METHODS.items():
        before = model.evaluated
        values = method(task)
        yield name, values, model.evaluated - before
    if design.ablations:
        from eval.readings.context_cite import attribute

        values, cost = attribute(task, design.ablations)
        yield f"ContextCite, {design.ablations} ablations", values, cost


def _correlation(values: Float64Array, reference: Float64Array) -> float | None:
    try:
        return rank_correlation(values, reference)
    except InputError:
        return None


def _datamodeling(
    values: Float64Array, kept: NDArray[np.bool_], outcomes: Float64Array
) -> float | None:
    try:
        return linear_datamodeling_score(values, kept, outcomes)
    except InputError:
        return None
