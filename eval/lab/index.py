"""``overlay lab index``: fit the volatility index on answers in every variant."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from overlay.cli.options import json_option, output_option

if TYPE_CHECKING:
    from overlay.journal import Journal
    from selector.profile import Profile

__all__ = ["index"]


@click.command()
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--profile",
    "path",
    type=click.Path(path_type=Path),
    help="Profile to fit it for; by default the one that comes with the model.",
)
@output_option("--output", "Write the profile here; name it in the setting `profile`.")
@output_option("--markdown", "Write the table here.")
@json_option
def index(
    results: tuple[Path, ...],
    *,
    path: Path | None,
    output: Path | None,
    markdown: Path | None,
    as_json: bool,
) -> None:
    """Fit the volatility index on answers that RESULTS hold already.

    RESULTS are files that `overlay lab variants --output` wrote, all of the same model. `overlay
    calibrate` asks some questions for the same purpose; these were answered in every variant. How
    chunks are judged stays as it is.
    """
    from rich.console import Console

    from eval.lab.refit import answered_in, refit
    from overlay.calibration.index_quality import index_quality, index_table, left_out_words
    from overlay.errors import InputError
    from overlay.journal import Journal
    from overlay.views.files import save
    from overlay.views.text_table import markdown_page, print_table

    journals = [Journal.read(result) for result in results]
    answered = [one for journal in journals for one in answered_in(journal)]
    profile = _profile(path, journals)
    profile, fitted = refit(profile, answered)
    quality = index_quality(
        fitted.chances, fitted.wrong, fitted.questions, seed=journals[0].run["seed"]
    )
    if quality is None:
        raise InputError(
            "of the answers from chunks all are right, or all are wrong",
            hint="give more answers",
            param="results",
        )
    measured = {
        "answers": fitted.answers,
        "answers_to": len(set(fitted.questions)),
        "answers_of": ["every variant"],
        "answers_date": datetime.now(UTC).date().isoformat(),
        "index": quality.rounded(),
    }
    if output is not None:
        changed = profile.model_copy(update={"measured": {**profile.measured, **measured}})
        save(output, changed.as_json())
    table = index_table(quality, left_out_words(profile.folds))
    if as_json:
        click.echo(json.dumps(measured))
    else:
        print_table(Console(), table)
    if markdown is not None:
        save(markdown, markdown_page([table]))


def _profile(path: Path | None, journals: list[Journal]) -> Profile:
    """The profile to fit it for.

    Raises:
        InputError: there is none, or the answers are of another model.
    """
    from overlay.errors import InputError
    from selector.profile_files import load_profile, shipped_profile

    models = [journal.run["model"] for journal in journals]
    profile = shipped_profile(models[0]["sha256"]) if path is None else load_profile(path)
    if profile is None:
        raise InputError(
            f"no profile comes with {models[0]['name']}",
            hint="name one that `overlay calibrate` made",
            param="profile",
        )
    for model in models:
        if model["sha256"] != profile.sha256:
            raise InputError(
                f"the profile is of {profile.model}, and there are answers of another model: "
                f"{model['name']}",
                hint="name answers and a profile of the same model file",
                param="results",
            )
    return profile
