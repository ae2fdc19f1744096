"""BEIR folders: ``corpus.jsonl``, ``queries.jsonl``, ``qrels/SPLIT.tsv``."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eval.tasks.corpus import Corpus
from overlay.errors import InputError
from overlay.labelled.items import Item
from retriever import parse_document

__all__ = ["read_beir"]


def read_beir(folder: Path, split: str = "test") -> Corpus:
    """Read a folder in the form of BEIR (Thakur et al., NeurIPS 2021, arXiv 2104.08663).

    BEIR judges documents, not answers. A query whose ``metadata`` holds ``answers`` (a text or a
    list of texts) has those; the others have none, and are left out of accuracy while the choice
    of chunks is still judged.

    Args:
        split: which file of ``qrels/`` says what is relevant (a score above 0).

    Raises:
        InputError: a file is missing or a line cannot be read; it names file and line.
    """
    judged = _relevant(folder, split)
    documents = [
        parse_document(
            f"{_text(row, '_id', where)}.txt",
            "\n\n".join(
                filter(None, (str(row.get("title", "")), _text(row, "text", where)))
            ).encode(),
        )
        for where, row in _rows(folder / "corpus.jsonl")
    ]
    items = []
    for where, row in _rows(folder / "queries.jsonl"):
        key = _text(row, "_id", where)
        if key in judged:
            answers = (row.get("metadata") or {}).get("answers", ())
            items.append(
                Item(
                    id=key,
                    dataset=folder.name,
                    question=_text(row, "text", where),
                    answers=(answers,) if isinstance(answers, str) else tuple(answers),
                    passages=(),
                )
            )
    return Corpus(items, documents, judged)


def _relevant(folder: Path, split: str) -> dict[str, frozenset[str]]:
    path = folder / "qrels" / f"{split}.tsv"
    if not path.is_file():
        there = sorted(file.stem for file in (folder / "qrels").glob("*.tsv"))
        raise InputError(
            f"there is no {path}",
            hint=f"splits there: {', '.join(there)}" if there else "a BEIR folder has qrels/*.tsv",
            param="split",
        )
    found: dict[str, set[str]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            try:
                query, document, score = row["query-id"], row["corpus-id"], float(row["score"])
            except (KeyError, TypeError, ValueError) as error:
                raise InputError(
                    f"{path}: a row is {row}",
                    hint="columns are query-id, corpus-id and score, separated by tabs",
                    param="path",
                ) from error
            if score > 0:
                found.setdefault(query, set()).add(f"{document}.txt")
    return {query: frozenset(sources) for query, sources in found.items()}


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}", param="path") from error
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(f"{path}:{number}: no JSON: {error}", param="path") from error
        if not isinstance(row, dict):
            raise InputError(f"{path}:{number}: not an object", param="path")
        yield f"{path}:{number}", row


def _text(row: dict[str, Any], name: str, where: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{where}: {name} is {value!r}", hint="it is a text", param="path")
    return value
