"""Runs as one HTML page that needs nothing else: no script, no request, no font."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from eval.runs.failures import Failure, worst_failures
from eval.runs.loading import Run
from eval.runs.plot import draw
from eval.runs.tables import check_table, cost_table, difference_table, result_tables
from overlay.views.text_table import Table, markdown_sections

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["render_markdown", "render_page"]


def render_page(runs: Sequence[Run], *, reference: str | None = None) -> str:
    """The page. Texts of questions and passages are escaped: markup in them is shown, never run.

    Args:
        reference: compare with this policy instead of the one that each run names.
    """
    return _template().render(parts=[_part(run, reference) for run in runs], made=_today())


def render_markdown(runs: Sequence[Run], command: str, *, reference: str | None = None) -> str:
    """The same numbers for a document: no question and no passage is quoted.

    Args:
        command: what makes the results, for the reader.
    """
    parts = [f"Made by `{command}`, summed up on {_today()}."]
    for run in runs:
        parts += [f"## {run.title}", _provenance(run)]
        parts += markdown_sections(_tables(run, reference))
    return "\n\n".join(parts) + "\n"


def _part(run: Run, reference: str | None) -> dict[str, Any]:
    picture = draw(run, "svg")
    return {
        "run": run,
        "plot": picture.decode("utf-8") if picture else None,
        "tables": _tables(run, reference),
        "failures": worst_failures(run.records, run.subject, reference or run.reference),
        "sources": _sources(run),
    }


def _tables(run: Run, reference: str | None) -> list[Table]:
    tables = [
        *result_tables(run),
        difference_table(run, reference),
        cost_table(run),
        check_table(run),
    ]
    return [table for table in tables if table.rows]


def _sources(run: Run) -> list[tuple[str, str]]:
    """What a reader needs to know, or to make the run again."""
    revisions = dict.fromkeys(str(session["revision"]) for session in run.sessions)
    versions = run.sessions[-1]["versions"] if run.sessions else {}
    return [
        ("model file", run.identity["model"]["sha256"] or run.identity["model"]["name"]),
        ("seed", str(run.seed)),
        ("git revision", ", ".join(revisions)),
        ("sessions", str(len(run.sessions))),
        ("versions", ", ".join(f"{name} {v}" for name, v in versions.items() if v)),
        ("settings", ", ".join(f"{k} {v}" for k, v in run.identity["settings"].items())),
    ]


def _provenance(run: Run) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in _sources(run) if name != "settings")


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _verdict(failure: Failure, policy: str) -> str:
    """How a policy did on a failure's case, in a word or two."""
    result = failure.results[policy]
    if result.abstained:
        return "abstained"
    if result.obeyed:
        return "obeyed"
    if result.wrong_given:
        return "known wrong answer"
    return "right" if result.right else "wrong" if result.right is False else "no answer exists"


@cache
def _template() -> Template:
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=ChoiceLoader([PackageLoader("eval.runs", ""), PackageLoader("overlay.views", "")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"verdict": _verdict}
    return environment.get_template("page.html.jinja")
