"""Answers under a profile: what it puts over budget never stands alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from overlay.answer import Answer, AnswerFinished, Outcome, StepTaken, TextAdded
from overlay.errors import InputError
from overlay.options import AskOptions, Mode
from overlay.profiles import find_profile
from overlay.prompt import build_prompt, chunk_tokens
from overlay.report import report
from overlay.runtime import Overlay
from overlay.settings import Fallback, Settings
from probes.chat import Message
from probes.copied import copied_share
from probes.llamacpp import LlamaCppModel
from retriever import RankedChunk
from selector.budget import Budget
from selector.guarantee import BUDGETS
from selector.order import Order
from selector.profile import Profile
from selector.profile_files import default_profile
from selector.volatility_index import VolatilityIndex
from selector.weights import Readings, Weights
from tests.overlay.test_runtime import HELPFUL, IRRELEVANT, QUESTION, SUPPORT, Shelf

JUDGING = Weights(bias=0.0, typical_similarity=0.6, similarity=10.0, attention=1.0)
SIMILARITIES = {HELPFUL: 0.9, SUPPORT: 0.8, IRRELEVANT: 0.2}


class Measured(Shelf):
    """Whose similarities tell of the texts, not of their ranks."""

    def search(self, question: str, k: int) -> list[RankedChunk]:
        return [
            replace(one, similarity=SIMILARITIES[one.chunk.text])
            for one in super().search(question, k)
        ]


def write_profile(folder: Path, sha256: str, with_states: Weights = JUDGING) -> Path:
    path = folder / "profile.json"
    profile = Profile(
        model="m",
        sha256=sha256,
        embedder="packaged",
        layer=7,
        with_states=with_states,
        without_states=JUDGING,
    )
    path.write_text(profile.model_dump_json(), encoding="utf-8")
    return path


@pytest.fixture
def overlay(model: LlamaCppModel, tmp_path: Path) -> Overlay:
    """Judges by what is more similar to the question than the other chunks are."""
    return Overlay(
        model,
        Measured((HELPFUL, IRRELEVANT, SUPPORT)),
        Settings(
            max_tokens=16,
            profile=str(write_profile(tmp_path, model.info.sha256)),
            fallback=Fallback.ABSTAIN,
            anchor=False,
        ),
    )


def test_a_chunk_over_budget_is_neither_drafted_from_nor_put_into_the_context(
    model: LlamaCppModel, overlay: Overlay
) -> None:
    free = model.cells.free
    answer = overlay.ask(
        "What is the engineer of the Thread called?", AskOptions(budget=Budget(0.5, 4))
    )
    assert model.cells.free == free
    # What is rejected comes after what is let in; the most similar stands last in the context.
    assert [step.chunk.rank for step in answer.steps] == [2, 0, 1]
    third, first, second = answer.steps
    assert first.verdict.accepted
    assert third.verdict.accepted
    assert not second.verdict.accepted
    assert second.reading is None
    assert second.draft == ""
    assert second.question_gain is None
    assert second.attention is not None
    assert first.attention is not None
    assert second.attention < first.attention
    assert second.verdict.volatility is not None
    assert second.verdict.volatility > 0.5
    assert "not likely to help" in second.verdict.reason
    for let_in in (first, third):
        assert let_in.reading is not None
        assert let_in.question_gain is not None
    # Two drafts of chunks and one without context.
    assert answer.usage.phases["probe"].decoded <= 3 * 16
    assert first.verdict.spent == first.verdict.volatility


def test_the_draft_that_the_anchor_takes_is_not_made_again(
    model: LlamaCppModel, tmp_path: Path
) -> None:
    def ask(**settings: bool) -> Answer:
        chosen = Settings(
            max_tokens=16,
            profile=str(write_profile(tmp_path, model.info.sha256)),
            fallback=Fallback.ABSTAIN,
            variants=1,
            **settings,  # type: ignore[arg-type]  # pydantic checks the settings
        )
        overlay = Overlay(model, Measured((HELPFUL, IRRELEVANT, SUPPORT)), chosen)
        return overlay.ask(QUESTION, AskOptions(budget=Budget(0.5, 4)))

    free = model.cells.free
    answer, without = ask(anchor=True), ask(anchor=False)
    assert model.cells.free == free
    assert answer.anchor[0] == "Emrys Pask is the engineer of the Thread."
    anchor, probe = answer.usage.phases["anchor"], answer.usage.phases["probe"]
    assert 0 < anchor.decoded <= 16
    # One draft less: that of the anchor. A draft made alone rounds otherwise than beside others.
    assert probe.decoded < without.usage.phases["probe"].decoded
    drafts = [[step.draft for step in one.steps[1:]] for one in (answer, without)]
    assert drafts[0] == drafts[1]
    assert answer.steps[0].reading is not None
    assert without.steps[0].reading is not None
    assert answer.steps[0].reading.logit_drift == pytest.approx(
        without.steps[0].reading.logit_drift, abs=1e-3
    )


def test_similarities_are_weighed_for_the_embedder_they_were_calibrated_with(
    model: LlamaCppModel,
) -> None:
    weights = Weights(bias=0.0, typical_similarity=0.5, similarity=9.0, attention=1.0)
    profile = Profile(
        model="m",
        sha256=model.info.sha256,
        embedder="packaged",
        layer=7,
        with_states=weights,
        without_states=weights,
        harm=(0.5,) * len(BUDGETS),
        loss=(0.5,) * len(BUDGETS),
    )
    overlay = Overlay(model, Shelf((HELPFUL, IRRELEVANT)), Settings(max_tokens=4), profile=profile)
    answer = overlay.ask(QUESTION)
    steps = sorted(answer.steps, key=lambda step: step.chunk.rank)
    readings = [Readings(step.chunk.similarity, step.attention) for step in steps]
    assert len({one.similarity for one in readings}) == 2
    assert all(one.attention for one in readings)
    found = [step.verdict.volatility for step in steps]
    assert found == pytest.approx(weights.volatilities(readings))
    assert answer.guarantee is not None
    foreign = Overlay(
        model,
        Shelf((HELPFUL, IRRELEVANT)),
        Settings(max_tokens=4),
        profile=profile.model_copy(update={"embedder": "another/embedder"}),
    )
    answer = foreign.ask(QUESTION)
    steps = sorted(answer.steps, key=lambda step: step.chunk.rank)
    found = [step.verdict.volatility for step in steps]
    unlike = [replace(one, similarity=None) for one in readings]
    assert found == pytest.approx(weights.volatilities(unlike))
    assert answer.guarantee is None


def test_the_answer_says_how_likely_it_is_to_be_wrong(model: LlamaCppModel) -> None:
    scores = VolatilityIndex(bias=0.7, log_prob=-0.5, gain=-0.7, backing=-2.0)
    profile = Profile(
        model="m",
        sha256=model.info.sha256,
        layer=7,
        with_states=JUDGING,
        without_states=JUDGING,
        index=scores,
    )
    settings = Settings(max_tokens=24, fallback=Fallback.ABSTAIN)
    overlay = Overlay(model, Measured((HELPFUL, IRRELEVANT)), settings, profile=profile)
    free = model.cells.free
    answer = overlay.ask(QUESTION, AskOptions(budget=Budget(0.5, 4), top_log_probs=0))
    assert model.cells.free == free
    # The end token is not one of what it says.
    said = [token.log_prob or 0.0 for token in answer.log_probs][: answer.usage.completion_tokens]
    said = said[:16]
    signs = answer.signs
    assert signs is not None
    assert signs.log_prob == pytest.approx(sum(said) / len(said), abs=1e-3)
    assert signs.copied == copied_share(answer.text, QUESTION, HELPFUL)
    assert answer.volatility_index == scores.chance(signs)
    assert 0 < answer.usage.phases["index"].evaluated <= 3 * 16
    nothing = overlay.ask(QUESTION, AskOptions(budget=Budget(0, 0)))
    assert nothing.outcome is Outcome.ABSTAINED
    assert (nothing.signs, nothing.volatility_index) == (None, None)
    from_memory = Overlay(
        model,
        Measured((HELPFUL, IRRELEVANT)),
        settings.model_copy(update={"fallback": Fallback.ANSWER}),
        profile=profile,
    ).ask(QUESTION, AskOptions(budget=Budget(0, 0)))
    assert from_memory.outcome is Outcome.WITHOUT_CONTEXT
    assert from_memory.signs is not None
    assert (from_memory.signs.gain, from_memory.signs.copied) == (0, 0)
    assert from_memory.signs.chunks == 0
    assert from_memory.volatility_index is not None
    assert from_memory.volatility_index > (answer.volatility_index or 0.0)
    plain = overlay.ask(QUESTION, AskOptions(mode=Mode.PLAIN))
    assert plain.volatility_index is None
    assert "index" not in plain.usage.phases


def test_the_answer_carries_what_its_budget_promises(model: LlamaCppModel) -> None:
    shipped = Overlay(model, Shelf((HELPFUL, IRRELEVANT)), Settings(max_tokens=4))
    strict, loose = (
        report(shipped.ask(QUESTION, AskOptions(budget=Budget(step, 4))))["guarantee"]
        for step in (0.3, 0.9)
    )
    assert isinstance(strict, dict)
    assert isinstance(loose, dict)
    assert 0 < strict["harm"] < loose["harm"] < 1
    assert 1 > strict["loss"] > loose["loss"] > 0
    plain = shipped.ask(QUESTION, AskOptions(mode=Mode.PLAIN))
    assert plain.guarantee is None


def test_the_answers_budget_ends_what_the_steps_may_spend(overlay: Overlay) -> None:
    steps = overlay.ask(QUESTION, AskOptions(budget=Budget(1, 0.9))).steps
    assert [step.verdict.accepted for step in steps].count(False) >= 1
    assert any("budget is used up" in step.verdict.reason for step in steps)
    assert sum(step.verdict.spent for step in steps) <= 0.9


def test_where_every_chunk_is_over_budget_the_model_abstains(overlay: Overlay) -> None:
    answer = overlay.ask(QUESTION, AskOptions(budget=Budget(0, 4)))
    assert answer.outcome is Outcome.ABSTAINED
    assert answer.spent == 0
    assert not any(step.verdict.accepted for step in answer.steps)


def test_the_answer_does_not_wait_for_what_is_only_reported(
    model: LlamaCppModel, overlay: Overlay
) -> None:
    free = model.cells.free
    events = list(overlay.stream([Message("user", QUESTION)], AskOptions(budget=Budget(0.5, 4))))
    assert model.cells.free == free
    *others, last = events
    assert isinstance(last, AnswerFinished)
    early = [event.step for event in others if isinstance(event, StepTaken)]
    assert [type(event) for event in others[:3]] == [StepTaken] * 3
    assert all(step.reading is None for step in early)
    assert [step.chunk for step in last.answer.steps] == [step.chunk for step in early]
    for before, after in zip(early, last.answer.steps, strict=True):
        assert after.verdict.accepted == before.verdict.accepted
        assert after.verdict.spent == before.verdict.spent
        assert (after.reading is None) is not after.verdict.accepted
        assert after.verdict.volatility == before.verdict.volatility
    first, second, _ = last.answer.steps
    assert first.reading is not None
    assert first.marginal_drift == first.reading.logit_drift
    assert second.marginal_drift is not None
    assert last.answer.usage.phases["probe"].decoded > 0


def test_an_answer_that_nobody_waits_for_is_not_read(
    model: LlamaCppModel, overlay: Overlay
) -> None:
    free = model.cells.free
    for event in overlay.stream([Message("user", QUESTION)], AskOptions()):
        if isinstance(event, TextAdded):
            break
    assert model.cells.free == free


@pytest.mark.parametrize(
    ("size", "measured"), [(512, {False}), (1024, {False, True}), (4096, {True})]
)
def test_a_small_cache_holds_the_context_and_measures_what_it_has_room_for(
    tiny_gguf: Path, tmp_path: Path, size: int, measured: set[bool]
) -> None:
    small = LlamaCppModel(tiny_gguf, context_size=size)
    try:
        path = write_profile(tmp_path, small.info.sha256)
        texts = [f"{HELPFUL} {SUPPORT} {IRRELEVANT} Note {number}." for number in range(8)]
        settings = Settings(max_tokens=4, profile=str(path), budget_step=1, budget_answer=64)
        free = small.cells.free
        answer = Overlay(small, Shelf(texts), settings).ask(QUESTION, AskOptions(k=8))
        assert small.cells.free == free
        accepted = [step for step in answer.steps if step.verdict.accepted]
        assert len(accepted) >= 2
        assert {step.reading is not None for step in accepted} == measured
    finally:
        small.close()


def test_the_usual_order_evaluates_no_token_of_a_chunk_twice(
    model: LlamaCppModel, overlay: Overlay
) -> None:
    def ask(order: Order) -> tuple[list[int], int]:
        settings = overlay.settings.model_copy(update={"order": order, "variants": 1})
        measured = Measured((HELPFUL, IRRELEVANT, SUPPORT))
        asked = AskOptions(budget=Budget(1, 10), effects=False)
        answer = Overlay(model, measured, settings).ask(QUESTION, asked)
        assert all(step.verdict.accepted for step in answer.steps)
        phases = answer.usage.phases
        prefilled = sum(phases[name].prefilled for name in ("dose", "answer"))
        return [step.chunk.rank for step in answer.steps], prefilled

    usual, other = ask(Order.SIMILAR_LAST), ask(Order.BEST_FIRST)
    assert (usual[0], other[0]) == ([1, 2, 0], [0, 2, 1])
    chunks = sum(len(chunk_tokens(model, text)) for text in (HELPFUL, IRRELEVANT, SUPPORT))
    # The question behind them, too.
    asked = len(build_prompt(model, [Message("user", QUESTION)]).tail)
    assert other[1] - usual[1] == chunks + asked


def test_what_nobody_asks_for_is_not_measured(overlay: Overlay) -> None:
    asked = AskOptions(budget=Budget(0.5, 4))
    told, untold = (
        overlay.ask(QUESTION, asked),
        overlay.ask(QUESTION, replace(asked, effects=False)),
    )
    assert untold.text == told.text
    assert [step.verdict for step in untold.steps] == [step.verdict for step in told.steps]
    assert all(
        (step.reading, step.marginal_drift, step.draft) == (None, None, "") for step in untold.steps
    )
    assert untold.usage.phases["probe"].decoded == 0 < told.usage.phases["probe"].decoded


@pytest.mark.parametrize("order", ["best-first", "best-last", "similar-last"])
def test_but_by_rank_the_order_of_retrieval_does_not_matter(
    model: LlamaCppModel, tmp_path: Path, order: str
) -> None:
    path = write_profile(tmp_path, model.info.sha256)
    settings = Settings(max_tokens=16, profile=str(path), order=Order(order))
    told = []
    for shelf in ((HELPFUL, IRRELEVANT, SUPPORT), (SUPPORT, IRRELEVANT, HELPFUL)):
        answer = Overlay(model, Measured(shelf), settings).ask(
            QUESTION, AskOptions(budget=Budget(0.5, 4))
        )
        accepted = [step for step in answer.steps if step.verdict.accepted]
        told.append([step.text for step in accepted])
        spent = [step.verdict.spent for step in accepted]
        assert spent == sorted(spent, reverse=order != "best-first")
    assert told[0] == told[1]
    assert len(told[0]) == 2


def test_a_budget_of_one_by_rank_gives_the_answer_of_plain_mode(
    model: LlamaCppModel, overlay: Overlay
) -> None:
    settings = overlay.settings.model_copy(update={"order": Order.RANK})
    by_rank = Overlay(model, Measured((HELPFUL, IRRELEVANT, SUPPORT)), settings)
    everything = by_rank.ask(QUESTION, AskOptions(budget=Budget(1, 10)))
    plain = by_rank.ask(QUESTION, AskOptions(mode=Mode.PLAIN))
    assert everything.text == plain.text
    assert everything.usage.prompt_tokens == plain.usage.prompt_tokens


def test_states_are_weighed_where_the_profile_asks_for_them(
    model: LlamaCppModel, tmp_path: Path
) -> None:
    weights = Weights(bias=0.0, instruction=(0.5,) * 576)
    path = write_profile(tmp_path, model.info.sha256, weights)
    shelf = Shelf((HELPFUL, IRRELEVANT))
    overlay = Overlay(model, shelf, Settings(max_tokens=4, profile=str(path)))
    first, second = overlay.ask(QUESTION, AskOptions(budget=Budget(1, 4))).steps
    assert first.verdict.volatility != pytest.approx(0.5, abs=1e-6)
    assert first.verdict.volatility != second.verdict.volatility


def test_a_profile_of_another_width_says_so(model: LlamaCppModel, tmp_path: Path) -> None:
    weights = Weights(bias=0.0, instruction=(0.5, 0.5))
    path = write_profile(tmp_path, model.info.sha256, weights)
    overlay = Overlay(model, Shelf((HELPFUL,)), Settings(profile=str(path)))
    free = model.cells.free
    with pytest.raises(InputError, match="states of 2 numbers"):
        overlay.ask(QUESTION)
    assert model.cells.free == free


def test_a_profile_of_another_model_is_refused(model: LlamaCppModel, tmp_path: Path) -> None:
    path = write_profile(tmp_path, "0" * 64)
    with pytest.raises(InputError, match="was calibrated for m") as caught:
        find_profile(Settings(profile=str(path)), model.info)
    assert "overlay calibrate" in caught.value.hint


def test_a_model_without_a_profile_has_the_default_one(model: LlamaCppModel) -> None:
    unknown = replace(model.info, sha256="0" * 64)
    assert find_profile(Settings(), unknown) is default_profile()
    assert find_profile(Settings(profile="default"), model.info) is default_profile()
    assert find_profile(Settings(), model.info) is not default_profile()
