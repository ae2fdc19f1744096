"""``overlay lab pool``: the default profile, from readings and answers of several models."""

from __future__ import annotations

from pathlib import Path

import click

from overlay.cli.options import json_option, output_option

__all__ = ["pool"]


@click.command()
@click.argument("readings", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--answers",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Answers of these models, as `overlay lab variants` kept them; repeat.",
)
@click.option(
    "--beside",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Readings of a model that is judged and not fitted on; repeat.",
)
@click.option(
    "--first-dose",
    default=0,
    show_default=True,
    type=click.IntRange(min=0),
    help="Chunks that are read before the others, 0 for all at once: as many as cost no right "
    "answers by the policies `default profile` and `all at once` of eval/specs/elsewhere.toml.",
)
@output_option("--output", "Write the profile here.")
@output_option("--markdown", "Write the tables here.")
@json_option
def pool(
    readings: tuple[Path, ...],
    *,
    answers: tuple[Path, ...],
    beside: tuple[Path, ...],
    first_dose: int,
    output: Path | None,
    markdown: Path | None,
    as_json: bool,
) -> None:
    """Fit one profile on several models: what judges for a model that has none of its own.

    READINGS are files that `overlay calibrate --readings` wrote, one a model. What is printed is
    by weights that saw neither the data set nor, in the first table, the model. Chunks enter in the
    order in which more questions of all models were answered rightly.
    """
    import json
    from datetime import UTC, datetime

    from rich.console import Console

    from eval.lab.pooling import left_out_table, observed_in, orders_in, pool_models
    from eval.lab.refit import answered_in
    from overlay.calibration.order import compare, order_table
    from overlay.calibration.quality import quality_tables
    from overlay.journal import Journal
    from overlay.views.files import save
    from overlay.views.text_table import markdown_page, print_table

    journals, others = ([Journal.read(path) for path in paths] for paths in (readings, beside))
    observed, unseen = (
        {one.run["model"]["name"]: observed_in(one) for one in some} for some in (journals, others)
    )
    answered = [one for path in answers for one in answered_in(Journal.read(path))]
    run = journals[0].run
    seed, embedder = run["seed"], run["embedder"]
    profile, quality = pool_models(observed, answered, embedder=embedder, seed=seed)
    compared = compare([one for journal in journals for one in orders_in(journal)], seed=seed)
    chosen = {} if compared is None else {"order": compared.better}
    profile = profile.model_copy(update={**chosen, "first_dose": first_dose})
    everything = [one for own in observed.values() for one in own]
    measured = {
        "models": list(observed),
        "on": sorted({one.dataset for one in everything}),
        "questions": len({one.question for one in everything}),
        "chunks": sum(len(one.kinds) for one in everything),
        "answers": len(answered),
        "date": datetime.now(UTC).date().isoformat(),
        **({} if compared is None else {"order": compared.as_dict()}),
        **quality.as_dict(),
    }
    tables = [left_out_table(observed, unseen, seed=seed)] if len({*observed, *unseen}) > 1 else []
    tables += quality_tables(quality)
    if compared is not None:
        tables.append(order_table(compared))
    if output is not None:
        save(output, profile.model_copy(update={"measured": measured}).as_json())
    if as_json:
        click.echo(json.dumps(measured))
    else:
        for table in tables:
            print_table(Console(), table)
    if markdown is not None:
        save(markdown, markdown_page(tables))
