from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from chromadb.api.models.Collection import Collection

from overlay.errors import BusyError
from retriever import Chunk, ChunkStore, Document, EmbedderMismatchError, StoreError, parse_document
from retriever.generations import Generations
from retriever.lexical import FILE
from retriever.open_generation import is_writable
from tests.retriever.hashing import HashEmbedder
from tests.retriever.snapshots import snapshot

ROOT = Path(__file__).parents[2]


def put(store: ChunkStore, embedder: HashEmbedder, *texts: str, source: str = "a.md") -> Document:
    document = parse_document(source, "\n".join(texts).encode())
    chunks = [
        Chunk(f"{document.sha256[:8]}-{source}-{number}", source, document.title, number, text)
        for number, text in enumerate(texts)
    ]
    with store.writer() as writer:
        writer.replace([(document, chunks)], embedder.embed(texts), "recipe")
        writer.publish()
    return document


def found(store: ChunkStore, embedder: HashEmbedder, text: str, k: int = 9) -> list[str]:
    return [ranked.chunk.text for ranked in store.query(embedder.embed([text])[0], k)]


def test_a_store_that_is_not_there(
    store: ChunkStore, embedder: HashEmbedder, tmp_path: Path
) -> None:
    assert (store.documents(), store.count()) == ({}, 0)
    with pytest.raises(StoreError, match="run `overlay ingest FOLDER` first"):
        found(store, embedder, "anything")
    assert not (tmp_path / "store").exists()


def test_query_ranks_by_cosine(store: ChunkStore, embedder: HashEmbedder) -> None:
    texts = ["red stove", "red stove red stove", "green bunk", "red bunk"]
    put(store, embedder, *texts)
    ranked = store.query(embedder.embed(["red stove"])[0], 3)
    assert [hit.chunk.text for hit in ranked] == ["red stove", "red stove red stove", "red bunk"]
    assert [hit.rank for hit in ranked] == [0, 1, 2]
    expected = embedder.embed(["red stove"]) @ embedder.embed([h.chunk.text for h in ranked]).T
    assert np.allclose([hit.similarity for hit in ranked], expected[0], atol=1e-5)


def test_chunks_and_documents_come_back_whole(store: ChunkStore, embedder: HashEmbedder) -> None:
    document = put(store, embedder, "# Über\x00 \u2028 🙂", "zwei", source="süd/a.md")
    (hit, _) = store.query(embedder.embed(["zwei"])[0], 5)
    assert (hit.chunk.source, hit.chunk.position) == ("süd/a.md", 1)
    assert hit.chunk.title == document.title
    (stored,) = store.documents().values()
    assert (stored.source, stored.sha256) == (document.source, document.sha256)
    assert (stored.recipe, stored.chunks, store.count()) == ("recipe", 2, 2)


def test_replace_leaves_nothing_of_the_old_document(
    store: ChunkStore, embedder: HashEmbedder
) -> None:
    put(store, embedder, "one", "two", "three")
    put(store, embedder, "other", source="b.md")
    put(store, embedder, "two", "four")
    assert sorted(found(store, embedder, "two")) == ["four", "other", "two"]
    with store.writer() as writer:
        writer.remove(["a.md", "never there"])
        writer.publish()
    assert found(store, embedder, "two") == ["other"]


def test_nothing_changes_before_it_is_published(
    store: ChunkStore, embedder: HashEmbedder, tmp_path: Path
) -> None:
    put(store, embedder, "old")
    before = snapshot(tmp_path / "store")
    with store.writer() as writer:
        writer.remove(["a.md"])
        assert found(store, embedder, "old") == ["old"]

    def give_up() -> None:
        with store.writer() as writer:
            writer.remove(["a.md"])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        give_up()
    assert snapshot(tmp_path / "store") == before


