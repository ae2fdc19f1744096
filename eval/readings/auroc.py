"""``overlay lab auroc``: how well each reading alone tells helpful chunks from harmful ones."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from overlay.cli.options import config_option, json_option, output_option, settings_options
from overlay.views.markdown import markdown_table

if TYPE_CHECKING:
    from rich.table import Table

    from eval.readings.observations import Observation
    from overlay.journal import Journal
    from overlay.labelled.items import Item
    from overlay.settings import Settings

__all__ = ["Separation", "auroc", "separations"]

_AGAINST = ("irrelevant", "contradicting", "poisoned", "injected")
_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Separation:
    """How well a reading tells helpful chunks from those of another kind.

    Attributes:
        auroc: the chance that a helpful chunk has the larger value; 0.5 tells nothing, below it
            helpful chunks have the smaller values.
        low, high: 95 % bootstrap interval over questions.
        helpful, others: chunks compared.
    """

    reading: str
    against: str
    auroc: float
    low: float
    high: float
    helpful: int
    others: int


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--questions", default=50, show_default=True, help="Questions, drawn evenly.")
@click.option("--models", multiple=True, help="Models to measure; repeat. Default: the setting.")
@output_option("--output", "Keep every value here (JSON lines); a stopped run goes on from it.")
@output_option("--markdown", "Write the tables here.")
@json_option
@settings_options("backend", "dtype", "seed", "draft_tokens")
@config_option
def auroc(
    files: tuple[Path, ...],
    questions: int,
    models: tuple[str, ...],
    output: Path | None,
    *,
    markdown: Path | None,
    as_json: bool,
    config: Path | None,
    **settings: str | None,
) -> None:
    """Measure how well each reading tells helpful chunks from harmful ones.

    FILES hold one question a line, as JSON with "id", "question", "answers" and "chunks" (each
    with "text" and "kind": gold, distractor, counterfactual, poison or injection).
    """
    from rich.console import Console

    from overlay.journal import Journal
    from overlay.labelled.draw import draw_questions
    from overlay.settings import load_settings

    first = load_settings(config, **settings)
    drawn = draw_questions(files, questions, first.seed)
    run = {
        "command": "auroc",
        "files": [file.name for file in files],
        **first.model_dump(mode="json", include={"backend", "dtype", "seed", "draft_tokens"}),
    }
    journal = Journal(output, run)
    console = Console()
    tables: dict[str, list[Separation]] = {}
    for name in models or (first.model,):
        loaded = load_settings(config, model=name, **settings)
        title, observations = _observe(loaded, drawn, journal)
        tables[title] = list(separations(observations, seed=loaded.seed))
        if not as_json:
            console.print(_table(title, tables[title]))
    if as_json:
        found = {title: [asdict(row) for row in rows] for title, rows in tables.items()}
        click.echo(json.dumps(found))
    if markdown is not None:
        pages = [_markdown(title, found) for title, found in tables.items()]
        markdown.write_text(_page(files, questions, first, pages), encoding="utf-8")


def _observe(
    settings: Settings, questions: Sequence[Item], journal: Journal
) -> tuple[str, list[Observation]]:
    """Probe what the journal does not hold yet; a title and the observations of all questions."""
    from eval.readings.observations import Observation, observe
    from overlay.cli.progress import track
    from overlay.loading import load_model

    model = load_model(settings)
    try:
        info = model.info
        keys = [f"{info.sha256 or info.name} {info.backend} {q.id}" for q in questions]
        pairs = list(zip(keys, questions, strict=True))
        for key, question in track(pairs, f"probing {info.name}"):
            if key not in journal:
                journal.add(key, [asdict(o) for o in observe(model, question, settings)])
    finally:
        model.close()
    title = f"{info.title}, {len(questions)} questions"
    return title, [Observation(**observation) for key in keys for observation in journal[key]]


def separations(
    observations: Sequence[Observation], *, seed: int, resamples: int = _RESAMPLES
) -> Iterator[Separation]:
    """AUROC of every reading, helpful chunks against each other kind that there is.

    A question counts as one draw of the bootstrap: its chunks share a draft and a prompt.
    Readings that could not be computed are left out.
    """
    from selector.statistics.ranking import clustered_auroc

    names = list(dict.fromkeys(name for o in observations for name in o.values))
    for against in _AGAINST:
        for name in names:
            groups = _by_question(observations, name, against)
            if not groups:
                continue
            value, low, high = clustered_auroc(groups, seed=seed, resamples=resamples)
            yield Separation(
                reading=name,
                against=against,
                auroc=value,
                low=low,
                high=high,
                helpful=sum(len(helpful) for helpful, _ in groups),
                others=sum(len(others) for _, others in groups),
            )


def _by_question(
    observations: Sequence[Observation], name: str, against: str
) -> list[tuple[list[float], list[float]]]:
    """For each question that has both kinds: values of helpful and of other chunks."""
    groups: dict[str, tuple[list[float], list[float]]] = {}
    for observation in observations:
        value = observation.values[name]
        if value is not None and observation.kind in ("helpful", against):
            helpful, others = groups.setdefault(observation.question, ([], []))
            (helpful if observation.kind == "helpful" else others).append(value)
    return [group for group in groups.values() if all(group)]


def _rows(found: Sequence[Separation]) -> Iterator[list[str]]:
    cells = {(s.reading, s.against): f"{s.auroc:.2f} ({s.low:.2f}-{s.high:.2f})" for s in found}
    for name in dict.fromkeys(s.reading for s in found):
        yield [name, *(cells.get((name, against), "-") for against in _kinds(found))]


def _kinds(found: Sequence[Separation]) -> list[str]:
    """The kinds that there are chunks of."""
    return [against for against in _AGAINST if any(s.against == against for s in found)]


def _table(title: str, found: Sequence[Separation]) -> Table:
    from rich.table import Table

    table = Table(title=title)
    table.add_column("AUROC of helpful against")
    for against in _kinds(found):
        table.add_column(against, justify="right")
    for row in _rows(found):
        table.add_row(*row)
    return table


def _markdown(title: str, found: Sequence[Separation]) -> str:
    counts = {s.against: f"{s.helpful} : {s.others}" for s in found}
    head = ["helpful against", *(f"{a} ({counts[a]})" for a in _kinds(found))]
    return f"## {title}\n\n{markdown_table(head, _rows(found))}"


def _page(files: Sequence[Path], questions: int, settings: Settings, pages: Sequence[str]) -> str:
    named = " ".join(file.name for file in files)
    today = datetime.now(UTC).date().isoformat()
    intro = (
        f"Made by `overlay lab auroc --questions {questions} --backend {settings.backend} --dtype "
        f"{settings.dtype} {named}` with the models named below (`--models`) on {today}. AUROC is "
        "the chance that a helpful chunk has the larger value than one of the other kind: 0.5 "
        "tells nothing, and below 0.5 helpful chunks have the smaller values. In brackets: 95 % "
        f"bootstrap interval over questions ({_RESAMPLES} resamples); in the head: chunks "
        "compared. The readings are explained in [probes.md](probes.md)."
    )
    return "\n\n".join(["# What each reading alone can tell", intro, *pages]) + "\n"
