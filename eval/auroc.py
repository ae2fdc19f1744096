"""``overlay auroc``: how well each reading alone tells helpful chunks from harmful ones."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from overlay.cli.options import config_option, output_option, settings_options

if TYPE_CHECKING:
    from rich.table import Table

    from eval.observations import Observation

__all__ = ["Separation", "auroc", "separations"]

_AGAINST = ("irrelevant", "contradicting", "injected")
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
@output_option("--output", "Write every value here (JSON).")
@output_option("--markdown", "Write the tables here.")
@settings_options("backend", "seed", "draft_tokens")
@config_option
def auroc(
    files: tuple[Path, ...],
    questions: int,
    models: tuple[str, ...],
    output: Path | None,
    *,
    markdown: Path | None,
    config: Path | None,
    **settings: str | None,
) -> None:
    """Measure how well each reading tells helpful chunks from harmful ones.

    FILES hold one question a line, as JSON with "id", "question", "answers" and "chunks" (each
    with "text" and "kind": gold, distractor, counterfactual, poison or injection).
    """
    from rich.console import Console
    from rich.progress import track

    from eval.observations import draw_questions, observe
    from overlay.runtime import load_model
    from overlay.settings import load_settings

    named = models or (load_settings(config).model,)
    console = Console()
    saved: list[dict[str, object]] = []
    pages: list[str] = []
    for name in named:
        loaded = load_settings(config, model=name, **settings)
        drawn = draw_questions(files, questions, loaded.seed)
        model = load_model(loaded)
        try:
            probed = track(
                observe(model, drawn, loaded),
                f"probing {model.info.name}",
                total=len(drawn),
                console=Console(stderr=True),
                transient=True,
            )
            observations = [observation for chunks in probed for observation in chunks]
            title = f"{model.info.name} on {model.info.backend}, {len(drawn)} questions"
            sha256 = model.info.sha256
        finally:
            model.close()
        found = list(separations(observations, seed=loaded.seed))
        console.print(_table(title, found))
        pages.append(_markdown(title, found))
        saved.append(
            {
                "model": title,
                "sha256": sha256,
                "files": [file.name for file in files],
                "seed": loaded.seed,
                "separations": [asdict(separation) for separation in found],
                "observations": [asdict(observation) for observation in observations],
            }
        )
    if output is not None:
        output.write_text(json.dumps(saved, indent=1), encoding="utf-8")
    if markdown is not None:
        markdown.write_text(_page(files, questions, pages), encoding="utf-8")


def separations(
    observations: Sequence[Observation], *, seed: int, resamples: int = _RESAMPLES
) -> Iterator[Separation]:
    """AUROC of every reading, helpful chunks against each other kind that there is.

    A question counts as one draw of the bootstrap: its chunks share a draft and a prompt.
    Readings that could not be computed are left out.
    """
    import numpy as np
    from scipy.stats import bootstrap
    from sklearn.metrics import roc_auc_score

    names = list(dict.fromkeys(name for o in observations for name in o.values))
    for against in _AGAINST:
        for name in names:
            groups = _by_question(observations, name, against)
            if not groups:
                continue

            def statistic(draw: Sequence[int], groups: list[_Group] = groups) -> float:
                labels = np.concatenate([groups[int(i)][0] for i in draw])
                values = np.concatenate([groups[int(i)][1] for i in draw])
                return float(roc_auc_score(labels, values))

            everything = np.arange(len(groups))
            interval = bootstrap(
                (everything,),
                statistic,
                n_resamples=resamples,
                vectorized=False,
                method="percentile",
                rng=np.random.default_rng(seed),
            ).confidence_interval
            labels = np.concatenate([labels for labels, _ in groups])
            yield Separation(
                reading=name,
                against=against,
                auroc=statistic(everything.tolist()),
                low=float(interval.low),
                high=float(interval.high),
                helpful=int(labels.sum()),
                others=int(len(labels) - labels.sum()),
            )


_Group = tuple[list[bool], list[float]]


def _by_question(observations: Sequence[Observation], name: str, against: str) -> list[_Group]:
    """Labels and values of the questions that have chunks of both kinds."""
    groups: dict[str, _Group] = {}
    for observation in observations:
        value = observation.values[name]
        if observation.kind in ("helpful", against) and value is not None:
            labels, values = groups.setdefault(observation.question, ([], []))
            labels.append(observation.kind == "helpful")
            values.append(value)
    return [group for group in groups.values() if len(set(group[0])) == 2]


def _rows(found: Sequence[Separation]) -> Iterator[list[str]]:
    cells = {(s.reading, s.against): f"{s.auroc:.2f} ({s.low:.2f}-{s.high:.2f})" for s in found}
    for name in dict.fromkeys(s.reading for s in found):
        yield [name, *(cells.get((name, against), "-") for against in _AGAINST)]


def _table(title: str, found: Sequence[Separation]) -> Table:
    from rich.table import Table

    table = Table(title=title)
    table.add_column("AUROC of helpful against")
    for against in _AGAINST:
        table.add_column(against, justify="right")
    for row in _rows(found):
        table.add_row(*row)
    return table


def _markdown(title: str, found: Sequence[Separation]) -> str:
    counts = {s.against: f"{s.helpful} : {s.others}" for s in found}
    head = ["helpful against", *(f"{a} ({counts.get(a, 'none')})" for a in _AGAINST)]
    lines = [head, ["---"] * len(head), *_rows(found)]
    return "\n".join([f"## {title}", "", *("| " + " | ".join(line) + " |" for line in lines)])


def _page(files: Sequence[Path], questions: int, pages: Sequence[str]) -> str:
    named = " ".join(file.name for file in files)
    today = datetime.now(UTC).date().isoformat()
    intro = (
        f"Made by `overlay auroc --questions {questions} {named}` on {today}. AUROC is the chance "
        "that a helpful chunk has the larger value than one of the other kind: 0.5 tells "
        "nothing, and below 0.5 helpful chunks have the smaller values. In brackets: 95 % "
        f"bootstrap interval over questions ({_RESAMPLES} resamples); in the head: chunks "
        "compared. The readings are explained in [probes.md](probes.md)."
    )
    return "\n\n".join(["# What each reading alone can tell", intro, *pages]) + "\n"