def test_two_stores_on_one_folder_see_each_other(
    store: ChunkStore, embedder: HashEmbedder, tmp_path: Path
) -> None:
    put(store, embedder, "first")
    with ChunkStore(tmp_path / "store", embedder) as other:
        for number in range(4):
            assert other.count() == number + 1
            put(store, embedder, "more", source=f"{number}.md")
    generations = sorted(path.name for path in (tmp_path / "store").glob("generation-*"))
    assert generations == ["generation-000004", "generation-000005"]


def test_another_process_can_open_it(
    store: ChunkStore, embedder: HashEmbedder, tmp_path: Path
) -> None:
    put(store, embedder, "one", "two")
    code = (
        "import sys; from pathlib import Path; from retriever import ChunkStore;"
        "from tests.retriever.hashing import HashEmbedder;"
        "print(ChunkStore(Path(sys.argv[1]), HashEmbedder()).count())"
    )
    for _ in range(2):  # with the store open here, and closed
        command = [sys.executable, "-c", code, str(tmp_path / "store")]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        assert (result.stdout, result.stderr) == ("2\n", "")
        store.close()


def test_one_writer_at_a_time(store: ChunkStore, tmp_path: Path, embedder: HashEmbedder) -> None:
    other = ChunkStore(tmp_path / "store", embedder)
    with (
        store.writer(),
        pytest.raises(BusyError, match="another ingest is writing"),
        other.writer(),
    ):
        pass
    with other.writer():
        pass


def test_threads_may_query_while_it_is_written(store: ChunkStore, embedder: HashEmbedder) -> None:
    put(store, embedder, "steady", source="steady.md")
    stop = threading.Event()

    def query() -> int:
        count = 0
        while not stop.is_set():
            assert found(store, embedder, "steady", 1) == ["steady"]
            count += 1
        return count

    with ThreadPoolExecutor(3) as pool:
        counts = [pool.submit(query) for _ in range(3)]
        try:
            for number in range(5):
                put(store, embedder, f"text {number}")
        finally:
            stop.set()
        assert all(count.result() > 0 for count in counts)


@pytest.mark.parametrize("fails", [True, False])
def test_a_read_that_ingests_overtake_is_tried_again(
    store: ChunkStore, embedder: HashEmbedder, fails: bool
) -> None:
    put(store, embedder, "steady", source="steady.md")
    tries = []

    def overtaken(collection: Collection) -> int:
        tries.append(collection)
        if len(tries) > 1:
            return collection.count()
        # The second removes the generation that is being read.
        put(store, embedder, "one")
        put(store, embedder, "two")
        if fails:
            raise StoreError("unable to open database file")
        return 0  # what an index finds whose files are gone

    assert store._read(overtaken) == 2
    assert len(tries) == 2


def test_a_read_that_fails_by_itself_is_not_tried_again(
    store: ChunkStore, embedder: HashEmbedder
) -> None:
    put(store, embedder, "steady", source="steady.md")
    tries = []

    def broken(collection: Collection) -> None:
        tries.append(collection)
        raise StoreError("broken")

    with pytest.raises(StoreError, match="broken"):
        store._read(broken)
    assert len(tries) == 1


def test_another_embedder(store: ChunkStore, embedder: HashEmbedder, tmp_path: Path) -> None:
    put(store, embedder, "text")
    before = snapshot(tmp_path / "store")
    other = HashEmbedder("other", dimension=16)
    with ChunkStore(tmp_path / "store", other) as wrong:
        with pytest.raises(EmbedderMismatchError, match="made with the embedder hash") as error:
            wrong.query(other.embed(["text"])[0], 1)
        with pytest.raises(EmbedderMismatchError), wrong.writer() as writer:
            writer.remove(["a.md"])
    assert "ingest into another store folder" in error.value.hint
    assert snapshot(tmp_path / "store") == before


def test_the_collection_names_its_embedder(store: ChunkStore, embedder: HashEmbedder) -> None:
    put(store, embedder, "text")
    assert store._read(lambda collection: collection.metadata) == {
        "embedder": "hash",
        "fingerprint": "fingerprint of hash",
        "dimension": 128,
    }


