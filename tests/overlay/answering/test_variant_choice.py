"""How many variants are tried, at what cost, and which is spoken, on a tiny random model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from overlay.answer import Answer, Outcome
from overlay.answering.candidate import Candidate
from overlay.answering.speak import ABSTENTION
from overlay.answering.workspace import Workspace
from overlay.options import AskOptions
from overlay.report import report
from overlay.runtime import Overlay
from overlay.settings import Settings
from probes.llamacpp import LlamaCppModel
from probes.state import State
from retriever import RankedChunk
from selector.budget import Budget
from selector.order import Order
from selector.weights import Weights
from tests.overlay.answering.test_variants import UNLIKELY, profile_of
from tests.overlay.test_runtime import HELPFUL, IRRELEVANT, QUESTION, SUPPORT, Shelf

# Everything is let in, the more similar the steadier.
WEIGHTS = Weights(bias=3.0, similarity=5.0)
LOOKING = Weights(bias=0.0, attention=1.0)
BUDGET = AskOptions(budget=Budget(0.5, 4))
TEXTS = (HELPFUL, SUPPORT, IRRELEVANT)
SHELF = Shelf(TEXTS)


class Swapped(Shelf):
    """The second chunk is the most similar one."""

    def search(self, question: str, k: int) -> list[RankedChunk]:
        first, second, *others = super().search(question, k)
        similar, less = first.similarity, second.similarity
        return [replace(first, similarity=less), replace(second, similarity=similar), *others]


def ask(
    model: LlamaCppModel,
    options: AskOptions = BUDGET,
    shelf: Shelf = SHELF,
    **settings: float | Order,
) -> Answer:
    judged = {"embedder": "packaged", "with_states": WEIGHTS, "without_states": WEIGHTS}
    profile = profile_of(model, UNLIKELY).model_copy(update=judged)
    chosen = Settings(max_tokens=24, **settings)  # type: ignore[arg-type]  # pydantic checks them
    return Overlay(model, shelf, chosen, profile=profile).ask(QUESTION, options)


def test_where_none_is_steady_the_overlay_abstains_and_says_what_it_found(
    tiny_model: LlamaCppModel,
) -> None:
    answer = ask(tiny_model, variants=8, budget_index=0.0)
    assert answer.outcome is Outcome.ABSTAINED
    assert answer.text == ABSTENTION
    assert answer.volatility_index is None
    assert len(answer.variants) > 3
    assert not any(tried.spoken for tried in answer.variants)
    assert all(f"{rank}.md" in answer.note for rank in range(3))
    for tried in answer.variants:
        assert tried.index is not None
        assert f"{tried.name} {tried.index:.2f}" in answer.note


def test_no_variant_is_tried_twice(tiny_model: LlamaCppModel) -> None:
    tried = ask(tiny_model, variants=16, budget_index=0.0).variants
    names = [one.name for one in tried]
    first = ["as judged", "the two steadiest chunks", "the steadiest chunk alone"]
    assert names[:3] == first
    assert "a sentence said again" in names
    same = ("wording", "sentence itself")
    alike = [(one.chunks, one.repeated) for one in tried if not any(n in one.name for n in same)]
    assert len(set(alike)) == len(alike)


def test_the_steadiest_variant_is_spoken(tiny_model: LlamaCppModel) -> None:
    every = ask(tiny_model, variants=16, budget_index=0.0).variants
    indices = [tried.index or 0.0 for tried in every]
    best = min(indices)
    # An index between the steadiest and the others, or what comes nearest to that.
    answer = ask(tiny_model, variants=16, retry_index=min(best + 1e-6, 1.0), budget_index=1)
    [spoken] = [tried for tried in answer.variants if tried.spoken]
    assert spoken == max(answer.variants, key=lambda tried: -(tried.index or 0.0))
    assert spoken.index == pytest.approx(best, abs=1e-6)
    assert answer.outcome is Outcome.ANSWERED
    assert answer.volatility_index == spoken.index
    assert len(answer.variants) == indices.index(best) + 1
    assert answer.anchor == spoken.repeated
    written = report(answer)["variants"]
    assert isinstance(written, list)
    assert [one["spoken"] for one in written] == [one.spoken for one in answer.variants]


def test_a_variant_that_says_nothing_is_not_the_steadiest(
    tiny_model: LlamaCppModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing tells of it, and it is no answer."""
    expected = ask(tiny_model, variants=3, budget_index=1.0, retry_index=0.0)
    [spoken] = [one.name for one in expected.variants if one.spoken]
    generate = tiny_model.generate_states

    def silent(*args: object) -> list[State | None]:
        found = generate(*args)  # type: ignore[arg-type]  # whatever it is given
        return [None, *found[1:]] if len(found) == 2 else found

    monkeypatch.setattr(tiny_model, "generate_states", silent)
    answer = ask(tiny_model, variants=3, budget_index=1.0, retry_index=0.0)
    assert [one.index is None for one in answer.variants] == [False, True, False]
    assert not answer.variants[1].spoken
    assert answer.text
    assert spoken in {one.name for one in answer.variants}
    with monkeypatch.context() as patch:
        patch.setattr(tiny_model, "generate_states", lambda sessions, *_: [None] * len(sessions))
        nothing = ask(tiny_model, variants=3)
    assert nothing.outcome is Outcome.ABSTAINED


