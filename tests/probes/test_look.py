"""Where a question looks, read on a tiny model."""

from __future__ import annotations

from itertools import accumulate, pairwise

import numpy as np
import pytest

from probes.attention import attention, looks
from probes.llamacpp import LlamaCppModel
from probes.look import Asking, read_attention

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
            rows = tiny_model.attend(session, spans, one.tail)
            assert rows.shape[2] == 1 + len(one.tail)
            read.append((looks(rows[:, :, -(len(one.tail) - one.lead) :]), looks(rows[:, :, -1:])))
        assert len(session.tokens) == spans[-1][1]
    question, answer = (attention(more, less) for more, less in zip(*read, strict=True))
    np.testing.assert_allclose(found, (question + answer) / 2, atol=1e-6)
    assert min(found) < 0 < max(found)


def test_a_question_that_says_nothing_looks_at_no_chunk_more(tiny_model: LlamaCppModel) -> None:
    unasked = asking(tiny_model, "N/A")
    first, second = (tiny_model.tokenize(text) for text in CHUNKS[:2])
    with tiny_model.session() as session:
        session.extend([*first, *second])
        spans = [(0, len(first)), (len(first), len(first) + len(second))]
        found = read_attention(tiny_model, session, spans, unasked, unasked)
    assert found == pytest.approx([0, 0], abs=1e-5)
