"""The store: every collection's files against each other, against its sources and uploads."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from overlay.doctor.finding import Finding, fail, ok, warn
from overlay.errors import BusyError, OverlayError
from overlay.settings import Settings
from overlay.uploads.catalogue import Catalogue
from overlay.uploads.holding import ROOT
from overlay.uploads.wanted import Wanted, leftovers
from retriever import (
    StoreError,
    collection_folder,
    embedder_of,
    open_embedder,
)
from retriever.examine import Examined, examine
from retriever.generations import Generations

__all__ = ["REPAIR", "check_store", "embedder_for"]

REPAIR = "run `overlay doctor --repair`"
_READ_ONLY = "questions are answered; make it writable before the next ingest"
_NAMED = 5


def embedder_for(settings: Settings, name: str) -> str:
    """The embedder that a collection is used with, as a setting names it."""
    if "embedder" in settings.model_fields_set and name == settings.collection:
        return settings.embedder
    return embedder_of(collection_folder(settings.store, name)) or settings.embedder


def check_store(settings: Settings) -> list[Finding]:
    """Look at every collection of the store."""
    catalogue = Catalogue(settings)
    found: list[Finding] = []
    for name in catalogue.names():
        found += _collection(settings, catalogue, name)
    left = [*catalogue.shelf.leftovers(), *leftovers(settings.store)]
    if left:
        found.append(warn("uploads", f"killed uploads have left {len(left)} pieces", REPAIR))
    return found


def _collection(settings: Settings, catalogue: Catalogue, name: str) -> Iterator[Finding]:
    what, folder = f"collection {name}", collection_folder(settings.store, name)
    embedder = embedder_for(settings, name)
    try:
        seen = examine(folder, open_embedder(embedder))
    except OverlayError as error:
        yield fail(what, error.message, error.hint)
        return
    if seen.mismatch:
        yield fail(what, seen.mismatch, f"it says {embedder_of(folder)}; set embedder so")
        return
    for damage in (seen.pointer, seen.database, seen.vectors, seen.words, seen.record):
        if damage:
            yield fail(what, damage, REPAIR)
    if seen.is_sound:
        if seen.generation is None:
            mend = "run `overlay ingest FOLDER`, or upload files to the server"
            yield warn(what, "it is empty", mend)
        else:
            yield ok(what, f"{len(seen.documents)} documents, {seen.chunks} chunks, {embedder}")
    yield from _writable(what, folder, seen)
    yield from _sources(what, seen)
    if seen.is_sound:
        yield from _uploads(what, settings, catalogue, name)


def _writable(what: str, folder: Path, seen: Examined) -> Iterator[Finding]:
    """Whether it can be written to, and whether a killed ingest left something there."""
    if not folder.exists():
        return
    if not os.access(folder, os.W_OK):
        yield warn(what, f"{folder} may not be written to", _READ_ONLY)
        return
    try:
        with Generations(folder).lock():
            if seen.others:
                names = ", ".join(path.name for path in seen.others)
                yield warn(what, f"a killed ingest has left {names}", REPAIR)
    except BusyError:
        yield ok(what, "an ingest is running")
    except StoreError as error:
        yield warn(what, error.message, _READ_ONLY)


def _sources(what: str, seen: Examined) -> Iterator[Finding]:
    """Whether the files that documents came from are there still."""
    gone = [
        one.source
        for one in seen.documents
        if one.path and one.root != ROOT and not Path(one.path).exists()
    ]
    if gone:
        named = ", ".join(gone[:_NAMED]) + (" ..." if len(gone) > _NAMED else "")
        said = f"the files of {len(gone)} documents are gone: {named}"
        yield warn(what, said, "ingest their folder again, or `overlay documents remove` them")


def _uploads(what: str, settings: Settings, catalogue: Catalogue, name: str) -> Iterator[Finding]:
    """Whether it holds what was uploaded to it."""
    try:
        entries = [one for one in catalogue.listed(name).entries if not one.id.startswith("doc-")]
    except (OverlayError, json.JSONDecodeError, TypeError) as error:
        yield fail(what, f"its records cannot be read: {error}", "remove the damaged record")
        return
    attached = {one.file_id for one in Wanted(settings.store, name).attached()}
    lost = attached - {one.id for one in entries}
    if lost:
        yield warn(
            what, f"{len(lost)} uploaded files are gone from {settings.store / 'files'}", REPAIR
        )
    waiting = [one for one in entries if not one.done and one.failure is None]
    if waiting:
        said = f"{len(waiting)} uploaded files wait to be ingested"
        yield warn(what, said, "a running server does it; or run `overlay doctor --repair`")
    for one in entries:
        if one.failure is not None:
            yield warn(
                what, f"{one.filename}: {one.failure.message}", "remove it, or upload it anew"
            )
