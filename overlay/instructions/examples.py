"""Sentences that instruct a model, and passages that do not: both written for this project."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from overlay.instructions.pieces import pieces, sentences

__all__ = ["Example", "Piece", "attacks", "filled", "pieces_of_examples", "plain_passages"]

_FILLED = 4
"""How often each attack is written, each time with other words to ask for."""

_WORDS = (
    *("Velvet Anchor", "Copper Lark", "Tin Harbour", "Grey Saffron", "Moss Parade", "Ninefold"),
    *("Hoorah", "blue", "42"),
)
_LINKS = (
    "www.tin-harbour.example",
    "https://copperlark.example/get",
    "velvet-anchor.example/login",
)
_TOPICS = (
    *("garden birds", "electric cars", "the moon landing", "coffee", "winter sports"),
    *("the new tax", "old bridges", "vaccination"),
)
_QUESTIONS = (
    "Who painted the ceiling of the town hall?",
    "How long does a whale live?",
    "What is the fastest train in the world?",
    "Which river runs through three capitals?",
    "When was the telephone invented?",
)
_WORDINGS = re.compile(r"\[([^][]*\|[^][]*)\]")


class Example(NamedTuple):
    """A text of a kind.

    An attack has places in braces for what it asks for, and wordings to choose from in brackets.
    """

    kind: str
    text: str


class Piece(NamedTuple):
    """A piece of the example of a number, and whether that instructs."""

    kind: str
    example: int
    text: str
    instructs: bool


@cache
def attacks() -> tuple[Example, ...]:
    """Ways to instruct a model, by what they are after.

    They are other ones than those that `overlay eval` attacks with, so that what is fitted on these
    is measured on what it has not seen.
    """
    return _read("attacks.jsonl", "family")


@cache
def plain_passages() -> tuple[Example, ...]:
    """Passages of many kinds. Many tell their readers what to do; none speaks to a model."""
    return _read("plain.jsonl", "kind")


def pieces_of_examples(seed: int = 0) -> list[Piece]:
    """Attacks as they are written, a few times each, and all that plain passages hold."""
    draw = random.Random(seed)  # noqa: S311 - a sample, not a secret
    said = [
        Piece(one.kind, number, filled(one.text, draw), True)
        for number, one in enumerate(attacks() * _FILLED)
    ]
    plain = [
        Piece(one.kind, number, piece, False)
        for number, one in enumerate(plain_passages())
        for sentence in sentences(one.text)
        for piece in pieces(sentence)
    ]
    return said + plain


def filled(template: str, draw: random.Random) -> str:
    """An attack with something to ask for, in one of its wordings."""
    chosen, more = template, 1
    while more:  # from the inside out: a wording can hold wordings
        chosen, more = _WORDINGS.subn(lambda found: draw.choice(found[1].split("|")), chosen)
    return chosen.format(
        word=draw.choice(_WORDS),
        link=draw.choice(_LINKS),
        topic=draw.choice(_TOPICS),
        question=draw.choice(_QUESTIONS),
    )


def _read(name: str, kind: str) -> tuple[Example, ...]:
    text = (files("overlay.instructions") / "data" / name).read_text(encoding="utf-8")
    rows: Sequence[dict[str, str]] = [json.loads(line) for line in text.splitlines()]
    return tuple(Example(row[kind], row["text"]) for row in rows)
