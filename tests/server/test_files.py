"""``/v1/files`` with the real OpenAI client."""

from __future__ import annotations

import io
from pathlib import Path

import httpx
import openai
import pytest
from openai import OpenAI

from overlay.errors import InputError
from overlay.uploads.errors import StorageError
from overlay.uploads.names import base_name, slug
from overlay.uploads.shelf import Shelf


def test_a_file_from_upload_to_removal(documents_client: OpenAI) -> None:
    files = documents_client.files
    data = bytes(range(256)) * 100
    sent = files.create(file=("notes/été.md", data), purpose="user_data")
    assert (sent.object, sent.filename, sent.bytes) == ("file", "été.md", len(data))
    assert (sent.purpose, sent.status) == ("user_data", "processed")
    assert files.retrieve(sent.id) == sent
    assert files.content(sent.id).read() == data
    assert sent in list(files.list())
    assert sent in list(files.list(purpose="user_data"))
    assert sent not in list(files.list(purpose="assistants"))
    gone = files.delete(sent.id)
    assert (gone.id, gone.deleted, gone.object) == (sent.id, True, "file")
    for call in (files.retrieve, files.content, files.delete):
        with pytest.raises(openai.NotFoundError, match=sent.id):
            call(sent.id)
    assert sent not in list(files.list())


def test_what_is_uploaded_is_never_shown_as_a_page(
    documents_client: OpenAI, documents_url: str
) -> None:
    sent = documents_client.files.create(
        file=("x.html", b"<script>alert(1)</script>"), purpose="assistants"
    )
    reply = httpx.get(f"{documents_url}/v1/files/{sent.id}/content")
    assert reply.headers["content-type"] == "application/octet-stream"
    assert reply.headers["content-disposition"].startswith("attachment")
    assert reply.headers["x-content-type-options"] == "nosniff"
    documents_client.files.delete(sent.id)


def test_pages(documents_client: OpenAI) -> None:
    files = documents_client.files
    sent = [files.create(file=(f"{n}.md", b"x"), purpose="evals").id for n in range(5)]
    for order, wanted in (("asc", sent), ("desc", sent[::-1])):
        page = files.list(purpose="evals", limit=2, order=order)  # type: ignore[arg-type]
        assert [file.id for file in page.data] == wanted[:2]
        assert page.has_more
        assert [file.id for file in page] == wanted
    assert not files.list(purpose="evals").has_more
    with pytest.raises(openai.BadRequestError, match="after"):
        files.list(after="file-nowhere")
    for one in sent:
        files.delete(one)


@pytest.mark.parametrize("size", [2**20 + 1, 3 * 2**20])
@pytest.mark.parametrize("said", [True, False])
def test_a_file_that_is_too_large(documents_url: str, size: int, *, said: bool) -> None:
    before = httpx.get(f"{documents_url}/v1/files").json()["data"]
    lines = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.md"\r\n\r\n'
    body = lines + b"x" * size + b"\r\n--b--\r\n"
    reply = httpx.post(
        f"{documents_url}/v1/files",
        content=body if said else iter([body[n : n + 9999] for n in range(0, len(body), 9999)]),
        headers={"content-type": "multipart/form-data; boundary=b"},
    )
    assert reply.status_code == 413
    error = reply.json()["error"]
    assert error["code"] == "body_too_large"
    assert "max_upload_mib" in error["message"]
    assert httpx.get(f"{documents_url}/v1/files").json()["data"] == before


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"data": {"purpose": "assistants"}}, "file"),
        ({"files": {"file": ("", b"x")}}, "file"),
        ({"files": {"file": ("..", b"x")}}, "file"),
        ({"files": {"file": ("a.md", b"x")}, "data": {"purpose": "p" * 65}}, "purpose"),
        ({"json": {"file": "x"}}, "file"),
        ({"content": b""}, "file"),
    ],
)
def test_wrong_uploads_name_the_field(
    documents_url: str, body: dict[str, object], param: str
) -> None:
    reply = httpx.post(f"{documents_url}/v1/files", **body)  # type: ignore[arg-type]
    assert reply.status_code == 400, reply.text
    assert reply.json()["error"]["param"] == param


@pytest.mark.parametrize(
    "identity", ["file-0", "file-../../x", "..%2f..%2fetc%2fpasswd", "doc-0", "%00", "x" * 3000]
)
def test_no_id_leads_out_of_the_shelf(documents_url: str, identity: str) -> None:
    for path in ("", "/content"):
        reply = httpx.get(f"{documents_url}/v1/files/{identity}{path}")
        assert reply.status_code in (400, 404), path
        assert reply.json()["error"]["message"]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("notes.md", "notes.md"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\plan.docx", "plan.docx"),
        ("/a/b.txt", "b.txt"),
        ("a\x00b\n.md", "a\\x00b\\x0a.md"),
        (" spaced.md ", "spaced.md"),
        ("e\u0301.md", "é.md"),
        ("CON", "CON"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
        ("é" * 300 + ".pdf", "é" * 98 + ".pdf"),
    ],
)
def test_names_are_made_safe(given: str, name: str) -> None:
    assert base_name(given) == name


@pytest.mark.parametrize("given", [None, "", "/", "..", "a/.", "  ", "\\"])
def test_names_that_are_none(given: str | None) -> None:
    with pytest.raises(InputError) as error:
        base_name(given)
    assert error.value.param == "file"


def test_slugs() -> None:
    assert slug("Support FAQ", ()) == "support-faq"
    assert slug("Support FAQ", {"support-faq", "support-faq-2"}) == "support-faq-3"
    assert slug("../Été  2024!", ()) == "ete-2024"
    assert slug("вопросы", ()).startswith("store-")
    assert len(slug("x" * 300, ())) == 50


def test_a_disk_that_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("no folder")
    with pytest.raises(StorageError) as error:
        Shelf(tmp_path).add(io.BytesIO(b"x"), "a.md", "assistants")
    assert str(tmp_path / "files") in error.value.message
    assert error.value.http_status == 507


def test_what_a_killed_upload_left_is_cleared(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    kept = shelf.add(io.BytesIO(b"x"), "a.md", "assistants")
    for name in (f"new-{2**22 + 1}-aa", "new-1-aa", "gone-aa"):
        (tmp_path / "files" / name).mkdir()
        (tmp_path / "files" / name / "content").write_bytes(b"y")
    assert {path.name for path in shelf.leftovers()} == {f"new-{2**22 + 1}-aa", "gone-aa"}
    shelf.clear()
    assert {path.name for path in (tmp_path / "files").iterdir()} == {kept.id, "new-1-aa"}
    assert Shelf(tmp_path).all() == [kept]
