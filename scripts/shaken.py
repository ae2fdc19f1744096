"""A copy of the packaged model whose weights are shaken as much as a kernel rounds.

It stands for the kernels of processors that nobody here has: what a test or the demo says must
survive it as it must survive them.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
from gguf import GGUFReader
from gguf.constants import GGMLQuantizationType

from overlay.models import find_model
from probes.gguf import file_sha256
from probes.llamacpp.requantized import measure, requantize
from probes.model_cache import converted_folder

# Of every block's scale, one standard deviation. The copy comes to lie about twice as far from the
# file as unshaken, in nats a token: as far again as it was.
SHAKE = 0.01
Q8_0_BLOCK = 34  # bytes: a scale of 16 bits, then 32 weights of 8

__all__ = ["make_shaken"]


def make_shaken(cache: Path, seed: int) -> Path:
    """Put a shaken copy where :func:`probes.llamacpp.requantized.faster_copy` looks for its own.

    Args:
        cache: folder of converted models, of its own for each seed.
        seed: of the noise.
    """
    path = find_model("smollm2")

    def make(folder: Path) -> None:
        copy = folder / "model.gguf"
        if not requantize(path, copy, threads=0):
            raise RuntimeError(f"{path} cannot be written as Q8_0")
        shake(copy, seed)
        found = measure(path, copy, threads=0)
        (folder / "measured.json").write_text(json.dumps(asdict(found)), encoding="utf-8")

    return converted_folder(cache, f"{file_sha256(path)}-q8_0", make)


def shake(path: Path, seed: int) -> None:
    """Multiply the scale of every block of a Q8_0 file by a number near 1, in place."""
    draw = np.random.default_rng(seed)
    for tensor in GGUFReader(path, "r+").tensors:
        if tensor.tensor_type == GGMLQuantizationType.Q8_0:
            scales = tensor.data.reshape(-1, Q8_0_BLOCK)[:, :2].copy().view(np.float16)
            noise = draw.normal(1.0, SHAKE, scales.shape)
            shaken = (scales * noise).astype(np.float16)
            tensor.data.reshape(-1, Q8_0_BLOCK)[:, :2] = shaken.view(np.uint8)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cache", type=Path)
    parser.add_argument("seed", type=int)
    arguments = parser.parse_args()
    made = make_shaken(arguments.cache, arguments.seed)
    print((made / "measured.json").read_text(encoding="utf-8"))  # noqa: T201 - a command's output
