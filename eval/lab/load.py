"""``overlay lab load``: many clients at once on a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from overlay.cli.options import output_option

if TYPE_CHECKING:
    from eval.bench.load import Load
    from overlay.views.text_table import Table

__all__ = ["load"]

_READY_SECONDS = 300.0
_WARM = 1 / 3
_GROWTH = 0.05
_FREE_SECONDS = 1.0
_LEFT = 3


@click.command()
@click.argument("store", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("questions", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--clients", type=click.IntRange(min=1), default=64, show_default=True)
@click.option("--seconds", type=click.FloatRange(min=1), default=180.0, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@output_option("--markdown", "Write the table here.")
def load(
    store: Path, questions: Path, *, clients: int, seconds: float, seed: int, markdown: Path | None
) -> None:
    """Let many clients ask a server over STORE at once.

    QUESTIONS is a text file, a question a line. The server runs on the loopback address for as long
    as this lasts. Each question carries a word of its own, so that an answer to another one is
    noticed. Fails where anything is lost, mixed up or refused without saying when to come again,
    where memory grows, or where a client that leaves keeps its place.
    """
    import asyncio

    import psutil
    from rich.console import Console

    from eval.bench.load import put_load_on, seconds_until_free
    from eval.serving import serving
    from overlay.views.files import save
    from overlay.views.text_table import markdown_page, print_table

    asked = [line for line in questions.read_text(encoding="utf-8").splitlines() if line.strip()]
    with serving(store, ready_seconds=_READY_SECONDS) as server:
        held = psutil.Process(server.process).memory_info
        found = asyncio.run(
            put_load_on(
                server.url,
                asked,
                clients=clients,
                seconds=seconds,
                memory=lambda: held().rss,
                seed=seed,
            )
        )
        free = [asyncio.run(seconds_until_free(server.url, asked[0])) for _ in range(_LEFT)]
    table = _table(found, max(free))
    print_table(Console(), table)
    if markdown is not None:
        save(markdown, markdown_page([table]))
    wrong = [*found.wrong, *_too_much(found, max(free))]
    if wrong:
        raise click.ClickException("; ".join(wrong))


def _too_much(found: Load, free: float) -> list[str]:
    grown = found.growth(_WARM)
    return [
        *([f"memory grew by {grown:.0%}"] if grown > _GROWTH else []),
        *([f"a place was free after {free:.1f} s"] if free > _FREE_SECONDS else []),
    ]


def _table(found: Load, free: float) -> Table:
    import numpy as np

    from overlay.views.text_table import Table

    answered = [one for one in found.exchanges if one.status == 200 and not one.left]
    firsts = [one.first for one in answered if one.first is not None]
    refused = sum(one.status in (429, 503) for one in found.exchanges)
    rows: list[tuple[str, str]] = [
        ("requests", str(len(found.exchanges))),
        ("answered", str(len(answered))),
        ("left by their clients", str(sum(one.left for one in found.exchanges))),
        ("asked to come again (429, 503)", str(refused)),
        ("anything else", "; ".join(found.wrong) or "none"),
        *(
            (f"first text, percentile {q}, s", f"{np.percentile(firsts, q):.1f}")
            for q in (50, 90, 99)
        ),
        ("memory at the end, MiB", f"{found.memory[-1][1] / 2**20:.0f}"),
        ("memory over its median, last two thirds", f"{found.growth(_WARM):.1%}"),
        ("place free after its client left, s", f"{free:.2f}"),
    ]
    explains = "Refused requests come again when `Retry-After` says. Memory is resident."
    return Table("Many clients at once", explains, ("", "seen"), tuple(rows))