def test_repeated_passages_do_not_hide_the_others(
    store: ChunkStore, embedder: HashEmbedder
) -> None:
    rare = [f"rare words number {number} of hut {number * 7}" for number in range(40)]
    put(store, embedder, *rare[:20], *["the same footer on every page"] * 400, *rare[20:])
    assert [found(store, embedder, text, 1) for text in rare] == [[text] for text in rare]
    # As many as a setting may ask for; the index is approximate, and more may be short of some.
    assert len(found(store, embedder, "the same footer on every page", 64)) == 64


def test_more_chunks_than_one_batch_of_chroma(store: ChunkStore, embedder: HashEmbedder) -> None:
    put(store, embedder, *(f"number {number}" for number in range(5500)))
    assert store.count() == 5500
    put(store, embedder, "short")
    assert found(store, embedder, "number 17") == ["short"]


@pytest.mark.parametrize(
    "damage",
    [
        "echo garbage > generation-000001/chroma.sqlite3",
        "truncate -s 50000 generation-000001/chroma.sqlite3",
        "rm generation-000001/chroma.sqlite3",
        "rm -r generation-000001",
        "echo ../elsewhere > CURRENT",
        "printf '\\377' > CURRENT",
        "rm CURRENT; mkdir CURRENT",
    ],
)
def test_damaged_store(
    store: ChunkStore, embedder: HashEmbedder, tmp_path: Path, damage: str
) -> None:
    put(store, embedder, "text")
    store.close()
    subprocess.run(["/bin/sh", "-c", damage], cwd=tmp_path / "store", check=True)
    with pytest.raises(StoreError) as error:
        found(store, embedder, "text")
    assert "--repair" in error.value.hint


def test_damaged_index(store: ChunkStore, embedder: HashEmbedder, tmp_path: Path) -> None:
    put(store, embedder, *(f"number {number}" for number in range(3)))
    store.close()
    (pickled,) = (tmp_path / "store").glob("generation-*/*/index_metadata.pickle")
    pickled.write_bytes(b"")  # what a killed Chroma leaves behind
    with pytest.raises(StoreError, match="cannot be used"):
        store.count()


def test_a_file_in_place_of_the_folder(embedder: HashEmbedder, tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    store = ChunkStore(tmp_path / "store", embedder)
    with pytest.raises(StoreError, match="cannot write"), store.writer():
        pass
    with pytest.raises(StoreError):
        store.count()


def test_similarity_of_the_wrong_width(store: ChunkStore, embedder: HashEmbedder) -> None:
    put(store, embedder, "text")
    with pytest.raises(StoreError, match="dimension"):
        store.query(np.ones(7, dtype=np.float32), 1)


def test_words_find_what_was_put_in(store: ChunkStore, embedder: HashEmbedder) -> None:
    put(store, embedder, "red stoves")
    put(store, embedder, "green bunks", source="b.md")
    put(store, embedder, "blue lamps", source="d.md")
    put(store, embedder, "the stove is cold", source="c.md")
    found = store.lexical("Which stove?", 9)
    hits = store.similar([identity for identity, _ in found], embedder.embed(["stove"])[0])
    assert {hit.chunk.text for hit in hits} == {"red stoves", "the stove is cold"}
    assert [hit.rank for hit in hits] == [0, 1]
    assert [identity for identity, _ in found] == [hit.chunk.id for hit in hits]


def test_dense_and_lexical_hold_the_same_after_every_change(
    store: ChunkStore, embedder: HashEmbedder, tmp_path: Path
) -> None:
    def held() -> list[str]:  # the snapshot compares them
        return sorted(text for text, _, _ in snapshot(tmp_path / "store").values())

    put(store, embedder, "one", "two")
    put(store, embedder, "three", source="b.md")
    assert held() == ["one", "three", "two"]
    put(store, embedder, "two", "four")
    assert held() == ["four", "three", "two"]
    with store.writer() as writer:
        writer.remove(["b.md"])
        writer.publish()
        writer.remove(["a.md"])  # and is given up
    assert held() == ["four", "two"]
    assert store.lexical("three one", 9) == []
    assert len(store.lexical("four", 9)) == 1
    generation = Generations(tmp_path / "store").current()
    assert generation is not None
    names = sorted(path.name for path in generation.glob("*sqlite3*"))
    assert names == ["chroma.sqlite3", "documents.sqlite3", FILE]


def test_a_writer_that_is_killed_leaves_both_as_they_were(
    store: ChunkStore, embedder: HashEmbedder, tmp_path: Path
) -> None:
    put(store, embedder, "old")
    before = snapshot(tmp_path / "store")
    code = (
        "import os, sys; from pathlib import Path; from retriever.lexical import LexicalIndex\n"
        "from retriever import ChunkStore; from tests.retriever.hashing import HashEmbedder\n"
        "LexicalIndex.remove = lambda *_: os._exit(9)  # Chroma has removed it already\n"
        "with ChunkStore(Path(sys.argv[1]), HashEmbedder()).writer() as writer:\n"
        "    writer.remove(['a.md'])"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "store")]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 9
    assert snapshot(tmp_path / "store") == before
    put(store, embedder, "new", source="b.md")
    assert len(snapshot(tmp_path / "store")) == 2


