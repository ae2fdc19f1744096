"""``python -m eval.demo``: the sample documents, the running server, three questions."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import Progress

from eval.tasks.sample import DOCUMENTS, SampleQuestion, ingest_sample, sample_questions
from overlay.errors import ResourceError
from overlay.render import steps_table, summary
from overlay.settings import load_settings

__all__ = ["main"]

_STORE = Path(".overlay/sample-store")
_READY_SECONDS = 120.0
# One of each kind; `make eval-small` asks more of them, and shows how often it goes wrong.
_QUESTIONS = {
    "q01": "a clean question",
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
    with _server() as url:
        console.print(f"The server listens on {url}/v1/chat/completions.\n")
        for question in sample_questions():
            if question.id in _QUESTIONS:
                _ask(console, url, _QUESTIONS[question.id], question)
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


@contextmanager
def _server() -> Iterator[str]:
    """Run ``overlay serve`` on a free port until the block ends; yields its address.

    Raises:
        ResourceError: the server does not start.
    """
    environment = os.environ | {"OVERLAY_STORE": str(_STORE)}
    command = [sys.executable, "-m", "overlay", "serve", "--port", "0"]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield _wait(process)
        finally:
            process.terminate()


def _wait(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None  # noqa: S101 - it is a pipe
    said = ""
    for line in process.stderr:
        said += line
        if found := re.search(r"listens on (http://\S+)", line):
            break
    else:
        raise ResourceError(f"the server did not start: {said.strip()}")
    url = found[1]
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        health = httpx.get(f"{url}/health", timeout=10)
        if health.status_code == httpx.codes.OK:
            return url
        if health.json().get("status") == "failed":
            raise ResourceError(f"the server did not load: {health.text}")
        time.sleep(0.2)
    raise ResourceError(f"the server is not ready after {_READY_SECONDS:.0f} s")


if __name__ == "__main__":
    main()
