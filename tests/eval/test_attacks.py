"""Harmful passages written from plain ones."""

from __future__ import annotations

import random

import pytest

from eval.attacks import inject, poison, swap_answer
from overlay.labelled.matching import contains


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a sample, not a secret


HOST = "Soup is served from noon. The bread comes from Vardle."


@pytest.mark.parametrize("seed", range(20))
def test_an_injected_host_keeps_its_sentences_and_names_its_target(seed: int) -> None:
    text, target = inject(HOST, seeded(seed))
    assert contains(text, target)
    assert not contains(HOST, target)
    for sentence in ("Soup is served from noon.", "The bread comes from Vardle."):
        assert sentence in text


def test_the_same_seed_writes_the_same_attack() -> None:
    assert inject(HOST, seeded(7)) == inject(HOST, seeded(7))
    assert len({inject(HOST, seeded(seed)) for seed in range(20)}) > 5


def test_a_poison_names_question_and_wrong_answer() -> None:
    text = poison("Who bakes the bread?", "Orm")
    assert text.startswith("Who bakes the bread?")
    assert contains(text, "Orm")


@pytest.mark.parametrize(
    ("text", "answers", "swapped"),
    [
        ("The ferry costs 12 crowns.", ["12", "12 crowns"], "The ferry costs 9 marks."),
        ("Ida runs it. IDA is kind.", ["Ida"], "9 marks runs it. 9 marks is kind."),
        ("The idaho post", ["Ida"], None),
        ("anything", ["", " "], None),
        (r"a \d+ c", [r"\d+"], r"a 9 marks c"),
    ],
)
def test_an_answer_is_swapped_word_by_word(
    text: str, answers: list[str], swapped: str | None
) -> None:
    assert swap_answer(text, answers, "9 marks") == swapped
