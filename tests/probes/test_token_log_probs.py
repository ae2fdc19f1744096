"""Tokens as they were expected, against the model's own states."""

from __future__ import annotations

import numpy as np
import pytest

from probes.llamacpp import LlamaCppModel
from probes.protocol import Model
from probes.token_log_probs import end_token, token_log_probs
from probes.transformers import TransformersModel

TEXT = "The ferry leaves at 06:40 every morning. " * 12


@pytest.fixture(params=["llama.cpp", "transformers"])
def real(request: pytest.FixtureRequest, model: LlamaCppModel, other: TransformersModel) -> Model:
    return model if request.param == "llama.cpp" else other


def test_every_token_has_the_log_probability_that_a_whole_reading_gives(real: Model) -> None:
    tokens = real.tokenize(TEXT)
    assert len(tokens) > 2 * 64
    with real.session() as session:
        found = token_log_probs(real, session, tokens, top=2)
        assert list(session.tokens) == tokens
    with real.session() as session:
        session.extend(tokens[:1])
        rows = session.read(tokens[1:]).log_probs
    assert found[0].log_prob is None
    assert found[0].top == ()
    own = rows[np.arange(len(tokens) - 1), tokens[1:]]
    assert [one.log_prob for one in found[1:]] == pytest.approx(own.tolist(), abs=0.05)
    assert b"".join(one.piece for one in found) == TEXT.encode()
    for one, row in zip(found[1:], rows, strict=True):
        assert one.top[0][1] == pytest.approx(row.max(), abs=0.05)
        assert one.top[0][1] >= one.top[1][1]
        assert one.log_prob is not None
        assert one.log_prob <= one.top[0][1]


def test_a_session_that_holds_something_expects_the_first_token_too(model: LlamaCppModel) -> None:
    with model.session() as session:
        session.extend(model.tokenize("The ferry"))
        [found] = token_log_probs(model, session, model.tokenize(" leaves"), top=1)
    assert found.log_prob is not None


def test_the_end_token_ends(real: Model) -> None:
    with real.session() as session:
        session.extend(real.tokenize(TEXT))
        found = end_token(real, session, top=3)
    assert found.log_prob is not None
    assert found.log_prob < 0
    assert len(found.top) == 3