def test_a_store_of_before_is_dense_only_until_it_is_written_to(
    store: ChunkStore, embedder: HashEmbedder, tmp_path: Path
) -> None:
    things = ["bunk", "stove", "bunk"] * 100
    put(store, embedder, *(f"{thing} {number}" for number, thing in enumerate(things)))
    store.close()
    (index,) = (tmp_path / "store").glob(f"*/{FILE}")
    index.unlink()
    assert store.lexical("stove", 999) == []
    assert len(found(store, embedder, "stove", 99)) == 99
    put(store, embedder, "new stove", source="b.md")
    assert len(store.lexical("stove", 999)) == 101
    assert len(snapshot(tmp_path / "store")) == 301


def test_similar_leaves_out_what_is_not_there(store: ChunkStore, embedder: HashEmbedder) -> None:
    vector = embedder.embed(["red stove"])[0]
    assert store.similar(["never there"], vector) == []
    put(store, embedder, "red stove", "green bunk", "red bunk")
    by_vector = store.query(vector, 3)
    wanted = [by_vector[2].chunk.id, "never there", by_vector[0].chunk.id]
    ranked = store.similar(wanted, vector)
    assert [hit.chunk for hit in ranked] == [by_vector[2].chunk, by_vector[0].chunk]
    assert [hit.rank for hit in ranked] == [0, 1]
    assert np.allclose(
        [hit.similarity for hit in ranked],
        [by_vector[2].similarity, by_vector[0].similarity],
        atol=1e-5,
    )
    assert store.similar([], vector) == []


@pytest.mark.parametrize("chunks", [1, 2])
def test_vectors_cut_short_are_damage_once_chroma_has_saved_them(
    store: ChunkStore, embedder: HashEmbedder, tmp_path: Path, chunks: int
) -> None:
    put(store, embedder, *["steady"] * chunks)
    store.close()
    (header,) = (tmp_path / "store").glob("*/*/header.bin")
    header.write_bytes(b"")
    if chunks == 1:  # the index is made anew by whoever opens it, so a copy may be caught like this
        put(store, embedder, "other", source="b.md")
        assert found(store, embedder, "steady", 1) == ["steady"]
    else:
        with pytest.raises(StoreError, match=r"cut short: header\.bin has 0 bytes"):
            found(store, embedder, "steady", 1)


