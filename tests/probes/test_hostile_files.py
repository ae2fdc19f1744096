"""Model files that would run code of their author: none of it runs."""

from __future__ import annotations

import json
import os
import pickle
import struct
from pathlib import Path

import pytest

from probes.chat import Message
from probes.errors import ModelError
from probes.llamacpp import LlamaCppModel
from retriever.embedder import SentenceTransformerEmbedder
from retriever.errors import EmbedderError
from tests.probes.tiny_transformers import CONFIGS, open_tiny, save_tiny

_KEY = b"tokenizer.chat_template"


class Harm:
    """Makes a folder where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self._mark),)


def test_the_harm_is_real(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Harm(tmp_path / "mark")))  # noqa: S301 - our own
    assert (tmp_path / "mark").is_dir()


def test_a_pickle_in_place_of_weights_does_not_run(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "model", CONFIGS["llama"])
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Harm(tmp_path / "mark")))
    with pytest.raises(ModelError):
        open_tiny(folder)
    assert not (tmp_path / "mark").exists()


def test_a_pickle_in_place_of_an_embedder_does_not_run(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "model", CONFIGS["llama"])
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Harm(tmp_path / "mark")))
    with pytest.raises(EmbedderError):
        SentenceTransformerEmbedder(folder).embed(["Hello"])
    assert not (tmp_path / "mark").exists()


def test_code_that_comes_with_a_model_does_not_run(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "model", CONFIGS["llama"])
    config = json.loads((folder / "config.json").read_text())
    config["model_type"] = "harm"
    config["auto_map"] = {
        "AutoConfig": "harm.HarmConfig",
        "AutoModelForCausalLM": "harm.HarmModel",
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "harm.py").write_text(f"import os\nos.mkdir({str(tmp_path / 'mark')!r})\n")
    with pytest.raises(ModelError):
        open_tiny(folder)
    assert not (tmp_path / "mark").exists()


def test_code_in_a_chat_template_does_not_run(tiny_gguf: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    harm = f"{{{{ cycler.__init__.__globals__.os.mkdir({str(mark)!r}) }}}}".encode()
    data = tiny_gguf.read_bytes()
    key = data.index(_KEY) + len(_KEY)
    kind, length = struct.unpack_from("<IQ", data, key)
    start = key + struct.calcsize("<IQ")
    assert (kind, data[start : start + 2]) == (8, b"{%")  # a text, and a template
    # Of the same length, so that the file stays whole.
    file = tmp_path / "harm.gguf"
    file.write_bytes(data[:start] + harm.ljust(length) + data[start + length :])

    def answer() -> None:
        model = LlamaCppModel(file, context_size=256)
        try:
            model.encode_chat([Message("user", "Hello")])
        finally:
            model.close()

    with pytest.raises(ModelError):
        answer()
    assert not mark.exists()
