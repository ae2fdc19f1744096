"""``overlay eval``: run policies side by side, compare them, report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from overlay.cli.options import config_option, json_option, output_option, settings_options

if TYPE_CHECKING:
    from rich.console import Console

    from eval.runs.cases import Case
    from eval.runs.differences import Difference
    from eval.runs.loading import Run
    from eval.runs.spec import RunSpec
    from overlay.journal import Journal
    from overlay.settings import Settings
    from selector.statistics.interval import Interval

__all__ = ["evaluate"]

_RESULTS = click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path))
_REFERENCE = click.option("--reference", help="Compare with this policy. Default: the run's.")
_POOL = click.option(
    "--pool",
    is_flag=True,
    help="Take RESULTS together, as one run of all their cases with the policies that all have.",
)


class _Part(click.ParamType[tuple[int, int]]):
    """One of several parts, as in 2/8."""

    name = "N/M"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        number, _, of = str(value).partition("/")
        if not (number.isdigit() and of.isdigit() and 1 <= int(number) <= int(of)):
            self.fail(f"{value!r} is no part: give 2/8 for the second of eight", param, ctx)
        return int(number), int(of)


@click.group(name="eval")
def evaluate() -> None:
    """Put policies side by side: what a volatility budget buys, and what it costs.

    \b
    overlay eval run small.toml --output small.jsonl        answer every case with every policy
    overlay eval compare small.jsonl                        which differences are beyond noise
    overlay eval report small.jsonl --html small.html       one page: plot, tables, failures
    overlay eval report a.jsonl b.jsonl --pool              the same of several runs taken together
    """


@evaluate.command()
@click.argument("spec", type=click.Path(path_type=Path))
@output_option("--output", "Keep every answer here (JSON lines); a stopped run goes on from it.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first cases.")
@click.option(
    "--questions", type=click.IntRange(min=1), help="So many of each task, whatever SPEC says."
)
@click.option("--seed", type=click.IntRange(min=0), help="Draw with this seed, whatever SPEC says.")
@click.option(
    "--part",
    type=_Part(),
    help="Only part N of M, so that M processes or machines share the questions: each keeps an "
    "--output of its own, and `report --pool` takes them together.",
)
@settings_options("model", "backend", "threads", "max_tokens")
@config_option
@json_option
def run(
    spec: Path,
    output: Path | None,
    limit: int | None,
    questions: int | None,
    seed: int | None,
    *,
    part: tuple[int, int] | None,
    config: Path | None,
    as_json: bool,
    **settings: str | None,
) -> None:
    """Answer every case of SPEC, a TOML file, with every policy that it names.

    Answers go to --output as they come. Run the same command again after a stop: what is there
    already is not asked again.
    """
    from rich.console import Console

    from eval.runs.cases import part_of
    from eval.runs.runner import fingerprint, run_cases
    from eval.runs.spec import read_spec
    from overlay.cli.progress import track
    from overlay.journal import Journal
    from overlay.loading import load_model

    read = _drawn(read_spec(spec), questions, seed)
    loaded = _settings(read, config, settings)
    cases, hashes = _cases(read, loaded, spec.parent)
    if part is not None:
        cases = part_of(cases, *part)
    model = load_model(loaded)
    try:
        identity = fingerprint(read, loaded, model.info, hashes)
        journal = Journal(output, identity)
        run_cases(
            model,
            loaded,
            read,
            cases[:limit],
            journal,
            track=lambda todo: track(todo, "answering"),
        )
    finally:
        model.close()
    _show(journal, Console(), as_json=as_json)


@evaluate.command()
@_RESULTS
@_REFERENCE
@_POOL
@json_option
def compare(results: tuple[Path, ...], reference: str | None, *, pool: bool, as_json: bool) -> None:
    """Say which differences between policies are beyond noise.

    RESULTS are files that `overlay eval run --output` wrote.
    """
    from rich.console import Console

    from eval.runs.differences import differences
    from eval.runs.tables import difference_table
    from overlay.views.text_table import print_table

    runs = _load(results, reference, together=pool)
    if as_json:
        found = {
            one.title: [
                _difference(difference)
                for difference in differences(
                    one.results, reference or one.reference, seed=one.seed
                )
            ]
            for one in runs
        }
        click.echo(json.dumps(found))
        return
    console = Console()
    for one in runs:
        console.rule(one.title)
        print_table(console, difference_table(one, reference))


@evaluate.command()
@_RESULTS
@_REFERENCE
@_POOL
@output_option("--html", "Write the page here.  [default: beside the first of RESULTS]")
@output_option("--markdown", "Write the tables here, without any text of the questions.")
@output_option("--png", "Write the plot of the first run here.")
def report(
    results: tuple[Path, ...],
    reference: str | None,
    html: Path | None,
    markdown: Path | None,
    png: Path | None,
    *,
    pool: bool,
) -> None:
    """Make one self-contained HTML page of RESULTS: plot, tables, worst failures."""
    from eval.runs.page import render_markdown, render_page
    from eval.runs.plot import draw
    from overlay.errors import InputError
    from overlay.views.files import save

    runs = _load(results, reference, together=pool)
    page = html or results[0].with_suffix(".html")
    save(page, render_page(runs, reference=reference))
    click.echo(f"The page is {page}.", err=True)
    if markdown is not None:
        name = runs[0].identity["spec"]["name"]
        command = f"overlay eval run {name}.toml"
        save(markdown, render_markdown(runs, command, reference=reference))
    if png is not None:
        picture = draw(runs[0], "png")
        if picture is None:
            raise InputError(
                "the run measured no stability, so there is nothing to plot",
                hint="add [flips] to its file, or questions whose wrong answers are known",
                param="png",
            )
        save(png, picture)


def _load(results: Sequence[Path], reference: str | None, *, together: bool) -> list[Run]:
    """The runs, or one of them all; each must have the policy to compare the others with."""
    from eval.runs.loading import load_run
    from eval.runs.pooling import pool

    runs = [load_run(path) for path in results]
    if together:
        runs = [pool(runs)]
    if reference is not None:
        for one in runs:
            one.check_policy(reference, param="reference")
    return runs


def _drawn(spec: RunSpec, questions: int | None, seed: int | None) -> RunSpec:
    """The run with so many questions a task and this seed, where they are given."""
    tasks = [
        task if questions is None else task.model_copy(update={"questions": questions})
        for task in spec.tasks
    ]
    return spec.model_copy(
        update={"tasks": tuple(tasks), "seed": spec.seed if seed is None else seed}
    )


def _settings(spec: RunSpec, config: Path | None, given: dict[str, str | None]) -> Settings:
    """The run's settings; what the command line says wins over its file."""
    from overlay.settings import load_settings

    chosen = {name: value for name, value in given.items() if value is not None}
    return load_settings(config, **{**spec.settings, **chosen})