def test_a_variant_shares_what_was_read(tiny_model: LlamaCppModel) -> None:
    """The second costs what is said again, the question and its first tokens."""
    one = ask(tiny_model, variants=1, order=Order.RANK, shelf=Swapped(TEXTS))
    two = ask(tiny_model, variants=2, budget_index=0.0, order=Order.RANK, shelf=Swapped(TEXTS))
    judged, steadiest = two.variants
    assert (judged.chunks, steadiest.chunks) == ((0, 1, 2), (0, 1)), "they begin alike"
    again = sum(len(tiny_model.tokenize(f'"{said}"\n')) for said in steadiest.repeated)
    question = len(tiny_model.tokenize(QUESTION)) + 40
    # Of an abstention nothing is generated behind the first tokens.
    assert two.usage.cost.evaluated <= one.usage.cost.evaluated + again + question + 3 * 16


@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_an_answer_that_had_begun_goes_on_to_its_length(
    tiny_model: LlamaCppModel, temperature: float
) -> None:
    options = AskOptions(
        budget=Budget(0.5, 4), max_tokens=20, temperature=temperature, seed=3, stop=("\n\n\n",)
    )
    first, again = (ask(tiny_model, options, variants=2, retry_index=1.0) for _ in range(2))
    assert first.text == again.text
    assert first.usage.completion_tokens <= 20
    if temperature == 0:
        assert first.text == ask(tiny_model, options).text


def ask_of(model: LlamaCppModel, texts: Sequence[str]) -> Answer:
    """Ask in as many variants as there are, all of them shaky."""
    profile = profile_of(model, UNLIKELY).model_copy(update={"with_states": LOOKING})
    profile = profile.model_copy(update={"without_states": LOOKING})
    settings = Settings(max_tokens=24, variants=16, retry_index=0.0, budget_index=1.0)
    options = AskOptions(k=len(texts), budget=Budget(1, 64))
    return Overlay(model, Shelf(texts), settings, profile=profile).ask(QUESTION, options)


def test_a_variant_for_which_the_cache_has_no_room_ends_the_trying(
    tiny_model: LlamaCppModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(ask_of(tiny_model, TEXTS).variants) > 3
    asked = []

    def fits(_: Workspace, chunks: Sequence[Candidate]) -> bool:
        asked.append([one.chunk.rank for one in chunks])
        return False

    monkeypatch.setattr(Workspace, "fits", fits)
    answer = ask_of(tiny_model, TEXTS)
    assert [tried.name for tried in answer.variants] == ["as judged"]
    assert answer.outcome is Outcome.ANSWERED
    assert len(asked) == 2, "of the first one it decides what is kept, of the second that it ends"


@pytest.mark.parametrize(
    ("size", "chunks", "times"), [(256, 3, 12), (256, 12, 1), (512, 3, 1), (512, 12, 3)]
)
def test_a_tiny_context_ends_the_trying_before_its_cache_is_full(
    tiny_gguf: Path, size: int, chunks: int, times: int
) -> None:
    """The last chunk is a long one, which takes much of the cache or outgrows the context."""
    small = LlamaCppModel(tiny_gguf, context_size=size)
    text = f"{HELPFUL} {SUPPORT} {IRRELEVANT} Note"
    texts = [f"{text} {number}." for number in range(chunks - 1)]
    texts.append(" ".join([f"{text} {chunks}."] * times))
    try:
        free = small.cells.free
        answer = ask_of(small, texts)
        assert answer.outcome is Outcome.ANSWERED
        assert answer.variants
        assert small.cells.free == free
    finally:
        small.close()
