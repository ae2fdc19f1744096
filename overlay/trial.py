"""Tries a GGUF file out in a process of its own, once.

Where llama.cpp meets what it takes for impossible it ends its process, and nothing can be caught:
with a file that it gives up on, no server would be left to say so.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

from overlay.errors import OverlayError
from overlay.models import PACKAGED
from overlay.selfcheck import check_model
from probes.errors import ModelCacheError, ModelError
from probes.gguf import gguf_sha256
from probes.model_cache import converted_folder

__all__ = ["try_out"]

_logger = logging.getLogger(__name__)
_CONTEXT = 512
_QUIET = {"GGML_NO_BACKTRACE": "1"}  # it would start a debugger to draw it
_TOLD = ("GGML_ASSERT", "what():")


def try_out(path: Path, *, cache: Path, threads: int) -> None:
    """Load a file and check the model apart, unless that went well before, or it is packaged.

    What the model itself is refused for is left to whoever loads it: that can be told better there.

    Args:
        cache: folder of converted models; notes there say which files were tried.
        threads: CPU threads; 0 for all cores.

    Raises:
        ModelError: llama.cpp ends its process over this file.
    """
    import llama_cpp  # slow, and nothing else here needs it

    sha256 = gguf_sha256(path)
    if any(sha256 == one.sha256 for one in PACKAGED.values()):
        return

    def tried(_note: Path) -> None:
        _logger.info("trying %s out; this is done once", path)
        _try_apart(path, threads)

    try:
        converted_folder(cache, f"{sha256}-tried-{llama_cpp.__version__}", tried)
    except ModelCacheError as error:
        _logger.warning("that %s was tried out cannot be noted: %s", path.name, error)
        _try_apart(path, threads)


def _try_apart(path: Path, threads: int) -> None:
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", __name__, str(path), str(threads)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env={**os.environ, **_QUIET},
    )
    if done.returncode >= 0:
        return
    said = [line for line in done.stderr.splitlines() if any(one in line for one in _TOLD)]
    why = f": {said[-1].strip()}" if said else f" (signal {-done.returncode})"
    raise ModelError(
        f"llama.cpp gives up on {path.name}{why}",
        hint="the file may be broken, or converted by another version: fetch it again, or choose "
        "another one; where memory is short, a smaller one",
        param="model",
    )


def _main(path: Path, threads: int) -> None:
    from probes.llamacpp import LlamaCppModel

    with (
        suppress(OverlayError),
        closing(LlamaCppModel(path, context_size=_CONTEXT, threads=threads)) as model,
    ):
        check_model(model)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), int(sys.argv[2]))
