"""Documents of any number, from the sample documents' sentences put together anew."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from eval.tasks.sample import DOCUMENTS
from overlay.sentences import split_sentences

__all__ = ["made_paragraphs", "make_documents"]

_WORDS = 70  # and one sentence more: about 100 tokens of the embedder
_MOST_WORDS = 83  # beyond these a chunk of the default limit could not hold it
_PARAGRAPHS = 8  # of a document


def make_documents(folder: Path, chunks: int, *, seed: int) -> None:
    """Write text files whose paragraphs become ``chunks`` chunks, or nearly so.

    Args:
        folder: has nothing in it.
    """
    paragraphs = made_paragraphs(chunks, seed=seed)
    for number, start in enumerate(range(0, chunks, _PARAGRAPHS)):
        text = "\n\n".join(paragraphs[start : start + _PARAGRAPHS])
        (folder / f"document-{number:05d}.txt").write_text(text + "\n", encoding="utf-8")


def made_paragraphs(count: int, *, seed: int) -> list[str]:
    """Paragraphs of about 100 tokens, all different, the same for the same seed."""
    source = random.Random(seed)  # noqa: S311 - not a secret
    sentences = sorted(set(_sentences()))
    made: dict[str, None] = {}
    while len(made) < count:
        words = 0
        drawn: list[str] = []
        while words < _WORDS:
            sentence = source.choice(sentences)
            if words + len(sentence.split()) <= _MOST_WORDS:
                drawn.append(sentence)
                words += len(sentence.split())
        made[" ".join(drawn)] = None
    return list(made)


def _sentences() -> Iterator[str]:
    for path in sorted(path for path in DOCUMENTS.rglob("*") if path.suffix == ".txt"):
        yield from _clean(path.read_text(encoding="utf-8"))
    for path in sorted(DOCUMENTS.rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        yield from _clean("\n".join(line for line in text.splitlines() if line[:1] not in "#|-"))


def _clean(text: str) -> Iterator[str]:
    """Sentences on one line, of a length that leaves a paragraph room for more than one."""
    for paragraph in text.split("\n\n"):
        for sentence in split_sentences(" ".join(paragraph.split())):
            if 4 <= len(sentence.split()) <= 30:
                yield sentence.strip()
