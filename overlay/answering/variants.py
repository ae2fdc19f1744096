"""Stage 7: the ways in which the same chunks and question can be put before the model.

The first is what the judge let in. Each of the others is tried where the answers before it begin
shaky: it costs its own tokens, and shares what was read.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from overlay.answering.candidate import Candidate
from overlay.answering.job import Job
from overlay.answering.nearest import holder, nearest
from overlay.answering.workspace import Workspace

__all__ = ["QUOTE", "Variant", "variants"]

QUOTE = "the sentence itself"
"""The name of the variant that is quoted, not generated."""


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """One way to word, order and dose the same context and question.

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


def variants(job: Job, workspace: Workspace, candidates: Sequence[Candidate]) -> Iterator[Variant]:
    """Yield as many variants as the settings say at most, no two alike; none without a chunk."""
    if job.options.select:
        yield from _quoted(job, [one for one in candidates if one.accepted])
        return
    found = _different(_all(job, workspace, candidates))
    yield from islice(found, job.settings.variants)


def _different(found: Iterator[Variant]) -> Iterator[Variant]:
    seen = set()
    for one in found:
        key = (tuple(chunk.tokens for chunk in one.chunks), one.repeats, one.tail, one.quote)
        if key not in seen:
            seen.add(key)
            yield one


def _all(job: Job, workspace: Workspace, candidates: Sequence[Candidate]) -> Iterator[Variant]:
    accepted = tuple(one for one in candidates if one.accepted)
    first = Variant("as judged", accepted, job.settings.anchor, job.prompt.tail)
    if not accepted:
        return
    yield first
    trusted = [one for one in candidates if _trusted(one)]
    if not trusted:
        return
    steadiest = min(accepted, key=lambda one: one.volatility)
    yield replace(first, name="the steadiest chunk alone", chunks=(steadiest,))
    if job.options.form is None:
        yield from _quoted(job, accepted)
    similar = sorted(trusted, key=lambda one: -one.chunk.similarity)
    yield replace(
        first, name="the two most similar chunks", chunks=_fitting(workspace, similar[:2])
    )
    yield replace(first, name="nothing said again", repeats=False)
    draw = random.Random(job.settings.seed)  # noqa: S311 - a sample, not a secret
    for number, tail in enumerate(draw.sample(job.prompt.wordings, len(job.prompt.wordings)), 1):
        yield replace(first, name=f"wording {number}", tail=tail)
    yield replace(first, name="another order", chunks=tuple(draw.sample(accepted, len(accepted))))


def _quoted(job: Job, accepted: Sequence[Candidate]) -> Iterator[Variant]:
    """The accepted sentence itself with its source, as the chunk that says it leads to it."""
    for sentence in nearest(job, accepted)[:1] if accepted else ():
        chunk = holder(sentence, accepted)
        quote = f'"{sentence}" ({chunk.chunk.where})'
        yield Variant(QUOTE, (chunk,), False, job.prompt.tail, quote)


def _trusted(one: Candidate) -> bool:
    """Whether nothing but doubt that it helps may keep a chunk out."""
    outvoted = one.verdict is not None and one.verdict.outvoted
    return one.rated is not None and not one.rated.commands and not outvoted


def _fitting(workspace: Workspace, chunks: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Those for which there is room, the first ones first."""
    left, found = workspace.room, []
    for one in chunks:
        if len(one.tokens) <= left:
            found.append(one)
            left -= len(one.tokens)
    return tuple(found)
