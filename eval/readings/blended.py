"""What blended cells cost in fidelity and in right answers, question by question."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from eval.metrics.paired import Comparison, Conclusion, compare, conclude
from overlay.labelled.items import Item
from overlay.labelled.matching import contains_any
from overlay.prompt import build_prompt, chunk_tokens
from probes.chat import Message
from probes.logit_drift import logit_drift
from probes.protocol import Model, Session
from probes.subject import as_text
from selector.statistics.interval import Interval, mean_interval

__all__ = ["REVERSED", "Blended", "Summary", "blend", "summarise"]

REVERSED = "reversed order"
"""Every token evaluated, the chunks in reverse: what something that should not matter changes."""


@dataclass(frozen=True, slots=True)
class Blended:
    """One answer from all chunks of a question.

    Attributes:
        question: its id.
        recompute: share of the tokens of every chunk but the first that were evaluated in the
            context; 1 for all, which is exact; or :data:`REVERSED`.
        drift: logit drift from the exact context on the draft that it leads to, bits.
        right: whether the answer holds an accepted one; None where none is known.
        same: whether it is the exact context's answer, word by word.
        evaluated: tokens of context and question evaluated.
    """

    question: str
    recompute: str
    drift: float
    right: bool | None
    same: bool
    evaluated: int


@dataclass(frozen=True, slots=True)
class Summary:
    """All questions under one share.

    Attributes:
        drift, same: means with 95 % bootstrap intervals over questions.
        evaluated: mean.
        accuracy: share of right answers, likewise; None where no question has an answer.
        against: right answers less those of the exact context, paired; None for that itself.
        conclusion: what can be said of that, after Holm's correction over all shares.
    """

    recompute: str
    drift: Interval
    same: Interval
    evaluated: float
    accuracy: Interval | None
    against: Comparison | None
    conclusion: Conclusion | None


def blend(
    model: Model, item: Item, shares: Sequence[float], *, draft_tokens: int, answer_tokens: int
) -> list[Blended]:
    """Answer from all chunks with blended cells, once for each share, and exactly."""
    prompt = build_prompt(model, [Message("user", item.question)])
    chunks = [chunk_tokens(model, passage.text) for passage in item.passages]
    place = len(prompt.prefix)
    with ExitStack() as stack:
        prefix = stack.enter_context(model.session())
        prefix.extend(prompt.prefix)
        alone = [stack.enter_context(fork) for fork in prefix.fork(len(chunks))]
        for session, chunk in zip(alone, chunks, strict=True):
            session.extend([*chunk, *prompt.tail])
        model.flush(alone)

        def context(order: Sequence[int], share: float) -> tuple[Session, int]:
            [session] = prefix.fork(1)
            stack.enter_context(session)
            before = model.evaluated
            for number, at in enumerate(order):
                _add(session, chunks[at], alone[at], place, share if number else 1.0)
            session.extend(prompt.tail)
            model.flush([session])
            return session, model.evaluated - before

        order = range(len(chunks))
        made = {"1": context(order, 1.0), REVERSED: context(order[::-1], 1.0)}
        made |= {f"{share:g}": context(order, share) for share in shares if share < 1}
        answers = model.draft_many([session for session, _ in made.values()], answer_tokens)
        window = answers[0][:draft_tokens]
        exact, *others = model.read_many([(session, window) for session, _ in made.values()])
        texts = [
            as_text(model, [t for t in answer if not model.ends_generation(t)])
            for answer in answers
        ]
        return [
            Blended(
                item.id,
                name,
                0.0 if name == "1" else logit_drift(exact, state),
                contains_any(text, item.answers) if item.answers else None,
                text == texts[0],
                evaluated,
            )
            for (name, (_, evaluated)), state, text in zip(
                made.items(), [exact, *others], texts, strict=True
            )
        ]


def summarise(found: Sequence[Blended], *, seed: int) -> list[Summary]:
    """One row a share; ``found`` holds the same questions for each."""
    by_share = {
        name: [one for one in found if one.recompute == name]
        for name in dict.fromkeys(one.recompute for one in found)
    }
    right = {
        name: [float(one.right) for one in ones if one.right is not None]
        for name, ones in by_share.items()
    }
    compared = {
        name: compare(values, right["1"], seed=seed)
        for name, values in right.items()
        if values and name != "1"
    }
    conclusions = dict(zip(compared, conclude(list(compared.values())), strict=True))
    return [
        Summary(
            name,
            mean_interval([one.drift for one in ones], seed=seed, bounds=None),
            mean_interval([float(one.same) for one in ones], seed=seed),
            sum(one.evaluated for one in ones) / len(ones),
            mean_interval(right[name], seed=seed) if right[name] else None,
            compared.get(name),
            conclusions.get(name),
        )
        for name, ones in by_share.items()
    ]


def _add(
    session: Session, tokens: Sequence[int], alone: Session, place: int, recompute: float
) -> None:
    """Extend a context by a chunk that stands at ``place`` of a session of its own, too.

    Args:
        recompute: share of its tokens that is evaluated again; the others keep the cells that they
            have there.
    """
    size = len(tokens)
    fresh = math.ceil(recompute * size)
    if fresh < size:
        session.extend_blended(alone, place, place + size, fresh=fresh)
    else:
        session.extend(tokens)