@pytest.mark.parametrize("damage", ["garbage", "cut short"])
def test_damaged_words_cost_no_answer(
    store: ChunkStore,
    embedder: HashEmbedder,
    tmp_path: Path,
    damage: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    put(store, embedder, *(f"text {number}" for number in range(50)))
    assert store.lexical("text 7", 1)
    store.close()
    (index,) = (tmp_path / "store").glob(f"*/{FILE}")
    index.write_bytes(b"garbage" * 999 if damage == "garbage" else index.read_bytes()[:9000])
    assert store.lexical("text 7", 1) == []
    assert len(store.query(embedder.embed(["text 7"])[0], 1)) == 1
    assert store.lexical("text 7", 1) == []
    assert caplog.text.count("searched by vectors alone") == 1
    assert "doctor --repair" in caplog.text


def test_a_dropped_store_is_empty_and_never_names_a_generation_twice(
    store: ChunkStore, embedder: HashEmbedder, tmp_path: Path
) -> None:
    put(store, embedder, "old")
    generations = Generations(tmp_path / "store")
    with generations.lock():
        generations.drop()
        generations.drop()
    assert (store.documents(), store.count()) == ({}, 0)
    put(store, embedder, "new")
    assert [chunk.text for chunk in store.chunks()] == ["new"]
    assert generations.current() == tmp_path / "store" / "generation-000002"


def test_a_database_that_does_not_open_says_so_each_time(
    store: ChunkStore, embedder: HashEmbedder, tmp_path: Path
) -> None:
    put(store, embedder, *(f"text {number}" for number in range(50)))
    store.close()
    (database,) = (tmp_path / "store").glob("*/chroma.sqlite3")
    database.write_bytes(database.read_bytes()[:50_000])
    for _ in range(3):
        with pytest.raises(StoreError, match="malformed"):
            store.count()


def test_a_read_only_store_is_read_from_a_copy(
    store: ChunkStore, embedder: HashEmbedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, embedder, "red stove", "green bunk")
    store.close()
    files = sorted((tmp_path / "store").rglob("*"))
    before = [(path, path.stat().st_mtime_ns) for path in files]
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert found(store, embedder, "red stove", 1) == ["red stove"]
    assert len(store.lexical("bunk", 9)) == 1
    assert len(list(scratch.iterdir())) == 1
    store.close()
    assert list(scratch.iterdir()) == []
    after = [(path, path.stat().st_mtime_ns) for path in sorted((tmp_path / "store").rglob("*"))]
    assert after == before


def test_one_file_that_may_not_be_written_makes_a_generation_read_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "file").touch()
    assert is_writable(tmp_path)
    monkeypatch.setattr(os, "access", lambda path, _: Path(path).name != "file")
    assert not is_writable(tmp_path)
    assert not is_writable(tmp_path / "inner" / "file")


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_a_store_without_write_permission_answers(embedder: HashEmbedder) -> None:
    code = (
        "import os, sys, chromadb; from pathlib import Path; from retriever import ChunkStore\n"
        "from tests.retriever.hashing import HashEmbedder\n"
        "if os.geteuid() == 0: os.setuid(65534)  # root may write everywhere\n"
        "embedder = HashEmbedder()\n"
        "with ChunkStore(Path(sys.argv[1]), embedder) as store:\n"
        "    (hit,) = store.query(embedder.embed(['red stove'])[0], 1)\n"
        "    print(hit.chunk.text, len(store.lexical('bunk', 9)))"
    )
    with TemporaryDirectory() as name:  # whoever that is may come in here
        folder = Path(name) / "store"
        with ChunkStore(folder, embedder) as store:
            put(store, embedder, "red stove", "green bunk")
        Path(name).chmod(0o755)
        paths = [folder, *folder.rglob("*")]
        for path in paths:
            path.chmod(0o555 if path.is_dir() else 0o444)
        command = [sys.executable, "-c", code, str(folder)]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert set(paths) == {folder, *folder.rglob("*")}
        for path in paths:
            path.chmod(0o755)
    assert (result.stdout, result.stderr) == ("red stove 1\n", "")
