"""What a model shows of a question's chunks before it drafts anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import accumulate, chain, pairwise
from typing import Any

import numpy as np

from overlay.labelled.items import Item, Kind
from overlay.labelled.matching import contains_any
from overlay.prompt import build_prompt, chunk_tokens, content_free, most_similar_last
from probes.chat import Message
from probes.look import Asking, read_attention
from probes.prompted import prompt_chunks
from probes.protocol import Model
from probes.state import FloatArray
from probes.subject import as_text

__all__ = [
    "Observed",
    "Twins",
    "has_twins",
    "observe",
    "observe_twins",
    "read_observed",
    "state_layer",
    "write_deltas",
    "write_observed",
]

_DIGITS = 5
"""Of a state: bfloat16 has three."""


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """The chunks of one question.

    Attributes:
        question: its words.
        dataset: where it comes from.
        kinds: ``[k]`` what each chunk is.
        helpful: ``[k]`` whether it helps: what its kind says, or, of a chunk that nobody has
            labelled, whether an accepted answer stands in the draft under it alone.
        gains: ``[k]`` question gains, nats a token.
        deltas: ``[k, width]`` state deltas; None from a model that shows no states.
        similarities: ``[k]`` cosine similarities to the question; None where nobody measured them.
        attentions: ``[k]``, see :func:`probes.attention.attention`, nats; None from a model that
            does not show it.
    """

    question: str
    dataset: str
    kinds: tuple[str, ...]
    helpful: tuple[bool, ...]
    gains: tuple[float, ...]
    deltas: FloatArray | None
    similarities: tuple[float, ...] | None = None
    attentions: tuple[float, ...] | None = None


def state_layer(layers: int, depth: float) -> int:
    """The layer at a depth: 0 for the first transformer block, 1 for the last."""
    return round(depth * (layers - 1))


def observe(model: Model, item: Item, *, layer: int, draft_tokens: int) -> Observed:
    """Read each chunk of a question alone, and all side by side.

    Args:
        layer: whose states are read.
        draft_tokens: of the drafts from which labels come where chunks have none.

    Raises:
        PromptTooLongError: the chunks side by side outgrow the model's cache.
    """
    alone = _alone(model, item, layer=layer, draft_tokens=draft_tokens)
    return replace(alone, attentions=_attentions(model, item))


def _alone(model: Model, item: Item, *, layer: int, draft_tokens: int) -> Observed:
    """All but what is read of the chunks side by side."""
    prompt = build_prompt(model, [Message("user", item.question)])
    chunks = [chunk_tokens(model, passage.text) for passage in item.passages]
    kinds = [passage.kind for passage in item.passages]
    with model.session() as prefix:
        prefix.extend(prompt.prefix)
        with prompt_chunks(model, prefix, chunks, prompt.tail, lead=prompt.lead) as prompted:
            readable = model.capabilities.layer_states
            deltas = prompted.state_deltas(model, layer) if readable else None
            if Kind.UNKNOWN in kinds:
                drafts = model.draft_many(prompted.sessions, draft_tokens)
                said = [as_text(model, draft) for draft in drafts]
                helpful = [contains_any(text, item.answers) for text in said]
            else:
                helpful = [kind is Kind.HELPFUL for kind in kinds]
    similarities = [passage.similarity for passage in item.passages]
    known = [similarity for similarity in similarities if similarity is not None]
    return Observed(
        item.question,
        item.dataset,
        tuple(kinds),
        tuple(helpful),
        tuple(prompted.question_gains),
        deltas,
        tuple(known) if len(known) == len(similarities) else None,
    )


def _attentions(model: Model, item: Item) -> tuple[float, ...] | None:
    """As an answer reads them: the most similar chunk last, as many as fit; 0 of the others."""
    if not model.capabilities.attention:
        return None
    prompt = build_prompt(model, [Message("user", item.question)])
    asked, unasked = Asking(prompt.tail, prompt.lead), content_free(model, prompt)
    chunks = [chunk_tokens(model, passage.text) for passage in item.passages]
    similarities = [passage.similarity or 0.0 for passage in item.passages]
    left = model.info.context_size - len(prompt.prefix)
    left -= max(len(asked.tail), len(unasked.tail))
    places = most_similar_last([len(chunk) for chunk in chunks], similarities, left)
    found = [0.0] * len(chunks)
    if len(places) < 2:
        return tuple(found)
    ends = accumulate((len(chunks[place]) for place in places), initial=len(prompt.prefix))
    with model.session() as session:
        session.extend([*prompt.prefix, *chain.from_iterable(chunks[place] for place in places)])
        read = read_attention(model, session, list(pairwise(ends)), asked, unasked)
    for place, value in zip(places, read, strict=True):
        found[place] = value
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class Twins:
    """A passage with an injected instruction beside the same one without it.

    Attributes:
        question, dataset: whose.
        deltas: ``[2, width]`` state deltas, the injected one first.
    """

    question: str
    dataset: str
    deltas: FloatArray


def has_twins(item: Item) -> bool:
    """Whether the item's file says what its injected passage was before."""
    return bool(item.clean_text) and any(p.kind is Kind.INJECTED for p in item.passages)


def observe_twins(model: Model, item: Item, *, layer: int) -> FloatArray:
    """State deltas of an item's injected passage and of its clean twin, ``[2, width]``."""
    injected = next(passage for passage in item.passages if passage.kind is Kind.INJECTED)
    twins = (injected, replace(injected, text=item.clean_text or "", kind=Kind.IRRELEVANT))
    found = _alone(model, replace(item, passages=twins), layer=layer, draft_tokens=1).deltas
    assert found is not None  # noqa: S101 - asked for only where states can be read
    return found


def write_observed(observed: Observed) -> dict[str, Any]:
    """Plain data, for a journal."""
    deltas = observed.deltas
    return {**asdict(observed), "deltas": None if deltas is None else write_deltas(deltas)}


def write_deltas(deltas: FloatArray) -> list[list[float]]:
    """Plain data, rounded."""
    rounded: list[list[float]] = np.round(deltas.astype(np.float64), _DIGITS).tolist()
    return rounded


def read_observed(data: dict[str, Any]) -> Observed:
    """The opposite of :func:`write_observed`."""

    def values(name: str) -> tuple[Any, ...]:
        found: Sequence[Any] = data[name]
        return tuple(found)

    deltas = data["deltas"]
    return Observed(
        question=data["question"],
        dataset=data["dataset"],
        kinds=values("kinds"),
        helpful=values("helpful"),
        gains=values("gains"),
        deltas=None if deltas is None else np.asarray(deltas, dtype=np.float32),
        similarities=values("similarities") if data["similarities"] else None,
        # Journals from before it was read do not know it.
        attentions=values("attentions") if data.get("attentions") else None,
    )
