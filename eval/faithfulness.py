"""``overlay faithfulness``: do the influence scores say what the answer really rests on?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
from numpy.typing import NDArray

from overlay.cli.options import config_option, output_option, settings_options

if TYPE_CHECKING:
    from rich.table import Table

    from eval.attribution import Task
    from eval.questions import GivenQuestion
    from overlay.settings import Settings
    from probes.protocol import Model, Session
    from probes.subject import Subject
    from probes.trajectory import Trajectory

__all__ = ["Score", "faithfulness", "summarise"]

Float64Array = NDArray[np.float64]
_TOP = (1, 3)
_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Score:
    """One method on one question.

    Attributes:
        sentences: how many there were.
        correlation: rank correlation with leave-one-out over the sentences; None where the
            method, or leave-one-out, gives all sentences the same value.
        datamodeling: linear datamodeling score over random removals; None likewise.
        drops: log-probability drop without the top 1 and the top 3 sentences, nats.
        evaluated: model-token evaluations of the method.
        forwards: the same over the tokens of the whole prompt and answer.
    """

    question: str
    method: str
    sentences: int
    correlation: float | None
    datamodeling: float | None
    drops: tuple[float, ...]
    evaluated: int
    forwards: float


@dataclass(frozen=True, slots=True)
class _Design:
    """How much is asked of each question: see the command's options."""

    chunks: int
    ablations: int
    masks: int


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--questions", default=30, show_default=True, help="Questions, drawn evenly.")
@click.option("--chunks", default=3, show_default=True, help="Chunks of each question.")
@click.option("--ablations", default=64, show_default=True, help="ContextCite's; 0 leaves it out.")
@click.option("--masks", default=16, show_default=True, help="Random removals to predict.")
@output_option("--output", "Write every score here (JSON).")
@output_option("--markdown", "Write the table here.")
@settings_options("model", "seed", "draft_tokens")
@config_option
def faithfulness(
    files: tuple[Path, ...],
    *,
    questions: int,
    chunks: int,
    ablations: int,
    masks: int,
    output: Path | None,
    markdown: Path | None,
    config: Path | None,
    **settings: str | None,
) -> None:
    """Compare influence scores with what truly happens when sentences are left out.

    The reference, leave-one-out, evaluates the whole prompt again without each sentence. Beside
    the rank correlation with it stand the log-probability drop when the sentences rated highest
    are left out together, and the linear datamodeling score over random removals, as ContextCite
    (arXiv 2409.00729) measures them. Runs on the transformers backend.
    """
    from rich.console import Console
    from rich.progress import track

    from eval.observations import draw_questions
    from overlay.runtime import load_model
    from overlay.settings import load_settings

    design = _Design(chunks, ablations, masks)
    loaded = load_settings(config, backend="transformers", **settings)
    drawn = draw_questions(files, questions, loaded.seed)
    console = Console()
    scores: list[Score] = []
    model = load_model(loaded)
    try:
        for question in track(drawn, "attributing", console=Console(stderr=True), transient=True):
            scores += _scores(model, question, loaded, design)
        name = model.info.name
    finally:
        model.close()
    rows = summarise(scores, seed=loaded.seed)
    console.print(_table(name, len(drawn), rows))
    if output is not None:
        output.write_text(json.dumps([asdict(score) for score in scores], indent=1))
    if markdown is not None:
        markdown.write_text(_page(name, files, drawn, rows), encoding="utf-8")


def summarise(scores: Sequence[Score], *, seed: int) -> list[dict[str, str]]:
    """Means with 95 % bootstrap intervals over questions, one row a method."""
    rows = []
    for method in dict.fromkeys(score.method for score in scores):
        mine = [score for score in scores if score.method == method]
        known = [s.correlation for s in mine if s.correlation is not None]
        modelled = [s.datamodeling for s in mine if s.datamodeling is not None]
        rows.append(
            {
                "method": method,
                "rank corr.": _interval(known, seed),
                "of": f"{len(known)}",
                "LDS": _interval(modelled, seed),
                **{
                    f"top {k} drop": _interval([s.drops[place] for s in mine], seed)
                    for place, k in enumerate(_TOP)
                },
                "tokens": f"{np.mean([s.evaluated for s in mine]):.0f}",
                "passes": f"{np.mean([s.forwards for s in mine]):.1f}",
            }
        )
    return rows


