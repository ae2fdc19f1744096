"""What a model shows of a question's chunks before it drafts anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import accumulate, chain, pairwise
from typing import Any

import numpy as np

from overlay.labelled.items import Item, Kind
from overlay.labelled.matching import contains_any
from overlay.prompt import Prompt, build_prompt, by_similarity, chunk_tokens, content_free
from probes.chat import Message
from probes.look import Asking, end_states, read_attention
from probes.prompted import prompt_chunks
from probes.protocol import Model
from probes.state import FloatArray
from probes.subject import as_text
from selector.order import Order
from selector.weights import Readings

__all__ = [
    "Observed",
    "Twins",
    "has_twins",
    "observe",
    "observe_twins",
    "read_observed",
    "state_layer",
    "write_observed",
    "write_twins",
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
        similarities: ``[k]`` cosine similarities to the question; None where nobody measured them.
        attentions: ``[k]``, see :func:`probes.attention.attention`, nats; None from a model that
            does not show it.
        states: ``[k, width]``, see :func:`probes.look.end_states`; None from a model that shows
            none.
    """

    question: str
    dataset: str
    kinds: tuple[str, ...]
    helpful: tuple[bool, ...]
    similarities: tuple[float, ...] | None = None
    attentions: tuple[float, ...] | None = None
    states: FloatArray | None = None

    @property
    def readings(self) -> list[Readings]:
        """What a judge weighs of each chunk."""
        none = [None] * len(self.kinds)
        rows = zip(
            self.similarities or none,
            self.attentions or none,
            none if self.states is None else self.states,
            strict=True,
        )
        return [Readings(*row) for row in rows]


def state_layer(layers: int, depth: float) -> int:
    """The layer at a depth: 0 for the first transformer block, 1 for the last."""
    return round(depth * (layers - 1))


def observe(
    model: Model,
    item: Item,
    *,
    layer: int,
    draft_tokens: int,
    order: Order = Order.SIMILAR_LAST,
) -> Observed:
    """Read the chunks of a question side by side, as an answer does.

    Of chunks for which there is no room beside more similar ones, attention and state are 0.

    Args:
        layer: whose states are read.
        order: in which the chunks stand.
        draft_tokens: of the drafts from which labels come where chunks have none.

    Raises:
        PromptTooLongError: the chunks side by side outgrow the model's cache.
    """
    prompt = build_prompt(model, [Message("user", item.question)])
    chunks = [chunk_tokens(model, passage.text) for passage in item.passages]
    kinds = [passage.kind for passage in item.passages]
    similarities = [passage.similarity for passage in item.passages]
    known = [similarity for similarity in similarities if similarity is not None]
    attentions, states = _beside(model, prompt, item, layer, order)
    return Observed(
        item.question,
        item.dataset,
        tuple(kinds),
        _drafted(model, prompt, item, chunks, draft_tokens)
        if Kind.UNKNOWN in kinds
        else tuple(kind is Kind.HELPFUL for kind in kinds),
        tuple(known) if len(known) == len(similarities) else None,
        attentions,
        states,
    )


def _drafted(
    model: Model, prompt: Prompt, item: Item, chunks: Sequence[Sequence[int]], draft_tokens: int
) -> tuple[bool, ...]:
    """Whether an accepted answer stands in the draft under each chunk alone."""
    with model.session() as prefix:
        prefix.extend(prompt.prefix)
        with prompt_chunks(model, prefix, chunks, prompt.tail, lead=prompt.lead) as prompted:
            drafts = model.draft_many(prompted.sessions, draft_tokens)
    return tuple(contains_any(as_text(model, draft), item.answers) for draft in drafts)


def _beside(
    model: Model, prompt: Prompt, item: Item, layer: int, order: Order
) -> tuple[tuple[float, ...] | None, FloatArray | None]:
    """Attentions and states of the chunks; None where the model shows none."""
    chunks = [chunk_tokens(model, passage.text) for passage in item.passages]
    asked, unasked = Asking(prompt.tail, prompt.lead), content_free(model, prompt)
    left = model.info.context_size - len(prompt.prefix)
    left -= max(len(asked.tail), len(unasked.tail))
    similarities = [passage.similarity or 0.0 for passage in item.passages]
    places = by_similarity([len(chunk) for chunk in chunks], similarities, left, order)
    shown, readable = model.capabilities.attention, model.capabilities.layer_states
    attentions = np.zeros(len(chunks))
    states = np.zeros((len(chunks), model.info.width), dtype=np.float32)
    if places and (shown or readable):
        sizes = (len(chunks[place]) for place in places)
        ends = list(accumulate(sizes, initial=len(prompt.prefix)))
        with model.session() as session:
            session.extend([*prompt.prefix, *chain.from_iterable(chunks[n] for n in places)])
            if readable:
                states[places] = end_states(model, session, ends[1:], layer)
            if shown and len(places) > 1:
                spans = list(pairwise(ends))
                attentions[places] = read_attention(model, session, spans, asked, unasked)
    return tuple(attentions.tolist()) if shown else None, states if readable else None


@dataclass(frozen=True, slots=True, eq=False)
class Twins:
    """A passage with an injected instruction and the same one without it, each beside the others.

    Attributes:
        question, dataset: whose.
        states: ``[2, k, width]``, see :func:`probes.look.end_states`, of all passages with the
            injected one, and with its twin.
        place: of that one.
    """

    question: str
    dataset: str
    states: FloatArray
    place: int


def has_twins(item: Item) -> bool:
    """Whether the item's file says what its injected passage was before."""
    return bool(item.clean_text) and any(p.kind is Kind.INJECTED for p in item.passages)


def observe_twins(
    model: Model, item: Item, *, layer: int, order: Order = Order.SIMILAR_LAST
) -> Twins:
    """Read an item's passages as they are, and with the clean twin of the injected one."""
    place = next(n for n, one in enumerate(item.passages) if one.kind is Kind.INJECTED)
    clean = replace(item.passages[place], text=item.clean_text or "")
    passages = (*item.passages[:place], clean, *item.passages[place + 1 :])
    prompt = build_prompt(model, [Message("user", item.question)])
    found = []
    for one in (item, replace(item, passages=passages)):
        _, states = _beside(model, prompt, one, layer, order)
        assert states is not None  # noqa: S101 - asked for only where states can be read
        found.append(states)
    return Twins(item.question, item.dataset, np.stack(found), place)


def write_twins(twins: Twins) -> dict[str, Any]:
    """Plain data, for a journal."""
    return {"states": _rounded(twins.states), "place": twins.place}


def write_observed(observed: Observed) -> dict[str, Any]:
    """Plain data, for a journal."""
    states = observed.states
    return {**asdict(observed), "states": None if states is None else _rounded(states)}


def read_observed(data: dict[str, Any]) -> Observed:
    """The opposite of :func:`write_observed`."""

    def values(name: str) -> tuple[Any, ...] | None:
        found: Sequence[Any] | None = data[name]
        return None if found is None else tuple(found)

    states = data["states"]
    return Observed(
        question=data["question"],
        dataset=data["dataset"],
        kinds=values("kinds") or (),
        helpful=values("helpful") or (),
        similarities=values("similarities"),
        attentions=values("attentions"),
        states=None if states is None else np.asarray(states, dtype=np.float32),
    )


def _rounded(states: FloatArray) -> list[Any]:
    rounded: list[Any] = np.round(states.astype(np.float64), _DIGITS).tolist()
    return rounded
