"""Ingests in a process of its own, to be killed: STORE FOLDER CHECKPOINT KILL_AFTER.

It kills itself in the progress callback of document KILL_AFTER; 0 means never.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import chromadb  # noqa: F401 - imported before "ready", so that the time after it is the ingest's

from retriever import Chunker, ChunkStore, IngestOptions, ingest
from tests.retriever.hashing import HashEmbedder

store, folder, checkpoint, kill_after = sys.argv[1:]


def progress(done: int, total: int, source: str) -> None:
    """Kills the process without a chance to clean up."""
    if done == int(kill_after):
        os.kill(os.getpid(), signal.SIGKILL)


embedder = HashEmbedder()
sys.stdout.write("ready\n")
sys.stdout.flush()
ingest(
    Path(folder),
    ChunkStore(Path(store), embedder),
    embedder,
    Chunker(embedder.count_tokens, 32),
    IngestOptions(checkpoint=int(checkpoint), progress=progress),
)
