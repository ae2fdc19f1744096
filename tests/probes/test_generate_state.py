"""Reading an answer while it is generated: the same as generating it, then reading it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from itertools import takewhile

import numpy as np
import pytest

from eval.policies.shared_model import SharedModel
from probes.llamacpp import LlamaCppModel, generation
from probes.protocol import Model, Sampling
from probes.transformers import TransformersModel
from tests.probes.tiny_transformers import CONFIGS, open_tiny, save_tiny

TEXT = "One two three four. One two three four. One two"
GREEDY, SAMPLED = Sampling(10), Sampling(10, temperature=1.2, seed=4)


@pytest.fixture(scope="module", params=["llama", "gemma3", "mistral"])
def tiny(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    return open_tiny(save_tiny(tmp_path_factory.mktemp(request.param), CONFIGS[request.param]))


def check(model: Model, sampling: Sampling, error: float) -> None:
    layers = (0, model.info.layers - 1)
    prompt = model.tokenize(TEXT)
    with model.session() as plain, model.session() as session:
        plain.extend(prompt)
        [twin] = plain.fork(1)
        before = model.evaluated
        said = list(plain.generate(sampling))
        spent = model.evaluated - before
        expected = twin.read(said, layers)
        twin.close()
        session.extend(prompt)
        model.flush([session])
        before = model.evaluated
        state = model.generate_state(session, sampling, layers)
        assert model.evaluated - before == spent
        assert state is not None
        assert list(state.window) == said
        assert state.layers == layers
        assert list(session.tokens) == [*prompt, *said]
        np.testing.assert_allclose(state.log_probs, expected.log_probs, atol=error)
        np.testing.assert_allclose(
            state.hidden, expected.hidden, atol=error * np.abs(expected.hidden).max()
        )
        # The session goes on from there.
        window = model.tokenize(" three")
        np.testing.assert_allclose(
            session.read(window).log_probs, plain.read(window).log_probs, atol=error
        )


@pytest.mark.parametrize("sampling", [GREEDY, SAMPLED])
@pytest.mark.parametrize("guess", [None, lambda _tokens: None, lambda _tokens: 0])
def test_llama_cpp_with_right_guesses_without_and_with_wrong_ones(
    model: LlamaCppModel,
    monkeypatch: pytest.MonkeyPatch,
    sampling: Sampling,
    guess: Callable[[object], int | None] | None,
) -> None:
    if guess is not None:
        monkeypatch.setattr(generation, "guess_next", guess)
    check(model, sampling, 0.1)


@pytest.mark.parametrize("sampling", [GREEDY, SAMPLED])
def test_tiny_models(tiny: Model, sampling: Sampling) -> None:
    check(tiny, sampling, 1e-4)


@pytest.mark.parametrize("sampling", [GREEDY, SAMPLED])
def test_a_shared_model(tiny: Model, sampling: Sampling) -> None:
    check(SharedModel(tiny), sampling, 1e-4)


def test_an_answer_that_ends_at_once_has_no_state(
    tiny: TransformersModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompt = tiny.tokenize(TEXT)
    for model in (tiny, SharedModel(tiny)):
        with model.session() as session:
            session.extend(prompt)
            [[first]] = model.draft_many([session], 1)
            monkeypatch.setattr(tiny._vocabulary, "_ends", frozenset({first}))
            assert model.generate_state(session, GREEDY) is None
            assert list(session.tokens) == prompt


def check_side_by_side(model: Model, sampling: Sampling, error: float) -> None:
    prompts = [model.tokenize(TEXT), model.tokenize(TEXT[:30]), model.tokenize("One two three")]
    layers = (model.info.layers - 1,)
    window = model.tokenize(" three")
    alone = []
    for prompt in prompts:
        with model.session() as session:
            session.extend(prompt)
            state = model.generate_state(session, sampling, layers)
            alone.append((list(session.tokens), state, session.read(window).log_probs))
    with ExitStack() as stack:
        sessions = [stack.enter_context(model.session()) for _ in prompts]
        for session, prompt in zip(sessions, prompts, strict=True):
            session.extend(prompt)
        states = model.generate_states(sessions, sampling, layers)
        before = model.evaluated
        found = [
            (list(session.tokens), state, session.read(window).log_probs)
            for session, state in zip(sessions, states, strict=True)
        ]
        assert model.evaluated - before == len(window) * len(prompts), "nothing was thrown away"
    for own, expected in zip(found, alone, strict=True):
        assert own[0] == expected[0]
        assert (own[1] is None) == (expected[1] is None)
        if own[1] is not None and expected[1] is not None:
            assert own[1].window == expected[1].window
            np.testing.assert_allclose(own[1].log_probs, expected[1].log_probs, atol=error)
        np.testing.assert_allclose(own[2], expected[2], atol=error)


@pytest.mark.parametrize("sampling", [GREEDY, SAMPLED, Sampling(1)])
def test_side_by_side_it_is_what_each_gives_alone(
    tiny: Model, tiny_model: LlamaCppModel, sampling: Sampling
) -> None:
    check_side_by_side(tiny, sampling, 1e-3)
    check_side_by_side(tiny_model, sampling, 1e-2)
    with closing(SharedModel(tiny_model)) as shared:
        check_side_by_side(shared, sampling, 1e-2)


def test_one_that_says_nothing_gives_none_beside_others(
    tiny: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = [tiny.tokenize(TEXT), tiny.tokenize(TEXT[:30])]
    with tiny.session() as first, tiny.session() as second:
        first.extend(prompts[0])
        second.extend(prompts[1])
        [ends], goes_on = tiny.draft_many([first], 1), tiny.draft_many([second], 10)[0]
        monkeypatch.setattr(
            tiny._vocabulary,  # type: ignore[attr-defined]  # of both backends' base
            "ends_generation",
            lambda token: token in ends,
        )
        states = tiny.generate_states([first, second], GREEDY)
        assert states[0] is None
        assert list(first.tokens) == prompts[0]
        kept = list(takewhile(lambda token: token not in ends, goes_on))
        assert states[1] is None or list(states[1].window) == kept
        assert list(second.tokens) == [*prompts[1], *kept]
