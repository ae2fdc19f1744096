"""``/v1/files``: files that clients upload, in OpenAI's names."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.requests import Request
from fastapi.responses import FileResponse
from pydantic import Field
from starlette.datastructures import UploadFile

from overlay.errors import InputError
from overlay.uploads.catalogue import Entry
from overlay.uploads.errors import UnknownIdError
from overlay.uploads.shelf import UploadedFile
from server.documents import Documents, DocumentsOf
from server.pages import Page, page_of

__all__ = ["router"]

_SECOND = 10**9
_LONGEST_PAGE = 10_000
_LONGEST_PURPOSE = 64
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "purpose": {
                            "type": "string",
                            "description": "what it is for: kept, and changes nothing",
                            "default": "assistants",
                        },
                    },
                }
            }
        },
    }
}

router = APIRouter()


class _FilesPage(Page):
    purpose: Annotated[str | None, Field(description="only files of this purpose")] = None


@router.post("/v1/files", openapi_extra=_FORM)
async def upload_file(request: Request, documents: DocumentsOf) -> dict[str, Any]:
    """Upload a file. It can be asked about once a vector store holds it."""
    async with request.form(max_files=1, max_fields=16) as form:
        file, purpose = form.get("file"), form.get("purpose")
        if not isinstance(file, UploadFile):
            raise InputError(
                "the form has no file in its field file",
                hint="send multipart/form-data with the fields file and purpose",
                param="file",
            )
        kept = purpose if isinstance(purpose, str) and purpose else "assistants"
        if len(kept) > _LONGEST_PURPOSE or not kept.isprintable():
            raise InputError(
                "purpose is no short text", hint="assistants or user_data", param="purpose"
            )
        catalogue = documents.catalogue
        uploaded = await run_in_threadpool(catalogue.upload, file.file, file.filename, kept)
    return _file(uploaded)


@router.get("/v1/files")
def list_files(documents: DocumentsOf, page: Annotated[_FilesPage, Query()]) -> dict[str, Any]:
    """List the files that were uploaded."""
    files = documents.catalogue.shelf.all()
    chosen = [file for file in files if page.purpose in (None, file.purpose)]
    return page_of([(file.created, _file(file)) for file in chosen], page, _LONGEST_PAGE)


@router.get("/v1/files/{file_id}")
def get_file(file_id: str, documents: DocumentsOf) -> dict[str, Any]:
    """Describe a file, or a document that `overlay ingest` put into a collection."""
    if file_id.startswith("doc-"):
        return _document(_found(documents, file_id)[1])
    return _file(documents.catalogue.shelf.get(file_id))


@router.get("/v1/files/{file_id}/content", response_class=FileResponse)
def get_content(file_id: str, documents: DocumentsOf) -> FileResponse:
    """Send a file as it was uploaded."""
    shelf = documents.catalogue.shelf
    file = shelf.get(file_id)
    # Never shown as a page of this server, whatever stands in it.
    headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
    return FileResponse(
        shelf.path(file),
        media_type="application/octet-stream",
        filename=file.filename,
        headers=headers,
    )


@router.delete("/v1/files/{file_id}")
def delete_file(file_id: str, documents: DocumentsOf) -> dict[str, Any]:
    """Remove a file from the shelf, and from every vector store."""
    catalogue = documents.catalogue
    held = [
        (name, entry.source)
        for name in catalogue.names()
        for entry in catalogue.listed(name).entries
        if entry.id == file_id and entry.source
    ]
    catalogue.remove_file(file_id)
    documents.changed()
    documents.settle(lambda: not any(catalogue.holds(*one) for one in held))
    return {"id": file_id, "object": "file", "deleted": True}


def _found(documents: Documents, document_id: str) -> tuple[str, Entry]:
    for name in documents.catalogue.names():
        for entry in documents.catalogue.listed(name).entries:
            if entry.id == document_id:
                return name, entry
    raise UnknownIdError(
        f"there is no document {document_id[:80]!r}",
        hint="GET /v1/vector_stores/ID/files lists those of a vector store",
        param="file_id",
    )


def _file(file: UploadedFile) -> dict[str, Any]:
    return _object(file, file.purpose)


def _document(entry: Entry) -> dict[str, Any]:
    return _object(entry, "assistants")


def _object(file: UploadedFile | Entry, purpose: str) -> dict[str, Any]:
    return {
        "id": file.id,
        "object": "file",
        "bytes": file.bytes,
        "created_at": file.created // _SECOND,
        "filename": file.filename,
        "purpose": purpose,
        "status": "processed",
        "status_details": None,
        "expires_at": None,
    }
