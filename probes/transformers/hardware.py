"""Where a model runs and in which number type; what a machine lacks is said before loading."""

from __future__ import annotations

import importlib.util
from typing import Any

import torch
from transformers import BitsAndBytesConfig

from overlay.errors import InputError
from probes.errors import ModelError

__all__ = ["choose_device", "choose_dtype", "device_name", "quantization"]

_DEVICES = ("auto", "cpu", "cuda")
_DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float64": torch.float64,
}
_QUANTIZED = ("none", "4bit", "8bit")


def choose_device(device: str) -> torch.device:
    """The device that ``auto``, ``cpu`` or ``cuda`` means.

    Raises:
        InputError: it is called something else.
        ModelError: ``cuda`` on a machine without.
    """
    _check(device, _DEVICES, "device")
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise ModelError(
            f"no CUDA GPU can be used: {_why_no_cuda()}",
            hint="set device to auto or cpu",
            param="device",
        )
    return torch.device(device)


def choose_dtype(dtype: str, device: torch.device) -> torch.dtype:
    """The number type that a name means; ``auto`` is float32 on a CPU, bfloat16 on a GPU.

    Raises:
        InputError: there is no such type.
    """
    _check(dtype, ("auto", *_DTYPES), "dtype")
    if dtype == "auto":
        return torch.bfloat16 if device.type == "cuda" else torch.float32
    return _DTYPES[dtype]


def device_name(device: torch.device) -> str:
    """``cpu``, or what the GPU is called."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def quantization(
    quantize: str, device: torch.device, dtype: torch.dtype
) -> BitsAndBytesConfig | None:
    """How bitsandbytes is to quantize the weights; None for ``none``.

    Raises:
        InputError: ``quantize`` is neither ``none`` nor ``4bit`` nor ``8bit``.
        ModelError: the GPU or the package is missing.
    """
    _check(quantize, _QUANTIZED, "quantize")
    if quantize == "none":
        return None
    missing = []
    if device.type != "cuda":
        reason = "device is cpu" if torch.cuda.is_available() else _why_no_cuda()
        missing.append(f"a CUDA GPU ({reason})")
    if importlib.util.find_spec("bitsandbytes") is None:
        missing.append("the package bitsandbytes (pip install bitsandbytes)")
    if missing:
        raise ModelError(
            f"quantize = {quantize} needs {' and '.join(missing)}",
            hint="without a GPU set quantize to none, or use a quantized GGUF under llama.cpp",
            param="quantize",
        )
    options: dict[str, Any] = (
        {"load_in_8bit": True}
        if quantize == "8bit"
        else {
            "load_in_4bit": True,
            "bnb_4bit_quant_type": "nf4",
            "bnb_4bit_compute_dtype": dtype,
        }
    )
    return BitsAndBytesConfig(**options)  # type: ignore[no-untyped-call]  # transformers has no types here


def _check(value: str, allowed: tuple[str, ...], param: str) -> None:
    if value not in allowed:
        raise InputError(
            f"{param} is {value!r}", hint=f"choose one of {', '.join(allowed)}", param=param
        )


def _why_no_cuda() -> str:
    if torch.version.cuda is None:
        return f"torch {torch.__version__} is built without CUDA"
    return "torch finds no GPU; `nvidia-smi` shows what the driver sees"
