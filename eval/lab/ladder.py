"""``overlay lab ladder``: how many variants pay, and what abstaining withholds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from overlay.cli.options import output_option

if TYPE_CHECKING:
    from eval.lab.variant_answers import VariantAnswer
    from overlay.views.text_table import Table

__all__ = ["ladder", "ladder_tables", "spoken"]

_COUNTS = (1, 2, 3, 5)
_STOPS = (0.0, 0.5, 0.6)
_BUDGETS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)
_Chance = Callable[["VariantAnswer"], float]


@click.command()
@click.argument("results", type=click.Path(path_type=Path))
@output_option("--markdown", "Write the tables here.")
def ladder(results: Path, *, markdown: Path | None) -> None:
    """Choose among kept variants as the overlay would, and count what is right.

    RESULTS is a file that `overlay lab variants --output` wrote. Every answer's index comes from
    weights that are fitted on the other data sets.
    """
    from rich.console import Console

    from eval.lab.variant_answers import check_variants, read_answers
    from overlay.journal import Journal
    from overlay.views.files import save
    from overlay.views.text_table import markdown_page, print_table

    journal = check_variants(Journal.read(results))
    answered = [read_answers(journal[key]) for key in journal]
    tables = ladder_tables(answered, seed=journal.run["seed"])
    for table in tables:
        print_table(Console(), table)
    if markdown is not None:
        save(markdown, markdown_page(tables))


def spoken(
    answers: Sequence[VariantAnswer], chance: _Chance, *, count: int, stop: float
) -> tuple[VariantAnswer, Sequence[VariantAnswer]]:
    """The steadiest of the first few answers, and those that were tried for it.

    Args:
        count: how many are tried at most.
        stop: none is tried behind one with this index or a lower one.
    """
    tried: list[VariantAnswer] = []
    for one in answers[:count]:
        tried.append(one)
        if chance(one) <= stop:
            break
    return min(tried, key=chance), tried


def ladder_tables(answered: Sequence[Sequence[VariantAnswer]], *, seed: int) -> tuple[Table, ...]:
    """What each variant is worth, choosing among them, and abstaining.

    Args:
        answered: of each question its answers, the first variant first, and last the one without
            context.
    """
    from overlay.calibration.index import chances_elsewhere
    from overlay.settings import Settings

    default = Settings.model_fields["variants"].default
    everything = [one for own in answered for one in own if one.signs is not None]
    chances = chances_elsewhere([one.answered for one in everything])
    by_answer = dict(zip(map(id, everything), chances, strict=bool(chances)))

    def chance(one: VariantAnswer) -> float:
        return by_answer.get(id(one), (1.0, 1.0))[0]

    def heard(one: VariantAnswer) -> float:
        return by_answer.get(id(one), (1.0, 1.0))[1]

    # Where chunks were let in, the answer without them is no variant.
    rungs = [[one for one in own if one.chunks] or list(own) for own in answered]
    asked = [own for own in rungs if own[0].answerable]
    found = [_rungs_table(asked, seed)]
    if chances:
        found += [
            _choice_table(asked, chance, seed),
            *(_budget_table(rungs, chance, heard, count) for count in (1, default)),
        ]
    return tuple(found)


def _rungs_table(asked: Sequence[Sequence[VariantAnswer]], seed: int) -> Table:
    from overlay.views.text_table import Table
    from selector.statistics.interval import mean_interval

    rows = []
    for name in dict.fromkeys(one.variant for own in asked for one in own):
        pairs = [(own[0], one) for own in asked for one in own if one.variant == name]
        right = [float(one.right) for _, one in pairs]
        first = sum(one.right for one, _ in pairs) / len(pairs)
        spent = sum(one.evaluated for _, one in pairs) / len(pairs)
        rows.append(
            (
                name,
                str(len(pairs)),
                str(mean_interval(right, seed=seed)),
                f"{first:.2f}",
                f"{sum(one.right and not own.right for own, one in pairs)}",
                f"{spent:.0f}",
            )
        )
    return Table(
        "What each variant is worth",
        "Share of right answers where the variant differs from those before it, 95 % intervals "
        "over questions; what the first variant has on the same questions; how many are right "
        "where the first is wrong; model-token evaluations beyond what was read for all.",
        ("variant", "questions", "right", "first", "wins", "evaluations"),
        tuple(rows),
    )


def _choice_table(asked: Sequence[Sequence[VariantAnswer]], chance: _Chance, seed: int) -> Table:
    from overlay.views.text_table import Table
    from selector.statistics.interval import mean_interval

    def by_log_prob(one: VariantAnswer) -> float:
        return -one.log_prob

    def by_copied(one: VariantAnswer) -> float:
        return -one.copied

    def by_gain(one: VariantAnswer) -> float:
        return -one.gain

    first = [float(own[0].right) for own in asked]
    rules: list[tuple[str, _Chance, float]] = [
        *((f"index, stop at {stop:g}" if stop else "index", chance, stop) for stop in _STOPS),
        ("likelihood", by_log_prob, float("-inf")),
        ("share copied", by_copied, float("-inf")),
        ("gain", by_gain, float("-inf")),
    ]
    rows = []
    for name, sign, stop in rules:
        for count in _COUNTS:
            chosen = [spoken(own, sign, count=count, stop=stop) for own in asked]
            right = [float(one.right) for one, _ in chosen]
            more = mean_interval(
                [one - before for one, before in zip(right, first, strict=True)],
                seed=seed,
                bounds=(-1.0, 1.0),
            )
            tried = sum(len(all_of) for _, all_of in chosen) / len(chosen)
            spent = sum(one.evaluated for _, all_of in chosen for one in all_of) / len(chosen)
            rows.append(
                (
                    name,
                    str(count),
                    str(mean_interval(right, seed=seed)),
                    more.signed(),
                    f"{tried:.1f}",
                    f"{spent:.0f}",
                )
            )
    any_right = [float(any(one.right for one in own)) for own in asked]
    rows.append(("any of them", "all", str(mean_interval(any_right, seed=seed)), "", "", ""))
    return Table(
        "Choosing among variants",
        f"Of {len(asked)} questions: right answers by the steadiest of at most so many variants, "
        "over the first one; how many were tried, and their evaluations on average.",
        ("chosen by", "at most", "right", "over the first", "tried", "evaluations"),
        tuple(rows),
    )


def _budget_table(
    rungs: Sequence[Sequence[VariantAnswer]], chance: _Chance, heard: _Chance, count: int
) -> Table:
    from overlay.answering.variants import QUOTE
    from overlay.settings import Settings
    from overlay.views.text_table import Table

    stop = Settings.model_fields["retry_index"].default
    said = [spoken(own, chance, count=count, stop=stop) for own in rungs]
    chosen = [one for one, _ in said]
    index = {id(one): (chance if len(tried) == 1 else heard)(one) for one, tried in said}
    right = [one for one in chosen if one.answerable and one.right]
    without = [one for one in chosen if not one.answerable]
    asked = len(chosen) - len(without)
    rows = []
    for budget in _BUDGETS:
        given = [one for one in chosen if one.answerable and index[id(one)] <= budget]
        wrong = sum(not one.right for one in given) / max(len(given), 1)
        withheld = sum(index[id(one)] > budget for one in right) / max(len(right), 1)
        anyway = [one for one in without if index[id(one)] <= budget]
        quoted = sum(one.variant == QUOTE for one in anyway) / max(len(without), 1)
        rows.append(
            (
                f"{budget:g}",
                f"{len(given) / max(asked, 1):.2f}",
                f"{wrong:.2f}",
                f"{withheld:.2f}",
                f"{len(anyway) / max(len(without), 1) - quoted:.2f}",
                f"{quoted:.2f}",
            )
        )
    return Table(
        f"Abstaining, {'one variant' if count == 1 else f'at most {count} variants'}",
        "By the highest index that an answer may have: share of the answerable questions that are "
        f"answered, how many of these answers are wrong, share of the {len(right)} right answers "
        f"that is withheld; of the {len(without)} questions without an answer, the share that is "
        "answered anyway, and the share for which a sentence is quoted.",
        ("budget", "answered", "wrong", "right withheld", "answered anyway", "quoted"),
        tuple(rows),
    )
