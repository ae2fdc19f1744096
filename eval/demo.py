"""``python -m eval.demo``: the sample documents, the running server, three questions."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import click
import httpx
from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from eval.serving import serving
from eval.tasks.sample import DOCUMENTS, SampleQuestion, ingest_sample, sample_questions
from overlay.labelled.matching import contains_any
from overlay.render import reasons, steps, summary
from overlay.settings import load_settings

__all__ = ["main"]

_STORE = Path(".overlay/sample-store")
_READY_SECONDS = 120.0
# One of each kind; `make eval-small` asks more of them, and shows how often it goes wrong.
_QUESTIONS = {
    "q07": "a clean question",
    "q49": "a document carries an injected instruction",
    "q58": "no document answers it",
}


@click.command()
@click.option("--verbose", is_flag=True, help="The full reason for every verdict.")
@click.option("--check", is_flag=True, help="Fail unless the first two answers are right.")
def main(*, verbose: bool, check: bool) -> None:
    """Ingest the sample documents, start the server, ask, and show what each chunk did."""
    console = Console()
    console.print(
        "[bold]Overlay demo.[/] The documents are those of the Ostrel Hut Co-operative, which\n"
        "does not exist: no model can know the answers.",
        soft_wrap=True,
    )
    started = time.monotonic()
    _ingest()
    documents = sum(1 for path in DOCUMENTS.rglob("*") if path.is_file())
    console.print(f"Read {documents} documents in {time.monotonic() - started:.0f} s.")
    started = time.monotonic()
    right = True
    with console.status("loading the models"), serving(_STORE, ready_seconds=_READY_SECONDS) as at:
        console.print(
            f"Loaded the models in {time.monotonic() - started:.0f} s. The server listens on\n"
            f"{at.url}/v1/chat/completions.",
            soft_wrap=True,
        )
        for question in sample_questions():
            if question.id in _QUESTIONS:
                console.rule(f"[bold]{_QUESTIONS[question.id]}", align="left")
                answer = _ask(console, at.url, question, verbose=verbose)
                right = right and (not question.answers or contains_any(answer, question.answers))
    _what_next(console)
    if check:
        console.print(f"The first two answers are {'right' if right else 'wrong'}.")
        sys.exit(not right)


def _ingest() -> None:
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading documents", total=None)
        ingest_sample(
            load_settings(store=str(_STORE)),
            lambda done, total, _: bar.update(task, completed=done, total=total),
        )


def _ask(console: Console, url: str, question: SampleQuestion, *, verbose: bool) -> str:
    console.print(f"[bold]Question:[/] {question.question}")
    with console.status("probing and answering"):
        body = {"messages": [{"role": "user", "content": question.question}], "model": "overlay"}
        response = httpx.post(f"{url}/v1/chat/completions", json=body, timeout=600)
    response.raise_for_status()
    reply: dict[str, Any] = response.json()
    answer: str = reply["choices"][0]["message"]["content"]
    expected = question.answers[0] if question.answers else "none: the documents do not say"
    console.print("[bold]Answer:[/]  ", Text(answer))
    console.print(f"[bold]Expected:[/] {expected}\n")
    console.print(steps(reply["overlay"]), soft_wrap=True)
    if verbose:
        console.print("\n", reasons(reply["overlay"]), sep="")
    console.print(summary(reply["overlay"], verbose=verbose))
    return answer


def _what_next(console: Console) -> None:
    overlay = ".venv/bin/overlay"
    console.rule("[bold]what next", align="left")
    for what, command in {
        "Why, in full": ".venv/bin/python -m eval.demo --verbose",
        "Ask the sample": f'{overlay} ask --store {_STORE} "..."',
        "Ask your own": f"{overlay} ingest FOLDER; {overlay} ask",
        "Serve them": f"{overlay} serve",
        "See mistakes, too": "make eval-small",
    }.items():
        console.print(f"{what + ':':19}{command}", soft_wrap=True)


if __name__ == "__main__":
    main()
