"""Several queries for the same thing, searched at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from retriever import Chunk, RankedChunk, search_several


@dataclass
class Scripted:
    """Stands in for the retriever: of each query, the ids that it finds and how similar."""

    found: Mapping[str, Sequence[tuple[str, float]]]
    asked: list[tuple[str, int]] = field(default_factory=list)

    def search(self, question: str, k: int, /) -> list[RankedChunk]:
        self.asked.append((question, k))
        return [
            RankedChunk(Chunk(name, f"{name}.md", "", 0, f"Text {name}."), similarity, rank)
            for rank, (name, similarity) in enumerate(self.found[question][:k])
        ]


def test_one_query_is_an_ordinary_search() -> None:
    searcher = Scripted({"q": [("a", 0.9), ("b", 0.8)]})
    assert search_several(searcher, ["q"], 1) == Scripted(searcher.found).search("q", 1)
    assert searcher.asked == [("q", 1)]


def test_what_both_find_comes_first_with_its_highest_similarity() -> None:
    searcher = Scripted({"p": [("a", 0.5), ("both", 0.4)], "q": [("b", 0.6), ("both", 0.7)]})
    hits = search_several(searcher, ["p", "q"], 3)
    assert [(hit.chunk.id, hit.similarity, hit.rank) for hit in hits] == [
        ("both", 0.7, 0),
        ("a", 0.5, 1),
        ("b", 0.6, 2),
    ]
    assert all(depth >= 50 for _, depth in searcher.asked)


def test_what_one_query_finds_first_is_not_lost_behind_what_both_find_late() -> None:
    late = [(f"late {place}", 0.1) for place in range(10)]
    searcher = Scripted(
        {
            name: [(best, 0.5), *((f"{name}{place}", 0.2) for place in range(20)), *late]
            for name, best in (("p", "a"), ("q", "b"))
        }
    )
    assert {"a", "b"} <= {hit.chunk.id for hit in search_several(searcher, ["p", "q"], 5)}


def test_a_text_stands_there_once() -> None:
    class Twins:
        def search(self, question: str, _k: int, /) -> list[RankedChunk]:
            return [RankedChunk(Chunk(question, f"{question}.md", "", 0, "Same text."), 0.5, 0)]

    assert [hit.chunk.id for hit in search_several(Twins(), ["p", "q"], 5)] == ["p"]
