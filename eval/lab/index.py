"""``overlay lab index``: fit the volatility index on the answers of a run."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from overlay.cli.options import json_option, output_option

if TYPE_CHECKING:
    from eval.runs.loading import Run
    from selector.profile import Profile

__all__ = ["index"]


@click.command()
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--profile",
    "path",
    type=click.Path(path_type=Path),
    help="Profile to fit it for; by default the one that comes with the run's model.",
)
@click.option("--policy", help="Whose answers to take. Default: the run's subject.")
@output_option("--output", "Write the profile here; name it in the setting `profile`.")
@json_option
def index(
    results: tuple[Path, ...],
    *,
    path: Path | None,
    policy: str | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Fit the volatility index on answers that RESULTS hold already.

    RESULTS are files that `overlay eval run --output` wrote, all of the same model. `overlay
    calibrate` asks some questions for the same purpose; a run has asked more, in the company of
    whatever its scenarios put beside them. How chunks are judged stays as it is.
    """
    from rich.console import Console

    from eval.lab.from_runs import answered_in, refit
    from eval.runs.loading import load_run
    from overlay.calibration.index_quality import index_quality, index_table
    from overlay.views.files import save
    from overlay.views.text_table import print_table

    runs = [load_run(result) for result in results]
    profile = _profile(path, runs)
    answered = [one for run in runs for one in answered_in(run, policy or run.subject)]
    profile, fitted = refit(profile, answered)
    here, elsewhere = index_quality(fitted, seed=runs[0].seed)
    measured = {
        "answers": len(fitted.wrong),
        "answers_to": len(set(fitted.questions)),
        "answers_of": list(dict.fromkeys(run.title for run in runs)),
        "answers_date": datetime.now(UTC).date().isoformat(),
        "index": here.rounded(),
        "index_elsewhere": None if elsewhere is None else elsewhere.rounded(),
    }
    if output is not None:
        changed = profile.model_copy(update={"measured": {**profile.measured, **measured}})
        save(output, changed.as_json())
    if as_json:
        click.echo(json.dumps(measured))
    else:
        print_table(Console(), index_table(here, elsewhere))


def _profile(path: Path | None, runs: list[Run]) -> Profile:
    """The profile to fit it for.

    Raises:
        InputError: there is none, or the runs are of another model.
    """
    from overlay.errors import InputError
    from selector.profile import load_profile, shipped_profile

    sha256 = str(runs[0].identity["model"]["sha256"])
    profile = shipped_profile(sha256) if path is None else load_profile(path)
    if profile is None:
        raise InputError(
            f"no profile comes with {runs[0].identity['model']['name']}",
            hint="name one that `overlay calibrate` made",
            param="profile",
        )
    for run in runs:
        model = run.identity["model"]
        if model["sha256"] != profile.sha256:
            raise InputError(
                f"the profile is of {profile.model}, and {run.title} is of another model: "
                f"{model['name']}",
                hint="name runs and a profile of the same model file",
                param="results",
            )
    return profile
