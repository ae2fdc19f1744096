"""Where a question looks, read on a tiny model."""

from __future__ import annotations

from itertools import accumulate, pairwise

import numpy as np
import pytest

from probes.attention import attention, looks, middle_layers
from probes.llamacpp import LlamaCppModel
from probes.look import Asking, end_states, extend_asked, read_attention
from probes.protocol import Model
from probes.transformers import TransformersModel

CHUNKS = ("Emrys Pask is the engineer.\n", "Soup is served from noon.\n", "The bread is good.\n")


def asking(model: LlamaCppModel, question: str) -> Asking:
    lead = model.tokenize("\nUse the context.\nQuestion:")
    return Asking((*lead, *model.tokenize(f" {question}\nAnswer:")), len(lead))


def test_the_rows_from_the_question_on_look_and_nothing_else(tiny_model: LlamaCppModel) -> None:
    asked, unasked = asking(tiny_model, "Who is the engineer?"), asking(tiny_model, "N/A")
    prefix = tiny_model.tokenize("Context:\n")
    chunks = [tiny_model.tokenize(text) for text in CHUNKS]
    spans = list(pairwise(accumulate(map(len, chunks), initial=len(prefix))))
    with tiny_model.session() as session:
        session.extend([*prefix, *(token for chunk in chunks for token in chunk)])
        tiny_model.flush([session])
        before = tiny_model.evaluated
        found = read_attention(tiny_model, session, spans, asked, unasked)
        # Of each tail, and the session's last token before it.
        assert tiny_model.evaluated - before == len(asked.tail) + len(unasked.tail) + 2
        read = []
        for one in (asked, unasked):
            everything = tiny_model.attend(session, spans, one.tail)
            rows = everything[middle_layers(len(everything))]
            assert rows.shape[2] == 1 + len(one.tail)
            read.append((looks(rows[:, :, -(len(one.tail) - one.lead) :]), looks(rows[:, :, -1:])))
        assert len(session.tokens) == spans[-1][1]
    question, answer = (attention(more, less) for more, less in zip(*read, strict=True))
    np.testing.assert_allclose(found, (question + answer) / 2, atol=1e-6)
    assert min(found) < 0 < max(found)


def test_a_session_that_is_asked_ends_where_the_answer_begins(tiny_model: LlamaCppModel) -> None:
    asked, unasked = asking(tiny_model, "Who is the engineer?"), asking(tiny_model, "N/A")
    chunks = [tiny_model.tokenize(text) for text in CHUNKS]
    spans = list(pairwise(accumulate(map(len, chunks), initial=0)))
    tokens = [token for chunk in chunks for token in chunk]
    with tiny_model.session() as session:
        session.extend(tokens)
        expected = read_attention(tiny_model, session, spans, asked, unasked)
        assert list(session.tokens) == tokens
        assert extend_asked(tiny_model, session, spans, asked, unasked) == expected
        assert list(session.tokens) == [*tokens, *asked.tail]
        before = tiny_model.evaluated
        tiny_model.flush([session])
        assert tiny_model.evaluated == before


def test_a_question_that_says_nothing_looks_at_no_chunk_more(tiny_model: LlamaCppModel) -> None:
    unasked = asking(tiny_model, "N/A")
    first, second = (tiny_model.tokenize(text) for text in CHUNKS[:2])
    with tiny_model.session() as session:
        session.extend([*first, *second])
        spans = [(0, len(first)), (len(first), len(first) + len(second))]
        found = read_attention(tiny_model, session, spans, unasked, unasked)
    assert found == pytest.approx([0, 0], abs=1e-5)


def check_end_states(model: Model, error: float, layer: int = 1) -> None:
    prefix = model.tokenize("Context:\n")
    # More than are read at a time.
    chunks = [model.tokenize(f"{n} boats.\n") for n in range(18)]
    ends = list(accumulate(map(len, chunks), initial=len(prefix)))[1:]
    tokens = [*prefix, *(token for chunk in chunks for token in chunk)]
    with model.session() as session:
        session.extend(tokens)
        model.flush([session])
        before = model.evaluated
        found = end_states(model, session, ends, layer)
        assert model.evaluated - before == len(chunks)
        assert list(session.tokens) == tokens
        np.testing.assert_allclose(end_states(model, session, ends, layer), found, atol=error)
        after = session.read(tokens[:3]).log_probs
    assert found.shape == (len(chunks), model.info.width)
    for end, state in zip(ends, found, strict=True):
        with model.session() as alone:
            alone.extend(tokens[:end])
            # Of the state behind a prefix, what is said to follow tells nothing.
            own = alone.read(tokens[1:2], [layer]).hidden[0, 0]
        np.testing.assert_allclose(state, own, atol=error * np.abs(own).max())
    with model.session() as untouched:
        untouched.extend(tokens)
        expected = untouched.read(tokens[:3]).log_probs
    np.testing.assert_allclose(after, expected, atol=error)


@pytest.mark.parametrize("layer", [0, 1])
def test_states_at_the_chunks_ends_are_those_behind_the_same_tokens(
    any_model: TransformersModel, layer: int
) -> None:
    check_end_states(any_model, 1e-4, layer)


def test_states_at_the_chunks_ends_under_llama_cpp(tiny_model: LlamaCppModel) -> None:
    check_end_states(tiny_model, 0.02)
    free = tiny_model.cells.free
    check_end_states(tiny_model, 0.02, 0)
    assert tiny_model.cells.free == free
