"""Loads a model and its tokenizer: from a folder, the Hugging Face hub, or a GGUF file."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    GgufConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import CONFIG_NAME
from transformers.utils import logging as transformers_logging
from transformers.utils.hub import cached_file

from probes.errors import ModelError
from probes.gguf import check_gguf, file_sha256, gguf_shards
from probes.model_cache import converted_folder
from probes.transformers.architecture import check_config, check_forward
from probes.transformers.digest import folder_sha256
from probes.transformers.folder import check_folder

__all__ = ["Weights", "explained", "load_weights"]

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_logger = logging.getLogger("probes.transformers")


@dataclass(frozen=True, slots=True)
class Weights:
    """A loaded model, frozen and in evaluation mode.

    Attributes:
        path: the GGUF file, the folder, or the hub's local copy of it.
        sha256: of the GGUF file, or over the weight files, see :func:`folder_sha256`.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    path: str
    sha256: str


def load_weights(
    source: Path | str,
    *,
    device: torch.device,
    dtype: torch.dtype,
    quantization: BitsAndBytesConfig | None,
    model_cache: Path,
) -> Weights:
    """Load what ``source`` names.

    Raises:
        ModelError: there is no such model, or it cannot be loaded.
    """
    path = Path(source).expanduser()
    sha256 = None
    if path.is_dir():
        check_folder(path)
        name, folder = str(path), path
    elif path.suffix == ".gguf" or path.is_file():
        check_gguf(path)
        if len(gguf_shards(path)) > 1:
            raise ModelError(
                f"{path.name} is one of several files, which transformers does not put together",
                hint="set backend to llamacpp, or merge them with llama-gguf-split --merge",
                param="model",
            )
        sha256 = file_sha256(path)
        key = f"{sha256}-{str(dtype).removeprefix('torch.')}"
        folder = converted_folder(model_cache, key, lambda empty: _convert(path, empty, dtype))
        name = str(folder)
    elif isinstance(source, str) and _HUB_ID.fullmatch(source):
        name, folder = source, _hub_folder(source)
        path = folder
    else:
        raise ModelError(
            f"model folder not found: {path}",
            hint="give a folder as save_pretrained writes it, a .gguf file, or OWNER/NAME",
            param="model",
        )
    options: dict[str, Any] = {"dtype": dtype}
    if quantization is not None:
        options["quantization_config"] = quantization
    if device.type != "cpu":
        options["device_map"] = {"": device}
    with explained(name), _without_bars(local=name == str(folder)):
        model, tokenizer = _load(name, options)
    return Weights(model, tokenizer, str(path), sha256 or folder_sha256(folder))


def _load(name: str, options: dict[str, Any]) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load from a folder or a hub id."""
    config = AutoConfig.from_pretrained(name, trust_remote_code=False)
    check_config(config, _model_class(config), name)
    # A pickle can run any code, and a model's own code is any code.
    model = _complete_model(name, {**options, "use_safetensors": True})
    check_forward(model, name)
    model.requires_grad_(False)
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
        name, trust_remote_code=False
    )
    return model.train(mode=False), tokenizer


def _convert(path: Path, folder: Path, dtype: torch.dtype) -> None:
    _logger.info("converting %s; this is done once and takes a while", path)
    with _without_bars(local=True):
        with explained(str(path)):
            model = _complete_model(
                str(path.parent),
                {
                    "gguf_file": path.name,
                    "dtype": dtype,
                    "quantization_config": GgufConfig(dequantize=True),
                },
            )
            check_config(model.config, type(model), path.name)
            tokenizer = AutoTokenizer.from_pretrained(str(path.parent), gguf_file=path.name)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def _complete_model(name: str, options: dict[str, Any]) -> PreTrainedModel:
    """Load the weights; transformers itself would make up missing ones, and only warn."""
    auto: Any = AutoModelForCausalLM
    model, report = auto.from_pretrained(
        name, output_loading_info=True, trust_remote_code=False, **options
    )
    missing = sorted(report["missing_keys"])
    if missing:
        raise ModelError(
            f"{name} lacks {len(missing)} weights, {missing[0]} among them",
            hint="fetch the model again",
            param="model",
        )
    complete: PreTrainedModel = model
    return complete


def _hub_folder(name: str) -> Path:
    """Fetch a hub model's config; the folder where the hub's client keeps its files."""
    try:
        config = cached_file(name, CONFIG_NAME)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{name} is no folder here, and cannot be fetched from the hub: {error}",
            hint="check the name and the network; a gated model needs `hf auth login`",
            param="model",
        ) from error
    return Path(str(config)).parent


def _model_class(config: Any) -> type | None:
    """The class for a config; None where transformers has no causal language model for it."""
    mapping: Any = AutoModelForCausalLM._model_mapping
    encoders: Any = AutoModelForMaskedLM._model_mapping
    written = [str(one) for one in getattr(config, "architectures", None) or ()]
    # Encoders are in both: as decoders they would see what comes behind a token.
    if type(config) in encoders and not any("LMHead" in one or "Causal" in one for one in written):
        return None
    found: type | None = mapping.get(type(config), None)
    return found


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn what transformers raises for unusable files into a ModelError."""
    try:
        yield
    except ModelError:
        raise
    except torch.OutOfMemoryError as error:
        raise ModelError(
            f"{name} does not fit into the device's memory",
            hint="set quantize to 4bit, device to cpu, or choose a smaller model",
            param="model",
        ) from error
    except ValueError as error:
        if "trust_remote_code" not in str(error):
            raise _unloadable(name, error) from error
        raise ModelError(
            f"{name} brings code of its own, which is not run",
            hint="choose a model that transformers knows, or its .gguf file under llama.cpp",
            param="model",
        ) from error
    except Exception as error:
        # Files that are broken or unknown raise nearly anything, down to KeyError and the
        # tokenizers library's bare Exception.
        raise _unloadable(name, error) from error


def _unloadable(name: str, error: Exception) -> ModelError:
    return ModelError(
        f"transformers cannot load or run {name}: {type(error).__name__}: {error}",
        hint="the files may be cut short, or of an architecture that transformers lacks; "
        "under llama.cpp a .gguf file may still load",
        param="model",
    )


@contextmanager
def _without_bars(*, local: bool) -> Iterator[None]:
    """Keep progress bars off the terminal, but for a download, which takes long."""
    if not local:
        yield
        return
    previous = transformers_logging.set_tqdm_hook(
        lambda make, args, options: make(*args, **{**options, "disable": True})
    )
    try:
        yield
    finally:
        transformers_logging.set_tqdm_hook(previous)
