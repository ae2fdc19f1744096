"""Files and vector stores as the page asks for them: names and states, without contents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Body, UploadFile
from fastapi.responses import JSONResponse, Response

__all__ = ["Library", "refused"]

_UNREAD = {"code": "unsupported_file", "message": "no format that is read here"}


@dataclass
class Library:
    """Files by id, and the states of those in each store. A name that ends in ``.bad`` fails."""

    files: dict[str, str] = field(default_factory=dict)
    stores: dict[str, dict[str, str]] = field(default_factory=dict)

    def reset(self) -> None:
        """One collection with one document that was ingested otherwise."""
        self.files.clear()
        self.stores.clear()
        self.files["doc-1"] = "handbook/lost-property.md"
        self.stores["vs_default"] = {"doc-1": "completed"}

    def router(self) -> APIRouter:
        """The endpoints."""
        router = APIRouter(prefix="/v1")
        router.get("/files")(lambda: _listed([self._file(one) for one in self.files]))
        router.post("/files")(self.upload)
        router.delete("/files/{file}")(self.delete)
        router.get("/vector_stores")(lambda: _listed([_store(one) for one in self.stores]))
        router.post("/vector_stores")(self.create)
        router.get("/vector_stores/{store}/files")(self.listing)
        router.post("/vector_stores/{store}/files")(self.attach)
        router.get("/vector_stores/{store}/files/{file}")(self.look)
        router.delete("/vector_stores/{store}/files/{file}")(self.detach)
        return router

    async def upload(self, file: UploadFile) -> dict[str, Any]:
        """Take a file."""
        name = f"file-{len(self.files)}"
        self.files[name] = file.filename or ""
        return self._file(name)

    def delete(self, file: str) -> dict[str, Any]:
        """Forget a file."""
        return {"id": file, "deleted": bool(self.files.pop(file, None))}

    def create(self, name: Annotated[str, Body(embed=True)]) -> Response:
        """Make a store; its name must be in small letters."""
        if name != name.lower():
            return refused(400, f"name is {name!r}; use small letters", "invalid_request")
        self.stores[f"vs_{name}"] = {}
        return JSONResponse(_store(f"vs_{name}"))

    def listing(self, store: str) -> dict[str, Any]:
        """What is in a store."""
        return _listed([self._inside(one, status) for one, status in self.stores[store].items()])

    def attach(self, store: str, file_id: Annotated[str, Body(embed=True)]) -> dict[str, Any]:
        """Begin to read a file."""
        self.stores[store][file_id] = "in_progress"
        return self._inside(file_id, "in_progress")

    def look(self, store: str, file: str) -> Response:
        """What became of it: it is read by the first look."""
        if file not in self.stores[store]:
            return refused(404, "there is no such file here", "not_found")
        status = "failed" if self.files[file].endswith(".bad") else "completed"
        self.stores[store][file] = status
        return JSONResponse(self._inside(file, status))

    def detach(self, store: str, file: str) -> dict[str, Any]:
        """Take it out."""
        deleted = bool(self.stores[store].pop(file, None))
        stays = {"note": "its file stays on disk"} if file.startswith("doc-") else {}
        return {"id": file, "deleted": deleted, **stays}

    def _inside(self, name: str, status: str) -> dict[str, Any]:
        error = _UNREAD if status == "failed" else None
        return {
            "id": name,
            "status": status,
            "last_error": error,
            "filename": self.files.get(name),
        }

    def _file(self, name: str) -> dict[str, Any]:
        return {"id": name, "object": "file", "filename": self.files[name]}


def refused(status: int, message: str, code: str) -> Response:
    """An error in OpenAI's form."""
    return JSONResponse({"error": {"message": message, "param": None, "code": code}}, status)


def _store(name: str) -> dict[str, Any]:
    collection = name.removeprefix("vs_")
    overlay = {"collection": collection, "default": collection == "default"}
    return {"id": name, "object": "vector_store", "name": collection.title(), "overlay": overlay}


def _listed(data: list[dict[str, Any]]) -> dict[str, Any]:
    return {"object": "list", "data": data, "has_more": False}
