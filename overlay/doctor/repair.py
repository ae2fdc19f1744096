"""What can be mended: indices made anew, documents read again, leftovers removed."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from overlay.doctor.finding import Finding, fail, ok, warn
from overlay.doctor.store import embedder_for
from overlay.errors import BusyError, OverlayError
from overlay.library import Library
from overlay.settings import Settings
from overlay.uploads.catalogue import Catalogue
from overlay.uploads.errors import UnknownIdError
from overlay.uploads.holding import ROOT, hold
from overlay.uploads.wanted import Wanted
from retriever import Document, StoredDocument, StoreError, collection_folder, open_embedder
from retriever.documents import document_of
from retriever.embedder import file_sha256
from retriever.examine import Examined, examine
from retriever.generations import Generations, generation_folders
from retriever.parsing import Parser
from retriever.record import recorded
from retriever.repair import mend_beside, mend_pointer, mend_vectors
from retriever.synchronise import IngestOptions, Waiting, Work, Writing, synchronise
from retriever.writing import StoreWriter

__all__ = ["repair"]

_NAMED = 10


def repair(settings: Settings) -> list[Finding]:
    """Mend what can be mended; what was done."""
    catalogue = Catalogue(settings)
    done: list[Finding] = []
    for name in catalogue.names():
        what = f"collection {name}"
        try:
            done += _collection(settings, catalogue, name)
        except BusyError as error:
            done.append(warn(what, f"nothing mended: {error.message}", "wait until it has ended"))
        except OverlayError as error:
            done.append(fail(what, f"nothing mended: {error.message}", error.hint))
    left = len(catalogue.shelf.leftovers())
    catalogue.clear()
    if left:
        done.append(ok("uploads", f"removed {left} pieces that killed uploads left"))
    return done


def _collection(settings: Settings, catalogue: Catalogue, name: str) -> Iterator[Finding]:
    what, folder = f"collection {name}", collection_folder(settings.store, name)
    embedder = open_embedder(embedder_for(settings, name))
    generations = Generations(folder)
    if folder.exists():
        with generations.lock():
            seen = examine(folder, embedder)
            if seen.mismatch:
                return
            if seen.pointer:
                found = mend_pointer(folder, embedder)
                said = (
                    f"published {found.name}" if found else "nothing in it opens: it is empty now"
                )
                yield ok(what, said) if found else warn(what, said, "ingest its folders again")
                seen = examine(folder, embedder)
            if seen.database:
                yield from _restored(settings, name, seen)
            elif seen.vectors:
                mend_vectors(folder, embedder)
                yield ok(what, f"embedded {seen.chunks} chunks again from their texts")
            elif seen.words or seen.record:
                mend_beside(folder, embedder)
                yield ok(what, f"made the indices beside Chroma anew for {seen.chunks} chunks")
            for path in examine(folder, embedder).others:
                shutil.rmtree(path, ignore_errors=True)
                yield ok(what, f"removed {path.name}, which a killed ingest left")
    yield from _uploads(settings, catalogue, name)


def _uploads(settings: Settings, catalogue: Catalogue, name: str) -> Iterator[Finding]:
    """Let the collection hold what was uploaded to it."""
    wanted = Wanted(settings.store, name)
    for one in wanted.attached():
        try:
            catalogue.shelf.get(one.file_id)
        except UnknownIdError:
            wanted.detach(one)
            yield warn(f"collection {name}", f"the upload {one.filename} is lost", "upload it anew")
    if name not in catalogue.unfinished():
        return
    while hold(settings, wanted, catalogue.shelf, lambda _: None):
        pass
    yield ok(f"collection {name}", "ingested the uploads that waited")


def _restored(settings: Settings, name: str, seen: Examined) -> Iterator[Finding]:
    """Make a collection anew whose database cannot be read.

    Documents are read again from their files. Those whose file is gone come from the generation
    before, as it had them; uploads come afterwards, from the shelf.
    """
    what, folder = f"collection {name}", collection_folder(settings.store, name)
    generations = Generations(folder)
    before = [path for path in generation_folders(folder) if path != seen.generation][-1:]
    documents = list(seen.documents) or _recorded(before)
    with Library(settings, name) as library, Parser() as parser:
        writer = StoreWriter(generations, library.embedder, fresh=True)
        try:
            writer.remove([])  # begins, also where there is nothing to write
            waiting = _waiting(parser, documents)
            options = IngestOptions(checkpoint=sys.maxsize)  # all or nothing
            writing = Writing(writer, library.embedder, library.chunker, options)
            report = synchronise(Work(writing, {}, waiting), may_go=set())
            unread = {one.source for one in report.skipped}
            here = {one.source for one in waiting} - unread
            missing = {one.source for one in documents if one.root != ROOT} - here
            adopted = _adopted(writer, before, missing)
            writer.publish()
        finally:
            writer.close()
    yield ok(what, f"read {len(here)} documents again from their files")
    if adopted:
        yield ok(what, f"took {len(adopted)} from the generation before")
    if lost := sorted(missing - adopted):
        named = ", ".join(lost[:_NAMED]) + (" ..." if len(lost) > _NAMED else "")
        said = f"{len(lost)} documents are lost, whose files are gone too: {named}"
        yield fail(what, said, "put their files back and ingest them")
    if not documents:
        said = "what it held is not known: neither record can be read"
        yield fail(what, said, "ingest its folders again")


def _recorded(generations: Sequence[Path]) -> list[StoredDocument]:
    try:
        return [one for path in generations for one in recorded(path) or []]
    except StoreError:
        return []


def _adopted(writer: StoreWriter, generations: Sequence[Path], sources: set[str]) -> set[str]:
    if not sources:
        return set()
    try:
        return {source for path in generations for source in writer.adopt(path, sources)}
    except StoreError:
        return set()


def _waiting(parser: Parser, documents: Sequence[StoredDocument]) -> list[Waiting]:
    """Those whose file is there, as it is now."""
    waiting = []
    for one in documents:
        path = Path(one.path)
        if one.path and one.root != ROOT and path.is_file():
            read = partial(_read, parser, one)
            waiting.append(Waiting(one.source, file_sha256(path), read))
    return waiting


def _read(parser: Parser, one: StoredDocument) -> tuple[Document, str]:
    path = Path(one.path)
    content = parser.parse(path, one.source)
    document = document_of(one.source, content, file_sha256(path))
    return replace(document, path=one.path, root=one.root), content.note
