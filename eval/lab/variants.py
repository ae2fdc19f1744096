"""``overlay lab variants``: what each way to put the same chunks before a model is worth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from overlay.cli.options import config_option, output_option, settings_options

if TYPE_CHECKING:
    from eval.lab.variant_answers import VariantAnswer
    from overlay.views.text_table import Table

__all__ = ["variants", "variants_table"]

_CHOICES = ("index", "log_prob", "copied", "gain")
_COUNTS = (1, 2, 3, 5, 16)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--questions", default=100, show_default=True, help="Questions, drawn evenly.")
@output_option("--output", "Keep every answer here (JSON lines); a stopped run goes on from it.")
@output_option("--markdown", "Write the table here.")
@settings_options("model", "seed", "draft_tokens", "max_tokens", "profile", "threads")
@config_option
def variants(
    files: tuple[Path, ...],
    *,
    questions: int,
    output: Path | None,
    markdown: Path | None,
    config: Path | None,
    **settings: str | None,
) -> None:
    """Answer questions in every variant, to the end, and keep what each answer shows.

    FILES hold one question a line, as `overlay eval` takes them. The table says how often each
    variant is right, and how often the one that a sign would choose among the first few.
    """
    from rich.console import Console

    from eval.lab.variant_answers import answer_in_every_variant, read_answers, write_answers
    from overlay.cli.progress import track
    from overlay.file_hash import file_hash
    from overlay.journal import Journal
    from overlay.labelled.draw import draw_questions
    from overlay.labelled.similarity import with_similarities
    from overlay.runtime import find_profile, load_model
    from overlay.settings import load_settings
    from overlay.views.files import save
    from overlay.views.text_table import print_table
    from retriever import SentenceTransformerEmbedder

    loaded = load_settings(config, **settings)
    drawn = draw_questions(files, questions, loaded.seed)
    items = with_similarities(drawn, SentenceTransformerEmbedder(loaded.embedder))
    model = load_model(loaded)
    try:
        profile = find_profile(loaded, model.info)
        run = {
            "command": "variants",
            "model": {"name": model.info.name, "sha256": model.info.sha256},
            "data": [file_hash(file) for file in files],
            "profile": profile.digest,
            "seed": loaded.seed,
            "draft_tokens": loaded.draft_tokens,
            "max_tokens": loaded.max_tokens,
        }
        journal = Journal(output, run)
        answered = []
        for item in track(items, f"answering with {model.info.name}"):
            key = f"{item.dataset} {item.id}"
            if key not in journal:
                found = answer_in_every_variant(model, loaded, profile, item)
                journal.add(key, write_answers(found))
            answered.append(read_answers(journal[key]))
    finally:
        model.close()
    table = variants_table(answered, seed=loaded.seed)
    print_table(Console(), table)
    if markdown is not None:
        save(markdown, table.markdown() + "\n")


def variants_table(answered: Sequence[Sequence[VariantAnswer]], *, seed: int) -> Table:
    """How often each variant is right, and the one that a sign chooses among the first few.

    Args:
        answered: of each question, its answers, the first variant first.
    """
    from overlay.views.text_table import Table
    from selector.statistics.interval import mean_interval

    rows = []
    asked = [own for own in answered if own and own[0].answerable]
    for name in dict.fromkeys(one.variant for own in asked for one in own):
        right = [float(one.right) for own in asked for one in own if one.variant == name]
        rows.append((name, str(len(right)), str(mean_interval(right, seed=seed))))
    spoken = [[one for one in own if one.chunks] for own in asked]
    for sign in _CHOICES:
        for count in _COUNTS:
            picked = [_steadiest(own[:count], sign).right for own in spoken if own]
            share = mean_interval([float(right) for right in picked], seed=seed)
            rows.append((f"by {sign} among {count}", str(len(picked)), str(share)))
    any_right = [float(any(one.right for one in own)) for own in spoken if own]
    rows.append(("any", str(len(any_right)), str(mean_interval(any_right, seed=seed))))
    return Table(
        "Variants",
        "Share of right answers, 95 % intervals over questions: of each variant where it differs "
        "from those before it, and of the one that a sign chooses among the first few.",
        ("variant", "questions", "right"),
        tuple(rows),
    )


def _steadiest(answers: Sequence[VariantAnswer], sign: str) -> VariantAnswer:
    if sign == "index":
        return min(answers, key=lambda one: 1.0 if one.index is None else one.index)
    return max(answers, key=lambda one: getattr(one, sign))
