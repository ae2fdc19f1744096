"""``python -m eval.bench.reading_cost``: what reading and chunking a file takes, and no more."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from eval.bench.ingest_cost import CHUNKING, READING
from eval.bench.stopwatch import Stopwatch
from eval.readings.peak_memory import peak_memory
from overlay.settings import load_settings

__all__ = ["ReadingCost", "main", "reading_cost"]


@dataclass(frozen=True, slots=True)
class ReadingCost:
    """What it took to read a file and to cut it into chunks, nothing of which was kept.

    Attributes:
        chunks: how many there are.
        parts: seconds by part.
        grown: bytes of memory at most, past what the process held before.
    """

    chunks: int
    parts: dict[str, float]
    grown: int


def reading_cost(path: Path) -> ReadingCost:
    """Read a file as an ingest does, and cut it, with tokens counted by the packaged embedder.

    Raises:
        DocumentError, EmbedderError: as :func:`retriever.ingest.ingest`.
    """
    from retriever import Chunker, Limits, SentenceTransformerEmbedder
    from retriever.documents import document_of
    from retriever.parsing import Parser

    settings = load_settings()
    embedder = SentenceTransformerEmbedder(settings.embedder)
    embedder.count_tokens("")
    watch = Stopwatch()
    with peak_memory() as peak, Parser(Limits()) as parser:
        with watch.part(READING):
            document = document_of(path.name, parser.parse(path, path.name), "")
        with watch.part(CHUNKING):
            chunks = Chunker(embedder.count_tokens, settings.chunk_tokens).split(document)
    return ReadingCost(len(chunks), watch.seconds, peak.size)


def main() -> None:
    """Read the file named first; writes JSON to standard output."""
    sys.stdout.write(json.dumps(asdict(reading_cost(Path(sys.argv[1])))) + "\n")


if __name__ == "__main__":
    main()
