"""What a model shows of a question's chunks before it drafts anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from overlay.labelled.items import Item, Kind
from overlay.labelled.matching import contains_any
from overlay.prompt import build_prompt, chunk_tokens
from probes.chat import Message
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
    """

    question: str
    dataset: str
    kinds: tuple[str, ...]
    helpful: tuple[bool, ...]
    gains: tuple[float, ...]
    deltas: FloatArray | None
    similarities: tuple[float, ...] | None = None


def state_layer(layers: int, depth: float) -> int:
    """The layer at a depth: 0 for the first transformer block, 1 for the last."""
    return round(depth * (layers - 1))


def observe(model: Model, item: Item, *, layer: int, draft_tokens: int) -> Observed:
    """Read each chunk of a question alone.

    Args:
        layer: whose states are read.
        draft_tokens: of the drafts from which labels come where chunks have none.

    Raises:
        PromptTooLongError: the chunks side by side outgrow the model's cache.
    """
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
    found = observe(model, replace(item, passages=twins), layer=layer, draft_tokens=1).deltas
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
    )
