"""The process behind :class:`retriever.parsing.Parser`: a request a line, an answer a line."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from retriever.errors import DocumentError
from retriever.loaders import load

__all__: list[str] = []


def _answer(request: Mapping[str, str], memory: int) -> dict[str, Any]:
    name = request["name"]
    try:
        return asdict(load(Path(request["path"]).read_bytes(), name))
    except DocumentError as error:
        return {"error": error.message, "hint": error.hint}
    except OSError as error:
        return {"failure": error.strerror or str(error)}
    except MemoryError:
        return {"failure": f"it takes more than {memory} MiB of memory"}
    except RecursionError:
        return {"failure": "it is nested too deeply"}
    except Exception as error:  # noqa: BLE001 - a parser may raise anything, and costs its file
        return {"failure": f"{type(error).__name__}: {error}"}


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
    output = _own_output()
    for line in sys.stdin.buffer:
        output.write(json.dumps(_answer(json.loads(line), memory)).encode() + b"\n")
        output.flush()


if __name__ == "__main__":
    main()
