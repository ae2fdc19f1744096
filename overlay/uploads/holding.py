"""A collection made to hold what its records say: here alone uploads are written into a store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from overlay.library import Library
from overlay.settings import Settings
from overlay.uploads.errors import UnknownIdError
from overlay.uploads.shelf import Shelf, UploadedFile
from overlay.uploads.wanted import Attached, Wanted
from retriever import Document, Skip, StoredDocument, StoreWriter
from retriever.collections import forget_embedder
from retriever.documents import document_of
from retriever.files import Skipped
from retriever.generations import Generations
from retriever.loaders import is_known
from retriever.naming import free_name
from retriever.parsing import Parser
from retriever.synchronise import IngestOptions, Waiting, Work, Writing, synchronise

__all__ = ["ROOT", "SERVER", "State", "has_work", "hold", "path_of", "state_of"]

ROOT = "uploads"
"""Stands for the folder of documents that came over HTTP; those of folders have absolute ones."""

_AT_ONCE = 32  # files read before what was done is published, and removals have their turn

UNSUPPORTED, INVALID, SERVER = "unsupported_file", "invalid_file", "server_error"
"""OpenAI's codes."""


_Pair = tuple[Attached, UploadedFile]


def path_of(filename: str) -> str:
    """What a document's path is in the store: the same wherever the store lies."""
    return f"{ROOT}/{filename}"


@dataclass(frozen=True, slots=True)
class State:
    """What a collection holds of its uploads, against what it is to hold.

    Attributes:
        done: files that it holds.
        waiting: files that it does not hold yet, oldest first.
        gone: sources that it is to hold no more.
    """

    done: Sequence[_Pair]
    waiting: Sequence[_Pair]
    gone: frozenset[str]


def state_of(wanted: Wanted, shelf: Shelf, held: Iterable[StoredDocument]) -> State:
    """Compare a collection's records with the documents that it holds."""
    ours = {one.path: one for one in held if one.root == ROOT}
    sources = {one.source for one in held}
    failed = wanted.failures()
    done: list[_Pair] = []
    waiting: list[_Pair] = []
    kept = set()
    for one in wanted.attached():
        try:
            file = shelf.get(one.file_id)
        except UnknownIdError:  # it was removed, and its record is about to be
            continue
        document = ours.get(path_of(one.filename))
        if document is not None and document.sha256 == file.sha256:
            done.append((one, file))
            kept.add(document.source)
        elif one.file_id not in failed:
            waiting.append((one, file))
            if document is not None:  # answers from the old one until the new one is read
                kept.add(document.source)
    waiting.sort(key=lambda pair: pair[0].created)
    stale = {one.source for one in ours.values()} - kept
    asked = sources.intersection(wanted.removals())
    return State(done, waiting, frozenset(stale | asked))


def has_work(wanted: Wanted, shelf: Shelf, held: Iterable[StoredDocument]) -> bool:
    """Whether a collection is not as its records say."""
    given = wanted.given
    if given is not None and given.deleted:
        return True
    state = state_of(wanted, shelf, list(held))
    return bool(state.waiting or state.gone or wanted.removals())


def hold(
    settings: Settings,
    wanted: Wanted,
    shelf: Shelf,
    begun: Callable[[Sequence[str]], None],
    at_once: int = _AT_ONCE,
) -> bool:
    """Make a collection hold what its records say, up to some files; whether more are left.

    It may be killed at any moment: the next call does what is left.

    Args:
        begun: is told the ids of the files that are about to be read.
        at_once: how many files are read at most.

    Raises:
        BusyError: another process writes to the collection.
        StoreError, EmbedderError, StorageError: nothing can be written.
    """
    given = wanted.given
    with Library(settings, wanted.name) as library:
        if given is not None and given.deleted:
            _drop(library, wanted)
            return False
        with library.writer() as writer:
            held = library.store.documents()
            state = state_of(wanted, shelf, held.values())
            turn = state.waiting[:at_once]
            begun([file.id for _, file in turn])
            # What it holds already is left alone, unless it would be cut in another way now.
            pairs = [*turn, *state.done]
            skipped = _written(library, writer, held, _Turn(pairs, state.gone, shelf))
            writer.publish()
        for one, _ in pairs:
            if (reason := skipped.get(one.filename)) is not None:
                wanted.fail(one, *reason)
        for source in wanted.removals():
            if source in state.gone or source not in held:
                wanted.removed(source)
    return len(state.waiting) > len(turn)


def _drop(library: Library, wanted: Wanted) -> None:
    generations = Generations(library.folder)
    if library.folder.exists():
        with generations.lock():
            generations.drop()
            forget_embedder(library.folder)
    wanted.forget()


class _Turn(NamedTuple):
    pairs: Sequence[_Pair]
    gone: frozenset[str]
    shelf: Shelf


def _written(
    library: Library, writer: StoreWriter, held: dict[str, StoredDocument], turn: _Turn
) -> dict[str, tuple[str, str]]:
    """Read and write some files, and remove what is to go; why files were left out, by name."""
    names: dict[str, str] = {}
    waiting: list[Waiting] = []
    failed: dict[str, tuple[str, str]] = {}
    known = {one.path: source for source, one in held.items() if one.root == ROOT}
    taken = set(held)
    with Parser() as parser:
        for one, file in turn.pairs:
            if not is_known(one.filename):
                failed[one.filename] = UNSUPPORTED, "files of this kind are not read"
                continue
            source = known.get(path_of(one.filename)) or free_name(one.filename, taken)
            taken.add(source)
            names[source] = one.filename
            read = partial(_parsed, parser, turn.shelf, file, source)
            waiting.append(Waiting(source, file.sha256, read))
        writing = Writing(writer, library.embedder, library.chunker, IngestOptions())
        report = synchronise(Work(writing, held, waiting), may_go=turn.gone)
    left_out = {one.source: one for one in report.skipped}
    # What stood under this name is of another file, and was replaced by one that cannot be read.
    unread = [source for source in left_out if source in held and source not in turn.gone]
    if unread:
        writer.remove(unread)
    return failed | {names[source]: _reason(one) for source, one in left_out.items()}


def _reason(one: Skipped) -> tuple[str, str]:
    return (UNSUPPORTED if one.skip is Skip.KIND else INVALID), one.reason


def _parsed(parser: Parser, shelf: Shelf, file: UploadedFile, source: str) -> tuple[Document, str]:
    content = parser.parse(shelf.path(file), file.filename)
    document = document_of(source, content, file.sha256)
    return replace(document, path=path_of(file.filename), root=ROOT), content.note
