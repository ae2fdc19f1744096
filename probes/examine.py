"""Everything that the probes can say of a question and its texts, on one model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

import numpy as np

from overlay.errors import InputError
from probes.cost import Ledger
from probes.dispersion import dispersion
from probes.errors import UnavailableError
from probes.influence import shares, sum_over_spans
from probes.isolated import Extent, Isolated, probe_chunks
from probes.logit_drift import logit_drift
from probes.look import Asking, read_attention
from probes.masking import Masker
from probes.protocol import DifferentiableModel, Session
from probes.report import ChunkProbe, ProbeReport, SentenceProbe, TokenProbe, VariantProbe
from probes.subject import Subject, Variant
from probes.token_grad import gradient_times_input, token_grad
from probes.trajectory import Trajectory, follow

__all__ = ["examine"]

# Each takes two of a model's 64 sequences at a time.
_MOST_SOURCES = 24

_Chunks = list[ChunkProbe]
_Place = tuple[int, int]
"""Number of the source, and of the token in it."""


def examine(
    subject: Subject,
    question: str,
    *,
    neutral: Sequence[Sequence[int]] = (),
    variants: Sequence[Variant] = (),
    removal_tokens: int = 0,
    mutated_tokens: int = 0,
    integrated_steps: int = 0,
) -> ProbeReport:
    """Run every probe that the model can compute.

    Args:
        neutral: see :class:`probes.isolated.Extent`.
        variants: the same context and question in other words, orders, lengths.
        removal_tokens: how many tokens are masked one by one, those of the most influential
            sentences first; each costs the tail and the answer once more.
        mutated_tokens: how many tokens are replaced by the model's own likeliest alternative,
            the most influential first; each costs everything behind it once more.
        integrated_steps: points on the path of integrated gradients; each costs two passes over
            the whole prompt.

    Raises:
        InputError: there is no source, or more than 24.
        PromptTooLongError: prefix, all sources, tail and draft outgrow the model's context.
    """
    if not subject.sources:
        raise InputError("there is nothing to probe", hint="give at least one text", param="texts")
    if len(subject.sources) > _MOST_SOURCES:
        raise InputError(
            f"{len(subject.sources)} texts are too many to probe side by side",
            hint=f"give at most {_MOST_SOURCES}",
            param="texts",
        )
    model = subject.model
    ledger = Ledger(model)
    with model.session() as base:
        base.extend(subject.prefix)
        with ledger.phase("each chunk alone"):
            alone = _alone(subject, base, neutral)
        [context] = base.fork(1)
        with context:
            with ledger.phase("trajectory"):
                trajectory = follow(subject, context)
            masker = Masker(subject, trajectory, context)
            with ledger.phase("removal"):
                chunks = _chunks(subject, alone, trajectory, masker)
            with ledger.phase("token removal"):
                chunks = _remove_tokens(subject, chunks, masker, removal_tokens)
            with ledger.phase("token mutation"):
                chunks = _mutate_tokens(subject, chunks, masker, mutated_tokens)
            with ledger.phase("attention"):
                chunks, missing = _attention(subject, chunks, context)
    with ledger.phase("gradients"):
        chunks, ungraded = _gradients(subject, chunks, trajectory)
    missing |= ungraded
    with ledger.phase("integrated gradients"):
        chunks = _integrate(subject, chunks, trajectory, integrated_steps)
    with ledger.phase("variants"):
        probed = [_variant(subject, variant, trajectory) for variant in variants]
    for name, asked in (
        ("dispersion", len(probed)),
        ("token_removal", removal_tokens),
        ("mutation", mutated_tokens),
        ("integrated_gradients", integrated_steps),
    ):
        if not asked:
            missing.setdefault(name, "not asked for")
    return ProbeReport(
        question=question,
        answer=subject.text(trajectory.answer),
        baseline=subject.text(alone.baseline_draft),
        model=model.info.name,
        backend=model.info.backend,
        sha256=model.info.sha256,
        layers=subject.layers,
        chunks=tuple(chunks),
        support_matrix=tuple(tuple(row) for row in alone.matrix.tolist()),
        trajectory=tuple(trajectory.points(subject)),
        path_ratio=trajectory.ratio,
        variants=tuple(probed),
        dispersion=dispersion([variant.drift for variant in probed]) if probed else None,
        unavailable=alone.readings[0].unavailable | missing,
        evaluated={name: cost.evaluated for name, cost in ledger.phases.items()},
    )


def _alone(subject: Subject, base: Session, neutral: Sequence[Sequence[int]]) -> Isolated:
    with probe_chunks(
        subject.model,
        base,
        [source.tokens for source in subject.sources],
        subject.tail,
        Extent(subject.draft_tokens, subject.layers, neutral),
        lead=subject.lead,
    ) as alone:
        return alone


def _chunks(subject: Subject, alone: Isolated, trajectory: Trajectory, masker: Masker) -> _Chunks:
    """Removal of each chunk and of each sentence; what else there is comes in later phases."""
    sources = subject.sources
    lost = masker.removal(subject.spans)
    influence = shares(lost)
    sentences = iter(
        masker.removal(
            [
                (start + first, start + last)
                for (start, _), source in zip(subject.spans, sources, strict=True)
                for _, (first, last) in source.sentences
            ]
        ).tolist()
    )
    chunks = []
    for j, source in enumerate(sources):
        values = [next(sentences) for _ in source.sentences]
        within = influence[j] * shares(np.asarray(values, dtype=np.float64))
        chunks.append(
            ChunkProbe(
                label=source.label,
                text=source.text,
                draft=subject.text(alone.drafts[j]),
                reading=alone.readings[j],
                removal=float(lost[j]),
                loss_sensitivity=float(lost[j]) / len(trajectory.answer),
                influence_removal=float(influence[j]),
                influence_gradient=None,
                sentences=tuple(
                    SentenceProbe(text, value, share)
                    for (text, _), value, share in zip(
                        source.sentences, values, within.tolist(), strict=True
                    )
                ),
                tokens=tuple(
                    TokenProbe(subject.text([token]), None, None, None) for token in source.tokens
                ),
            )
        )
    return chunks


def _remove_tokens(subject: Subject, chunks: _Chunks, masker: Masker, limit: int) -> _Chunks:
    """Mask single tokens, those of the most influential sentences first."""
    ranked = sorted(
        (-(sentence.removal or 0.0), j, span)
        for j, (chunk, source) in enumerate(zip(chunks, subject.sources, strict=True))
        for sentence, (_, span) in zip(chunk.sentences, source.sentences, strict=True)
    )
    places = [(j, at) for _, j, (first, last) in ranked for at in range(first, last)][:limit]
    if not places:
        return chunks
    starts = [start for start, _ in subject.spans]
    lost = masker.removal([(starts[j] + at, starts[j] + at + 1) for j, at in places])
    return _with_tokens(
        chunks,
        {
            (j, at): replace(chunks[j].tokens[at], removal=value)
            for (j, at), value in zip(places, lost.tolist(), strict=True)
        },
    )


def _mutate_tokens(subject: Subject, chunks: _Chunks, masker: Masker, limit: int) -> _Chunks:
    """Replace single tokens, those that the answer loses most without first."""
    removed = sorted(
        (-token.removal, j, at)
        for j, chunk in enumerate(chunks)
        for at, token in enumerate(chunk.tokens)
        if token.removal is not None
    )
    changed = {}
    for _, j, at in removed[:limit]:
        other, loss = masker.mutation(subject.spans[j][0] + at)
        changed[j, at] = replace(
            chunks[j].tokens[at], alternative=subject.text([other]), mutation=loss
        )
    return _with_tokens(chunks, changed)


def _attention(
    subject: Subject, chunks: _Chunks, context: Session
) -> tuple[_Chunks, dict[str, str]]:
    """How much more the question looks at each chunk than an empty one; or why it is missing."""
    if subject.unasked is None:
        return chunks, {"attention": "no content-free question was given"}
    asked = Asking(subject.tail, subject.lead)
    try:
        found = read_attention(subject.model, context, subject.spans, asked, subject.unasked)
    except UnavailableError as error:
        return chunks, {"attention": str(error)}
    return [replace(chunk, attention=one) for chunk, one in zip(chunks, found, strict=True)], {}


def _gradients(
    subject: Subject, chunks: _Chunks, trajectory: Trajectory
) -> tuple[_Chunks, dict[str, str]]:
    """TokenGrad, gradient times input, and the chunks' shares by it; or why they are missing."""
    model = subject.model
    if not model.capabilities.gradients:
        reason = f"{model.info.backend} computes no gradients: use the transformers backend"
        names = ("token_grad", "gradient_input", "influence_gradient", "integrated_gradients")
        return chunks, dict.fromkeys(names, reason)
    gradient = cast(DifferentiableModel, model).gradient(subject.tokens, trajectory.answer)
    norms, products = token_grad(gradient), gradient_times_input(gradient)
    tokens = {
        (j, at): replace(
            token, token_grad=float(norms[place]), gradient_input=float(products[place])
        )
        for j, at, place, token in _places(subject, chunks)
    }
    influence = shares(sum_over_spans(products, subject.spans)).tolist()
    return [
        replace(chunk, influence_gradient=share)
        for chunk, share in zip(_with_tokens(chunks, tokens), influence, strict=True)
    ], {}


