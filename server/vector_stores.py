"""``/v1/vector_stores``: the collections of the store, in OpenAI's names."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from overlay.uploads.catalogue import Entry, Listed
from overlay.uploads.errors import UnknownIdError
from server.bodies.vector_store import (
    AttachRequest,
    CreateStoreRequest,
    SearchRequest,
    UpdateStoreRequest,
)
from server.documents import Documents, DocumentsOf
from server.pages import Page, page_of

__all__ = ["router"]

_SECOND = 10**9
_LONGEST_PAGE = 20  # as OpenAI has it, where a request says nothing
_PREFIX = "vs_"
_STAYS = "its file stays on disk: the next `overlay ingest` of its folder reads it again"

router = APIRouter(prefix="/v1/vector_stores")


class _EntriesPage(Page):
    filter: Annotated[
        Literal["in_progress", "completed", "failed", "cancelled"] | None,
        Field(description="only files of this status"),
    ] = None


@router.post("")
def create_store(body: CreateStoreRequest, documents: DocumentsOf) -> dict[str, Any]:
    """Make a collection, and let it hold some files; they are ingested in the background."""
    catalogue = documents.catalogue
    for file_id in body.file_ids:
        catalogue.shelf.get(file_id)
    name = catalogue.create(body.name, body.metadata or {})
    for file_id in body.file_ids:
        catalogue.attach(name, file_id, {})
    documents.changed()
    return _store(documents, catalogue.listed(name))


@router.get("")
def list_stores(documents: DocumentsOf, page: Annotated[Page, Query()]) -> dict[str, Any]:
    """List the collections, those that `overlay ingest` made among them."""
    listed = [documents.catalogue.listed(name) for name in documents.catalogue.names()]
    found = [(one.given.created, _store(documents, one)) for one in listed]
    return page_of(found, page, _LONGEST_PAGE)


@router.get("/{vector_store_id}")
def get_store(vector_store_id: str, documents: DocumentsOf) -> dict[str, Any]:
    """Describe a collection."""
    return _store(documents, documents.catalogue.listed(_name(vector_store_id)))


@router.post("/{vector_store_id}")
def update_store(
    vector_store_id: str, body: UpdateStoreRequest, documents: DocumentsOf
) -> dict[str, Any]:
    """Give a collection another name to show, or other metadata; its id stays."""
    name = _name(vector_store_id)
    documents.catalogue.describe(name, body.name, body.metadata)
    return _store(documents, documents.catalogue.listed(name))


@router.delete("/{vector_store_id}")
def delete_store(vector_store_id: str, documents: DocumentsOf) -> dict[str, Any]:
    """Remove a collection with its documents; files that were uploaded stay in `/v1/files`."""
    name, catalogue = _name(vector_store_id), documents.catalogue
    catalogue.delete(name)
    documents.changed()
    documents.settle(lambda: not catalogue.is_going(name))
    return {"id": vector_store_id, "object": "vector_store.deleted", "deleted": True}


@router.post("/{vector_store_id}/files")
def attach_file(
    vector_store_id: str, body: AttachRequest, documents: DocumentsOf
) -> dict[str, Any]:
    """Let a collection hold a file, in the place of one of its name; it is ingested later."""
    name = _name(vector_store_id)
    documents.catalogue.attach(name, body.file_id, body.attributes or {})
    documents.changed()
    return _entry(name, documents.catalogue.entry(name, body.file_id))


@router.get("/{vector_store_id}/files")
def list_store_files(
    vector_store_id: str, documents: DocumentsOf, page: Annotated[_EntriesPage, Query()]
) -> dict[str, Any]:
    """List what a collection holds, and what it is about to hold."""
    name = _name(vector_store_id)
    found = [
        (entry.created, _entry(name, entry)) for entry in documents.catalogue.listed(name).entries
    ]
    chosen = [one for one in found if page.filter in (None, one[1]["status"])]
    return page_of(chosen, page, _LONGEST_PAGE)


@router.get("/{vector_store_id}/files/{file_id}")
def get_store_file(vector_store_id: str, file_id: str, documents: DocumentsOf) -> dict[str, Any]:
    """Say whether a collection holds a file yet, or why it does not."""
    name = _name(vector_store_id)
    return _entry(name, documents.catalogue.entry(name, file_id))


@router.get("/{vector_store_id}/files/{file_id}/content")
def get_store_content(vector_store_id: str, file_id: str, documents: DocumentsOf) -> dict[str, Any]:
    """The text of a document, chunk by chunk, as answers see it."""
    name = _name(vector_store_id)
    entry = documents.catalogue.entry(name, file_id)
    texts = documents.text(name, entry.source, entry.chunks) if entry.done else []
    return {
        "object": "vector_store.file_content.page",
        "data": [{"type": "text", "text": text} for text in texts],
        "has_more": False,
        "next_page": None,
    }


@router.delete("/{vector_store_id}/files/{file_id}")
def detach_file(vector_store_id: str, file_id: str, documents: DocumentsOf) -> dict[str, Any]:
    """Take a document out of a collection; an uploaded file stays in `/v1/files`."""
    name, catalogue = _name(vector_store_id), documents.catalogue
    entry = catalogue.entry(name, file_id)
    catalogue.detach(name, file_id)
    documents.changed()
    if entry.source:
        documents.settle(lambda: not catalogue.holds(name, entry.source))
    reply = {"id": file_id, "object": "vector_store.file.deleted", "deleted": True}
    return reply | ({"note": _STAYS} if file_id.startswith("doc-") else {})


@router.post("/{vector_store_id}/search")
def search_store(
    vector_store_id: str, body: SearchRequest, documents: DocumentsOf
) -> dict[str, Any]:
    """Find the chunks of a collection that fit a query best; nothing is judged or generated."""
    name = _name(vector_store_id)
    listed = documents.catalogue.listed(name)
    entries = {entry.source: entry for entry in listed.entries if entry.source}
    hits = documents.search(name, body.query, body.max_num_results or 10)
    least = body.ranking_options.score_threshold if body.ranking_options else None
    data = [
        {
            "file_id": entries[hit.source].id,
            "filename": entries[hit.source].filename,
            "score": hit.similarity,
            "attributes": dict(entries[hit.source].attributes),
            "content": [{"type": "text", "text": hit.text}],
            "where": hit.where,
        }
        for hit in hits
        # What is about to be removed is found no more.
        if hit.source in entries and (least is None or hit.similarity >= least)
    ]
    return {
        "object": "vector_store.search_results.page",
        "search_query": body.query,
        "data": data,
        "has_more": False,
        "next_page": None,
    }


def _name(vector_store_id: str) -> str:
    """The collection of an id.

    Raises:
        UnknownIdError: it is no id of a collection.
    """
    if not vector_store_id.startswith(_PREFIX):
        raise UnknownIdError(
            f"there is no vector store {vector_store_id[:80]!r}",
            hint="GET /v1/vector_stores lists those that there are; their ids begin with vs_",
            param="vector_store_id",
        )
    return vector_store_id.removeprefix(_PREFIX)


def _store(documents: Documents, listed: Listed) -> dict[str, Any]:
    statuses = [_status(entry) for entry in listed.entries]
    counts = {
        status: statuses.count(status)
        for status in ("in_progress", "completed", "failed", "cancelled")
    }
    return {
        "id": f"{_PREFIX}{listed.name}",
        "object": "vector_store",
        "created_at": listed.given.created // _SECOND,
        "last_active_at": listed.given.created // _SECOND,
        "name": listed.given.name,
        "metadata": dict(listed.given.metadata),
        "status": "in_progress" if counts["in_progress"] else "completed",
        "file_counts": counts | {"total": len(statuses)},
        "usage_bytes": sum(entry.bytes for entry in listed.entries),
        "expires_after": None,
        "expires_at": None,
        "overlay": {
            "collection": listed.name,
            "default": listed.name == documents.catalogue.own,
        },
    }


def _entry(name: str, entry: Entry) -> dict[str, Any]:
    failure = entry.failure
    return {
        "id": entry.id,
        "object": "vector_store.file",
        "created_at": entry.created // _SECOND,
        "vector_store_id": f"{_PREFIX}{name}",
        "status": _status(entry),
        "last_error": None
        if failure is None
        else {"code": failure.code, "message": failure.message},
        "usage_bytes": entry.bytes,
        "attributes": dict(entry.attributes),
        "chunking_strategy": None,
        "filename": entry.filename,
    }


def _status(entry: Entry) -> str:
    if entry.done:
        return "completed"
    return "in_progress" if entry.failure is None else "failed"
