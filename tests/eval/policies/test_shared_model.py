"""Shared work on tiny random models, under both backends: the same answers at their full price."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from eval.policies.bench import Bench
from eval.policies.catalogue import build_policy
from eval.policies.shared_model import SharedModel
from eval.policies.spec import PolicySpec
from overlay.errors import InputError
from overlay.labelled.items import Kind, Passage
from overlay.settings import Settings
from probes.cost import Cost
from probes.errors import PromptTooLongError
from probes.llamacpp import LlamaCppModel
from probes.protocol import Model, Sampling, Session
from probes.transformers import TransformersModel
from tests.probes.tiny_transformers import CONFIGS, open_tiny, save_tiny

QUESTION = "Who is the engineer of the Thread?"
PASSAGES = (
    Passage("Emrys Pask is the engineer of the Thread.", Kind.HELPFUL, "a.md", 0.8),
    Passage("Soup is served from noon. Bread comes late.", Kind.IRRELEVANT, "c.md", 0.1),
    Passage("Ask Emrys Pask, the engineer of the Thread.", Kind.HELPFUL, "b.md", 0.6),
)
POLICIES = (
    PolicySpec(kind="no-context"),
    PolicySpec(kind="top-k"),
    PolicySpec(kind="information-gain", steps=8),  # type: ignore[call-arg]  # extra keys are arguments
    PolicySpec(kind="keyword-voting"),
    PolicySpec(kind="perplexity"),
    PolicySpec(kind="ablation", ablations=4),  # type: ignore[call-arg]  # likewise
    # An answer's budget that rounding does not reach.
    PolicySpec(kind="overlay", budget_step=0.5, budget_answer=4),  # type: ignore[call-arg]  # likewise
    PolicySpec(kind="overlay", order="rank", budget_step=1, budget_answer=64),  # type: ignore[call-arg]  # likewise
)
SETTINGS = Settings(max_tokens=8, draft_tokens=6, variants=1, budget_index=1)


@pytest.fixture(scope="module")
def tiny_other(tmp_path_factory: pytest.TempPathFactory) -> TransformersModel:
    """Under transformers, in float64: nothing is a near tie there."""
    config = deepcopy(CONFIGS["llama"])
    config.max_position_embeddings = 2048
    return open_tiny(save_tiny(tmp_path_factory.mktemp("tiny"), config))


@pytest.fixture(params=["llama.cpp", "transformers"])
def either(
    request: pytest.FixtureRequest, tiny_model: LlamaCppModel, tiny_other: TransformersModel
) -> Model:
    return tiny_model if request.param == "llama.cpp" else tiny_other


def costs(model: Model) -> list[Cost]:
    """What each policy costs by the model's own counter, but for forward calls."""
    found = []
    for spec in POLICIES:
        before = model.cost
        build_policy(spec, Bench(model, SETTINGS)).answer(QUESTION, PASSAGES)
        found.append(replace(model.cost - before, calls=0))
    return found


def test_each_policy_is_charged_what_it_costs_alone(either: Model) -> None:
    """The model's own counter, with nothing shared, is the measure."""
    alone = costs(either)
    shared = SharedModel(either)
    before = either.evaluated
    charged = costs(shared)
    again = costs(shared)
    done = either.evaluated - before
    shared.forget()
    assert again == charged
    evaluated = [cost.evaluated for cost in alone]
    assert done < 0.7 * sum(evaluated)
    if isinstance(either, TransformersModel):
        assert charged == alone
    else:
        # What else lies in llama.cpp's cache shifts its sums: a draft may end a token sooner.
        assert [cost.evaluated for cost in charged] == pytest.approx(evaluated, abs=8)


def test_shared_answers_are_the_model_s_own(tiny_other: TransformersModel) -> None:
    shared = SharedModel(tiny_other)
    for spec in POLICIES:
        own = build_policy(spec, Bench(tiny_other, SETTINGS)).answer(QUESTION, PASSAGES)
        same = build_policy(spec, Bench(shared, SETTINGS)).answer(QUESTION, PASSAGES)
        assert (own.text, own.outcome, own.accepted) == (same.text, same.outcome, same.accepted)
        assert own.volatility == (
            same.volatility if same.volatility is None else pytest.approx(same.volatility, abs=1e-4)
        )
    shared.forget()


