"""A stability report for the terminal: a line a chunk, or every number and reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from overlay.answer import Outcome
from overlay.options import Mode
from selector.verdict import NOT_NEEDED

__all__ = ["cost_table", "reasons", "steps", "summary"]

Report = Mapping[str, Any]
"""What :func:`overlay.report.report` returns, or its JSON from the server."""

_OUTCOMES = {
    Outcome.ANSWERED: "answered from the accepted chunks",
    Outcome.WITHOUT_CONTEXT: "answered without context",
    Outcome.ABSTAINED: "abstained",
}
_WIDTH = 80
_GAPS = (" ", "  ")
"""Before the readings, and before the verdict."""
_VERDICT = len("reject: an instruction")
_READINGS = {"similarity": "similar", "attention": " look", "volatility": "volatility"}


def steps(report: Report) -> Text:
    """A line a chunk: its whole name, its readings and the verdict in a few words.

    Fits 80 columns; a name that is too long for that stands on a line of its own.
    """
    shown = _READINGS if report["mode"] == Mode.OVERLAY else {"similarity": "similar"}
    room = _WIDTH - sum(len(title) + 1 for title in shown.values())
    room -= sum(map(len, _GAPS)) + _VERDICT
    names = [len(_where(step)) for step in report["steps"]]
    width = max((length for length in names if length <= room), default=len("chunk"))
    left, right = _GAPS
    head = f"{'chunk':{width}}{left} {' '.join(shown.values())}{right}verdict"
    lines = [Text(head, style="bold")]
    for step in report["steps"]:
        name = _where(step)
        if len(name) > width:
            lines.append(Text(name))
            name = ""
        values = " ".join(
            f"{_number(_reading(step, reading)):>{len(title)}}" for reading, title in shown.items()
        )
        word, _, colour = _ruled(step)
        verdict = (f"{word}: {step['short']}", colour)
        lines.append(Text.assemble(f"{name:{width}}{left} {values}{right}", verdict))
    return Text("\n").join(lines)


def _ruled(step: Mapping[str, Any]) -> tuple[str, str, str]:
    """What became of a chunk, as a label and in a sentence, and its colour."""
    if step["accepted"]:
        return "accept", "accepted", "green"
    if step["short"] == NOT_NEEDED:
        return "unread", "not read", "dim"
    return "reject", "rejected", "red"


def _where(step: Mapping[str, Any]) -> str:
    """The document, and the part of it: ``fees.pdf, page 3``."""
    return ", ".join(filter(None, (step["chunk"]["source"], step["chunk"]["place"])))


def reasons(report: Report) -> Text:
    """What every chunk did and why it was let in or not, in full: a paragraph a chunk."""
    return Text("\n\n").join(_paragraph(step, report["mode"]) for step in report["steps"])


def summary(report: Report, *, verbose: bool = False) -> Text:
    """The outcome, what of the budget was spent, and what it cost.

    Args:
        verbose: also what was searched for, what was said again beside the question, and what
            the budget promises.
    """
    text = Text(_OUTCOMES[Outcome(report["outcome"])], style="bold")
    if report["mode"] == Mode.OVERLAY:
        spent = f"; spent {report['spent']:.2f} of {report['budget']['answer']:.2f}"
        text.append(spent, style="not bold")
    for line in _details(report) if verbose else ():
        text.append(f"\n{line}", style="not bold dim")
    if report["note"]:
        text.append(f"\n{report['note']}", style="not bold")
    index, cost = report["volatility_index"], report["cost"]
    shaky = "" if index is None else f"volatility index {index:.2f} (chance of being wrong); "
    text.append(
        f"\n{shaky}{cost['evaluated_tokens']} tokens, first after "
        f"{cost['seconds_to_first_token']:.1f} s",
        style="not bold dim",
    )
    return text


def cost_table(report: Report) -> Table:
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


def _details(report: Report) -> Iterator[str]:
    cost = report["cost"]
    yield f"model {report['model']}, {cost['seconds']:.1f} s in all"
    if report.get("judged_by"):
        yield f"judged by: {report['judged_by']}"
    for query in report["searched_for"]:
        yield f'searched for "{query}"'
    for sentence in report["anchor"]:
        yield f'said again beside the question: "{sentence}"'
    for tried in report["variants"] if len(report["variants"]) > 1 else ():
        index = "" if tried["index"] is None else f": volatility index {tried['index']:.2f}"
        yield f"variant {tried['name']}{index}{', this answer' if tried['spoken'] else ''}"
    if report["volatility_index"] is not None:
        yield "volatility index: by answers to questions like those of its calibration"
    guarantee = report["guarantee"]
    if guarantee is not None:
        yield (
            "on questions like those of its calibration, this budget lets in at most "
            f"{guarantee['harm']:.0%} of the chunks that do not help"
            + (
                ""
                if guarantee["loss"] is None
                else f", and keeps out at most {guarantee['loss']:.0%} of those that do"
            )
        )


def _paragraph(step: Mapping[str, Any], mode: str) -> Text:
    _, word, colour = _ruled(step)
    text = Text.assemble((_where(step), "bold"), "\n  ", (word, colour))
    text.append(f": {step['reason']}")
    if mode == Mode.OVERLAY:
        drift = _drift(step)
        numbers = {
            "similarity": step["chunk"]["similarity"],
            "gain (nats a token)": step["question_gain"],
            "attention (nats)": step.get("attention"),
            "volatility": step["volatility"],
            "drift (bits a token)": drift,
        }
        known = [f"{name} {value:.2f}" for name, value in numbers.items() if value is not None]
        text.append(f"\n  {', '.join(known)}", style="dim")
    if step["draft"]:
        text.append(f'\n  alone it makes the model say "{step["draft"]}"', style="dim")
    return text


def _reading(step: Mapping[str, Any], name: str) -> float | None:
    value: float | None = step["chunk"][name] if name == "similarity" else step.get(name)
    return value


def _drift(step: Mapping[str, Any]) -> float | None:
    """Bits a token inside the growing context; of the chunk alone where it was not injected."""
    drift: float | None = step["marginal_drift"]
    return (step["reading"] or {}).get("logit_drift") if drift is None else drift


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
