"""Reading an answer while it is generated: the same as generating it, then reading it."""

from __future__ import annotations

from collections.abc import Callable

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
