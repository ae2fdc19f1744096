"""Questions beside the documents that answer them, before anything is retrieved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from overlay.labelled.items import Item
from retriever import Document

__all__ = ["Corpus"]


@dataclass(frozen=True, slots=True)
class Corpus:
    """What a benchmark brings.

    Attributes:
        items: the questions, without passages.
        documents: all that may be retrieved.
        relevant: by question, the sources of the documents that are known to help.
    """

    items: list[Item]
    documents: list[Document]
    relevant: Mapping[str, frozenset[str]] = field(default_factory=dict)
