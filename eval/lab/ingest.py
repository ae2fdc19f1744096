"""``overlay lab ingest``: what each format and each stage of an ingest takes."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from eval.bench.apart import run_apart
from overlay.cli.options import json_option, output_option

if TYPE_CHECKING:
    from eval.bench.ingest_cost import IngestCost
    from eval.bench.reading_cost import ReadingCost
    from overlay.views.text_table import Table

__all__ = ["FORMATS", "ingest"]

FORMATS = [
    ".txt",
    ".md",
    ".html",
    ".csv",
    ".json",
    ".jsonl",
    ".ipynb",
    ".py",
    ".eml",
    ".mbox",
    ".epub",
    ".docx",
    ".pptx",
    ".xlsx",
    ".pdf",
]
"""One of each loader."""

_SIZES = (1.0, 5.0)
_TARGET = 0.9


@dataclass(frozen=True, slots=True)
class OfFormat:
    """A file of one format, ingested.

    Attributes:
        size: MB of text that was written into it.
        written: MB of the file.
    """

    suffix: str
    size: float
    written: float
    cost: IngestCost

    @property
    def inside(self) -> float:
        """Share of the time that the parser, the embedder and Chroma took together, 0 to 1."""
        from eval.bench.ingest_cost import EMBEDDER, READING, STORE

        return self.cost.share(READING, EMBEDDER, STORE)


@dataclass(frozen=True, slots=True)
class OfSize:
    """A wrapped text of so many MB, read and chunked."""

    size: float
    cost: ReadingCost


@click.command()
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(FORMATS),
    help="Formats to make and ingest; repeat. Default: all.",
)
@click.option(
    "--size",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="MB of text in the file of each format.",
)
@click.option(
    "--megabytes",
    "sizes",
    multiple=True,
    type=click.FloatRange(min=0, min_open=True),
    help="MB of wrapped text that is read and chunked only; repeat. Default: 1 5.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@output_option("--markdown", "Write the tables here.")
@json_option
def ingest(
    *,
    formats: tuple[str, ...],
    size: float,
    sizes: tuple[float, ...],
    seed: int,
    markdown: Path | None,
    as_json: bool,
) -> None:
    """Make a file of each format, ingest it, and tell what each stage takes per MB of text.

    The files hold the same text, made by the libraries that write the formats: they come with
    overlay-rag[dev]. Each is ingested in a process of its own, with the real parsers, the
    packaged embedder and Chroma. Long wrapped texts are read and chunked, without embeddings:
    50 MB of them would take hours.
    """
    from rich.console import Console

    from overlay.views.files import save
    from overlay.views.text_table import print_table

    found = list(_of_formats(formats or FORMATS, size, seed))
    wrapped = list(_of_sizes(tuple(dict.fromkeys(sizes)) or _SIZES, seed))
    tables = _tables(found, wrapped)
    if markdown is not None:
        sizes_said = "".join(f" --megabytes {one.size:g}" for one in wrapped)
        save(markdown, _page(tables, f"overlay lab ingest --size {size:g}{sizes_said}"))
    if as_json:
        kept = {"formats": list(map(asdict, found)), "wrapped": list(map(asdict, wrapped))}
        click.echo(json.dumps(kept))
        return
    for table in tables:
        print_table(Console(), table)


def _of_formats(suffixes: Sequence[str], size: float, seed: int) -> Iterator[OfFormat]:
    from eval.bench.ingest_cost import measured_apart
    from eval.bench.made_files import make_file
    from eval.bench.made_texts import MEGABYTE, sections_of
    from overlay.cli.progress import track

    sections = sections_of(size, seed=seed)
    text = sum(len(one.encode()) for section in sections for one in section.paragraphs)
    # All are made first: a library that is missing says so before anything is measured.
    made = {suffix: make_file(suffix, "Made text", sections) for suffix in suffixes}
    for suffix in track(list(made), "ingesting a file of each format"):
        with tempfile.TemporaryDirectory() as folder:
            documents = Path(folder) / "documents"
            documents.mkdir()
            (documents / f"made{suffix}").write_bytes(made[suffix])
            cost = measured_apart(documents, Path(folder) / "store")
        yield OfFormat(suffix, text / MEGABYTE, len(made[suffix]) / MEGABYTE, cost)


def _of_sizes(sizes: Sequence[float], seed: int) -> Iterator[OfSize]:
    from eval.bench.made_texts import wrapped_text
    from overlay.cli.progress import track

    for size in track(sizes, "reading wrapped text"):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "made.txt"
            path.write_bytes(wrapped_text(size, seed=seed))
            yield OfSize(size, _read_apart(path))


def _read_apart(path: Path) -> ReadingCost:
    """Read a file in another process, whose memory is its own.

    Raises:
        ResourceError: it fails.
    """
    from eval.bench.reading_cost import ReadingCost

    failure = f"{path.name} was not read"
    return ReadingCost(**run_apart("eval.bench.reading_cost", str(path), failure=failure))


def _tables(found: Sequence[OfFormat], wrapped: Sequence[OfSize]) -> list[Table]:
    return [_format_table(found), _size_table(wrapped)]


def _format_table(found: Sequence[OfFormat]) -> Table:
    from eval.bench.ingest_cost import CHUNKING, EMBEDDER, READING, STORE, WORDS
    from overlay.views.text_table import Table

    stages = (READING, CHUNKING, EMBEDDER, STORE, WORDS)
    total = sum(one.cost.seconds for one in found)
    inside = sum(one.inside * one.cost.seconds for one in found) / total
    rows = []
    for one in found:
        rest = one.cost.seconds - sum(one.cost.parts.get(stage, 0.0) for stage in stages)
        took = [*(one.cost.parts.get(stage, 0.0) for stage in stages), rest, one.cost.seconds]
        rows.append(
            (
                one.suffix,
                f"{one.written:.2f}",
                str(one.cost.chunks),
                *(f"{seconds / one.size:.2f}" for seconds in took),
                f"{one.inside:.0%}",
                f"{(one.cost.peak - one.cost.start) / 2**20:.0f}",
            )
        )
    return Table(
        "Seconds per MB of text, by format and stage",
        f"Each file holds {found[0].size:.2f} MB of the same text. Reading is done by the parser "
        "in its own process, and includes its start and the text's way back. The share is the "
        f"time in the parser, the embedder and Chroma: {inside:.1%} over all formats; the target "
        f"is {_TARGET:.0%}. Memory is the ingest's at most past its start, libraries and embedder "
        "included, without the parser's process.",
        ("format", "file MB", "chunks", *stages, "the rest", "in all", "share", "MiB"),
        tuple(rows),
    )


def _size_table(wrapped: Sequence[OfSize]) -> Table:
    from eval.bench.ingest_cost import CHUNKING, READING
    from overlay.views.text_table import Table

    rows = tuple(
        (
            f"{one.size:g} MB",
            str(one.cost.chunks),
            *(f"{one.cost.parts[part]:.2f}" for part in (READING, CHUNKING)),
            *(f"{one.cost.parts[part] / one.size:.2f}" for part in (READING, CHUNKING)),
            f"{one.cost.grown / 2**20:.0f}",
        )
        for one in wrapped
    )
    return Table(
        "Wrapped text of several sizes",
        "Text in lines of 72 characters, read and cut into chunks; embeddings are left out, which "
        "would take hours for the largest. The work is linear where seconds per MB stay the same. "
        "Memory is what the process grew by at most.",
        ("text", "chunks", "reading s", "chunking s", "reading s/MB", "chunking s/MB", "MiB"),
        rows,
    )


def _page(tables: Sequence[Table], command: str) -> str:
    date = datetime.now(UTC).date().isoformat()
    intro = (
        f"Made by `{command}` on {date}, on {os.cpu_count()} cores: sentences of the sample "
        "documents put together anew, every paragraph different from every other."
    )
    parts = ["# What each format and each stage of an ingest takes", intro]
    for table in tables:
        parts += [f"## {table.title}", table.markdown(), table.explains]
    return "\n\n".join(parts) + "\n"
