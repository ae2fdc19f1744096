"""``python -m eval.bench.ingest_cost``: one ingest in a process of its own, and what it took."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from eval.bench.apart import run_apart
from eval.bench.stopwatch import Stopwatch
from eval.readings.peak_memory import peak_memory
from overlay.settings import Settings, load_settings

__all__ = [
    "CHUNKING",
    "EMBEDDER",
    "READING",
    "STORE",
    "WORDS",
    "IngestCost",
    "ingest_cost",
    "main",
    "measured_apart",
]

READING, CHUNKING, EMBEDDER = "reading files", "chunking", "embedder"
STORE, WORDS = "Chroma", "index of words"
_REST = "the rest"


@dataclass(frozen=True, slots=True)
class IngestCost:
    """What an ingest took.

    Attributes:
        chunks: in the store at the end.
        chunk_tokens: mean tokens of a chunk, of the embedder's.
        loading: seconds for libraries and embedder, before anything was ingested.
        seconds: of the ingest, loading apart.
        parts: seconds of it by part, which together are all of it.
        start, loaded: resident bytes with nothing loaded, and with libraries and embedder.
        peak: resident bytes at most.
    """

    chunks: int
    chunk_tokens: float
    loading: float
    seconds: float
    parts: dict[str, float]
    start: int
    loaded: int
    peak: int

    @property
    def inside(self) -> float:
        """Share of the time that the embedder and Chroma took together."""
        return self.share(EMBEDDER, STORE)

    def share(self, *parts: str) -> float:
        """Share of the time that some parts took together, 0 to 1."""
        return sum(self.parts.get(part, 0.0) for part in parts) / self.seconds


def ingest_cost(documents: Path, settings: Settings) -> IngestCost:
    """Ingest a folder as `overlay ingest` does, with a stopwatch at the seams.

    Raises:
        DocumentError, EmbedderError, StoreError: as :func:`retriever.ingest.ingest`.
    """
    import psutil

    process = psutil.Process()
    start = process.memory_info().rss
    with peak_memory() as peak:
        began = time.perf_counter()
        # Imported and loaded here, so that neither counts as part of the ingest.
        from chromadb.api.models.Collection import Collection

        from overlay.library import Library
        from retriever import Chunker
        from retriever.chroma import Connection
        from retriever.generations import Generations
        from retriever.lexical import LexicalIndex
        from retriever.parsing import Parser

        with Library(settings) as library:
            embedder = library.embedder
            embedder.embed([""] * 64)
            embedder.count_tokens("")
            loading = time.perf_counter() - began
            loaded = process.memory_info().rss
            watch = Stopwatch()
            with (
                watch.watching(
                    (embedder, "embed", EMBEDDER),
                    *((Collection, name, STORE) for name in ("upsert", "delete", "get", "count")),
                    (Connection, "__init__", STORE),
                    (Connection, "close", STORE),
                    *((LexicalIndex, name, WORDS) for name in ("add", "remove")),
                    (Chunker, "split", CHUNKING),
                    (Generations, "fork", "copying and publishing"),
                    (Generations, "publish", "copying and publishing"),
                    (Parser, "parse", READING),
                ),
                watch.part(_REST),
            ):
                began = time.perf_counter()
                report = library.ingest(documents)
                seconds = time.perf_counter() - began
            tokens = [embedder.count_tokens(chunk.text) for chunk in library.store.chunks()]
    return IngestCost(
        chunks=report.chunks,
        chunk_tokens=sum(tokens) / max(len(tokens), 1),
        loading=loading,
        seconds=seconds,
        parts=watch.seconds,
        start=start,
        loaded=loaded,
        peak=start + peak.size,
    )


def measured_apart(documents: Path, store: Path) -> IngestCost:
    """Ingest a folder in another process, whose memory is its own.

    Raises:
        ResourceError: it fails.
    """
    module = "eval.bench.ingest_cost"
    return IngestCost(**run_apart(module, str(documents), str(store), failure="the ingest failed"))


def main() -> None:
    """Ingest the folder named first into the store named second; writes JSON to standard output."""
    documents, store = sys.argv[1:]
    cost = ingest_cost(Path(documents), load_settings(store=store))
    sys.stdout.write(json.dumps(asdict(cost)) + "\n")


if __name__ == "__main__":
    main()
