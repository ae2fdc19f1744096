"""``overlay lab bench-store``: what an ingest takes, and what a server over the store holds."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from overlay.cli.options import json_option, output_option
from overlay.errors import InputError

if TYPE_CHECKING:
    from eval.bench.ingest_cost import IngestCost
    from eval.bench.server_memory import Held
    from overlay.views.text_table import Table

__all__ = ["bench_store"]

_POSITIVE = click.IntRange(min=1)
_MIB = 2**20
_HELD = ("", "resident MiB", "own MiB", "more")


@dataclass(frozen=True, slots=True)
class Measured:
    """Of the ingest, of the server while it runs, and of the server's parts."""

    ingest: IngestCost
    server: list[Held]
    parts: list[Held]


@click.command("bench-store")
@click.option("--chunks", type=_POSITIVE, default=10_000, show_default=True)
@click.option(
    "--answers",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="Questions asked of the server; 0 starts none.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--store",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the store here; it must not hold one yet. Default: a temporary folder.",
)
@output_option("--markdown", "Write the tables here.")
@json_option
def bench_store(
    *,
    chunks: int,
    answers: int,
    seed: int,
    store: Path | None,
    markdown: Path | None,
    as_json: bool,
) -> None:
    """Ingest made-up documents, serve them, and measure time and memory.

    The documents are sentences of the sample documents put together anew, in chunks of about 100
    tokens. Ingest and server run in processes of their own. Other settings come from the
    environment.
    """
    from rich.console import Console

    from overlay.settings import load_settings
    from overlay.views.files import save
    from overlay.views.text_table import print_table

    with _folder(store) as place:
        measured = _measure(place, chunks, answers, seed)
    tables = _tables(measured, load_settings().kv_memory)
    if markdown is not None:
        save(markdown, _page(tables, f"overlay lab bench-store --chunks {chunks}"))
    if as_json:
        click.echo(json.dumps(asdict(measured) | {"inside": measured.ingest.inside}))
        return
    console = Console()
    for table in tables:
        print_table(console, table)


@contextmanager
def _folder(store: Path | None) -> Iterator[Path]:
    """Where the store will be.

    Raises:
        InputError: something is there already.
    """
    if store is None:
        with tempfile.TemporaryDirectory() as temporary:
            yield Path(temporary) / "store"
        return
    if store.is_dir() and any(store.iterdir()):
        raise InputError(
            f"{store} is not empty",
            hint="name a new folder: an ingest into a store that holds something takes less",
            param="store",
        )
    yield store


def _measure(store: Path, chunks: int, answers: int, seed: int) -> Measured:
    from eval.bench.server_memory import held_by_parts, held_by_server
    from eval.tasks.sample import sample_questions

    click.echo(f"ingesting {chunks} chunks", err=True)
    ingest = _ingested(store, chunks, seed)
    if not answers:
        return Measured(ingest, [], [])
    click.echo("loading what a server loads, part by part", err=True)
    parts = held_by_parts(store)
    click.echo("asking the server", err=True)
    questions = [question.question for question in sample_questions()]
    asked = [questions[number % len(questions)] for number in range(answers)]
    return Measured(ingest, held_by_server(store, asked), parts)


def _ingested(store: Path, chunks: int, seed: int) -> IngestCost:
    from eval.bench.ingest_cost import measured_apart
    from eval.bench.made_documents import make_documents

    with tempfile.TemporaryDirectory() as folder:
        make_documents(Path(folder), chunks, seed=seed)
        return measured_apart(Path(folder), store)


def _tables(measured: Measured, kv_memory: int) -> list[Table]:
    from overlay.views.text_table import Table

    ingest = measured.ingest
    parts = sorted(ingest.parts.items(), key=lambda part: -part[1])
    tables = [
        Table(
            "Time of the ingest",
            f"{ingest.chunks} chunks of {ingest.chunk_tokens:.0f} tokens. Embedder and Chroma "
            f"take {ingest.inside:.1%} of the time; the target is 95 %. Libraries and embedder "
            f"were loaded before, in {ingest.loading:.1f} s.",
            ("part", "seconds", "share"),
            (
                *((name, f"{took:.2f}", f"{took / ingest.seconds:.1%}") for name, took in parts),
                ("in all", f"{ingest.seconds:.2f}", "100%"),
            ),
        ),
        Table(
            "Memory of the ingest",
            f"Resident, in MiB. It grows by {_mib(ingest.peak - ingest.start)} MiB past its "
            f"start, by {_mib(ingest.peak - ingest.loaded)} past what libraries and embedder "
            "take; the target is 2048 past the start.",
            ("", "MiB"),
            (
                ("nothing loaded", _mib(ingest.start)),
                ("libraries and embedder loaded", _mib(ingest.loaded)),
                ("peak", _mib(ingest.peak)),
            ),
        ),
    ]
    if measured.server:
        tables += [
            Table(
                "Memory of the server",
                f"`overlay serve` over that store. The target is 1229 MiB (1.2 GiB) when idle; "
                f"answers may add what the chunk store may hold, {kv_memory} MiB.",
                _HELD,
                _held_rows(measured.server),
            ),
            Table(
                "The same by parts",
                "Loaded one after the other in a process of their own.",
                _HELD,
                _held_rows(measured.parts),
            ),
        ]
    return tables


def _held_rows(held: Sequence[Held]) -> tuple[tuple[str, ...], ...]:
    before = [one.resident for one in held[:1]] + [one.resident for one in held]
    return tuple(
        (one.when, _mib(one.resident), _mib(one.own), f"{(one.resident - last) / _MIB:+.0f}")
        for one, last in zip(held, before, strict=False)
    )


def _mib(size: int) -> str:
    return f"{size / _MIB:.0f}"


def _page(tables: Sequence[Table], command: str) -> str:
    date = datetime.now(UTC).date().isoformat()
    intro = (
        f"Made by `{command}` on {date}, on {os.cpu_count()} cores: sentences of the sample "
        "documents put together anew, every chunk different from every other. Ingest, parts and "
        "server each run in a process of their own. Resident memory includes files that are "
        "mapped, such as the model's weights; own memory is what no other process could share."
    )
    parts = ["# What an ingest takes, and what a server holds", intro]
    for table in tables:
        parts += [f"## {table.title}", table.markdown(), table.explains]
    return "\n\n".join(parts) + "\n"
