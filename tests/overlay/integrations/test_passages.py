"""What integrations ask of a judge, whichever it is."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from overlay.errors import InputError
from overlay.integrations.passages import JudgedPassage, Passage, judged


class LetsInLast:
    """Lets in the last passage, and puts it first."""

    def __init__(self) -> None:
        self.asked: list[Sequence[Passage]] = []

    def judge(self, _question: str, passages: Sequence[Passage], /) -> list[JudgedPassage]:
        self.asked.append(passages)
        last = len(passages) - 1
        return [
            JudgedPassage(number, one.text, number == last, "why", 0.5, 0.5, None)
            for number, one in reversed(list(enumerate(passages)))
        ]


PASSAGES = [Passage("one"), Passage("two"), Passage(" \n"), Passage("four")]


def test_what_is_let_in_goes_by_its_place_among_all() -> None:
    judge = LetsInLast()
    [one] = judged(judge, "why?", PASSAGES, rejected=False)
    assert (one.number, one.text) == (3, "four")
    assert [passage.text for passage in judge.asked[0]] == ["one", "two", "four"]


def test_the_rejected_come_after_the_rest() -> None:
    found = judged(LetsInLast(), "why?", PASSAGES, rejected=True)
    assert [(one.number, one.accepted) for one in found] == [(3, True), (1, False), (0, False)]


@pytest.mark.parametrize("passages", [[], [Passage("")]])
def test_nothing_is_asked_of_nothing(passages: list[Passage]) -> None:
    judge = LetsInLast()
    assert judged(judge, "why?", passages, rejected=True) == []
    assert judge.asked == []


def test_more_than_are_judged_for_one_question() -> None:
    with pytest.raises(InputError, match="65 passages were found, and at most 64") as caught:
        judged(LetsInLast(), "why?", [Passage("x")] * 65, rejected=False)
    assert caught.value.param == "passages"
