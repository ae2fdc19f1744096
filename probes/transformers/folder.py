"""Which folders hold no model that can be loaded, told by their files."""

from __future__ import annotations

from pathlib import Path

from transformers.utils import CONFIG_NAME

from probes.errors import ModelError

__all__ = ["check_folder"]

_ADAPTER = "adapter_config.json"
_PICKLED = ("pytorch_model*.bin", "*.pt", "*.pth", "*.ckpt")
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "tekken.json")
_AGAIN = "fetch the model again, with every file of it"


def check_folder(folder: Path) -> None:
    """Refuse a folder that lacks what a model needs, or has it in a form that runs code.

    Raises:
        ModelError: there is no config, no tokenizer, or no weights but pickled ones.
    """
    if not (folder / CONFIG_NAME).is_file():
        raise _without_config(folder)
    if not any(folder.glob("*.safetensors")):
        pickled = sorted(path.name for kind in _PICKLED for path in folder.glob(kind))
        if pickled:
            raise _unusable(
                f"{folder} has its weights as a pickle ({pickled[0]}), which can run any code",
                "convert them once, where you trust the file: load the model with transformers and "
                "call save_pretrained, which writes model.safetensors",
            )
        raise _unusable(f"{folder} has no weights (model.safetensors)", _AGAIN)
    if not any((folder / name).is_file() for name in _TOKENIZERS):
        raise _unusable(f"{folder} has no tokenizer (tokenizer.json or tokenizer.model)", _AGAIN)


def _without_config(folder: Path) -> ModelError:
    if (folder / _ADAPTER).is_file():
        return _unusable(
            f"{folder} holds an adapter, which changes a model and is none",
            "merge it into its base model (peft's merge_and_unload) and save that",
        )
    files = sorted(path.name for path in folder.glob("*.gguf"))
    hint = "give a folder as save_pretrained writes it, or name a .gguf file in it"
    if files:
        hint = f"name the file in it: {folder / files[0]}"
    return _unusable(f"{folder} has no {CONFIG_NAME}", hint)


def _unusable(message: str, hint: str) -> ModelError:
    return ModelError(message, hint=hint, param="model")
