"""Which passages made an answer likelier: by sentence of the answer, and by token of a passage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from overlay.errors import InputError
from overlay.probing import subject_of
from overlay.sentences import sentence_spans, split_sentences
from overlay.settings import Settings
from probes.masking import Masker
from probes.protocol import Model, Sampling, Session
from probes.state import FloatArray
from probes.subject import Subject
from probes.trajectory import Trajectory

__all__ = ["Attribution", "PassageSupport", "SentenceSupport", "attribute", "draft"]

MOST_PASSAGES = 24
MOST_MASKED = 512
"""Tokens of all passages that are masked one by one, at most."""


@dataclass(frozen=True, slots=True)
class SentenceSupport:
    """One sentence of the answer.

    Attributes:
        support: one number a passage: how much likelier it alone makes the sentence than no
            context does, nats a token.
    """

    text: str
    support: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PassageSupport:
    """One passage.

    Attributes:
        support: how much likelier it alone makes the whole answer, nats a token.
        tokens: its tokens, each with what the answer loses when it is masked among all passages,
            nats; None where that was not asked for, or is too much.
    """

    text: str
    support: float
    tokens: tuple[tuple[str, float], ...] | None


@dataclass(frozen=True, slots=True)
class Attribution:
    """What the passages did to an answer.

    Attributes:
        unavailable: what was not computed, and why.
    """

    answer: str
    sentences: tuple[SentenceSupport, ...]
    passages: tuple[PassageSupport, ...]
    unavailable: dict[str, str]


def attribute(
    model: Model,
    question: str,
    texts: Sequence[tuple[str, str]],
    answer: str,
    settings: Settings,
    *,
    tokens: bool = False,
) -> Attribution:
    """Say which passages made an answer likelier.

    Formula: ``mean over t of log p(w_t | passage, w_<t) - log p(w_t | w_<t)``, over the tokens
        ``w_t`` of a sentence
    Unit: nats per token
    Range: unbounded; 0 where the passage changes nothing
    Source: this project; the score of one passage in Cohen-Wang et al., 2024, arXiv 2409.00729
        (ContextCite), alone in place of in a sample

    Args:
        texts: label and text of each passage, in the order in which they stand in the context.
        answer: what was answered.
        tokens: whether the tokens of the passages are masked one by one, too.

    Raises:
        InputError: a text is empty, there is none, or there are more than 24.
        PromptTooLongError: a passage, or with ``tokens`` all of them, with the answer outgrow the
            model's context.
    """
    if not answer.strip():
        raise InputError("the answer is empty", hint="send the text to explain", param="answer")
    if not 1 <= len(texts) <= MOST_PASSAGES:
        raise InputError(
            f"there are {len(texts)} passages",
            hint=f"send 1 to {MOST_PASSAGES}",
            param="passages",
        )
    subject = subject_of(model, question, texts, settings, layers=())
    window = model.tokenize(answer)
    spans = sentence_spans(split_sentences(answer), [model.piece(token) for token in window])
    with model.session() as prefix:
        prefix.extend(subject.prefix)
        without, *within = _expected(subject, prefix, window)
        gained = [alone - without for alone in within]
        heat, unavailable = _heat(subject, prefix, window) if tokens else ([], {})
    return Attribution(
        answer,
        tuple(
            SentenceSupport(text, tuple(float(gain[start:stop].mean()) for gain in gained))
            for text, (start, stop) in spans
        ),
        tuple(
            PassageSupport(text, float(gain.mean()), heat[place] if heat else None)
            for place, ((_, text), gain) in enumerate(zip(texts, gained, strict=True))
        ),
        unavailable,
    )


def draft(model: Model, question: str, texts: Sequence[tuple[str, str]], settings: Settings) -> str:
    """What the model answers from all passages, greedily.

    Raises:
        InputError: there is no passage, or a text is empty.
        PromptTooLongError: they outgrow the model's context.
    """
    subject = subject_of(model, question, texts, settings, layers=())
    with model.session() as session:
        session.extend(subject.tokens)
        return subject.text(session.generate(Sampling(settings.max_tokens))).strip()


def _expected(subject: Subject, prefix: Session, window: Sequence[int]) -> list[FloatArray]:
    """``[tokens]`` log-probabilities of the answer: without context, and under each passage."""
    contexts = [(), *(source.tokens for source in subject.sources)]
    found = []
    for context in contexts:
        [session] = prefix.fork(1)
        with session:
            session.extend((*context, *subject.tail))
            [scored] = subject.model.extend_scored([(session, window)])
            found.append(scored)
    return found


def _heat(
    subject: Subject, prefix: Session, window: Sequence[int]
) -> tuple[list[tuple[tuple[str, float], ...]], dict[str, str]]:
    """What the answer loses without each token of the passages; or why that is not computed."""
    count = sum(len(source.tokens) for source in subject.sources)
    if count > MOST_MASKED:
        why = f"the passages have {count} tokens, and at most {MOST_MASKED} are masked one by one"
        return [], {"tokens": f"{why}: send fewer passages"}
    [context] = prefix.fork(1)
    with context:
        context.extend([token for source in subject.sources for token in source.tokens])
        [whole] = context.fork(1)
        with whole:
            whole.extend(subject.tail)
            state = whole.read(window)
        masker = Masker(subject, Trajectory(list(window), [state]), context)
        places = [(at, at + 1) for start, stop in subject.spans for at in range(start, stop)]
        lost = iter(masker.removal(places).tolist())
    return [
        tuple((subject.text([token]), next(lost)) for token in source.tokens)
        for source in subject.sources
    ], {}
