"""Extending sessions while their new tokens are read: the same as reading, then extending."""

from __future__ import annotations

import numpy as np
import pytest

from eval.policies.shared_model import SharedModel
from overlay.errors import InputError
from probes.llamacpp import LlamaCppModel
from probes.logit_drift import logit_drift
from probes.protocol import Model
from tests.probes.tiny_transformers import CONFIGS, open_tiny, save_tiny

HEADS = ("The keeper counts the boats.", "Soup is served from noon until the bread is gone.")
TAIL = " Who counts the boats at the quay?"


@pytest.fixture(scope="module", params=["llama", "gemma3", "mistral"])
def tiny(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    return open_tiny(save_tiny(tmp_path_factory.mktemp(request.param), CONFIGS[request.param]))


def check(model: Model, log_prob_error: float) -> None:
    tail = model.tokenize(TAIL)
    window = model.tokenize(" The keeper")
    heads = [model.tokenize(head) for head in HEADS]
    expected = []
    for head in heads:
        with model.session() as session:
            session.extend(head)
            rows = session.read(tail).log_probs[np.arange(len(tail)), tail]
            session.extend(tail)
            expected.append((rows, session.read(window)))
    sessions = [model.session() for _ in heads]
    for session, head in zip(sessions, heads, strict=True):
        session.extend(head)
    before = model.cost
    found = model.extend_scored([(session, tail) for session in sessions])
    spent = model.cost - before
    assert spent.evaluated == sum(map(len, heads)) - len(heads) + len(heads) * len(tail)
    for session, head, rows, (own, state) in zip(sessions, heads, found, expected, strict=True):
        assert list(session.tokens) == [*head, *tail]
        np.testing.assert_allclose(rows, own, atol=log_prob_error)
        before = model.cost
        assert logit_drift(session.read(window), state) < log_prob_error
        # Nothing of the tail but its last token is evaluated again.
        assert (model.cost - before).evaluated == len(window)
        session.close()


def test_llama_cpp(model: LlamaCppModel) -> None:
    check(model, 0.1)


def test_tiny_models(tiny: Model) -> None:
    check(tiny, 1e-4)


def test_a_shared_model(tiny: Model) -> None:
    shared = SharedModel(tiny)
    check(shared, 1e-4)
    # What was asked before is not worked out again, and charged all the same.
    spent = tiny.evaluated
    check(shared, 1e-4)
    assert tiny.evaluated == spent
    shared.close()


def test_an_empty_window_is_refused(tiny: Model) -> None:
    with tiny.session() as session:
        session.extend([1])
        with pytest.raises(InputError, match="window"):
            tiny.extend_scored([(session, [])])
