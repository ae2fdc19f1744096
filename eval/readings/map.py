"""``overlay lab map``: the volatility map of a model over questions or documents."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from overlay.cli.options import config_option, json_option, output_option, settings_options

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.table import Table

    from eval.readings.volatility_map import ExplosiveToken, LayerDrift
    from overlay.settings import Settings
    from probes.protocol import Model
    from probes.report import ProbeReport

__all__ = ["volatility_map"]

_DOCUMENT_QUESTION = "What does this text say?"
_TOKENS = 24


@click.command("map")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--questions", default=20, show_default=True, help="Questions or chunks to read.")
@click.option(
    "--layers", default=10, show_default=True, help="Layers, spread over the depth; 0 for all."
)
@output_option("--png", "Write the map as a picture.")
@json_option
@settings_options("model", "backend", "seed", "draft_tokens", "chunk_tokens", "embedder")
@config_option
def volatility_map(
    paths: tuple[Path, ...],
    *,
    questions: int,
    layers: int,
    png: Path | None,
    as_json: bool,
    config: Path | None,
    **settings: str | None,
) -> None:
    """Map which layers and tokens of a model are moved by what kind of text.

    PATHS are files of labelled questions (one a line, as JSON with "question" and "chunks", each
    with "text" and "kind"), or folders of documents, whose chunks are read one by one. Drift is
    counted in standard deviations of the drift that neutral text of the same length brings.
    """
    from rich.console import Console

    from eval.readings.volatility_map import explosive_tokens, layer_drifts
    from overlay.cli.progress import track
    from overlay.loading import load_model
    from overlay.settings import load_settings

    loaded = load_settings(config, **settings)
    tasks = _tasks(paths, questions, loaded)
    model = load_model(loaded)
    try:
        probed = [
            (kinds, _probe(model, question, texts, loaded, layers))
            for question, kinds, texts in track(tasks, "probing")
        ]
        name, gradients = model.info.name, model.capabilities.gradients
    finally:
        model.close()
    drifts = list(layer_drifts(probed))
    tokens = explosive_tokens(report for _, report in probed)
    if png is not None:
        _picture(name, drifts).savefig(png, dpi=150, bbox_inches="tight")
    if as_json:
        click.echo(
            json.dumps(
                {
                    "model": name,
                    "layers": [asdict(drift) for drift in drifts],
                    "explosive_tokens": [asdict(token) for token in tokens],
                    "explosive_by": "token_grad" if gradients else "removal",
                },
                ensure_ascii=False,
            )
        )
        return
    console = Console()
    console.print(_layer_table(name, drifts))
    console.print(_token_table(tokens, "TokenGrad" if gradients else "removal"))


_Task = tuple[str, list[str], list[tuple[str, str]]]


def _tasks(paths: Sequence[Path], count: int, settings: Settings) -> list[_Task]:
    """Question, kinds and texts of everything that is to be probed."""
    from overlay.labelled.draw import draw_questions

    files = [path for path in paths if path.is_file()]
    tasks: list[_Task] = []
    if files:
        for question in draw_questions(files, count, settings.seed):
            tasks.append(
                (
                    question.question,
                    [passage.kind for passage in question.passages],
                    [(passage.kind, passage.text) for passage in question.passages],
                )
            )
    for folder in paths:
        if folder.is_dir():
            passages = list(_chunks(folder, settings))[:count]
            tasks += [(_DOCUMENT_QUESTION, [folder.name], [passage]) for passage in passages]
    return tasks


def _chunks(folder: Path, settings: Settings) -> Iterator[tuple[str, str]]:
    from retriever import Chunker, open_embedder, read_folder

    embedder = open_embedder(settings.embedder)
    chunker = Chunker(embedder.count_tokens, settings.chunk_tokens)
    for document in read_folder(folder):
        for chunk in chunker.split(document):
            yield chunk.source, chunk.text


def _probe(
    model: Model,
    question: str,
    texts: Sequence[tuple[str, str]],
    settings: Settings,
    layers: int,
) -> ProbeReport:
    from overlay.probing import Effort, probe

    # Where there are gradients, TokenGrad says of every token what removal says of a few.
    tokens = 0 if model.capabilities.gradients else _TOKENS
    effort = Effort(variants=False, removal_tokens=tokens, mutated_tokens=0, layers=layers)
    return probe(model, question, texts, settings, effort)


def _layer_table(name: str, drifts: Sequence[LayerDrift]) -> Table:
    from rich.table import Table

    kinds = list(dict.fromkeys(drift.kind for drift in drifts))
    table = Table(title=f"standardised drift of {name}: median (quartiles)")
    table.add_column("layer", justify="right")
    counts = {drift.kind: drift.chunks for drift in drifts}
    for kind in kinds:
        table.add_column(f"{kind} ({counts[kind]})", justify="right")
    cells = {(drift.layer, drift.kind): _cell(drift) for drift in drifts}
    for layer in sorted({drift.layer for drift in drifts}):
        table.add_row(str(layer), *(cells.get((layer, kind), "-") for kind in kinds))
    return table


def _cell(drift: LayerDrift) -> str:
    middle, low, high = drift.standardised or drift.cosine
    return f"{middle:+.1f} ({low:+.1f} {high:+.1f})"


def _token_table(tokens: Sequence[ExplosiveToken], measure: str) -> Table:
    from rich.table import Table

    table = Table(title=f"neutral to a person, not to the model (by {measure})")
    table.add_column("token")
    table.add_column("seen", justify="right")
    table.add_column("times its chunk's mean", justify="right")
    for token in tokens:
        table.add_row(token.text, str(token.seen), f"{token.ratio:.2f}")
    return table


def _picture(name: str, drifts: Sequence[LayerDrift]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for kind in dict.fromkeys(drift.kind for drift in drifts):
        rows = sorted((d for d in drifts if d.kind == kind), key=lambda d: d.layer)
        layers = [drift.layer for drift in rows]
        values = [drift.standardised or drift.cosine for drift in rows]
        axes.plot(layers, [middle for middle, _, _ in values], marker="o", label=kind)
        axes.fill_between(
            layers, [low for _, low, _ in values], [high for _, _, high in values], alpha=0.15
        )
    axes.set_xlabel("layer")
    axes.set_ylabel("drift, standard deviations of neutral text")
    axes.set_title(f"volatility map of {name}")
    axes.legend()
    return figure
