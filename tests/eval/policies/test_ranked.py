"""Orders of passages."""

from __future__ import annotations

from typing import cast

from eval.policies.bench import Bench
from eval.policies.ranked import FusedRanks, MostSimilar
from overlay.labelled.items import Kind, Passage

NO_BENCH = cast(Bench, None)  # nothing is answered here
PASSAGES = tuple(
    Passage(text, Kind.UNKNOWN, similarity=similarity)
    for text, similarity in (
        ("The mill stands by the river.", 0.4),
        ("The bridge was built in 1911.", 0.5),
        ("Bread is baked at noon.", 0.6),
    )
)


def test_the_most_similar_stands_first_or_last() -> None:
    first = MostSimilar(NO_BENCH).select("", PASSAGES)
    last = MostSimilar(NO_BENCH, last=True).select("", PASSAGES)
    assert list(first) == [2, 1, 0]
    assert list(last) == [0, 1, 2]
    assert list(MostSimilar(NO_BENCH, k=2, last=True).select("", PASSAGES)) == [1, 2]


def test_words_in_common_count_as_much_as_similarity() -> None:
    question = "When was the bridge built?"
    assert FusedRanks(NO_BENCH).select(question, PASSAGES)[0] == 1
    assert list(FusedRanks(NO_BENCH).select(question, ())) == []
