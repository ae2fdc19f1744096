"""Stage 8: the ways in which the same chunks and question can be put before the model.

The first is what the judge let in. The others take less of it: many a model is led astray by what
stands beside the chunk that answers. Each is tried where the answers before it begin shaky: it
costs its own tokens, and shares what was read. None holds a chunk that the judge kept out.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from overlay.answering.candidate import Candidate
from overlay.answering.job import Job
from overlay.answering.nearest import holder, nearest

__all__ = ["QUOTE", "Variant", "variants"]

QUOTE = "the sentence itself"
"""The name of the variant that is quoted, not generated."""


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """One way to word and order the same context and question, and what of it is taken.

    Attributes:
        name: what the report calls it.
        chunks: in the order in which they enter.
        repeats: whether sentences of them are said again beside the question.
        tail: the prompt after the context.
        quote: what is said in place of generating; empty to generate.
    """

    name: str
    chunks: tuple[Candidate, ...]
    repeats: bool
    tail: tuple[int, ...]
    quote: str = ""


def variants(
    job: Job, candidates: Sequence[Candidate], before: Sequence[Variant] = ()
) -> Iterator[Variant]:
    """Yield as many variants as the settings say at most, no two alike; none without a chunk.

    While chunks wait for a later dose, it is one: all that was let in.

    Args:
        before: those of earlier doses, which count.
    """
    if job.options.select:
        yield from _quoted(job, [one for one in candidates if one.accepted])
        return
    seen = {_key(one) for one in before}
    ways = _all(job, candidates, dosed=bool(before))
    for one in islice(ways, job.settings.variants - len(before)):
        if _key(one) not in seen:
            seen.add(_key(one))
            yield one


def _key(one: Variant) -> tuple[object, ...]:
    """What two variants have in common that are alike."""
    return tuple(chunk.tokens for chunk in one.chunks), one.repeats, one.tail, one.quote


def _all(job: Job, candidates: Sequence[Candidate], *, dosed: bool) -> Iterator[Variant]:
    accepted = tuple(one for one in candidates if one.accepted)
    waiting = any(one.unread for one in candidates)
    name = "the first dose" if waiting else "as judged"
    first = Variant(name, accepted, job.settings.anchor, job.prompt.tail)
    if not accepted:
        return
    yield first
    if waiting or not job.judge.reads:
        return
    if not dosed:  # the first dose was as few
        yield replace(first, name="the two steadiest chunks", chunks=_steadiest(accepted, 2))
    yield replace(first, name="the steadiest chunk alone", chunks=_steadiest(accepted, 1))
    if job.options.form is None:
        yield from _quoted(job, accepted)
    if job.prompt.alone is None:
        yield replace(first, name="a sentence said again", repeats=True)
    draw = random.Random(job.settings.seed)  # noqa: S311 - a sample, not a secret
    for number, tail in enumerate(draw.sample(job.prompt.wordings, len(job.prompt.wordings)), 1):
        yield replace(first, name=f"wording {number}", tail=tail)
    yield replace(first, name="another order", chunks=tuple(draw.sample(accepted, len(accepted))))


def _steadiest(accepted: Sequence[Candidate], count: int) -> tuple[Candidate, ...]:
    """In the order in which they stand beside the others: so that nothing is evaluated again."""
    best = sorted(accepted, key=lambda one: one.volatility)[:count]
    return tuple(one for one in accepted if one in best)


def _quoted(job: Job, accepted: Sequence[Candidate]) -> Iterator[Variant]:
    """The accepted sentence itself with its source, as the chunk that says it leads to it."""
    for sentence in nearest(job, accepted)[:1] if accepted else ():
        chunk = holder(sentence, accepted)
        quote = f'"{sentence}" ({chunk.chunk.where})'
        yield Variant(QUOTE, (chunk,), False, job.prompt.tail, quote)
