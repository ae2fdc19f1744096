"""Ratios and exponents on timings made up so that both are known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eval.bench.measure import REFERENCE, Design, Timing
from eval.bench.summary import compare, growth
from probes.cost import Cost


def timing(mode: str, k: int, length: int, repeat: int, *, tokens: int, seconds: float) -> Timing:
    cost = {"answer": Cost(prefilled=tokens - 3, decoded=3, calls=4)}
    return Timing(mode, k, length, repeat, k, cost, seconds, 2 * seconds, said=3)


def test_ratios_pair_the_rounds() -> None:
    timings = [
        timing("plain", 2, 64, 0, tokens=100, seconds=1.0),
        timing("overlay", 2, 64, 0, tokens=150, seconds=2.0),
        timing("overlay", 2, 64, 1, tokens=450, seconds=9.0),
        timing("plain", 2, 64, 1, tokens=300, seconds=3.0),
    ]
    [row] = compare(timings, seed=0)
    assert (row.k, row.length, row.accepted) == (2, 64, 2.0)
    assert (row.base_evaluated, row.evaluated) == (200, 300)
    assert (row.base_said, row.said) == (3, 3)
    assert row.phases == {"answer": 300}
    assert row.evaluations.value == pytest.approx(1.5)
    assert row.evaluations.low == pytest.approx(row.evaluations.high)
    assert row.first.value == pytest.approx(2.5)
    assert row.first.low < 2.5 < row.first.high
    assert row.whole == pytest.approx(row.first)


def test_a_shorter_answer_is_no_faster_one() -> None:
    plain = timing("plain", 2, 64, 0, tokens=100, seconds=1.0)
    short = replace(timing("overlay", 2, 64, 0, tokens=150, seconds=1.0), said=1, whole=4 / 3)
    [row] = compare([plain, short], seed=0)
    assert row.whole.value == pytest.approx(1.0)


def test_speed_is_that_of_the_tokens_behind_the_first_one() -> None:
    base = timing(REFERENCE, 2, 64, 0, tokens=100, seconds=1.0)
    plain = replace(timing("plain", 2, 64, 0, tokens=100, seconds=3.0), said=5, whole=4.0)
    dosed = timing("overlay", 2, 64, 0, tokens=150, seconds=1.0)
    found = {row.mode: row.speed for row in compare([base, plain, dosed], seed=0)}
    speed = found["plain"]
    assert speed is not None
    assert speed.value == pytest.approx(2.0), "4 tokens in a second, where the base says 2"
    assert found["overlay"] is None


def test_growth_is_that_of_what_comes_on_top() -> None:
    timings = [
        timing(mode, k, length, 0, tokens=tokens, seconds=1.0)
        for k in (2, 4, 8)
        for length in (64, 128, 256)
        for mode, tokens in (
            ("plain", k * length),
            ("overlay", k * length + k**2 * length),
            ("warm", k * length + k * length),
        )
    ]
    fits = list(growth(compare(timings, seed=0)))
    assert {(fit.mode, fit.along, fit.fixed) for fit in fits} == {
        *((mode, "k", n) for mode in ("overlay", "warm") for n in (64, 128, 256)),
        *((mode, "length", k) for mode in ("overlay", "warm") for k in (2, 4, 8)),
    }
    for fit in fits:
        squared = fit.mode == "overlay" and fit.along == "k"
        assert fit.exponent == pytest.approx(2 if squared else 1)


def test_what_costs_no_more_than_plain_rag_has_no_exponent() -> None:
    timings = [
        timing(mode, k, 64, 0, tokens=k * tokens, seconds=1.0)
        for k in (2, 4, 8)
        for mode, tokens in (("plain", 30), ("warm", 20))
    ]
    assert not list(growth(compare(timings, seed=0)))


def test_two_points_are_no_curve() -> None:
    timings = [
        timing(mode, k, 64, 0, tokens=k * tokens, seconds=1.0)
        for k in (2, 4)
        for mode, tokens in (("plain", 10), ("overlay", 30))
    ]
    assert not list(growth(compare(timings, seed=0)))


def test_repeats_of_a_round_stand_apart() -> None:
    design = Design(ks=(2, 4), lengths=(64,), answer_tokens=8, repeats=2)
    assert design.rounds == [(2, 64, 0), (4, 64, 0), (2, 64, 1), (4, 64, 1)]
