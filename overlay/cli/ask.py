"""``overlay ask``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from overlay.cli.options import config_option, filter_options, json_option, settings_options

if TYPE_CHECKING:
    from overlay.answer import Answer, Event

__all__ = ["ask"]


@click.command()
@click.argument("question")
@settings_options("k", "window", "budget_step", "budget_answer", "fallback", "profile")
@settings_options("max_tokens", "temperature", "seed")
@settings_options("model", "backend", "chat_template", "device", "dtype", "quantize")
@settings_options("context_size", "store", "collection", "embedder", "reranker")
@settings_options("first_dose", "variants", "retry_index", "budget_index")
@click.option(
    "--select", is_flag=True, help="Quote the accepted sentence nearest to the question instead."
)
@click.option("--plain", is_flag=True, help="Plain RAG: every retrieved chunk, unjudged.")
@click.option(
    "--verbose", is_flag=True, help="The full reason for every verdict, with all its numbers."
)
@click.option(
    "--cost", is_flag=True, help="Show tokens evaluated and reused, and forward calls, by phase."
)
@click.option("--no-retrieval", is_flag=True, help="Answer without any document.")
@filter_options
@config_option
@json_option
def ask(
    question: str,
    config: Path | None,
    *,
    select: bool,
    plain: bool,
    verbose: bool,
    cost: bool,
    no_retrieval: bool,
    sources: tuple[str, ...],
    since: str,
    until: str,
    as_json: bool,
    **settings: str | None,
) -> None:
    """Answer a QUESTION from the ingested documents.

    Below the answer stands a line for each chunk: its similarity to the question; its look, how
    much more the question looks at it than one that says nothing, in nats; its volatility, the
    chance that it shakes the model without helping; and the verdict. A step spends its volatility.
    --verbose says why.
    """
    from overlay.options import AskOptions, Mode  # keeps `overlay --help` fast
    from overlay.report import report
    from overlay.runtime import open_overlay
    from overlay.settings import load_settings
    from probes.chat import Message
    from retriever import Filter

    if plain and no_retrieval:
        raise click.UsageError("--plain and --no-retrieval exclude each other")
    if select and (plain or no_retrieval):
        raise click.UsageError(
            "--select quotes what was accepted; --plain and --no-retrieval judge nothing"
        )
    mode = Mode.PLAIN if plain else Mode.NO_CONTEXT if no_retrieval else Mode.OVERLAY
    options = AskOptions(mode=mode, select=select, only=Filter(sources, since, until))
    with open_overlay(load_settings(config, **settings)) as overlay:
        events = overlay.stream([Message("user", question)], options)
        if as_json:
            *_, last = events
            answer: Answer = last.answer  # type: ignore[union-attr]  # the last event has it
            click.echo(json.dumps({"answer": answer.text, **report(answer)}, ensure_ascii=False))
            return
        _show(events, verbose=verbose, cost=cost)


def _show(events: Iterator[Event], *, verbose: bool, cost: bool) -> None:
    """Print the answer as it comes, then what each chunk did."""
    from rich.console import Console  # keeps `overlay --help` fast

    from overlay.answer import AnswerFinished, StepTaken, TextAdded
    from overlay.render import cost_table, reasons, steps, summary
    from overlay.report import report

    console = Console()
    status = Console(stderr=True).status("retrieving and probing")
    status.start()
    try:
        for event in events:
            if isinstance(event, StepTaken):
                status.update(f"judged {event.step.source}")
            elif isinstance(event, TextAdded):
                status.stop()
                click.echo(event.text, nl=False)
            elif isinstance(event, AnswerFinished):
                status.stop()
                click.echo("\n")
                whole = report(event.answer)
                if event.answer.steps:
                    console.print(steps(whole), "\n", sep="", soft_wrap=True)
                    if verbose:
                        console.print(reasons(whole), "\n", sep="")
                console.print(summary(whole, verbose=verbose), soft_wrap=True)
                if cost:
                    console.print(cost_table(whole))
    finally:
        status.stop()
