"""Answers under a profile: what it puts over budget is not probed further."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from overlay.answer import Answer, AnswerFinished, Outcome, StepTaken, TextAdded
from overlay.errors import InputError
from overlay.options import AskOptions, Mode
from overlay.profiles import find_profile
from overlay.report import report
from overlay.runtime import Overlay
from overlay.settings import Fallback, Settings
from probes.chat import Message
from probes.copied import copied_share
from probes.llamacpp import LlamaCppModel
from selector.budget import Budget
from selector.guarantee import BUDGETS
from selector.order import Order
from selector.profile import Profile
from selector.profile_files import default_profile
from selector.volatility_index import VolatilityIndex
from selector.weights import Weights
from tests.overlay.test_runtime import HELPFUL, IRRELEVANT, QUESTION, SUPPORT, Shelf

GAIN = Weights(bias=0.0, typical_gain=0.7, gain=40.0)


def write_profile(folder: Path, sha256: str, with_states: Weights = GAIN) -> Path:
    path = folder / "profile.json"
    profile = Profile(
        model="m", sha256=sha256, layer=7, with_states=with_states, without_states=GAIN
    )
    path.write_text(profile.model_dump_json(), encoding="utf-8")
    return path


@pytest.fixture
def overlay(model: LlamaCppModel, tmp_path: Path) -> Overlay:
    """Judges by what makes the question likelier than the other chunks do."""
    return Overlay(
        model,
        Shelf((HELPFUL, IRRELEVANT, SUPPORT)),
        Settings(
            max_tokens=16,
            profile=str(write_profile(tmp_path, model.info.sha256)),
            fallback=Fallback.ABSTAIN,
            anchor=False,
        ),
    )


def test_a_chunk_over_budget_is_neither_drafted_from_nor_dosed(
    model: LlamaCppModel, overlay: Overlay
) -> None:
    free = model.cells.free
    answer = overlay.ask(
        "What is the engineer of the Thread called?", AskOptions(budget=Budget(0.5, 4))
    )
    assert model.cells.free == free
    # What is rejected unread comes after what was tried; the steadiest stands last in the context.
    assert [step.chunk.rank for step in answer.steps] == [2, 0, 1]
    third, first, second = answer.steps
    assert first.verdict.accepted
    assert third.verdict.accepted
    assert not second.verdict.accepted
    assert second.reading is None
    assert second.draft == ""
    assert second.question_gain is not None
    assert first.question_gain is not None
    assert second.question_gain < first.question_gain
    assert second.verdict.volatility is not None
    assert second.verdict.volatility > 0.5
    assert f"{second.question_gain:+.2f} nats" in second.verdict.reason
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
            **settings,  # type: ignore[arg-type]  # pydantic checks the settings
        )
        overlay = Overlay(model, Shelf((HELPFUL, IRRELEVANT, SUPPORT)), chosen)
        return overlay.ask(QUESTION, AskOptions(budget=Budget(0.5, 4)))

    free = model.cells.free
    answer, without = ask(anchor=True), ask(anchor=False)
    assert model.cells.free == free
    assert answer.anchor[0] == "Emrys Pask is the engineer of the Thread."
    anchor, probe = answer.usage.phases["anchor"], answer.usage.phases["probe"]
    assert 0 < anchor.decoded <= 16
    assert anchor.decoded + probe.decoded == without.usage.phases["probe"].decoded
    assert [step.draft for step in answer.steps] == [step.draft for step in without.steps]
    assert answer.steps[0].reading is not None
    assert without.steps[0].reading is not None
    assert answer.steps[0].reading.logit_drift == pytest.approx(
        without.steps[0].reading.logit_drift, abs=1e-3
    )


def test_similarities_are_weighed_for_the_embedder_they_were_calibrated_with(
    model: LlamaCppModel,
) -> None:
    weights = Weights(bias=0.0, typical_gain=0.7, gain=1.0, typical_similarity=0.5, similarity=9.0)
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
    gains = [step.question_gain or 0.0 for step in steps]
    similarities = [step.chunk.similarity for step in steps]
    assert len(set(similarities)) == 2
    found = [step.verdict.volatility for step in steps]
    assert found == pytest.approx(weights.volatilities(gains, None, similarities))
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
    assert found == pytest.approx(weights.volatilities(gains, None))
    assert answer.guarantee is None


def test_the_answer_says_how_likely_it_is_to_be_wrong(model: LlamaCppModel) -> None:
    scores = VolatilityIndex(
        bias=0.7, log_prob=-0.5, copied=-2.0, gain=-0.7, volatility=0.3, backing=0.0, chunks=0.0
    )
    weights = scores.model_copy(update={"state": (-0.01,) * model.info.width})
    profile = Profile(
        model="m",
        sha256=model.info.sha256,
        layer=7,
        with_states=GAIN,
        without_states=GAIN,
        index=scores,
        index_with_states=weights,
    )
    settings = Settings(max_tokens=24, fallback=Fallback.ABSTAIN)
    overlay = Overlay(model, Shelf((HELPFUL, IRRELEVANT)), settings, profile=profile)
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
    assert signs.volatility == min(s.verdict.spent for s in answer.steps if s.verdict.accepted)
    assert answer.volatility_index == weights.chance(signs)
    assert answer.volatility_index != scores.chance(signs)
    assert 0 < answer.usage.phases["index"].evaluated <= 3 * 16
    nothing = overlay.ask(QUESTION, AskOptions(budget=Budget(0, 0)))
    assert nothing.outcome is Outcome.ABSTAINED
    assert (nothing.signs, nothing.volatility_index) == (None, None)
    from_memory = Overlay(
        model,
        Shelf((HELPFUL, IRRELEVANT)),
        settings.model_copy(update={"fallback": Fallback.ANSWER}),
        profile=profile,
    ).ask(QUESTION, AskOptions(budget=Budget(0, 0)))
    assert from_memory.outcome is Outcome.WITHOUT_CONTEXT
    assert from_memory.signs is not None
    assert (from_memory.signs.gain, from_memory.signs.copied) == (0, 0)
    assert from_memory.signs.volatility == 1
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


@pytest.mark.parametrize("size", [512, 1024])
def test_a_small_cache_holds_the_context_and_what_is_read(
    tiny_gguf: Path, tmp_path: Path, size: int
) -> None:
    small = LlamaCppModel(tiny_gguf, context_size=size)
    try:
        path = write_profile(tmp_path, small.info.sha256)
        texts = [f"{HELPFUL} {SUPPORT} {IRRELEVANT} Note {number}." for number in range(8)]
        settings = Settings(max_tokens=4, profile=str(path), budget_step=1, budget_answer=64)
        answer = Overlay(small, Shelf(texts), settings).ask(QUESTION, AskOptions(k=8))
        accepted = [step for step in answer.steps if step.verdict.accepted]
        assert len(accepted) >= 2
        assert all(step.reading is not None for step in accepted)
    finally:
        small.close()


def test_the_bridge_begins_with_the_smallest_step(model: LlamaCppModel, tmp_path: Path) -> None:
    path = write_profile(tmp_path, model.info.sha256)
    settings = Settings(max_tokens=4, profile=str(path), order=Order.BRIDGE)
    answer = Overlay(model, Shelf((HELPFUL, SUPPORT)), settings).ask(
        QUESTION, AskOptions(budget=Budget(1, 4))
    )
    drifts = [step.reading.logit_drift for step in answer.steps if step.reading is not None]
    assert len(drifts) == 2
    assert drifts == sorted(drifts)


@pytest.mark.parametrize("order", ["best-first", "best-last"])
def test_by_volatility_the_order_of_retrieval_does_not_matter(
    model: LlamaCppModel, tmp_path: Path, order: str
) -> None:
    path = write_profile(tmp_path, model.info.sha256)
    settings = Settings(max_tokens=16, profile=str(path), order=Order(order))
    told = []
    for shelf in ((HELPFUL, IRRELEVANT, SUPPORT), (SUPPORT, IRRELEVANT, HELPFUL)):
        answer = Overlay(model, Shelf(shelf), settings).ask(QUESTION)
        accepted = [step for step in answer.steps if step.verdict.accepted]
        told.append([step.text for step in accepted])
        spent = [step.verdict.spent for step in accepted]
        assert spent == sorted(spent, reverse=order == "best-last")
    assert told[0] == told[1]
    assert len(told[0]) == 2


def test_a_budget_of_one_by_rank_gives_the_answer_of_plain_mode(
    model: LlamaCppModel, overlay: Overlay
) -> None:
    settings = overlay.settings.model_copy(update={"order": Order.RANK})
    by_rank = Overlay(model, Shelf((HELPFUL, IRRELEVANT, SUPPORT)), settings)
    everything = by_rank.ask(QUESTION, AskOptions(budget=Budget(1, 10)))
    plain = by_rank.ask(QUESTION, AskOptions(mode=Mode.PLAIN))
    assert everything.text == plain.text
    assert everything.usage.prompt_tokens == plain.usage.prompt_tokens


def test_states_are_weighed_where_the_profile_asks_for_them(
    model: LlamaCppModel, tmp_path: Path
) -> None:
    weights = Weights(bias=0.0, typical_gain=0.0, gain=0.0, direction=(0.5,) * 576)
    path = write_profile(tmp_path, model.info.sha256, weights)
    shelf = Shelf((HELPFUL, IRRELEVANT))
    overlay = Overlay(model, shelf, Settings(max_tokens=4, profile=str(path)))
    first, second = overlay.ask(QUESTION, AskOptions(budget=Budget(1, 4))).steps
    assert first.verdict.volatility != pytest.approx(0.5, abs=1e-6)
    assert first.verdict.volatility != second.verdict.volatility


def test_a_profile_of_another_width_says_so(model: LlamaCppModel, tmp_path: Path) -> None:
    weights = Weights(bias=0.0, typical_gain=0.0, gain=0.0, direction=(0.5, 0.5))
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
