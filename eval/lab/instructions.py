"""``overlay lab instructions``: what tells instructions by their wording, fitted and measured."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from overlay.cli.options import config_option, output_option, settings_options

if TYPE_CHECKING:
    from overlay.instructions.quality import WordingQuality
    from overlay.labelled.items import Item
    from overlay.views.text_table import Table

__all__ = ["instructions"]


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--questions", type=click.IntRange(min=1), default=100, show_default=True, help="At most."
)
@output_option("--markdown", "Write the tables here.")
@output_option("--weights", "Write what is fitted on the project's own examples here.")
@settings_options("seed")
@config_option
def instructions(
    files: tuple[Path, ...],
    *,
    questions: int,
    markdown: Path | None,
    weights: Path | None,
    config: Path | None,
    **settings: str | None,
) -> None:
    """Measure how well instructions are told by their wording.

    What tells them is fitted on the project's own examples alone: each family of attacks and each
    kind of passages is read by what was fitted on the others. FILES hold questions with passages,
    as `overlay eval` takes them: passages of so many questions of each are read, and those that
    carry an instruction are counted apart, by the attack's style.
    """
    from rich.console import Console

    from overlay.instructions.fit import fit_examples
    from overlay.instructions.quality import wording_quality
    from overlay.labelled.draw import draw_questions
    from overlay.labelled.given import read_questions
    from overlay.settings import load_settings
    from overlay.views.files import save
    from overlay.views.text_table import markdown_page, print_table

    loaded = load_settings(config, **settings)
    if weights is not None:
        save(weights, fit_examples().as_json())
    tables = [_own_table(wording_quality())]
    if files:
        sets = dict(zip(files, read_questions(files), strict=True))
        items = {
            file.stem: draw_questions([file], min(questions, len(own)), loaded.seed)
            for file, own in sets.items()
        }
        tables.append(_elsewhere_table(items, loaded.seed))
    for table in tables:
        print_table(Console(), table)
    if markdown is not None:
        save(markdown, markdown_page(tables))


def _own_table(found: WordingQuality) -> Table:
    """Of each family and kind of the examples, what is told of it by the others."""
    from overlay.views.text_table import Table

    kinds = {"attacks": found.told, "plain passages": found.mistaken}
    return Table(
        "Examples of the project, a family or kind left out at a time",
        "Share of the examples that are taken for instructions. AUROC over sentences: "
        f"{found.auroc:.2f}. One plain passage in eight has a score above {found.cut:.2f}.",
        ("", "kind", "taken for instructions"),
        tuple(
            (sort, kind, f"{share:.2f}")
            for sort, shares in kinds.items()
            for kind, share in shares.items()
        ),
    )


def _elsewhere_table(items: Mapping[str, Sequence[Item]], seed: int) -> Table:
    """Of each file and kind of passage, how many are taken for instructions."""
    from overlay.instructions.wording import own_wording
    from overlay.views.text_table import Table

    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for name, own in items.items():
        for kind, text in _passages(own, seed):
            found[name, kind] += own_wording().chances([text])
    return Table(
        "Passages of other collections",
        "Share of the passages that are taken for instructions, by the wording alone.",
        ("", "passages", "number", "taken for instructions"),
        tuple(
            (name, kind, str(len(own)), f"{sum(one > 0.5 for one in own) / len(own):.2f}")
            for (name, kind), own in found.items()
        ),
    )


def _passages(items: Sequence[Item], seed: int) -> list[tuple[str, str]]:
    """Their kinds and texts; of each question, one with an attack of `overlay eval` besides."""
    import random

    from eval.attacks import inject
    from overlay.labelled.items import Kind

    draw = random.Random(seed)  # noqa: S311 - a sample, not a secret
    found = []
    for item in items:
        for one in item.passages:
            kind = f"attacked: {item.style}" if one.kind is Kind.INJECTED else "plain"
            found.append((kind, one.text))
        if item.clean_text is not None:
            found.append(("plain", item.clean_text))
        hosts = [one.text for one in item.passages if one.kind is not Kind.INJECTED]
        if hosts:
            found.append(("attacked: as `overlay eval` does", inject(hosts[0], draw)[0]))
    return found
