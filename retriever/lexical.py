"""The words of a store's chunks, in an SQLite FTS5 file beside Chroma's in each generation.

A generation is copied, written and published as one folder, so this index and Chroma's hold the
same chunks whenever a process is killed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from retriever.chunking import Chunk
from retriever.errors import StoreError
from retriever.lexical_tokens import TOKEN_RULES, lexical_tokens

__all__ = ["FILE", "LexicalIndex"]

FILE = "lexical.sqlite3"
# The words stand in a table of their own, because FTS5 must be told them to forget a chunk.
_SCHEMA = """
BEGIN;
CREATE TABLE chunks (key INTEGER PRIMARY KEY, id TEXT UNIQUE, source TEXT, tokens TEXT);
CREATE INDEX chunks_of_source ON chunks (source);
CREATE VIRTUAL TABLE words USING fts5 (
    tokens, content = 'chunks', content_rowid = 'key',
    tokenize = 'porter unicode61 remove_diacritics 2'
);
CREATE TRIGGER added AFTER INSERT ON chunks BEGIN
    INSERT INTO words (rowid, tokens) VALUES (new.key, new.tokens);
END;
CREATE TRIGGER removed AFTER DELETE ON chunks BEGIN
    INSERT INTO words (words, rowid, tokens) VALUES ('delete', old.key, old.tokens);
END;
COMMIT;
"""
_COUNT = "SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)"
_QUERY = """
SELECT chunks.id, -bm25(words) FROM words JOIN chunks ON chunks.key = words.rowid
WHERE words MATCH :terms{} ORDER BY bm25(words), chunks.id LIMIT :k
"""
_AMONG = " AND chunks.source IN (SELECT value FROM json_each(:among))"


class LexicalIndex:
    """Finds chunks by the words of their title and text. Made by ``read`` and ``write``.

    Every method raises StoreError when the file is damaged. Whoever uses it from several threads
    holds a lock.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection

    @classmethod
    def read(cls, folder: Path) -> LexicalIndex | None:
        """The index in a published generation; None where it has none, or one of other rules.

        The file is never changed again, so it is read without locks, on a read-only disk too.

        Raises:
            StoreError: the file is damaged.
        """
        path = folder / FILE
        if not path.is_file():
            return None
        with _errors(path):
            address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
            index = cls(path, sqlite3.connect(address, uri=True, check_same_thread=False))
            return index if index._is_of_these_rules() else None

    @classmethod
    def write(cls, folder: Path, held: Iterable[Chunk]) -> LexicalIndex:
        """The index in a generation that is being written.

        Args:
            held: all chunks of the generation, for an index that is made anew; not read otherwise.

        Raises:
            StoreError: the file is damaged or cannot be written.
        """
        path = folder / FILE
        if path.is_file():
            # One that is damaged is no better than one of other rules.
            with suppress(StoreError):
                index = cls._open(path)
                if index._is_of_these_rules():
                    return index
                index.close()
            path.unlink()
        index = cls._open(path)
        with _errors(path):
            index._connection.executescript(_SCHEMA)
            index._connection.execute(f"PRAGMA user_version = {TOKEN_RULES}")
        index.add(held)
        return index

    @classmethod
    def _open(cls, path: Path) -> LexicalIndex:
        with _errors(path):
            connection = sqlite3.connect(path, check_same_thread=False)
            # A generation is flushed when it is published, and dropped when that is not reached.
            connection.execute("PRAGMA journal_mode = MEMORY")
            connection.execute("PRAGMA synchronous = OFF")
            return cls(path, connection)

    def add(self, chunks: Iterable[Chunk]) -> None:
        """Adds those chunks that it does not hold yet, all or none."""
        rows = (
            (chunk.id, chunk.source, " ".join(lexical_tokens(f"{chunk.title}\n{chunk.text}")))
            for chunk in chunks
        )
        with _errors(self._path), self._connection:
            self._connection.executemany(
                "INSERT OR IGNORE INTO chunks (id, source, tokens) VALUES (?, ?, ?)", rows
            )

    def remove(self, sources: Sequence[str]) -> None:
        """Removes all chunks of some sources, all or none; those not held are passed over."""
        with _errors(self._path), self._connection:
            self._connection.executemany(
                "DELETE FROM chunks WHERE source = ?", [(source,) for source in sources]
            )

    def query(
        self, text: str, k: int, among: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """Ids of the ``k`` chunks that share most with a text, each with its score, best first.

        Formula: BM25 as FTS5 has it (k1 = 1.2, b = 0.75) over the distinct words of the text, any
            of which may match; equal scores in the order of the ids. Words of more than half of
            the chunks are left out: their weight ``log((N - n + 0.5) / (n + 0.5))`` is below 0,
            which FTS5 takes for a match that is worth next to nothing
        Source: https://www.sqlite.org/fts5.html#the_bm25_function

        A text without another word finds nothing.

        Args:
            among: sources that the chunks are from; None for any. Words weigh what they weigh among
                all chunks.
        """
        with _errors(self._path):
            (held,) = self._connection.execute("SELECT count(*) FROM chunks").fetchone()
            terms = [f'"{token}"' for token in dict.fromkeys(lexical_tokens(text))]
            telling = [term for term in terms if not self._in_more(term, max(1, held // 2))]
            if not telling:
                return []
            query = _QUERY.format("" if among is None else _AMONG)
            named = {"terms": " OR ".join(telling), "k": k, "among": json.dumps([*(among or ())])}
            return self._connection.execute(query, named).fetchall()

    def _in_more(self, term: str, chunks: int) -> bool:
        """Whether a term stands in more than that many chunks."""
        (found,) = self._connection.execute(_COUNT, (term, chunks + 1)).fetchone()
        return bool(found > chunks)

    def ids(self) -> set[str]:
        """Of all chunks that it holds."""
        with _errors(self._path):
            return {identity for (identity,) in self._connection.execute("SELECT id FROM chunks")}

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def _is_of_these_rules(self) -> bool:
        with _errors(self._path):
            (rules,) = self._connection.execute("PRAGMA user_version").fetchone()
            return bool(rules == TOKEN_RULES)


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(
            f"the index of words {path} cannot be used: {error}",
            hint="`overlay doctor --repair` makes it anew",
        ) from error
