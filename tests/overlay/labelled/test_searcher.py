"""A question's own passages in place of what a store would find."""

from __future__ import annotations

from overlay.labelled.items import Kind, Passage
from overlay.labelled.searcher import PassageSearcher


def test_passages_are_found_in_their_order() -> None:
    passages = (
        Passage("the ferry leaves at nine", Kind.HELPFUL, "ferry.md", 0.5),
        Passage("it rains", Kind.IRRELEVANT),
        Passage("soup is served", Kind.IRRELEVANT),
    )
    first, second = PassageSearcher(passages).search("when does it leave?", 2)
    assert (first.chunk.text, first.chunk.source, first.similarity) == (
        "the ferry leaves at nine",
        "ferry.md",
        0.5,
    )
    assert (second.chunk.text, second.chunk.source, second.similarity) == (
        "it rains",
        "passage 2",
        0.0,
    )
    assert (first.rank, second.rank) == (0, 1)
    assert first.chunk.id != second.chunk.id
