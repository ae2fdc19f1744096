"""One sha256 for a model whose weights lie in several files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from probes.errors import ModelError
from probes.gguf import file_sha256

__all__ = ["folder_sha256"]

_PATTERNS = ("*.safetensors", "*.bin")


def folder_sha256(folder: Path) -> str:
    """The sha256, as 64 hex digits, of the lines ``NAME SHA256`` of a folder's weight files.

    Weight files are ``*.safetensors``, or ``*.bin`` where there are none, by name.

    Raises:
        ModelError: the folder holds no weight file.
    """
    for pattern in _PATTERNS:
        files = sorted(folder.glob(pattern))
        if files:
            lines = "".join(f"{file.name} {file_sha256(file)}\n" for file in files)
            return hashlib.sha256(lines.encode()).hexdigest()
    raise ModelError(
        f"no weights in {folder}",
        hint="the folder needs .safetensors or .bin files, as save_pretrained writes them",
        param="model",
    )
