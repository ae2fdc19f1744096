"""Paths checked by hand, and whole chains on a tiny random model."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, replace

import numpy as np
import pytest

from eval.sharp_steps.chains import Order, draw_chains, read_chains
from eval.sharp_steps.command import LARGER, SMALLER, Row, compare_orders
from eval.sharp_steps.measure import CONTEXT, MEASURES, Measured, Path, measure, paths
from overlay.prompt import build_prompt
from probes.chat import Message
from probes.protocol import Capabilities, DifferentiableModel, Model
from probes.state import State
from probes.token_grad import token_grad
from probes.transformers import TransformersModel
from tests.probes.tiny_transformers import CONFIGS, open_tiny, save_tiny

CHAINS = draw_chains(read_chains(), 2)
DRAFT = 4
PATH = "logit path length, answer window"
RIGHT = "answer right"
TOKEN_GRAD = "TokenGrad, mean"  # noqa: S105 - the name of a number, not a secret


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TransformersModel:
    config = deepcopy(CONFIGS["llama"])
    config.max_position_embeddings = 1024
    return open_tiny(save_tiny(tmp_path_factory.mktemp("tiny"), config))


@pytest.fixture(scope="module")
def told(tiny: TransformersModel) -> list[list[Measured]]:
    return [measure(tiny, chain, draft_tokens=DRAFT) for chain in CHAINS]


def certain(token: int, direction: Sequence[float]) -> State:
    """A state that gives one of two tokens all but surely, and one hidden vector."""
    log_probs = np.full((1, 2), -60.0, dtype=np.float32)
    log_probs[0, token] = 0.0
    return State((0,), log_probs, np.array([[direction]], dtype=np.float32), (0,))


def test_a_path_by_hand() -> None:
    """There, back, and a rest: two steps of one bit, and nowhere in the end."""
    there, back = certain(0, (1, 0)), certain(1, (0, 1))
    found = paths([there, back, there, there])
    assert found["logit"].steps == pytest.approx([1, 1, 0])
    assert found["logit"].length == pytest.approx(2)
    assert found["logit"].largest == pytest.approx(1)
    assert found["logit"].net == 0
    # Orthogonal states are 1 apart.
    assert found["hidden"].steps == pytest.approx([1, 1, 0])
    assert (found["hidden"].length, found["hidden"].net) == pytest.approx((2, 0))


def test_path_length_by_hand() -> None:
    path = Path([0.25, 0.5, 0.125], 0.375)
    assert (path.length, path.largest, path.net) == (0.875, 0.5, 0.375)


def test_every_measure_is_there(told: list[list[Measured]]) -> None:
    for chain in told:
        assert {(one.question, one.order) for one in chain} == {
            (question, order) for question in ("near", "far", CONTEXT) for order in Order
        }
        for one in chain:
            names = {m.name for m in MEASURES if m.of_context == (one.question == CONTEXT)}
            assert set(one.values) == names
            assert np.isfinite(list(one.values.values())).all()


def test_path_length_is_the_sum_of_the_steps(told: list[list[Measured]]) -> None:
    for one in (one for chain in told for one in chain if one.question != CONTEXT):
        for kind, steps in one.steps.items():
            name, window = kind.split(", ")
            assert len(steps) == 6
            assert one.values[f"{name} path length, {window}"] == pytest.approx(sum(steps))
            assert one.values[f"{name} largest step, {window}"] == max(steps) > 0


def test_the_model_sees_the_order(told: list[list[Measured]]) -> None:
    for chain in told:
        for question in ("near", "far"):
            gradual, abrupt = (one for one in chain if one.question == question)
            assert gradual.values[PATH] != abrupt.values[PATH]
            assert gradual.values[TOKEN_GRAD] != abrupt.values[TOKEN_GRAD]


def test_values_are_those_of_the_whole_prompt(
    tiny: TransformersModel, told: list[list[Measured]]
) -> None:
    """The walk's last stage against one gradient call on the prompt written out by hand."""
    [chain, _] = CHAINS
    [one] = [m for m in told[0] if (m.question, m.order) == ("near", Order.ABRUPT)]
    ef, cd, ab, de, bc, fg = (chain.sentences[i] for i in (4, 2, 0, 3, 1, 5))
    context = "".join(f"{text}\n" for text in (ef, cd, ab, de, bc, fg))
    prompt = build_prompt(tiny, [Message("user", chain.near.question)])
    before, inside = len(prompt.prefix), tiny.tokenize(context)
    window = tiny.tokenize(chain.near.answers[0])
    gradient = tiny.gradient([*prompt.prefix, *inside, *prompt.tail], window)
    assert one.values["answer's log-probability"] == pytest.approx(
        gradient.log_prob / len(window), abs=1e-4
    )
    norms = token_grad(gradient)[before : before + len(inside)]
    assert one.values[TOKEN_GRAD] == pytest.approx(norms.mean(), rel=1e-4)


