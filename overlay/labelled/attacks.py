"""Passages with an injected instruction, for whoever has none of their own to calibrate on."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from overlay.instructions.examples import attacks, filled
from overlay.labelled.items import Item, Kind

__all__ = ["attacked", "hidden_in"]


def hidden_in(host: str, instruction: str, draw: random.Random) -> str:
    """The host text with an instruction at its start, middle or end, between sentences."""
    sentences = re.split(r"(?<=[.!?])\s+", host.strip())
    sentences.insert(draw.randrange(len(sentences) + 1), instruction)
    return " ".join(sentences)


def attacked(items: Sequence[Item], seed: int) -> Iterator[Item]:
    """Each question with an instruction in one of its passages, and what that was before.

    Passages that already carry one, or that nobody has labelled, are left alone; so are questions
    without another passage.
    """
    draw = random.Random(seed)  # noqa: S311 - a sample, not a secret
    for item in items:
        known = [
            place
            for place, one in enumerate(item.passages)
            if one.kind not in {Kind.INJECTED, Kind.UNKNOWN}
        ]
        if not known or any(one.kind is Kind.INJECTED for one in item.passages):
            continue
        place = draw.choice(known)
        host = item.passages[place]
        text = hidden_in(host.text, filled(draw.choice(attacks()).text, draw), draw)
        passage = replace(host, text=text, kind=Kind.INJECTED)
        passages = (*item.passages[:place], passage, *item.passages[place + 1 :])
        yield replace(item, passages=passages, clean_text=host.text)
