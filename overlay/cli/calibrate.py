"""``overlay calibrate``: fit a model's profile on labelled questions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from overlay.cli.options import config_option, json_option, output_option, settings_options

if TYPE_CHECKING:
    from overlay.calibration.dose import Dosed
    from overlay.calibration.fit import Fitted
    from overlay.calibration.index import FittedIndex
    from overlay.calibration.observe import Observed
    from overlay.calibration.order import Compared
    from overlay.calibration.parts import Part
    from overlay.journal import Journal
    from overlay.labelled.items import Item
    from overlay.settings import Settings
    from overlay.views.text_table import Table
    from probes.protocol import Model
    from selector.order import Order
    from selector.profile import Profile

__all__ = ["calibrate"]

_READ = {"backend", "dtype", "embedder", "seed", "draft_tokens", "max_tokens"}
"""Settings that readings and answers depend on."""


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--questions",
    default=400,
    show_default=True,
    type=click.IntRange(min=10),
    help="How many, drawn evenly from the files.",
)
@click.option(
    "--depth",
    default=0.5,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Where in the model states are read: 0 for its first layer, 1 for its last.",
)
@click.option(
    "--twins",
    "most_twins",
    default=100,
    show_default=True,
    type=click.IntRange(min=0),
    help="Passages with an injected instruction to read, each beside itself without: so many of "
    "the files that have such, and so many that Overlay writes; 0 fits nothing of that.",
)
@click.option(
    "--alpha",
    "alphas",
    multiple=True,
    default=(0.05, 0.1, 0.2),
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Losses to promise; repeat.",
)
@click.option(
    "--answers",
    default=200,
    show_default=True,
    type=click.IntRange(min=0),
    help="Questions to answer, to fit the volatility index of answers; 0 fits nothing of that.",
)
@click.option(
    "--orders",
    default=100,
    show_default=True,
    type=click.IntRange(min=0),
    help="Questions to answer twice, with the most similar chunk first and last; the better order "
    "goes into the profile. Where that is first, they are answered once more from the two most "
    "similar chunks, to say whether these are read before the others. 0 asks nothing, and the most "
    "similar one stands last.",
)
@click.option(
    "--helpful-alone",
    is_flag=True,
    help="Give every second one of these answers from the question's helpful chunks alone: for "
    "collections in which retrieval often finds nothing else.",
)
@output_option("--output", "Write the profile here; name it in the setting `profile`.")
@output_option("--readings", "Keep what was read here (JSON lines); a stopped run goes on from it.")
@output_option("--markdown", "Write the tables here.")
@json_option
@settings_options("model", "backend", "chat_template", "dtype", "threads")
@settings_options("embedder", "seed", "draft_tokens", "max_tokens")
@config_option
def calibrate(
    files: tuple[Path, ...],
    *,
    questions: int,
    depth: float,
    most_twins: int,
    answers: int,
    orders: int,
    helpful_alone: bool,
    output: Path | None,
    readings: Path | None,
    alphas: tuple[float, ...],
    markdown: Path | None,
    as_json: bool,
    config: Path | None,
    **settings: str | None,
) -> None:
    """Fit what tells a model's helpful chunks from others: its profile.

    FILES hold one question a line, as JSON with "id", "question", "answers" and "chunks" (each
    with "text" and, where it is known, "kind"). A chunk without a kind is taken to help where the
    model, given it alone, says an accepted answer.

    Each question takes one reading of each of its chunks, and some are answered besides. What is
    printed was measured on questions left out of the fit. The packaged model has a profile already.
    """
    from overlay.calibration.index import in_company
    from overlay.calibration.observe import has_twins
    from overlay.calibration.parts import Part
    from overlay.calibration.quality import assess, quality_tables
    from overlay.file_hash import file_hash
    from overlay.journal import Journal
    from overlay.labelled.attacks import attacked
    from overlay.labelled.draw import draw_questions
    from overlay.labelled.given import read_questions
    from overlay.labelled.similarity import with_similarities
    from overlay.loading import load_model
    from overlay.settings import load_settings
    from overlay.views.files import save
    from retriever import open_embedder
    from selector.order import Order

    loaded = load_settings(config, **settings)
    embedder = open_embedder(loaded.embedder)
    items = with_similarities(draw_questions(files, questions, loaded.seed), embedder)
    model = load_model(loaded)
    try:
        run = {
            "command": "calibrate",
            "data": [file_hash(file) for file in files],
            "depth": depth,
            "model": {"name": model.info.name, "sha256": model.info.sha256},
            **loaded.model_dump(mode="json", include=_READ),
        }
        journal = Journal(readings, run)
        given = [item for found in read_questions(files) for item in found if has_twins(item)]
        twins = [*given[:most_twins], *islice(attacked(items, loaded.seed), most_twins)]
        answerable = [item for item in items if item.answers]
        compared = _compare_orders(model, answerable[:orders], loaded, journal)
        order = Order.SIMILAR_LAST if compared is None else compared.better
        profile, observed, fitted = _calibrate(
            model, items, twins, loaded, depth=depth, journal=journal, order=order
        )
        asked = answerable[:answers]
        parts = in_company(asked) if helpful_alone else [(Part.ALL, one) for one in asked]
        profile, index = _fit_index(model, profile, parts, loaded, journal)
        dosed = _compare_doses(model, profile, answerable[:orders], loaded, journal)
    finally:
        model.close()
    quality = assess(observed, fitted, index, alphas=alphas, seed=loaded.seed)
    profile = profile.model_copy(
        update={
            "harm": quality.harm,
            "loss": quality.loss,
            "first_dose": 0 if dosed is None else dosed.size,
            "measured": {
                "on": [file.name for file in files],
                "data": run["data"],
                "questions": len(observed),
                "chunks": sum(len(one.kinds) for one in observed),
                "answers": 0 if index is None else index.answers,
                "seed": loaded.seed,
                "date": datetime.now(UTC).date().isoformat(),
                **({} if compared is None else {"order": compared.as_dict()}),
                **({} if dosed is None else {"first_dose": dosed.as_dict()}),
                **quality.as_dict(),
            },
        }
    )
    if output is not None:
        save(output, profile.as_json())
    tables = [*quality_tables(quality), *_choice_tables(compared, dosed)]
    if as_json:
        click.echo(json.dumps(profile.measured))
    else:
        _show(tables, too_few=len(asked) if index is None else 0)
    if markdown is not None:
        save(markdown, _page(profile, tables))


def _choice_tables(compared: Compared | None, dosed: Dosed | None) -> list[Table]:
    """What was chosen by right answers, as far as it was asked."""
    from overlay.calibration.dose import dose_table
    from overlay.calibration.order import order_table

    tables = [] if compared is None else [order_table(compared)]
    return tables if dosed is None else [*tables, dose_table(dosed)]


def _show(tables: Sequence[Table], *, too_few: int) -> None:
    """Print the tables, and how many answers were too few for an index, if any were."""
    from rich.console import Console

    from overlay.calibration.index import FEWEST
    from overlay.views.text_table import print_table

    console = Console()
    for table in tables:
        print_table(console, table)
    if too_few:
        console.print(
            f"{too_few} answers are too few to fit a volatility index: it takes "
            f"{FEWEST} and more, right ones and wrong ones among them.",
            style="dim",
        )


def _compare_orders(
    model: Model, asked: Sequence[Item], settings: Settings, journal: Journal
) -> Compared | None:
    """In which order these questions are answered best; None where none is asked."""
    from overlay.calibration.order import compare, observe_orders
    from overlay.cli.progress import track

    found = []
    for item in track(asked, f"answering with {model.info.name} in either order"):
        key = _in_either_order(item)
        if key not in journal:
            journal.add(key, observe_orders(model, settings, item))
        found.append(journal[key])
    return compare(found, seed=settings.seed)


def _in_either_order(item: Item) -> str:
    """Under which key a journal keeps how a question was answered in either order."""
    return f"{item.dataset} {item.id} answered in either order"


def _compare_doses(
    model: Model, profile: Profile, asked: Sequence[Item], settings: Settings, journal: Journal
) -> Dosed | None:
    """How well these questions are answered by doses.

    None where none is asked, nothing tells how sure an answer is, or the context does not grow at
    its end.
    """
    from overlay.calibration.dose import compare_doses, observe_first_dose
    from overlay.cli.progress import track
    from selector.order import Order

    if profile.index is None or profile.order is not Order.SIMILAR_FIRST:
        return None
    judged_by = profile.digest[:12]
    found = []
    for item in track(asked, f"answering with {model.info.name} from the first dose"):
        key = f"{item.dataset} {item.id} answered from the first dose, under {judged_by}"
        if key not in journal:
            journal.add(key, observe_first_dose(model, settings, profile, item))
        found.append(journal[key])
    whole = [journal[_in_either_order(item)][profile.order.value] for item in asked]
    return compare_doses(whole, found, steady=settings.retry_index, seed=settings.seed)


def _calibrate(
    model: Model,
    items: Sequence[Item],
    with_twins: Sequence[Item],
    settings: Settings,
    *,
    depth: float,
    journal: Journal,
    order: Order,
) -> tuple[Profile, list[Observed], Fitted]:
    import numpy as np

    from overlay.calibration.fit import fit
    from overlay.calibration.observe import (
        Twins,
        observe,
        observe_twins,
        read_observed,
        state_layer,
        write_observed,
        write_twins,
    )
    from overlay.cli.progress import track
    from selector.profile import Profile

    layer = state_layer(model.info.layers, depth)
    observed = []
    for item in track(items, f"reading {model.info.name}"):
        key = f"{item.dataset} {item.id} {order}"
        if key not in journal:
            found = observe(
                model, item, layer=layer, draft_tokens=settings.draft_tokens, order=order
            )
            journal.add(key, write_observed(found))
        observed.append(read_observed(journal[key]))
    twins = []
    if model.capabilities.layer_states:
        for item in track(with_twins, "reading injected passages and their clean twins"):
            key = f"{item.dataset} {item.id} twins {order}"
            if key not in journal:
                pair = observe_twins(model, item, layer=layer, order=order)
                journal.add(key, write_twins(pair))
            states = np.asarray(journal[key]["states"], dtype=np.float32)
            twins.append(Twins(item.question, item.dataset, states, journal[key]["place"]))
    fitted = fit(observed, twins)
    profile = Profile(
        model=model.info.name,
        sha256=model.info.sha256,
        embedder=settings.embedder,
        layer=layer,
        with_states=fitted.with_states,
        without_states=fitted.without_states,
        folds=fitted.folds,
        order=order,
    )
    return profile, observed, fitted


def _fit_index(
    model: Model,
    profile: Profile,
    asked: Sequence[tuple[Part, Item]],
    settings: Settings,
    journal: Journal,
) -> tuple[Profile, FittedIndex | None]:
    """The profile with the index of its answers; as it was where nothing is answered."""
    from overlay.calibration.index import (
        fit_index,
        observe_answer,
        read_answered,
        with_index,
    )
    from overlay.cli.progress import track

    if not asked:
        return profile, None
    # Answers under other weights are other answers.
    judged_by = profile.digest[:12]
    answered = []
    for part, item in track(asked, f"answering with {model.info.name}"):
        key = f"{item.dataset} {item.id} answer from {part} with its signs, under {judged_by}"
        if key not in journal:
            journal.add(key, observe_answer(model, settings, profile, item))
        answered.append(read_answered(journal[key]))
    index = fit_index(answered, profile.folds)
    return (profile, None) if index is None else (with_index(profile, index), index)


def _page(profile: Profile, tables: Sequence[Table]) -> str:
    from overlay.views.text_table import markdown_sections

    found = profile.measured
    intro = (
        f"Made by `overlay calibrate` on {found['date']} from {found['questions']} questions with "
        f"{found['chunks']} chunks of {', '.join(found['on'])}; model file {profile.sha256}, "
        f"states of layer {profile.layer}. The volatility index was fitted on {found['answers']} "
        "answers."
    )
    return "\n\n".join([f"## {profile.model}", intro, *markdown_sections(tables)]) + "\n"
