"""``overlay ask``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from overlay.cli.options import config_option, json_option, settings_options

if TYPE_CHECKING:
    from overlay.answer import Answer, Event

__all__ = ["ask"]


@click.command()
@click.argument("question")
@settings_options("k", "budget_step", "budget_answer", "fallback", "profile")
@settings_options("max_tokens", "temperature", "seed")
@settings_options("model", "backend", "device", "dtype", "quantize")
@settings_options("context_size", "store", "embedder")
@click.option("--plain", is_flag=True, help="Plain RAG: every retrieved chunk, unjudged.")
@click.option(
    "--cost", is_flag=True, help="Show tokens evaluated and reused, and forward calls, by phase."
)
@click.option("--no-retrieval", is_flag=True, help="Answer without any document.")
@config_option
@json_option
def ask(
    question: str,
    config: Path | None,
    *,
    plain: bool,
    cost: bool,
    no_retrieval: bool,
    as_json: bool,
    **settings: str | None,
) -> None:
    """Answer a QUESTION from the ingested documents.

    The table below the answer shows what each chunk did to the model, and why it was let in or
    not. Volatility is what a chunk moves, utility is the evidence it brings, both from 0 to 1;
    a step spends the volatility that its utility does not cover.
    """
    from overlay.options import AskOptions, Mode  # keeps `overlay --help` fast
    from overlay.report import report
    from overlay.runtime import open_overlay
    from overlay.settings import load_settings
    from probes.chat import Message

    if plain and no_retrieval:
        raise click.UsageError("--plain and --no-retrieval exclude each other")
    mode = Mode.PLAIN if plain else Mode.NO_CONTEXT if no_retrieval else Mode.OVERLAY
    with open_overlay(load_settings(config, **settings)) as overlay:
        events = overlay.stream([Message("user", question)], AskOptions(mode=mode))
        if as_json:
            *_, last = events
            answer: Answer = last.answer  # type: ignore[union-attr]  # the last event has it
            click.echo(json.dumps({"answer": answer.text, **report(answer)}, ensure_ascii=False))
            return
        _show(events, cost=cost)


def _show(events: Iterator[Event], *, cost: bool) -> None:
    """Print the answer as it comes, then the table."""
    from rich.console import Console  # keeps `overlay --help` fast

    from overlay.answer import AnswerFinished, StepTaken, TextAdded
    from overlay.render import cost_table, steps_table, summary
    from overlay.report import report

    console = Console()
    status = Console(stderr=True).status("retrieving and probing")
    status.start()
    try:
        for event in events:
            if isinstance(event, StepTaken):
                status.update(f"judged {event.step.chunk.chunk.source}")
            elif isinstance(event, TextAdded):
                status.stop()
                click.echo(event.text, nl=False)
            elif isinstance(event, AnswerFinished):
                status.stop()
                click.echo("\n")
                whole = report(event.answer)
                if event.answer.steps:
                    console.print(steps_table(whole))
                console.print(summary(whole), soft_wrap=True)
                if cost:
                    console.print(cost_table(whole))
    finally:
        status.stop()
