"""``overlay lab elsewhere``: the overlay beside simple ways, models and data sets together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean as mean
from typing import TYPE_CHECKING

import click

from overlay.cli.options import output_option
from overlay.errors import InputError

if TYPE_CHECKING:
    from eval.runs.loading import Run
    from overlay.views.text_table import Table

__all__ = ["Answered", "answered", "elsewhere", "elsewhere_tables"]

_SIMPLE = {"top-k", "most-similar", "fused-ranks", "similarity-cutoff"}


@dataclass(frozen=True, slots=True)
class Answered:
    """A question that has an answer, put to one model.

    Attributes:
        right: whether each policy was, by its name.
        evaluated: its model-token evaluations.
    """

    model: str
    dataset: str
    right: Mapping[str, bool]
    evaluated: Mapping[str, int]


@click.command()
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--topic", multiple=True, help="A data set whose passages are all on the topic; repeat."
)
@output_option("--markdown", "Write the tables here.")
def elsewhere(results: tuple[Path, ...], *, topic: tuple[str, ...], markdown: Path | None) -> None:
    """Take runs of `overlay eval run eval/specs/elsewhere.toml` together, of one model or several.

    What is right under each way to choose passages, what the overlay has over it, and on each data
    set the overlay beside the simple way that is best there. And what the volatility index of the
    answers is worth.
    """
    from rich.console import Console

    from eval.runs.loading import load_run
    from overlay.views.files import save
    from overlay.views.text_table import markdown_page, print_table

    runs = [load_run(path) for path in results]
    tables = elsewhere_tables(runs, topic, seed=runs[0].seed)
    for table in tables:
        print_table(Console(), table)
    if markdown is not None:
        save(markdown, markdown_page(tables))


def elsewhere_tables(runs: Sequence[Run], topic: Sequence[str], *, seed: int) -> list[Table]:
    """Of all questions, and by data set.

    Args:
        topic: data sets that are counted apart, too.

    Raises:
        InputError: the runs share no simple way to choose passages.
    """
    policies = [one for one in runs[0].policies if all(one in run.policies for run in runs)]
    simple = [policy.label for policy in policies if policy.kind in _SIMPLE]
    own = [policy.label for policy in policies if policy.kind == "overlay"]
    oracle = [policy.label for policy in policies if policy.label == runs[0].oracle]
    if not simple:
        raise InputError(
            "the runs share no simple way to choose passages",
            hint=f"let all of them have a policy of a kind among {', '.join(sorted(_SIMPLE))}",
            param="results",
        )
    cases = [one for run in runs for one in answered(run)]
    groups = _grouped(cases, set(topic))
    return [
        _of_all(groups, [*simple, *own, *oracle], own, seed),
        _by_dataset(cases, simple, [*own, *oracle]),
        _how_sure(runs, own, seed),
    ]


def answered(run: Run) -> list[Answered]:
    """Its questions that have an answer; a question counts once."""
    right: dict[str, dict[str, bool]] = {}
    evaluated: dict[str, dict[str, int]] = {}
    dataset: dict[str, str] = {}
    for one in run.results:
        if one.right is None or one.perturbation:
            continue
        right.setdefault(one.question, {})[one.policy] = one.right
        evaluated.setdefault(one.question, {})[one.policy] = one.reply.evaluated
        dataset[one.question] = one.task
    model = str(run.identity["model"]["name"])
    return [
        Answered(model, dataset[question], own, evaluated[question])
        for question, own in right.items()
    ]


def _grouped(cases: Sequence[Answered], topic: set[str]) -> dict[str, list[Answered]]:
    """All, then each model's, then those on the topic."""
    groups = {"all": list(cases)}
    models = list(dict.fromkeys(one.model for one in cases))
    if len(models) > 1:
        groups |= {model: [one for one in cases if one.model == model] for model in models}
    if topic:
        groups["on the topic"] = [one for one in cases if one.dataset in topic]
    return groups


def _of_all(
    groups: Mapping[str, Sequence[Answered]],
    policies: Sequence[str],
    own: Sequence[str],
    seed: int,
) -> Table:
    from overlay.views.text_table import Table
    from selector.statistics.interval import mean_interval

    cases = groups["all"]

    def over(subject: str, policy: str) -> str:
        """How much oftener the subject is right."""
        if policy in own:
            return ""
        differences = [float(one.right[subject]) - one.right[policy] for one in cases]
        return mean_interval(differences, seed=seed, bounds=None).signed()

    def row(policy: str) -> tuple[str, ...]:
        shares = [_share(found, policy) for found in groups.values()]
        base = [max(one.evaluated[policies[0]], 1) for one in cases]
        cost = mean(one.evaluated[policy] / most for one, most in zip(cases, base, strict=True))
        return (policy, *shares, f"{cost:.2f}", *(over(subject, policy) for subject in own))

    return Table(
        "Right answers",
        "Share of the questions with an answer in which an accepted one stands in what is said; "
        f"evaluations, those of {policies[0]} as 1; and how much oftener each of the overlay's "
        "ways is right, with 95 % intervals over questions.",
        (
            "",
            *(f"{name} ({len(found)})" for name, found in groups.items()),
            "evaluations",
            *(f"{name}, over it" for name in own),
        ),
        tuple(row(policy) for policy in policies),
    )


def _by_dataset(cases: Sequence[Answered], simple: Sequence[str], others: Sequence[str]) -> Table:
    from overlay.views.text_table import Table

    rows = []
    for name in sorted({one.dataset for one in cases}):
        own = [one for one in cases if one.dataset == name]
        best = max(simple, key=lambda policy: mean(one.right[policy] for one in own))
        shares = (_share(own, policy) for policy in (best, *others))
        rows.append((name, str(len(own)), best, *shares))
    return Table(
        "By data set",
        "The same beside the simple way that is best on each set, which differs from set to set.",
        ("", "questions", "best simple way", "right", *others),
        tuple(rows),
    )


def _how_sure(runs: Sequence[Run], own: Sequence[str], seed: int) -> Table:
    """The index of what was spoken; an answer to a question that has none is wrong."""
    from overlay.calibration.index_quality import index_quality
    from overlay.views.text_table import Table

    found: dict[tuple[str, str], list[tuple[float, bool, str]]] = {}
    for run in runs:
        for one in run.results:
            chance = one.reply.volatility
            if one.policy not in own or one.perturbation:
                continue
            if any(one.reply.accepted) and chance is not None:
                key = str(run.identity["model"]["name"]), one.policy
                found.setdefault(key, []).append((chance, not one.right, one.question))
    rows = []
    for (model, policy), answers in found.items():
        chances, wrong, questions = zip(*answers, strict=True)
        quality = index_quality(chances, wrong, questions, seed=seed)
        told = ("",) * 3
        if quality is not None:
            told = (str(quality.auroc), f"{quality.ece:.2f}", f"{quality.surest_half:.2f}")
        rows.append((f"{model}, {policy}", str(len(answers)), *told))
    return Table(
        "How sure",
        "The volatility index of the answers that were spoken from passages: chance that a wrong "
        "answer has a higher one than a right answer, with its 95 % interval; expected calibration "
        "error; how often the half with the lowest index is right, all answers as 1. An answer to "
        "a question that has none counts as wrong.",
        ("", "answers", "AUROC", "ECE", "surest half"),
        tuple(rows),
    )


def _share(cases: Sequence[Answered], policy: str) -> str:
    return f"{mean(one.right[policy] for one in cases):.2f}" if cases else ""
