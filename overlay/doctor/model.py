"""The model: whether its file is there, says what it is, and fits into memory."""

from __future__ import annotations

import re
from pathlib import Path

import psutil

from overlay.doctor.finding import Finding, fail, ok, warn
from overlay.errors import OverlayError
from overlay.models import locate_model
from overlay.settings import Settings
from probes.gguf import file_sha256
from selector.profile_files import shipped_profile

__all__ = ["check_model"]

_HUB_FILE = re.compile(r":[\w./-]+\.gguf$")
_MOST_HASHED = 2 * 2**30  # bytes; larger files take too long
_GIB = 2**30


def check_model(settings: Settings) -> list[Finding]:
    """Look at the model that the settings name; its weights are not loaded."""
    on_hub = [ok("model", f"{settings.model} is on the hub, and downloaded on first use")]
    # Not looked for: what is not in the hub's cache yet would be downloaded now.
    if _HUB_FILE.search(settings.model) and not Path(settings.model).expanduser().exists():
        return on_hub
    try:
        source = locate_model(settings.model, settings.backend).source
    except OverlayError as error:
        return [fail("model", error.message, error.hint)]
    if isinstance(source, str):
        return on_hub
    return [_folder(source)] if source.is_dir() else _file(source, settings)


def _folder(path: Path) -> Finding:
    weights = [*path.glob("*.safetensors"), *path.glob("*.bin")]
    if not (path / "config.json").is_file() or not weights:
        said = f"{path} has no config.json, or no weights"
        return fail("model", said, "name a folder as save_pretrained writes it")
    return ok("model", f"{path}: {sum(one.stat().st_size for one in weights) / _GIB:.1f} GiB")


def _file(path: Path, settings: Settings) -> list[Finding]:
    from probes.llamacpp.metadata import read_metadata

    try:
        metadata = read_metadata(path)
    except OverlayError as error:
        return [fail("model", error.message, error.hint)]
    name = metadata.get("general.name", path.name)
    architecture = metadata.get("general.architecture", "?")
    return [
        ok("model", f"{path}: {name}, {architecture}"),
        _profile(path, settings),
        _memory(path, metadata, settings),
    ]


def _profile(path: Path, settings: Settings) -> Finding:
    size = path.stat().st_size
    if size > _MOST_HASHED:
        return ok("profile", f"not looked up: {size / _GIB:.1f} GiB take a while to hash")
    if settings.profile not in ("auto", "default"):
        file = Path(settings.profile).expanduser()
        if not file.is_file():
            said = f"there is no profile {file}"
            return fail("profile", said, "`overlay calibrate` makes one, or set profile to auto")
        return ok("profile", str(file))
    sha256 = file_sha256(path)
    if shipped_profile(sha256) is None:
        return ok("profile", f"the default one: none is shipped for the file {sha256[:12]}")
    return ok("profile", f"one is shipped for the file {sha256[:12]}")


def _memory(path: Path, metadata: dict[str, str], settings: Settings) -> Finding:
    needed = path.stat().st_size + _cells(metadata, settings.context_size)
    needed += settings.kv_memory * 2**20
    free = psutil.virtual_memory().available
    said = f"about {needed / _GIB:.1f} GiB are needed, {free / _GIB:.1f} GiB are free"
    if settings.gpu_layers:
        return ok("memory", f"{said}; a part of it goes to the GPU")
    if needed > free:
        mend = "end other programs, choose a smaller model, or lower context_size or kv_memory"
        return warn("memory", said, mend)
    return ok("memory", said)


def _cells(metadata: dict[str, str], context: int) -> int:
    """Bytes of the KV cache at 16 bits a number; 0 where the file does not say enough."""
    architecture = metadata.get("general.architecture", "")

    def number(key: str) -> int:
        said = metadata.get(f"{architecture}.{key}", "0")
        return int(said) if said.isdecimal() else 0

    heads = number("attention.head_count")
    if not heads:
        return 0
    width = number("attention.key_length") or number("embedding_length") // heads
    return (
        4 * number("block_count") * (number("attention.head_count_kv") or heads) * width * context
    )