def _integrate(subject: Subject, chunks: _Chunks, trajectory: Trajectory, steps: int) -> _Chunks:
    """Integrated gradients, where they are asked for and there are gradients."""
    if not steps or not subject.model.capabilities.gradients:
        return chunks
    model = cast(DifferentiableModel, subject.model)
    values = model.integrated_gradients(subject.tokens, trajectory.answer, steps=steps)
    return _with_tokens(
        chunks,
        {
            (j, at): replace(token, integrated_gradients=float(values[place]))
            for j, at, place, token in _places(subject, chunks)
        },
    )


def _places(subject: Subject, chunks: _Chunks) -> Iterator[tuple[int, int, int, TokenProbe]]:
    """Source, token of it, place in the whole prompt, and what is known of every token."""
    for j, (chunk, (start, _)) in enumerate(zip(chunks, subject.spans, strict=True)):
        for at, token in enumerate(chunk.tokens):
            yield j, at, start + at, token


def _with_tokens(chunks: _Chunks, changed: Mapping[_Place, TokenProbe]) -> _Chunks:
    return [
        replace(
            chunk,
            tokens=tuple(changed.get((j, at), token) for at, token in enumerate(chunk.tokens)),
        )
        for j, chunk in enumerate(chunks)
    ]


def _variant(subject: Subject, variant: Variant, trajectory: Trajectory) -> VariantProbe:
    with subject.model.session() as session:
        session.extend([*variant.prefix, *variant.context, *variant.tail])
        [draft] = subject.model.draft_many([session], subject.draft_tokens)
        state = session.read(trajectory.answer, subject.layers)
    return VariantProbe(
        name=variant.name,
        draft=subject.text(draft),
        answer_log_prob=state.mean_log_prob,
        drift=logit_drift(trajectory.states[-1], state),
    )
