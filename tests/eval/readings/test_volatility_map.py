"""The volatility map of a model, from reports made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eval.readings.volatility_map import explosive_tokens, layer_drifts
from probes.report import ProbeReport, TokenProbe
from tests.views.sample import bare, sample


def with_tokens(*tokens: TokenProbe) -> ProbeReport:
    report = sample()
    return replace(report, chunks=(replace(report.chunks[0], tokens=tokens),))


def test_quartiles_per_kind_and_layer() -> None:
    report = sample()
    chunk = report.chunks[0]
    drifts = [0.1, 0.2, 0.3, 0.4, 0.5]
    chunks = tuple(
        replace(chunk, reading=replace(chunk.reading, hidden_drift=(d,), hidden_standardised=(-d,)))
        for d in drifts
    )
    report = replace(report, layers=(7,), chunks=chunks)
    [found] = layer_drifts([(["helpful"] * 5, report)])
    assert (found.kind, found.layer, found.chunks) == ("helpful", 7, 5)
    assert found.cosine == pytest.approx((0.3, 0.2, 0.4))
    assert found.standardised == pytest.approx((-0.3, -0.4, -0.2))


def test_kinds_are_kept_apart() -> None:
    report = sample()
    kinds = ["helpful", "injected", "helpful"]
    found = list(layer_drifts([(kinds, report)]))
    assert {(drift.kind, drift.chunks) for drift in found} == {("helpful", 2), ("injected", 1)}
    assert len(found) == 2 * len(report.layers)


def test_a_model_without_layer_states_has_no_map() -> None:
    report = bare()
    assert list(layer_drifts([(["helpful"] * len(report.chunks), report)])) == []


def test_neutral_tokens_that_move_the_model_are_found() -> None:
    tokens = [
        TokenProbe(" the", 4.0, None, None),
        TokenProbe("The", 2.0, None, None),
        TokenProbe(" the ", 3.0, None, None),
        TokenProbe(",", 1.0, None, None),
        TokenProbe(",", 1.0, None, None),
        TokenProbe(",", 1.0, None, None),
        TokenProbe(" lighthouse", 2.0, None, None),
        TokenProbe("\n", 8.0, None, None),
    ]
    found = explosive_tokens([with_tokens(*tokens)])
    mean = sum(token.token_grad or 0 for token in tokens) / len(tokens)
    # The line break was seen once only, and a lighthouse means something to a person.
    assert [(token.text, token.seen) for token in found] == [("the", 3), (",", 3)]
    assert found[0].ratio == pytest.approx(3 / mean)


def test_without_gradients_removal_counts_whatever_its_sign() -> None:
    tokens = [TokenProbe(".", None, None, value) for value in (-2.0, 1.0, None, 3.0)]
    [found] = explosive_tokens([with_tokens(*tokens)])
    assert (found.text, found.seen) == (".", 3)
    assert found.ratio == pytest.approx(1)