def _scores(
    model: Model, question: GivenQuestion, settings: Settings, design: _Design
) -> Iterator[Score]:
    from eval.attribution import METHODS, log_prob_without
    from eval.context_cite import attribute
    from overlay.probing import subject_of
    from probes.faithfulness import top_k
    from probes.trajectory import follow

    texts = [(chunk.kind, chunk.text) for chunk in question.chunks[: design.chunks]]
    subject = subject_of(model, question.question, texts, settings, layers=())
    with model.session() as context:
        context.extend(subject.prefix)
        trajectory = follow(subject, context)
        task = _task(subject, trajectory, context)
        full = trajectory.log_prob
        length = len(subject.tokens) + len(trajectory.answer)

        def without(indices: Sequence[int]) -> float:
            return log_prob_without(task, [task.sentences[i] for i in indices])

        count = len(task.sentences)
        before = model.evaluated
        reference = np.array([full - without([index]) for index in range(count)])
        loo_cost = model.evaluated - before
        draw = np.random.default_rng(settings.seed)
        kept = draw.random((design.masks, count)) < 0.5
        outcomes = np.array([without(np.flatnonzero(~row).tolist()) for row in kept])

        found: list[tuple[str, Float64Array, int]] = [("leave-one-out", reference, loo_cost)]
        for name, method in METHODS.items():
            before = model.evaluated
            values = method(task)
            found.append((name, values, model.evaluated - before))
        if design.ablations:
            values, cost = attribute(task, design.ablations)
            found.append((f"ContextCite, {design.ablations} ablations", values, cost))
        for name, values, cost in found:
            tops = [top_k(values, min(k, count)).tolist() for k in _TOP]
            yield Score(
                question=question.id,
                method=name,
                sentences=count,
                correlation=_correlation(values, reference),
                datamodeling=_datamodeling(values, kept, outcomes),
                drops=tuple(full - without(indices) for indices in tops),
                evaluated=cost,
                forwards=cost / length,
            )


def _task(subject: Subject, trajectory: Trajectory, context: Session) -> Task:
    from eval.attribution import Task

    sentences = tuple(
        (start + first, start + last)
        for (start, _), source in zip(subject.spans, subject.sources, strict=True)
        for _, (first, last) in source.sentences
    )
    return Task(subject, trajectory, context, sentences)


def _correlation(values: Float64Array, reference: Float64Array) -> float | None:
    from overlay.errors import InputError
    from probes.faithfulness import rank_correlation

    try:
        return rank_correlation(values, reference)
    except InputError:
        return None


def _datamodeling(
    values: Float64Array, kept: NDArray[np.bool_], outcomes: Float64Array
) -> float | None:
    from overlay.errors import InputError
    from probes.faithfulness import linear_datamodeling_score

    try:
        return linear_datamodeling_score(values, kept, outcomes)
    except InputError:
        return None


def _interval(values: Sequence[float], seed: int) -> str:
    from scipy.stats import bootstrap

    if len(values) < 2:
        return "-"
    interval = bootstrap(
        (np.asarray(values),),
        np.mean,
        n_resamples=_RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return f"{np.mean(values):.2f} ({interval.low:.2f}-{interval.high:.2f})"


def _table(name: str, questions: int, rows: Sequence[dict[str, str]]) -> Table:
    from rich.table import Table

    table = Table(title=f"faithfulness on {name}, {questions} questions")
    for column in rows[0]:
        table.add_column(column, justify="left" if column == "method" else "right")
    for row in rows:
        table.add_row(*row.values())
    return table


def _page(
    name: str,
    files: Sequence[Path],
    questions: Sequence[GivenQuestion],
    rows: Sequence[dict[str, str]],
) -> str:
    named = " ".join(file.name for file in files)
    today = datetime.now(UTC).date().isoformat()
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return (
        f"# What the influence scores are worth\n\n"
        f"Made by `overlay faithfulness --questions {len(questions)} {named}` with {name} on "
        f"{today}. Means over questions with 95 % bootstrap intervals.\n\n"
        "- rank corr.: Spearman's correlation with leave-one-out over the sentences, for which the "
        "whole prompt is evaluated again without each sentence; `of` counts the questions in "
        "which both tell sentences apart at all.\n"
        "- LDS: linear datamodeling score, how well random removals are put in order.\n"
        "- top k drop: what the answer's log-probability loses, in nats, without the k sentences "
        "rated highest.\n"
        "- tokens: model-token evaluations a question; passes: the same in evaluations of the "
        "whole prompt with its answer. A backward pass counts as much as a forward pass.\n\n"
        + "\n".join("| " + " | ".join(line) + " |" for line in lines)
        + "\n"
    )
