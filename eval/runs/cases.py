"""A run's cases: every question in every scenario, and again in other forms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from eval.runs.spec import RunSpec
from eval.scenarios import Pool, compose, perturb
from overlay.labelled.items import Item

__all__ = ["Case", "cases_of", "part_of"]


@dataclass(frozen=True, slots=True)
class Case:
    """What every policy is asked.

    Attributes:
        task: name of the task.
        scenario: which scenario composed the passages.
        perturbation: how the case differs from its twin; empty for the twin itself.
    """

    task: str
    item: Item
    scenario: str
    perturbation: str = ""

    @property
    def key(self) -> str:
        """Names the case in the journal."""
        return " | ".join((self.task, self.item.id, self.scenario, self.perturbation or "-"))


def cases_of(spec: RunSpec, tasks: Sequence[tuple[str, Sequence[Item]]]) -> list[Case]:
    """All cases, question by question, the tasks by turns, so that a part is a fair sample.

    A scenario that a question cannot be put into is left out for that question.

    Args:
        tasks: name and questions of each task, in the order of the run's file.

    Raises:
        InputError: a scenario or a perturbation is unknown.
    """
    by_task = [_task_cases(spec, name, items) for name, items in tasks]
    return [
        case
        for turn in zip_longest(*by_task, fillvalue=())
        for question in turn
        for case in question
    ]


def part_of(cases: Sequence[Case], number: int, of: int) -> list[Case]:
    """The cases of one part; all parts together are all cases, and a question is in one part.

    Args:
        number: 1 for the first part.
        of: how many parts there are.
    """
    questions = {key: place for place, key in enumerate(dict.fromkeys(map(_question, cases)))}
    return [case for case in cases if questions[_question(case)] % of == number - 1]


def _question(case: Case) -> tuple[str, str]:
    return case.task, case.item.id


def _task_cases(spec: RunSpec, name: str, items: Sequence[Item]) -> Iterator[list[Case]]:
    pool = Pool(items)
    for place, item in enumerate(items):
        yield list(_question_cases(spec, name, item, pool, place))


def _question_cases(spec: RunSpec, name: str, item: Item, pool: Pool, place: int) -> Iterator[Case]:
    flips = spec.flips
    for scenario in spec.scenarios:
        composed = compose(item, scenario, pool, spec.seed)
        if composed is None:
            continue
        yield Case(name, composed, scenario)
        if flips is None or flips.scenario != scenario:
            continue
        if flips.questions is None or place < flips.questions:
            for perturbation in flips.perturbations:
                changed = perturb(composed, perturbation, pool, spec.seed)
                yield Case(name, changed, scenario, perturbation)
