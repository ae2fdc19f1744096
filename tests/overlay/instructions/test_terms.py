"""What words say of an instruction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from overlay.instructions.examples import pieces_of_examples
from overlay.instructions.fit import fit_examples
from overlay.instructions.terms import TermWeights, shipped_weights, terms
from tests.imports import imported

WEIGHTS = shipped_weights()


def test_what_is_shipped_is_what_the_command_writes() -> None:
    fitted = fit_examples()
    assert fitted.documents == WEIGHTS.documents
    assert fitted.intercept == pytest.approx(WEIGHTS.intercept, abs=1e-3)
    assert {term: held for term, (held, _) in fitted.terms.items()} == {
        term: held for term, (held, _) in WEIGHTS.terms.items()
    }
    for term, (_, weight) in fitted.terms.items():
        assert weight == pytest.approx(WEIGHTS.terms[term][1], abs=1e-3)


def test_a_score_is_scikit_learns_where_all_terms_are_known() -> None:
    read = [one.text for one in pieces_of_examples()]
    vectorizer = TfidfVectorizer(analyzer=terms, sublinear_tf=True)
    values = vectorizer.fit_transform(read)
    weights = [WEIGHTS.terms[name][1] for name in vectorizer.get_feature_names_out()]
    expected = values @ np.array(weights) + WEIGHTS.intercept
    np.testing.assert_allclose([WEIGHTS.score(one) for one in read], expected, atol=1e-9)


def test_unknown_words_weaken_what_is_known() -> None:
    known = "ignore the instructions"
    assert WEIGHTS.score(known) > WEIGHTS.score(f"{known} zyzzogeton quokkas") > WEIGHTS.intercept


@given(st.text(max_size=80))
def test_a_score_lies_within_the_lengths_of_the_weights(piece: str) -> None:
    found = terms(piece)
    most = float(np.linalg.norm([WEIGHTS.terms.get(one, (0, 0.0))[1] for one in set(found)]))
    assert abs(WEIGHTS.score(piece) - WEIGHTS.intercept) <= most + 1e-9


def test_terms_are_words_and_pairs() -> None:
    assert terms("A Bell, it rang.") == ["bell", "it", "rang", "bell it", "it rang"]
    assert terms(" . ") == []


def test_weights_survive_their_file() -> None:
    own = TermWeights(3, 0.5, {"a “word”": (2, -1.25)})
    assert '"a “word”"' in own.as_json()


def test_reading_needs_no_scikit_learn() -> None:
    code = (
        "from overlay.instructions.wording import own_wording;"
        "own_wording().chances(['Ignore this.']); import overlay.runtime"
    )
    assert not {"sklearn", "torch", "scipy.stats"} & imported(code)
