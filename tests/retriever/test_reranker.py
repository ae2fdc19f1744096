"""A cross-encoder over what was found: a tiny one of random weights, saved to a folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from retriever import (
    Chunker,
    ChunkStore,
    CrossEncoderReranker,
    Mode,
    Reranker,
    RerankerError,
    Retriever,
    ingest,
    open_reranker,
)
from tests.retriever.conftest import WriteFolder
from tests.retriever.hashing import HashEmbedder

WORDS = [
    "the",
    "ferry",
    "leaves",
    "at",
    "nine",
    "is",
    "blue",
    "soup",
    "noon",
    "when",
    "does",
    "leave",
    "?",
    ".",
]


def save_tiny(folder: Path, labels: int = 1) -> Path:
    """Saves a cross-encoder of one layer."""
    import torch
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.normalizers import Lowercase
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing
    from transformers import (
        BertConfig,
        BertForSequenceClassification,
        PreTrainedTokenizerFast,
    )

    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    known = {word: number for number, word in enumerate([*marks, *WORDS])}
    tokenizer = Tokenizer(WordLevel(known, unk_token=marks[1]))
    tokenizer.normalizer = Lowercase()
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    names = dict(zip(("pad", "unk", "cls", "sep", "mask"), marks, strict=True))
    given = {f"{name}_token": mark for name, mark in names.items()}
    wrapped: Any = PreTrainedTokenizerFast  # untyped
    wrapped(tokenizer_object=tokenizer, **given).save_pretrained(folder)
    torch.manual_seed(0)
    sizes: dict[str, Any] = {
        "vocab_size": len(known),
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 16,
        "max_position_embeddings": 64,
        "num_labels": labels,
        "initializer_range": 1.0,
    }
    BertForSequenceClassification(BertConfig(**sizes)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("cross-encoder"))


class Longest:
    """Rates texts by their length, and remembers them."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def rate(self, _question: str, texts: Sequence[str]) -> list[float]:
        self.read = [*texts]
        return [float(len(text)) for text in texts]


@pytest.fixture
def filled(write_folder: WriteFolder, store: ChunkStore, embedder: HashEmbedder) -> ChunkStore:
    folder = write_folder(
        {
            f"{number}.md": f"The ferry leaves at nine. {'Soup at noon. ' * number}"
            f"{'It is blue.' if number < 5 else ''}"
            for number in range(12)
        }
    )
    ingest(folder, store, embedder, Chunker(embedder.count_tokens, limit=64))
    return store


@pytest.mark.parametrize("mode", Mode)
def test_the_best_four_times_k_are_put_in_order(
    filled: ChunkStore, embedder: HashEmbedder, mode: Mode
) -> None:
    question = "When does the blue ferry leave?"
    reranker = Longest()
    plain = Retriever(filled, embedder, mode).search(question, 8)
    found = Retriever(filled, embedder, mode, reranker=reranker).search(question, 2)
    assert reranker.read == [hit.text for hit in plain]
    longest = sorted(plain, key=lambda hit: -len(hit.text))[:2]
    assert [hit.chunk.id for hit in found] == [hit.chunk.id for hit in longest]
    # Similarities stay cosines.
    assert [hit.similarity for hit in found] == [hit.similarity for hit in longest]
    assert [hit.rank for hit in found] == [0, 1]


def test_a_cross_encoder_from_a_folder(
    filled: ChunkStore, embedder: HashEmbedder, tiny: Path
) -> None:
    reranker: Reranker = CrossEncoderReranker(tiny)  # mypy holds the class to the protocol
    question = "When does the ferry leave?"
    plain = Retriever(filled, embedder).search(question, 8)
    ratings = reranker.rate(question, [hit.text for hit in plain])
    assert len(set(ratings)) > 2
    found = Retriever(filled, embedder, reranker=reranker).search(question, 2)
    best = sorted(zip(ratings, plain, strict=True), key=lambda pair: -pair[0])[:2]
    # Ratings of a text depend a little on the texts that it is batched with.
    rated = reranker.rate(question, [hit.text for hit in found])
    assert rated == pytest.approx([rating for rating, _ in best], abs=1e-4)
    assert reranker.rate(question, []) == []


def test_none_is_none_and_a_name_loads_nothing() -> None:
    assert open_reranker("none") is None
    assert isinstance(open_reranker("./nowhere"), CrossEncoderReranker)


@pytest.mark.parametrize("model", ["./nowhere", "/no/such/folder", "a/b/c"])
def test_no_such_folder(model: str) -> None:
    with pytest.raises(RerankerError, match="there is no folder") as error:
        CrossEncoderReranker(model).rate("ferry?", ["ferry"])
    assert error.value.param == "reranker"
    assert "hub id" in error.value.hint


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(RerankerError, match="does not load") as error:
        CrossEncoderReranker(tmp_path).rate("ferry?", ["ferry"])
    assert "config.json" in error.value.hint


def test_a_classifier_is_no_reranker(tmp_path: Path) -> None:
    reranker = CrossEncoderReranker(save_tiny(tmp_path, labels=3))
    with pytest.raises(RerankerError, match="classifier of 3 classes") as error:
        reranker.rate("ferry?", ["ferry", "soup"])
    assert error.value.param == "reranker"


def test_hub_cannot_be_reached(tmp_path: Path) -> None:
    code = (
        "from retriever import *\n"
        "try: CrossEncoderReranker('someone/some-model').rate('?', ['Hello'])\n"
        "except RerankerError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "HF_HUB_CACHE": str(tmp_path), "HF_HUB_OFFLINE": "1"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "cannot get the reranker someone/some-model" in done.stdout, done.stderr