def _cases(spec: RunSpec, settings: Settings, folder: Path) -> tuple[list[Case], list[str]]:
    """The run's cases, and hashes of the files that they come from."""
    from eval.runs.cases import cases_of
    from eval.tasks.catalogue import load_items
    from overlay.file_hash import file_hash
    from overlay.labelled.similarity import with_similarities
    from retriever import open_embedder

    tasks = []
    hashes = []
    for task in spec.tasks:
        items = load_items(task, settings, folder=folder, seed=spec.seed)
        tasks.append((task.label, items))
        if task.path is not None:
            hashes.append(file_hash(folder / task.path))
    cases = cases_of(spec, tasks)
    rated = with_similarities([case.item for case in cases], open_embedder(settings.embedder))
    return [replace(case, item=item) for case, item in zip(cases, rated, strict=True)], hashes


def _show(journal: Journal, console: Console, *, as_json: bool) -> None:
    from eval.runs.loading import load_run
    from eval.runs.summary import summarise
    from eval.runs.tables import check_table, overview_table
    from overlay.views.text_table import print_table

    found = load_run(journal)
    if as_json:
        rows = [
            {"policy": row.policy, "cases": row.cases, "values": _values(row.values)}
            for row in summarise(found.results, seed=found.seed)
        ]
        click.echo(json.dumps({"run": found.title, "policies": rows}))
        return
    for table in (overview_table(found), check_table(found)):
        print_table(console, table)


def _values(values: dict[str, Interval | float | None]) -> dict[str, object]:
    """By measure: a number, or a value with its interval, each end by its name."""
    from selector.statistics.interval import Interval

    return {
        name: value._asdict() if isinstance(value, Interval) else value
        for name, value in values.items()
    }


def _difference(found: Difference) -> dict[str, object]:
    return {
        "measure": found.measure,
        "policy": found.policy,
        "reference": found.reference,
        "cases": found.cases,
        "difference": found.comparison.difference._asdict(),
        "p_value": found.comparison.p_value,
        "test": found.comparison.test,
        "conclusion": found.conclusion,
    }
