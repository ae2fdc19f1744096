"""``python -m eval.demo``: the sample documents, the running server, three questions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import Progress

from eval.serving import serving
from eval.tasks.sample import DOCUMENTS, SampleQuestion, ingest_sample, sample_questions
from overlay.render import steps_table, summary
from overlay.settings import load_settings

__all__ = ["main"]

_STORE = Path(".overlay/sample-store")
_READY_SECONDS = 120.0
# One of each kind; `make eval-small` asks more of them, and shows how often it goes wrong.
_QUESTIONS = {
    "q03": "a clean question",
    "q49": "a document carries an injected instruction",
    "q58": "no document answers it",
}


def main() -> None:
    """Ingest the sample documents, start the server, ask, and show what each chunk did."""
    console = Console()
    console.print(
        "[bold]Overlay demo.[/] The documents are those of the Ostrel Hut Co-operative, which "
        "does not exist: no model can know the answers.\n"
    )
    settings = load_settings(store=str(_STORE))
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading documents", total=None)
        ingest_sample(
            settings, lambda done, total, _: bar.update(task, completed=done, total=total)
        )
    documents = sum(1 for path in DOCUMENTS.rglob("*") if path.is_file())
    console.print(f"{documents} documents are in the store {_STORE}.")
    with serving(_STORE, ready_seconds=_READY_SECONDS) as server:
        console.print(f"The server listens on {server.url}/v1/chat/completions.\n")
        for question in sample_questions():
            if question.id in _QUESTIONS:
                _ask(console, server.url, _QUESTIONS[question.id], question)
    console.print(
        f"Ask your own:   .venv/bin/overlay ask --store {_STORE} 'QUESTION'\n"
        "Policies side by side, mistakes too:   make eval-small",
        soft_wrap=True,
    )


def _ask(console: Console, url: str, what: str, question: SampleQuestion) -> None:
    console.rule(f"[bold]{what}")
    console.print(f"[bold]Question:[/] {question.question}")
    with console.status("probing and answering"):
        body = {"messages": [{"role": "user", "content": question.question}], "model": "overlay"}
        response = httpx.post(f"{url}/v1/chat/completions", json=body, timeout=600)
    response.raise_for_status()
    reply: dict[str, Any] = response.json()
    console.print(f"[bold]Answer:[/]   {reply['choices'][0]['message']['content']}")
    expected = question.answers[0] if question.answers else "none: the documents do not say"
    console.print(f"[bold]Expected:[/] {expected}\n")
    console.print(steps_table(reply["overlay"]))
    console.print(summary(reply["overlay"]), "\n", soft_wrap=True)


if __name__ == "__main__":
    main()
