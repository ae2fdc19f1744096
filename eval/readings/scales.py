"""``overlay scales``: measure the plain thresholds of a model on labelled questions."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from overlay.cli.options import config_option, output_option, settings_options

if TYPE_CHECKING:
    from overlay.labelled.items import Item
    from overlay.settings import Settings
    from probes.isolated import Isolated
    from probes.protocol import Model
    from selector.thresholds import Scale

__all__ = ["measure", "scales"]

_EVIDENCE = 0.5
_CONFIDENCE_QUANTILE = 0.9


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--each", default=12, show_default=True, help="Questions from each file.")
@output_option("--output", "File to write; default stdout.")
@settings_options("model", "seed", "draft_tokens")
@config_option
def scales(
    files: tuple[Path, ...],
    each: int,
    output: Path | None,
    config: Path | None,
    **settings: str | None,
) -> None:
    """Measure the scales on which a model's readings are judged.

    FILES hold one question a line, as JSON with "id", "question", "answers" and "chunks" (each
    with "text" and "kind"). Name the result in the setting `thresholds` to use it.
    """
    from overlay.runtime import load_model
    from overlay.settings import load_settings

    loaded = load_settings(config, **settings)
    with_model = load_model(loaded)
    try:
        measured = measure(with_model, files, each, loaded)
    finally:
        with_model.close()
    text = json.dumps(measured, indent=2) + "\n"
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")


def measure(
    model: Model, files: Sequence[Path], each: int, settings: Settings
) -> dict[str, object]:
    """Probe ``each`` questions of each file; return thresholds with where they come from."""
    import numpy as np

    from overlay.labelled.given import read_questions
    from selector.thresholds import SCALES

    sets = read_questions(files)
    draw = random.Random(settings.seed)  # noqa: S311 - a sample, not a secret
    sample = [q for questions in sets for q in draw.sample(questions, min(each, len(questions)))]
    probed = list(_probe(model, sample, settings))
    rows = [asdict(reading) for isolated in probed for reading in isolated.readings]

    def scale(name: str) -> Scale:
        return _scale([np.mean(row[name]) for row in rows if row[name] is not None])

    confidences = [isolated.baseline_confidence for isolated in probed]
    return {
        "model": model.info.name,
        "sha256": model.info.sha256,
        "measured": {
            "on": [file.name for file in files],
            "questions": len(probed),
            "chunks": len(rows),
            "draft_tokens": settings.draft_tokens,
            "seed": settings.seed,
            "date": datetime.now(UTC).date().isoformat(),
        },
        "thresholds": {name: asdict(scale(name)) for name in SCALES}
        | {
            "evidence": _EVIDENCE,
            "confidence": float(np.quantile(confidences, _CONFIDENCE_QUANTILE)),
        },
    }


def _probe(model: Model, sample: Sequence[Item], settings: Settings) -> Iterator[Isolated]:

    from overlay.cli.progress import track
    from overlay.prompt import build_prompt, chunk_tokens
    from probes.chat import Message
    from probes.isolated import probe_chunks
    from probes.layers import spread_layers

    layers = spread_layers(model.info.layers) if model.capabilities.layer_states else ()
    for question in track(sample, "probing"):
        prompt = build_prompt(model, [Message("user", question.question)])
        chunks = [chunk_tokens(model, passage.text) for passage in question.passages]
        with model.session() as prefix:
            prefix.extend(prompt.prefix)
            with probe_chunks(
                model,
                prefix,
                chunks,
                prompt.tail,
                lead=prompt.lead,
                draft_tokens=settings.draft_tokens,
                layers=layers,
            ) as isolated:
                yield isolated


def _scale(values: Sequence[float]) -> Scale:
    """Median, and two thirds of the interquartile range; see :mod:`selector.thresholds`."""
    import numpy as np

    from selector.thresholds import Scale

    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return Scale(centre=float(middle), width=float(high - low) / 1.5)
