"""A folder into a store: what is new is embedded, what is gone is removed, the rest is left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from retriever.chunking import Chunker
from retriever.documents import Document, document_of
from retriever.embedder import Embedder, file_sha256
from retriever.errors import DocumentError
from retriever.files import File, Listing, Skip, Skipped, list_files, printable
from retriever.loaders import KINDS
from retriever.naming import adopted, below, named
from retriever.parsing import Parser
from retriever.store import ChunkStore, StoredDocument
from retriever.synchronise import IngestOptions, IngestReport, Waiting, Work, Writing, synchronise

__all__ = ["ingest", "ingest_documents"]


def ingest(
    path: Path,
    store: ChunkStore,
    embedder: Embedder,
    chunker: Chunker,
    options: IngestOptions | None = None,
) -> IngestReport:
    """Makes the store hold what can be read of a folder, as the folder has it now.

    What the store holds of other folders stays. A single file is added, or updated.

    Raises:
        DocumentError: there is no such folder, nothing in it can be read, or, if strict, one of
            its files cannot.
        InputError: the chunk limit is more than the embedder reads.
        EmbedderError, StoreError, BusyError: from the embedder and the store.
    """
    options = options or IngestOptions()
    listing = list_files(path)
    with store.writer() as writer, Parser(options.limits) as parser:
        held = _with_paths(store.documents(), listing)
        waiting, unread = _waiting(parser, named(listing, held), listing)
        skipped = (*listing.skipped, *unread)
        if options.strict:
            _refuse(skipped)
        kept = {one.source for one in unread}
        here = {document.source for document in below(held.values(), path)}
        work = Work(Writing(writer, embedder, chunker, options), held, waiting)
        report = synchronise(work, may_go=here - kept)
        if not report.added + report.updated + report.unchanged:
            raise _nothing(path, (*skipped, *report.skipped))
        writer.publish()
    return replace(report, skipped=(*skipped, *report.skipped), chunks=store.count())


def ingest_documents(
    documents: Sequence[Document],
    store: ChunkStore,
    embedder: Embedder,
    chunker: Chunker,
    options: IngestOptions | None = None,
    *,
    remove_missing: bool = True,
) -> IngestReport:
    """As :func:`ingest`, for documents that are already read.

    It can be killed at any moment: the store then holds what it held before, with the documents
    up to the last checkpoint replaced, and the next ingest does the rest.

    Args:
        documents: with one document for each source.
        remove_missing: whether documents of the store that are not among these are removed.
    """
    with store.writer() as writer:
        held = store.documents()
        waiting = [Waiting(one.source, one.sha256, _known(one)) for one in documents]
        writing = Writing(writer, embedder, chunker, options or IngestOptions())
        may_go = held.keys() if remove_missing else set()
        report = synchronise(Work(writing, held, waiting), may_go=may_go)
        writer.publish()
    return replace(report, chunks=store.count())


def _waiting(
    parser: Parser, files: Iterable[tuple[str, File]], listing: Listing
) -> tuple[list[Waiting], list[Skipped]]:
    """The files with their hashes, and those that cannot be opened."""
    waiting, unread = [], []
    for source, file in files:
        try:
            sha256 = file_sha256(file.path)
        except OSError as error:
            unread.append(Skipped(source, Skip.UNREADABLE, error.strerror or str(error)))
        else:
            read = partial(_parsed, parser, file, listing, (source, sha256))
            waiting.append(Waiting(source, sha256, read))
    return waiting, unread


def _parsed(
    parser: Parser, file: File, listing: Listing, known: tuple[str, str]
) -> tuple[Document, str]:
    source, sha256 = known
    content = parser.parse(file.path, source)
    document = document_of(source, content, sha256)
    path, root = printable(file.path), printable(listing.root)
    return replace(document, path=path, root=root), content.note


def _known(document: Document) -> Callable[[], tuple[Document, str]]:
    return lambda: (document, "")


def _with_paths(held: Mapping[str, StoredDocument], listing: Listing) -> dict[str, StoredDocument]:
    """What the store holds, with paths for what an earlier version ingested from this folder."""
    ours = adopted(held.values(), listing)
    root = printable(listing.root)
    return {
        source: replace(one, path=f"{root}/{source}", root=root) if source in ours else one
        for source, one in held.items()
    }


def _refuse(skipped: Sequence[Skipped]) -> None:
    """Raise for the first file that should have been read and cannot be."""
    for one in skipped:
        if one.skip is Skip.UNREADABLE:
            raise DocumentError(
                f"{one.source} cannot be read: {one.reason}",
                hint="mend it, or ingest without --strict, which leaves it out",
                param="source",
            )


def _nothing(path: Path, skipped: Sequence[Skipped]) -> DocumentError:
    """Of a folder from which nothing can be taken."""
    unread = [one for one in skipped if one.skip is Skip.UNREADABLE]
    found = "no documents"
    if unread:
        found = f"nothing that can be read ({unread[0].source}: {unread[0].reason})"
    elif any(one.skip is Skip.EMPTY for one in skipped):
        found = "only empty documents"
    return DocumentError(
        f"{found} in {path}", hint=f"put files with text into it: {KINDS}", param="folder"
    )
