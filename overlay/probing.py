"""A question and texts in, everything that the probes say of them out."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from overlay.errors import InputError
from overlay.prompt import WORDINGS, build_prompt, chunk_text, chunk_tokens, content_free
from overlay.sentences import sentence_spans, split_sentences
from overlay.settings import Settings
from probes.chat import Message
from probes.examine import examine
from probes.layers import spread_layers
from probes.neutral import NEUTRAL_TEXTS
from probes.protocol import Model
from probes.report import ProbeReport
from probes.subject import Source, Subject, Variant

__all__ = ["Effort", "probe", "subject_of"]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much the costlier probes may evaluate; 0 turns one off.

    Attributes:
        neutral: standardise hidden drift against neutral text.
        variants: probe the texts in other wordings, orders and lengths.
        removal_tokens: tokens that are masked one by one.
        mutated_tokens: tokens that are replaced one by one.
        integrated_steps: points on the path of integrated gradients.
        layers: layers that are read, spread over the depth; 0 for all.
    """

    neutral: bool = True
    variants: bool = True
    removal_tokens: int = 64
    mutated_tokens: int = 8
    integrated_steps: int = 0
    layers: int = 0


def probe(
    model: Model,
    question: str,
    texts: Sequence[tuple[str, str]],
    settings: Settings,
    effort: Effort = Effort(),
) -> ProbeReport:
    """Probe what texts do to a model that is asked a question.

    Args:
        texts: label and text of each, in the order in which they stand in the context.

    Raises:
        InputError: the question or a text is empty, or there is no text.
        PromptTooLongError: the texts together outgrow the model's context.
    """
    readable = model.capabilities.layer_states
    layers = _layers(model.info.layers, effort.layers) if readable else ()
    subject = subject_of(model, question, texts, settings, layers=layers)
    variants = _variants(model, question, subject.sources, settings) if effort.variants else ()
    return examine(
        subject,
        question,
        neutral=[chunk_tokens(model, text) for text in NEUTRAL_TEXTS] if effort.neutral else (),
        variants=list(variants),
        removal_tokens=effort.removal_tokens,
        mutated_tokens=effort.mutated_tokens,
        integrated_steps=effort.integrated_steps,
    )


def subject_of(
    model: Model,
    question: str,
    texts: Sequence[tuple[str, str]],
    settings: Settings,
    *,
    layers: Sequence[int],
) -> Subject:
    """The question's prompt and the texts as they stand in it.

    Raises:
        InputError: the question or a text is empty.
    """
    prompt = build_prompt(model, [Message("user", question)])
    return Subject(
        model=model,
        prefix=prompt.prefix,
        sources=tuple(_source(model, label, text) for label, text in texts),
        tail=prompt.tail,
        layers=tuple(layers),
        draft_tokens=settings.draft_tokens,
        lead=prompt.lead,
        unasked=content_free(model, prompt),
    )


def _layers(layers: int, count: int) -> tuple[int, ...]:
    return spread_layers(layers, count) if count else tuple(range(layers))


def _source(model: Model, label: str, text: str) -> Source:
    if not text.strip():
        raise InputError(f"the text {label!r} is empty", hint="leave it out", param="texts")
    stands = chunk_text(text)
    tokens = chunk_tokens(model, stands)
    pieces = [model.piece(token) for token in tokens]
    spans = sentence_spans(split_sentences(stands), pieces)
    return Source(label, stands, tuple(spans), tuple(tokens))


def _variants(
    model: Model, question: str, sources: Sequence[Source], settings: Settings
) -> Iterator[Variant]:
    """Wordings, orders, and the texts without their last sentence."""
    messages = [Message("user", question)]
    prompt = build_prompt(model, messages)
    given = _joined(sources)
    for number, wording in enumerate(WORDINGS, start=1):
        other = build_prompt(model, messages, wording)
        yield Variant(f"wording {number}", other.prefix, given, other.tail)
    for name, order in _orders(list(sources), settings.seed):
        yield Variant(name, prompt.prefix, _joined(order), prompt.tail)
    short = [_shortened(model, source) for source in sources]
    if any(source.tokens != other.tokens for source, other in zip(sources, short, strict=True)):
        name = "each text without its last sentence"
        yield Variant(name, prompt.prefix, _joined(short), prompt.tail)


def _orders(sources: list[Source], seed: int) -> Iterator[tuple[str, list[Source]]]:
    if len(sources) > 1:
        yield "order reversed", sources[::-1]
    if len(sources) > 2:
        shuffled = list(sources)
        random.Random(seed).shuffle(shuffled)  # noqa: S311 - a sample, not a secret
        if shuffled not in (sources, sources[::-1]):
            yield "order shuffled", shuffled


def _shortened(model: Model, source: Source) -> Source:
    kept = "".join(split_sentences(source.text)[:-1])
    return _source(model, source.label, kept) if kept.strip() else source


def _joined(sources: Sequence[Source]) -> tuple[int, ...]:
    return tuple(token for source in sources for token in source.tokens)
