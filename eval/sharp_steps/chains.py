"""Chains of six facts, each of which can be told in two orders: gradual and abrupt."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from overlay.errors import InputError

__all__ = ["CHAINS", "Chain", "ChainQuestion", "Order", "draw_chains", "read_chains"]

CHAINS = Path(__file__).parent / "chains.jsonl"

# EF, CD, AB, DE, BC, FG. What the near question asks for stands in DE, what the far one asks for
# in FG. Both stand at the same place in both orders, so recency is matched.
_ABRUPT = (4, 2, 0, 3, 1, 5)


class Order(StrEnum):
    """In which order the six sentences of a chain are told."""

    GRADUAL = "gradual"
    """As the chain runs: each sentence shares an entity with the one before."""
    ABRUPT = "abrupt"
    """Shuffled, always the same way: no sentence shares an entity with the one before."""

    def arrange(self, sentences: Sequence[str]) -> list[str]:
        """The six sentences of a chain in this order."""
        places = range(len(sentences)) if self is Order.GRADUAL else _ABRUPT
        return [sentences[place] for place in places]


class ChainQuestion(BaseModel):
    """A question about a chain; any of ``answers`` is right, the first stands in the text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    question: str
    answers: tuple[str, ...]


class Chain(BaseModel):
    """Six sentences over seven made-up entities; sentence i links entity i to entity i + 1.

    Attributes:
        near: asks for a detail of the fourth sentence.
        far: asks from the first entity for the last one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    domain: str
    entities: tuple[str, ...]
    sentences: tuple[str, ...]
    near: ChainQuestion
    far: ChainQuestion

    @property
    def questions(self) -> dict[str, ChainQuestion]:
        """Both questions by name."""
        return {"near": self.near, "far": self.far}


def read_chains() -> list[Chain]:
    """The packaged chains, domain by domain."""
    lines = CHAINS.read_text(encoding="utf-8").splitlines()
    return [Chain.model_validate_json(line) for line in lines]


def draw_chains(chains: Sequence[Chain], count: int | None = None) -> list[Chain]:
    """``count`` chains evenly from all domains, or all; a smaller draw is the start of a larger.

    Raises:
        InputError: there are not that many.
    """
    if count is not None and count > len(chains):
        raise InputError(f"there are {len(chains)} chains, not {count}", param="chains")
    by_domain: dict[str, list[Chain]] = {}
    for chain in chains:
        by_domain.setdefault(chain.domain, []).append(chain)
    mixed = [
        own[place]
        for place in range(max(map(len, by_domain.values()), default=0))
        for own in by_domain.values()
        if place < len(own)
    ]
    return mixed[:count]
