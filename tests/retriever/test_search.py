from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from overlay.errors import InputError
from retriever import (
    Chunker,
    ChunkStore,
    Mode,
    Retriever,
    SentenceTransformerEmbedder,
    StoreError,
    embedded_text,
    ingest,
)

FILES = {
    "door.md": "# Tamsel Bothy\n\n## Door\n\nThe door code is 2391. Press hard.",
    "copy.md": "# Tamsel Bothy\n\n## Door\n\nThe door code is 2391. Press hard!",
    "water.md": "# Water\n\nThe spring behind the hut is clean all year.",
    "bus.txt": "Bus 61 leaves the station at 06:50 from Monday to Saturday.",
    "dogs.md": "# Dogs\n\nDogs sleep in the shed, on straw.",
    "parts.md": "# Spare parts\n\nThe XK-4417 is mended by Ida Moen.",
    "key.md": "# Hütte\n\nDie Schlüssel gibt es am Schalter.",
    "thai.md": "รหัสประตูอยู่ที่สถานี",
    "chinese.md": "小屋的门禁密码每年都会更换。",
    "japanese.md": "山小屋の鍵は駅の窓口で受け取ってください。",
}


@pytest.fixture(scope="module")
def store(
    tmp_path_factory: pytest.TempPathFactory, minilm: SentenceTransformerEmbedder
) -> Iterator[ChunkStore]:
    folder = tmp_path_factory.mktemp("documents")
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    with ChunkStore(folder / "store", minilm) as store:
        ingest(folder, store, minilm, Chunker(minilm.count_tokens))
        yield store


@pytest.fixture(scope="module")
def retriever(store: ChunkStore, minilm: SentenceTransformerEmbedder) -> Retriever:
    return Retriever(store, minilm)


@pytest.fixture(scope="module")
def dense(store: ChunkStore, minilm: SentenceTransformerEmbedder) -> Retriever:
    return Retriever(store, minilm, Mode.DENSE)


@pytest.fixture(scope="module")
def lexical(store: ChunkStore, minilm: SentenceTransformerEmbedder) -> Retriever:
    return Retriever(store, minilm, Mode.LEXICAL)


QUESTIONS = pytest.mark.parametrize(
    ("question", "source"),
    [
        ("Is the spring water safe to drink?", "water.md"),
        ("When does the bus go?", "bus.txt"),
        ("Where can my puppy spend the night?", "dogs.md"),
    ],
)


@QUESTIONS
def test_the_right_chunk_comes_first(retriever: Retriever, question: str, source: str) -> None:
    ranked = retriever.search(question, 3)
    assert ranked[0].chunk.source == source
    assert [hit.rank for hit in ranked] == [0, 1, 2]


@QUESTIONS
def test_dense_ranks_by_similarity(dense: Retriever, question: str, source: str) -> None:
    ranked = dense.search(question, 3)
    assert ranked[0].chunk.source == source
    assert [hit.rank for hit in ranked] == [0, 1, 2]
    assert 1 >= ranked[0].similarity > ranked[1].similarity >= ranked[2].similarity >= -1


@pytest.mark.parametrize(
    ("question", "source"),
    [
        ("Who repairs the XK-4417 pump?", "parts.md"),
        ("Wo bekomme ich den Schlüssel?", "key.md"),
        ("รหัสประตู", "thai.md"),
        ("门禁密码", "chinese.md"),
        ("鍵の窓口", "japanese.md"),
    ],
)
def test_words_bring_up_what_the_embedder_cannot_tell(
    retriever: Retriever, dense: Retriever, lexical: Retriever, question: str, source: str
) -> None:
    assert lexical.search(question, 1)[0].source == source
    fused, alone = (
        [hit.source for hit in one.search(question, len(FILES))] for one in (retriever, dense)
    )
    assert fused.index(source) <= min(2, alone.index(source))


def test_every_chunk_has_its_cosine_similarity_whatever_ranked_it(
    store: ChunkStore, minilm: SentenceTransformerEmbedder, retriever: Retriever, lexical: Retriever
) -> None:
    question = "Who repairs the XK-4417 pump in the water hut?"
    vectors = minilm.embed([question, *(embedded_text(chunk) for chunk in store.chunks())])
    expected = dict(zip((c.id for c in store.chunks()), vectors[1:] @ vectors[0], strict=True))
    for found in (retriever.search(question, 9), lexical.search(question, 9)):
        assert len(found) > 1
        assert [hit.rank for hit in found] == [*range(len(found))]
        for hit in found:
            assert hit.similarity == pytest.approx(expected[hit.chunk.id], abs=1e-4)


def test_lexical_finds_only_what_shares_a_word(lexical: Retriever) -> None:
    assert [hit.source for hit in lexical.search("straw", 9)] == ["dogs.md"]
    assert lexical.search("?", 9) == []


def test_a_question_without_words_is_ranked_by_similarity(
    retriever: Retriever, dense: Retriever
) -> None:
    assert retriever.search("?!", 1) == dense.search("?!", 1)


def test_near_duplicates_are_kept_by_dense_and_lexical(
    dense: Retriever, lexical: Retriever
) -> None:
    for one in (dense, lexical):
        ranked = one.search("What is the door code?", 2)
        assert {hit.chunk.source for hit in ranked} == {"door.md", "copy.md"}


def test_of_near_duplicates_one_is_found(retriever: Retriever) -> None:
    ranked = retriever.search("What is the door code?", 9)
    assert len({"door.md", "copy.md"} & {hit.source for hit in ranked}) == 1
    assert [hit.rank for hit in ranked] == [*range(len(FILES) - 1)]


def test_fewer_chunks_than_asked_for(retriever: Retriever, dense: Retriever) -> None:
    assert len(retriever.search("huts", 100)) == len(FILES) - 1
    assert len(dense.search("huts", 100)) == len(FILES)


@pytest.mark.parametrize(
    ("question", "k", "param"), [("huts", 0, "k"), ("huts", -3, "k"), (" \n", 3, "question")]
)
def test_bad_input(retriever: Retriever, question: str, k: int, param: str) -> None:
    with pytest.raises(InputError) as error:
        retriever.search(question, k)
    assert error.value.param == param
    assert error.value.hint


@pytest.mark.parametrize("mode", Mode)
def test_nothing_ingested(tmp_path: Path, minilm: SentenceTransformerEmbedder, mode: Mode) -> None:
    retriever = Retriever(ChunkStore(tmp_path / "store", minilm), minilm, mode)
    with pytest.raises(StoreError, match="overlay ingest"):
        retriever.search("anything", 1)
