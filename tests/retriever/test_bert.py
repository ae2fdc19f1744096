"""The encoder in NumPy is sentence-transformers' model but for the last bits."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retriever import SentenceTransformerEmbedder
from retriever import embedder as module
from retriever.bert import BertEncoder, load_bert
from tests.imports import imported

TEXTS = (
    "Where is the Eiffel tower?",
    "",
    "   \n",
    "Ünïcode ÉÀ 漢字 \u0000 — 'quotes' & co. 🙂",
    "a " * 700,
    "[CLS] [MASK] </s>",
)


@pytest.fixture(scope="module")
def folder() -> Path:
    return module._packaged_folder()


@pytest.fixture(scope="module")
def encoder(folder: Path) -> BertEncoder:
    loaded = load_bert(folder)
    assert loaded is not None
    return loaded


def by_library(embedder: SentenceTransformerEmbedder, texts: Sequence[str]) -> np.ndarray:
    return np.asarray(embedder._model.encode(list(texts), normalize_embeddings=True))


def test_vectors_are_the_librarys(
    encoder: BertEncoder, minilm: SentenceTransformerEmbedder
) -> None:
    np.testing.assert_allclose(encoder.encode(TEXTS), by_library(minilm, TEXTS), atol=2e-6)
    assert encoder.encode(TEXTS).dtype == np.float32


@given(st.text(max_size=300))
@settings(max_examples=25, deadline=None)
def test_any_text(text: str) -> None:
    embedder = SHARED
    found = embedder._encoder
    assert found is not None
    np.testing.assert_allclose(found.encode([text]), by_library(embedder, [text]), atol=2e-6)


SHARED = SentenceTransformerEmbedder()


def test_limits_and_counts_are_the_librarys(minilm: SentenceTransformerEmbedder) -> None:
    encoder, model = minilm._encoder, minilm._model
    assert encoder is not None
    assert encoder.max_tokens == model.max_seq_length
    assert encoder.dimension == model.get_embedding_dimension()
    for text in TEXTS:
        own = model.tokenizer(text, truncation=False, verbose=False)["input_ids"]
        assert minilm.count_tokens(text) == len(own)


def test_the_first_token_pools_where_the_folder_says_so(folder: Path, tmp_path: Path) -> None:
    copy = changed(
        folder,
        tmp_path,
        "1_Pooling/config.json",
        {"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True},
    )
    encoder = load_bert(copy)
    assert encoder is not None
    expected = by_library(SentenceTransformerEmbedder(copy), TEXTS)
    np.testing.assert_allclose(encoder.encode(TEXTS), expected, atol=2e-6)


@pytest.mark.parametrize(
    ("file", "values"),
    [
        ("config.json", {"architectures": ["MPNetModel"]}),
        ("config.json", {"hidden_act": "relu"}),
        ("config.json", {"position_embedding_type": "relative_key"}),
        ("config.json", {"num_hidden_layers": 7}),
        ("1_Pooling/config.json", {"pooling_mode_max_tokens": True}),
        ("config_sentence_transformers.json", {"default_prompt_name": "query"}),
        ("sentence_bert_config.json", {"do_lower_case": True}),
    ],
)
def test_what_is_of_another_kind_is_left_to_the_library(
    folder: Path, tmp_path: Path, file: str, values: dict[str, Any]
) -> None:
    assert load_bert(changed(folder, tmp_path, file, values)) is None


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json", "modules.json"])
def test_what_is_damaged_or_missing_is_left_to_the_library(
    folder: Path, tmp_path: Path, file: str
) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "model"))
    (copy / file).write_bytes(b"damaged")
    assert load_bert(copy) is None
    (copy / file).unlink()
    assert load_bert(copy) is None


def test_a_question_imports_neither_torch_nor_sentence_transformers() -> None:
    code = (
        "from retriever import SentenceTransformerEmbedder as E; e = E();"
        "e.embed_questions(['Where?']), e.count_tokens('Where?'), e.max_tokens, e.dimension"
    )
    assert not {"torch", "transformers", "sentence_transformers"} & imported(code)


def test_many_texts_are_the_librarys_work() -> None:
    embedder = SentenceTransformerEmbedder()
    embedder.embed(["one"])
    assert "_model" not in embedder.__dict__
    many = embedder.embed(["one"] * (module._FEW + 1))
    assert "_model" in embedder.__dict__
    np.testing.assert_allclose(many, embedder.embed(["one"]).repeat(len(many), 0), atol=2e-6)


def changed(folder: Path, target: Path, file: str, values: dict[str, Any]) -> Path:
    """A copy of the folder in which a file of JSON says something else."""
    copy = Path(shutil.copytree(folder, target / "model"))
    own = copy / file
    own.write_text(json.dumps(json.loads(own.read_text()) | values))
    return copy
