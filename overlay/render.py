"""A stability report for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from overlay.answer import Outcome
from overlay.options import Mode

__all__ = ["cost_table", "steps_table", "summary"]

_OUTCOMES = {
    Outcome.ANSWERED: "answered from the accepted chunks",
    Outcome.WITHOUT_CONTEXT: "answered without context",
    Outcome.ABSTAINED: "abstained",
}


def steps_table(report: Mapping[str, Any]) -> Table:
    """One row a step: the chunk, its numbers, and the verdict with its reason.

    Args:
        report: what :func:`overlay.report.report` returns, or its JSON from the server.
    """
    table = Table(expand=True, padding=(0, 1, 1, 0), box=None, header_style="bold")
    table.add_column("chunk", ratio=5, overflow="fold")
    table.add_column("simi-\nlarity", justify="right", min_width=5)
    if report["mode"] == Mode.OVERLAY:
        table.add_column("drift\nbits", justify="right", min_width=5)
        table.add_column("gain\nnats", justify="right", min_width=5)
        table.add_column("util-\nity", justify="right", min_width=5)
        table.add_column("vola-\ntility", justify="right", min_width=6)
    table.add_column("verdict", ratio=9)
    for step in report["steps"]:
        table.add_row(*_row(step, report["mode"]))
    return table


def summary(report: Mapping[str, Any]) -> Text:
    """The outcome, what of the budget was spent, and what it cost."""
    text = Text(_OUTCOMES[Outcome(report["outcome"])], style="bold")
    if report["mode"] == Mode.OVERLAY:
        text.append(
            f"; spent {report['spent']:.2f} of a budget of {report['budget']['answer']:.2f} "
            f"(volatility index {report['volatility_index']:.2f})",
            style="not bold",
        )
    for sentence in report["anchor"]:
        text.append(f'\nsaid again beside the question: "{sentence}"', style="not bold dim")
    if report["confidence"] is not None:
        text.append(
            f"\nthe answer is right with a chance of {report['confidence']:.0%}, by answers to "
            "questions like those it was calibrated on",
            style="not bold",
        )
    guarantee = report["guarantee"]
    if guarantee is not None:
        text.append(
            f"\non questions like those it was calibrated on, this budget lets in at most "
            f"{guarantee['harm']:.0%} of the chunks that do not help"
            + (
                ""
                if guarantee["loss"] is None
                else f", and keeps out at most {guarantee['loss']:.0%} of those that do"
            ),
            style="not bold dim",
        )
    cost = report["cost"]
    text.append(
        f"\n{cost['evaluated_tokens']} tokens evaluated, first token after "
        f"{cost['seconds_to_first_token']:.1f} s, {cost['seconds']:.1f} s in all, "
        f"model {report['model']}",
        style="not bold dim",
    )
    if report["note"]:
        text.append(f"\n{report['note']}", style="not bold")
    return text


def cost_table(report: Mapping[str, Any]) -> Table:
    """One row a phase: tokens evaluated and reused, and forward calls."""
    cost = report["cost"]
    table = Table(padding=(0, 1, 0, 0), box=None, header_style="bold")
    table.add_column("phase")
    columns = ("prefilled", "decoded", "reused", "calls")
    for name in columns:
        table.add_column(name, justify="right")
    for name, part in [*cost["phases"].items(), ("all", cost)]:
        counts = (f"{part[key]:,}" for key in columns)
        table.add_row(name, *counts, style="bold" if part is cost else None)
    return table


def _row(step: Mapping[str, Any], mode: str) -> list[Text]:
    colour, word = ("green", "accepted") if step["accepted"] else ("red", "rejected")
    cells = [Text(step["chunk"]["source"]), Text(f"{step['chunk']['similarity']:.2f}")]
    if mode == Mode.OVERLAY:
        reading = step["reading"] or {}
        drift = step["marginal_drift"]
        numbers = (
            reading.get("logit_drift") if drift is None else drift,
            step["question_gain"],
            step["utility"],
            step["volatility"],
        )
        cells += [Text("-" if value is None else f"{value:.2f}") for value in numbers]
    cells.append(Text.assemble((word, f"bold {colour}"), ": ", step["reason"]))
    return cells