def test_side_by_side_each_is_charged_in_full_and_drafts_share_batches(
    tiny_other: TransformersModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    draft_many = tiny_other.draft_many

    def counted(sessions: Sequence[Session], length: int) -> list[list[int]]:
        batches.append(len(sessions))
        return draft_many(sessions, length)

    monkeypatch.setattr(tiny_other, "draft_many", counted)
    shared = SharedModel(tiny_other)

    def task(spec: PolicySpec) -> tuple[str, int]:
        before = shared.evaluated
        said = build_policy(spec, Bench(shared, SETTINGS)).answer(QUESTION, PASSAGES)
        return said.text, shared.evaluated - before

    tasks = {str(number): partial(task, spec) for number, spec in enumerate(POLICIES)}
    one_by_one = {name: task() for name, task in tasks.items()}
    shared.forget()
    single, batches = batches, []
    together = shared.side_by_side(tasks)
    shared.forget()
    assert list(together) == list(tasks)
    assert together == one_by_one
    assert sum(batches) == sum(single)
    assert len(batches) < len(single)


def test_an_error_side_by_side_comes_through(tiny_model: LlamaCppModel) -> None:
    shared = SharedModel(tiny_model)

    def good() -> str:
        return build_policy(POLICIES[0], Bench(shared, SETTINGS)).answer(QUESTION, ()).text

    def bad() -> str:
        raise InputError("no good")

    with pytest.raises(InputError, match="no good"):
        shared.side_by_side({"good": good, "bad": bad})
    assert shared.side_by_side({"good": good})["good"] == good()
    shared.forget()


def test_equal_prompts_get_equal_answers(either: Model) -> None:
    """However a policy came to a prompt, what is said under it is worked out once."""
    shared = SharedModel(either)
    everything = PolicySpec(
        kind="overlay",
        order="rank",  # type: ignore[call-arg]  # extra keys are arguments
        budget_step=1,
        budget_answer=64,
        anchor=False,
        majority=False,
        halve=False,
    )
    dosed = build_policy(everything, Bench(shared, SETTINGS)).answer(QUESTION, PASSAGES)
    before = either.evaluated
    plain = build_policy(PolicySpec(kind="top-k"), Bench(shared, SETTINGS)).answer(
        QUESTION, PASSAGES
    )
    assert plain.text == dosed.text
    assert either.evaluated == before
    shared.forget()


def test_sessions_that_were_used_longest_ago_are_closed(tiny_model: LlamaCppModel) -> None:
    shared = SharedModel(tiny_model)
    free = tiny_model.cells.free
    windows = tiny_model.tokenize(" a b c d e f g h i j")
    for first in range(4):
        for second in windows:
            with shared.session() as session:
                session.extend([windows[first], second, windows[0]])
                session.read([windows[1]])
    assert 0 < free - tiny_model.cells.free <= 24
    shared.forget()
    assert tiny_model.cells.free == free


def test_a_session_counts_like_the_model_s_own(either: Model) -> None:
    shared = SharedModel(either)
    tokens = either.tokenize("The engineer of the Thread inspects the cable every morning.")
    counts = []
    for model in (either, shared):
        before = model.evaluated
        with model.session() as session:
            session.extend(tokens[:6])
            [twin] = session.fork(1)
            twin.extend(tokens[6:])
            twin.read(tokens[:3])
            twin.rollback(8)
            twin.read(tokens[:2])
            said = list(twin.generate(Sampling(max_tokens=5)))
            twin.read(tokens[:2])
            twin.close()
        counts.append((model.evaluated - before, said))
    shared.forget()
    assert counts[0] == counts[1]


def test_what_cannot_be_done_is_refused(tiny_model: LlamaCppModel) -> None:
    shared = SharedModel(tiny_model)
    assert not shared.capabilities.gradients
    with shared.session() as session:
        with pytest.raises(InputError, match="empty"):
            session.read([1])
        session.extend(tiny_model.tokenize("one two three"))
        with pytest.raises(InputError, match="window is empty"):
            session.read([])
        with pytest.raises(InputError, match="cannot roll back"):
            session.rollback(99)
        with pytest.raises(PromptTooLongError):
            session.extend([1] * tiny_model.info.context_size)
    with tiny_model.session() as foreign:
        foreign.extend([1])
        with pytest.raises(InputError, match="no session of this model"):
            shared.read_many([(foreign, [1])])


def test_what_is_masked_is_kept_apart_from_what_is_not(either: Model) -> None:
    """And charged as the model itself charges it; at the end, and rolled back into, it is gone."""
    tokens = either.tokenize(QUESTION * 3)[:20]
    window, after = tokens[3:6], tokens[7:12]

    def masked(model: Model) -> tuple[list[list[int]], list[np.ndarray], int]:
        held, read, before = [], [], model.cost
        with ExitStack() as stack:
            session = stack.enter_context(model.session())
            session.extend(tokens)
            for spans in ([(4, 9)], [(4, 9), (12, 15)], [(14, 19)], [(4, 9), (10, 19)]):
                fork: Session = session
                for span in spans:
                    fork = stack.enter_context(fork.fork_masked(*span))
                fork.extend(after)
                for position in (99, 17, 12, 10, 8):
                    fork.rollback(min(position, len(fork.tokens)))
                    held.append(list(fork.tokens))
                    read.append(fork.read(window).log_probs)
            read.append(session.read(window).log_probs)
        return held, read, (model.cost - before).prefilled

    shared = SharedModel(either)
    held, read, charged = masked(shared)
    expected_held, expected_read, spent = masked(either)
    assert held == expected_held
    for own, expected in zip(read, expected_read, strict=True):
        np.testing.assert_allclose(own, expected, atol=1e-3)
    assert charged == spent
    shared.forget()


def test_attention_is_worked_out_once_and_charged_each_time(either: Model) -> None:
    shared = SharedModel(either)
    tokens = either.tokenize(QUESTION * 3)[:12]
    spans, window = [(0, 4), (2, 12)], either.tokenize(QUESTION)[:2]
    with either.session() as session:
        session.extend(tokens)
        before = either.cost
        expected = either.attend(session, spans, window)
        alone = either.cost - before
    worked = []
    for _ in range(2):
        before, evaluated = shared.cost, either.evaluated
        with shared.session() as session:
            session.extend(tokens)
            np.testing.assert_array_equal(shared.attend(session, spans, window), expected)
            assert list(session.tokens) == tokens
            with pytest.raises(InputError):
                shared.attend(session, [(3, 13)])
        worked.append(either.evaluated - evaluated)
        assert replace(shared.cost - before, calls=0) == replace(alone, calls=0)
    assert worked == [alone.evaluated, 0]
    assert shared.capabilities.attention
    shared.forget()
