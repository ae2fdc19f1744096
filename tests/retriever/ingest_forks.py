"""Ingests in processes of their own, to be killed: for each line ``["STORE", "FOLDER"]`` its id.

Each is forked from here, where all is imported, so that its time is the ingest's.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from pathlib import Path

import chromadb  # noqa: F401 - see above

from retriever import Chunker, ChunkStore, IngestOptions, ingest
from tests.retriever.hashing import HashEmbedder

CHECKPOINT = 64  # chunks: as many as are embedded at a time, so each batch is published


def run(store: Path, folder: Path) -> None:
    """Ingests as the command does, but with the tests' embedder."""
    embedder = HashEmbedder()
    options = IngestOptions(checkpoint=CHECKPOINT)
    with ChunkStore(store, embedder) as opened:
        ingest(folder, opened, embedder, Chunker(embedder.count_tokens, 32), options)


def main() -> None:
    """Fork for each line until there is none."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # those that end leave nothing to wait for
    for line in sys.stdin:
        store, folder = map(Path, json.loads(line))
        child = os.fork()
        if not child:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            try:
                run(store, folder)
            except BaseException:  # noqa: BLE001 - shown, and the process ends
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
