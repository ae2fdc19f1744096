"""What is guessed to come next, and that a guess changes nothing of what is generated."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.chat import Message
from probes.llamacpp import LlamaCppModel, generation
from probes.llamacpp.prompt_lookup import guess_next
from probes.protocol import Sampling

PROMPT = "Say this sentence twice: The lighthouse keeper counts the boats every single evening."


def test_the_longer_repetition_counts() -> None:
    assert guess_next([1, 2, 3, 9, 2, 4, 1, 2]) == 3
    assert guess_next([1, 2, 3, 9, 2]) == 3
    assert guess_next([1, 2, 3, 1, 2, 4, 1, 2]) == 4


@pytest.mark.parametrize("tokens", [[], [1], [1, 2, 3]])
def test_what_was_never_said_is_no_guess(tokens: list[int]) -> None:
    assert guess_next(tokens) is None


@given(st.lists(st.integers(0, 5), min_size=2))
def test_a_guess_followed_on_the_last_token_before(tokens: list[int]) -> None:
    guess = guess_next(tokens)
    pairs = set(pairwise(tokens))
    assert (guess is None) == (tokens[-1] not in tokens[:-1])
    assert guess is None or (tokens[-1], guess) in pairs


@pytest.mark.parametrize("sampling", [Sampling(40), Sampling(40, temperature=0.8, seed=3)])
def test_guesses_save_calls_and_change_nothing(
    model: LlamaCppModel, monkeypatch: pytest.MonkeyPatch, sampling: Sampling
) -> None:
    [prompt] = model.encode_chat([Message("user", PROMPT)])

    def generate() -> tuple[list[int], int, int, np.ndarray]:
        with model.session() as session:
            session.extend(prompt)
            before = model.cost
            said = list(session.generate(sampling))
            spent = model.cost - before
            return said, spent.evaluated, spent.calls, session.read(prompt[:3]).log_probs

    said, evaluated, calls, after = generate()
    monkeypatch.setattr(generation, "guess_next", lambda _tokens: None)
    plain_said, plain_evaluated, plain_calls, plain_after = generate()
    assert said == plain_said
    assert evaluated == plain_evaluated
    assert calls < plain_calls
    np.testing.assert_array_equal(after, plain_after)


def test_whoever_stops_listening_can_read_on(model: LlamaCppModel) -> None:
    [prompt] = model.encode_chat([Message("user", PROMPT)])
    with model.session() as session, model.session() as fresh:
        session.extend(prompt)
        said = []
        for token in session.generate(Sampling(40)):
            said.append(token)
            if len(said) == 5:
                break
        fresh.extend([*prompt, *said])
        assert list(session.tokens) == list(fresh.tokens)
        np.testing.assert_array_equal(
            session.read(prompt[:3]).log_probs, fresh.read(prompt[:3]).log_probs
        )


def test_a_session_may_be_used_while_it_generates(model: LlamaCppModel) -> None:
    [prompt] = model.encode_chat([Message("user", PROMPT)])
    with model.session() as session, model.session() as fresh:
        session.extend(prompt)
        fresh.extend(prompt)
        expected = list(fresh.generate(Sampling(40)))
        said = []
        for token in session.generate(Sampling(40)):
            said.append(token)
            with model.session() as other:
                other.extend([*prompt, *said])
                np.testing.assert_array_equal(
                    session.read(prompt[:2]).log_probs, other.read(prompt[:2]).log_probs
                )
        assert said == expected


def test_what_is_put_in_between_is_gone_on_from(model: LlamaCppModel) -> None:
    [prompt] = model.encode_chat([Message("user", PROMPT)])
    with model.session() as session, model.session() as fresh:
        session.extend(prompt)
        tokens = session.generate(Sampling(60))
        for _ in range(5):
            next(tokens)
        session.extend(model.tokenize(" On Sundays the keeper of the lighthouse"))
        fresh.extend(list(session.tokens))
        assert next(tokens) == next(iter(fresh.generate(Sampling(1))))
