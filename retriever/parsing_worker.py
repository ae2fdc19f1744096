"""The process behind :class:`retriever.parsing.Parser`: a request a line, an answer a line."""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from threading import Thread
from typing import BinaryIO

from retriever.errors import DocumentError
from retriever.loaders import load

__all__: list[str] = []


def _answer(request: Mapping[str, str], memory: int) -> bytes:
    """A line of JSON: what a file holds, or why it cannot be read."""
    name = request["name"]
    found: Mapping[str, object]
    try:
        return _line(asdict(load(Path(request["path"]).read_bytes(), name)))
    except DocumentError as error:
        found = {"error": error.message, "hint": error.hint}
    except OSError as error:
        found = {"failure": error.strerror or str(error)}
    except MemoryError:
        found = {"failure": f"it takes more than {memory} MiB of memory"}
    except RecursionError:
        found = {"failure": "it is nested too deeply"}
    except Exception as error:  # noqa: BLE001 - a parser may raise anything, and costs its file
        found = {"failure": f"{type(error).__name__}: {error}"}
    return _line(found)


def _line(answer: Mapping[str, object]) -> bytes:
    return json.dumps(answer).encode() + b"\n"


def _end_with(pipe: int) -> None:
    """Ends this process when whoever asks is gone, in the middle of a file too.

    A process that was killed cannot end those that it started, and a file may take minutes.
    """
    if not hasattr(select, "poll"):  # Windows
        return

    def watch() -> None:
        hung_up = select.poll()
        hung_up.register(pipe, 0)  # of what it reports, only that the other end is closed
        hung_up.poll()
        os._exit(0)

    Thread(target=watch, daemon=True).start()


def _limit_memory(memory: int) -> None:
    try:
        import resource
    except ImportError:  # Windows knows no such limit
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory * 2**20, memory * 2**20))


def _own_output() -> BinaryIO:
    """Where answers go, out of reach of libraries that write to standard output."""
    own = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return own


def main() -> None:
    """Answer until standard input ends. The first argument is the limit of memory in MiB."""
    memory = int(sys.argv[1])
    _limit_memory(memory)
    _end_with(sys.stdin.fileno())
    output = _own_output()
    for line in sys.stdin.buffer:
        output.write(_answer(json.loads(line), memory))
        output.flush()


if __name__ == "__main__":
    main()
