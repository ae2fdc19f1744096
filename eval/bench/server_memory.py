"""What a server holds in memory: the real one as a whole, and the same parts one by one.

``python -m eval.bench.server_memory STORE`` loads the parts in a process of its own.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

import httpx

from eval.bench.apart import run_apart
from eval.serving import serving
from overlay.errors import ResourceError
from overlay.settings import load_settings

__all__ = ["Held", "held_by_parts", "held_by_server", "main"]

_READY_SECONDS = 300.0
_ANSWER_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Held:
    """Memory of a process at some point.

    Attributes:
        when: the point, in words.
        resident: bytes, files that are mapped included.
        own: those of them that no other process could share.
    """

    when: str
    resident: int
    own: int


def held_by_server(store: Path, questions: Sequence[str]) -> list[Held]:
    """Run ``overlay serve`` over a store: idle, after the first answer, and after all of them.

    Settings but the store are those of the environment.

    Raises:
        ResourceError: the server does not start, or an answer fails.
    """
    with serving(store, ready_seconds=_READY_SECONDS) as server:
        held = [_held("idle", server.process)]
        for number, question in enumerate(questions, 1):
            body = {"model": "overlay", "messages": [{"role": "user", "content": question}]}
            reply = httpx.post(
                f"{server.url}/v1/chat/completions", json=body, timeout=_ANSWER_SECONDS
            )
            if reply.status_code != httpx.codes.OK:
                raise ResourceError(f"the server did not answer: {reply.text}")
            if number in {1, len(questions)}:
                held.append(
                    _held(f"after {number} answer{'s' if number > 1 else ''}", server.process)
                )
        return held


def held_by_parts(store: Path) -> list[Held]:
    """Load in another process what the server loads, part by part.

    Raises:
        ResourceError: a part does not load.
    """
    failure = "the parts of a server do not load"
    return [Held(**row) for row in run_apart(__name__, str(store), failure=failure)]


def main() -> None:
    """Load the parts over the store that is named; writes JSON to standard output."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # as the command line does
    settings = load_settings(store=sys.argv[1])
    held = [_held("Python", os.getpid())]

    from overlay.library import Library
    from overlay.loading import load_model

    import_module("server.app")
    held.append(_held("server and runtime imported", os.getpid()))
    with Library(settings) as library:
        library.check()
        held.append(_held("store opened", os.getpid()))
        library.retriever.search("?", 1)
        held.append(_held("embedder loaded, one search", os.getpid()))
        model = load_model(settings)
        held.append(_held("model loaded", os.getpid()))
        model.close()
    sys.stdout.write(json.dumps([asdict(one) for one in held]) + "\n")


def _held(when: str, process: int) -> Held:
    import psutil

    memory = psutil.Process(process).memory_full_info()
    return Held(when, memory.rss, memory.uss)


if __name__ == "__main__":
    main()