class WithoutInsight:
    """A model that shows neither layers nor gradients."""

    def __init__(self, model: DifferentiableModel) -> None:
        self._model = model
        self.capabilities = Capabilities(
            layer_states=False, gradients=False, batch=True, attention=False
        )

    def __getattr__(self, name: str) -> object:
        return getattr(self._model, name)


def test_what_a_model_cannot_give_is_not_made_up(tiny: TransformersModel) -> None:
    poor: Model = WithoutInsight(tiny)  # type: ignore[assignment]  # hands on what it lacks
    rows = compare_orders([measure(poor, CHAINS[0], draft_tokens=DRAFT)], seed=0)
    missing = {row.measure for row in rows if row.found == "not available"}
    assert missing == {m.name for m in MEASURES if "hidden" in m.name or m.name == TOKEN_GRAD}
    assert all(row.gradual is None and row.chains == 0 for row in rows if row.measure in missing)


def pair(gradual: float, abrupt: float, name: str = PATH) -> list[Measured]:
    return [
        Measured("near", order, {name: value}, {}, "")
        for order, value in ((Order.GRADUAL, gradual), (Order.ABRUPT, abrupt))
    ]


def row(rows: Sequence[Row], name: str = PATH) -> Row:
    [found] = [r for r in rows if r.measure == name]
    return found


@pytest.mark.parametrize(("shift", "found"), [(-0.5, SMALLER), (0.5, LARGER)])
def test_a_clear_difference_is_found_either_way(shift: float, found: str) -> None:
    told = [pair(1 + shift + 0.01 * n, 1.0) for n in range(20)]
    compared = row(compare_orders(told, seed=0))
    assert compared.found == found
    assert compared.difference == pytest.approx(shift + 0.095)
    assert compared.low is not None
    assert compared.high is not None
    assert compared.low < shift + 0.095 < compared.high
    assert (compared.chains, compared.abrupt) == (20, 1.0)


def test_a_difference_that_changes_its_sign_is_noise() -> None:
    told = [pair(1 + 0.1 * (-1) ** n, 1.0) for n in range(20)]
    assert row(compare_orders(told, seed=0)).found == "within noise"


def test_right_answers_go_through_mcnemar() -> None:
    """Six chains right only when told gradually, none the other way: p is 2 / 2**6."""
    told = [pair(1, 0, RIGHT) for _ in range(6)] + [pair(1, 1, RIGHT) for _ in range(4)]
    compared = row(compare_orders(told, seed=0), RIGHT)
    assert compared.p_value == pytest.approx(2 / 2**6)
    assert (compared.gradual, compared.abrupt) == (1.0, 0.4)


def test_a_number_that_one_order_lacks_does_not_count() -> None:
    told = [pair(1.0, 2.0), pair(1.5, 2.0)]
    told[1][1] = replace(told[1][1], values={})
    compared = row(compare_orders(told, seed=0))
    assert (compared.chains, compared.gradual) == (1, 1.0)


def test_the_journal_gives_back_what_was_measured(
    tmp_path: pathlib.Path, told: list[list[Measured]]
) -> None:
    from overlay.journal import Journal

    path = tmp_path / "steps.jsonl"
    Journal(path, {"command": "sharp-steps"}).add("key", [asdict(one) for one in told[0]])
    kept = [Measured(**one) for one in Journal.read(path)["key"]]
    assert kept == told[0]
