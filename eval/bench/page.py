"""Runs of the benchmark as tables: on the terminal, and as a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eval.bench.run import Run
from eval.bench.summary import Comparison, compare, growth
from overlay.views.markdown import markdown_table

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["growth_said", "page", "table"]

_HEAD = (
    "",
    "k",
    "chunk tokens",
    "let in",
    "base: said",
    "said",
    "base: tokens",
    "tokens",
    "ratio",
    "base: s to first",
    "ratio",
    "base: s in all",
    "ratio",
    "tokens a second: ratio",
)
_INTRO = """# What the overlay costs beside plain RAG

Made by `overlay bench`: the same model, process, question and chunks, by turns. Each repeat asks
another of the sample questions; its chunks are the pieces of the sample documents most similar to
it. "Tell me everything." stands behind the question, so that answers are long enough to be timed.

Base: what the others are compared with: llama-cpp-python's own chat completion of the same file
and text where it was measured, else plain RAG here. Plain: plain RAG here. Cold: the overlay, and
nothing is kept from one answer to the next. Again: the same was asked before, and what the model
computed is kept in memory. Let in: the share of the chunks in the context. Said: mean tokens of an
answer. Tokens: model-token evaluations, medians, which are exact. Seconds: medians. Ratios: means
over the rounds with 95 % bootstrap intervals; that of the whole answer is reckoned at as many
tokens as the base said; tokens a second are those behind the first one. An answer ends with its
last token: what the overlay reads for its report comes after that. The cost beyond the base's own
is what is evaluated less what the base evaluates on the same chunks and question; its growth is the
slope of the medians' logarithms, and 1 is linear."""


def page(runs: Sequence[Run], *, picture: Path | None) -> str:
    """All runs, each below the command that made it.

    Args:
        picture: stands beside the page, and shows the first run of each model and backend.
    """
    parts = [_INTRO]
    if picture is not None:
        parts.append(f"![the ratios as curves]({picture.name})")
    for run in runs:
        parts += [f"## `{run.conditions.command}`", _setting(run), run.conditions.note]
        for title, timings in run.timings.items():
            rows = compare(timings, seed=run.conditions.seed)
            parts += [
                f"### {title}",
                markdown_table(_HEAD, _rows(rows), numbers=True),
                growth_said(rows),
                "Where the overlay's tokens go, means by phase of an answer:",
                _phases(rows),
            ]
    return "\n\n".join(part for part in parts if part) + "\n"


def table(title: str, rows: Sequence[Comparison]) -> Table:
    """The ratios for a terminal of 80 columns; the page has everything."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    shown = Table(
        title=f"{title}: ratios to {rows[0].base if rows else 'plain'}",
        title_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for column in ("", "k", "tokens", "let in", "evaluations", "to first token", "in all"):
        shown.add_column(column, justify="right")
    for row in rows:
        ratios = (str(found) for found in (row.evaluations, row.first, row.whole))
        shown.add_row(_name(row.mode), str(row.k), str(row.length), _let_in(row), *ratios)
    return shown


def growth_said(rows: Sequence[Comparison]) -> str:
    """The fitted exponents, in words; empty where nothing can be fitted."""
    found: dict[str, list[str]] = {}
    for fit in growth(rows):
        fixed = f"{'length' if fit.along == 'k' else 'k'} {fit.fixed}"
        found.setdefault(fit.mode, []).append(f"{fit.along}^{fit.exponent:.2f} at {fixed}")
    if not found:
        return ""
    said = "; ".join(f"{_name(mode)}, {', '.join(fits)}" for mode, fits in found.items())
    return f"The cost beyond the base's own grows: {said}. 1 is linear."


def _setting(run: Run) -> str:
    how = run.conditions
    rounds = "1 round" if how.repeats == 1 else f"{how.repeats} rounds"
    return (
        f"{run.date}, {rounds} each, answers of up to {how.answer_tokens} tokens, "
        f"{_budget(how.budget_step, 'a step')} and {_budget(how.budget_answer, 'an answer')}, "
        f"at most {how.variants} variants, profile `{how.profile}`, `requantize` "
        f"{how.requantize}, `rounding` {how.rounding}, seed {how.seed}."
    )


def _budget(budget: float | None, of: str) -> str:
    return f"the default budget of {of}" if budget is None else f"a budget of {budget:g} {of}"


def _rows(rows: Sequence[Comparison]) -> Iterator[list[str]]:
    for row in rows:
        yield [
            _name(row.mode),
            str(row.k),
            str(row.length),
            _let_in(row),
            f"{row.base_said:.0f}",
            f"{row.said:.0f}",
            f"{row.base_evaluated:.0f}",
            f"{row.evaluated:.0f}",
            str(row.evaluations),
            f"{row.base_first:.2f}",
            str(row.first),
            f"{row.base_whole:.2f}",
            str(row.whole),
            "" if row.speed is None else str(row.speed),
        ]


def _phases(rows: Sequence[Comparison]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row.phases))
    return markdown_table(
        ("", "k", "chunk tokens", *names),
        [
            [_name(row.mode), str(row.k), str(row.length), *_numbers(row.phases, names)]
            for row in rows
        ],
        numbers=True,
    )


def _numbers(phases: Mapping[str, float], names: Sequence[str]) -> list[str]:
    return [f"{phases.get(name, 0):.0f}" for name in names]


def _name(mode: str) -> str:
    return "cold" if mode == "overlay" else mode


def _let_in(row: Comparison) -> str:
    return f"{row.accepted / row.k:.0%}"
