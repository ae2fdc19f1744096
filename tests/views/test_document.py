"""A saved report is the report."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overlay.errors import InputError
from overlay.views.document import FORMAT, from_dict, to_dict
from overlay.views.html import render_html
from probes.reading import Reading
from probes.report import (
    ChunkProbe,
    ProbeReport,
    SentenceProbe,
    TokenProbe,
    TrajectoryPoint,
    VariantProbe,
)
from tests.views.sample import bare, many, sample

finite = st.floats(allow_nan=False, allow_infinity=False)
maybe = st.none() | finite
texts = st.text(max_size=12)
reasons = st.dictionaries(texts, texts, max_size=2)
SENTENCES = st.builds(SentenceProbe, text=texts, removal=maybe, share=maybe)
TOKENS = st.builds(
    TokenProbe,
    text=texts,
    token_grad=maybe,
    gradient_input=maybe,
    removal=maybe,
    integrated_gradients=maybe,
    alternative=st.none() | texts,
    mutation=maybe,
)


def tuples(elements: st.SearchStrategy[Any], size: int | None = None) -> st.SearchStrategy[Any]:
    least, most = (0, 2) if size is None else (size, size)
    return st.lists(elements, min_size=least, max_size=most).map(tuple)


@st.composite
def reports(draw: st.DrawFn) -> ProbeReport:
    rows, k = draw(st.integers(0, 2)), draw(st.integers(0, 3))
    layers = tuples(finite, rows)
    reading = st.builds(
        Reading,
        hidden_drift=st.none() | layers,
        hidden_l2=st.none() | layers,
        hidden_standardised=st.none() | layers,
        logit_drift=finite,
        kl_divergence=finite,
        rank_change=finite,
        entropy_drop=finite,
        information_gain=finite,
        question_gain=finite,
        support_max=maybe,
        support_mean=maybe,
        conflict_loss=maybe,
        unavailable=reasons,
    )
    chunk = st.builds(
        ChunkProbe,
        label=texts,
        text=texts,
        draft=texts,
        reading=reading,
        removal=finite,
        loss_sensitivity=finite,
        influence_removal=finite,
        influence_gradient=maybe,
        sentences=tuples(SENTENCES),
        tokens=tuples(TOKENS),
        attention=maybe,
    )
    point = st.builds(
        TrajectoryPoint,
        label=texts,
        answer_log_prob=finite,
        step_drift=finite,
        net_drift=finite,
        entropy=finite,
        step_hidden=st.just(()) | layers,
    )
    variant = st.builds(VariantProbe, name=texts, draft=texts, answer_log_prob=finite, drift=finite)
    return draw(
        st.builds(
            ProbeReport,
            question=texts,
            answer=texts,
            baseline=texts,
            model=texts,
            backend=texts,
            sha256=texts,
            layers=st.just(tuple(range(rows))),
            chunks=tuples(chunk, k),
            support_matrix=tuples(tuples(finite, k), k + 1),
            trajectory=tuples(point, k + 1),
            path_ratio=maybe,
            variants=tuples(variant),
            dispersion=maybe,
            unavailable=reasons,
            evaluated=st.dictionaries(texts, st.integers(0, 10**9), max_size=2),
        )
    )


@given(reports())
@settings(max_examples=60, deadline=None)
def test_round_trip(report: ProbeReport) -> None:
    saved = json.dumps(to_dict(report), allow_nan=False)
    assert from_dict(json.loads(saved)) == report


@pytest.mark.parametrize("make", [sample, bare, many])
def test_a_saved_report_is_rendered_again(make: Any) -> None:
    again = from_dict(json.loads(json.dumps(to_dict(make()))))
    assert render_html(again) == render_html(make())


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_json_cannot_hold_is_refused_by_name(bad: float) -> None:
    report = sample()
    chunks = (replace(report.chunks[0], removal=bad), *report.chunks[1:])
    with pytest.raises(InputError, match=r"chunks\.0\.removal is (nan|inf|-inf)"):
        to_dict(replace(report, chunks=chunks))


def test_other_documents_are_refused() -> None:
    others: list[Any] = [{}, {"format": "something else"}, []]
    for other in others:
        with pytest.raises(InputError, match="not a saved probe report") as caught:
            from_dict(other)
        assert caught.value.hint


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"question": None}, "question"),
        ({"layers": [1, 2]}, "numbers for 2 layers"),
        ({"support_matrix": [[1.0]]}, "support_matrix is not 4 by 3"),
        ({"dispersion": float("nan")}, "dispersion is nan"),
    ],
)
def test_a_broken_document_is_refused_by_field(change: dict[str, Any], message: str) -> None:
    document = {**to_dict(sample()), **change}
    assert document["format"] == FORMAT
    with pytest.raises(InputError, match=message):
        from_dict(document)
