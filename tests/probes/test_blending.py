"""Cells of one session in another: exact where they must be, close elsewhere, and not evaluated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from transformers import GPT2Config, PreTrainedConfig

from overlay.errors import InputError
from probes.llamacpp import LlamaCppModel
from probes.logit_drift import logit_drift
from probes.protocol import Model, Session
from probes.state import State
from probes.transformers import TransformersModel
from tests.probes.tiny_transformers import CONFIGS, open_tiny, save_tiny

PREFIX = "Context:\n"
BEFORE = "The ferry leaves at nine in the morning and comes back at five.\n"
CHUNK = "Tickets are sold in the harbour; children under six travel free, dogs pay half.\n"
TAIL = "Question: who travels free?\nAnswer:"


@pytest.fixture(params=["llama.cpp", "transformers"])
def either(request: pytest.FixtureRequest, model: LlamaCppModel, other: TransformersModel) -> Model:
    return model if request.param == "llama.cpp" else other


class Desk:
    """A model with the chunk behind the prefix alone, and behind another chunk."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.prefix, self.before, self.chunk, self.tail = map(
            model.tokenize, (PREFIX, BEFORE, CHUNK, TAIL)
        )
        self.alone = model.session()
        self.alone.extend([*self.prefix, *self.chunk, *self.tail])
        model.flush([self.alone])

    def blended(self, fresh: int, between: bool = True) -> tuple[State, int, int]:
        """The state behind the blended chunk, how many cells it took, and what was evaluated."""
        with self.model.session() as session:
            session.extend([*self.prefix, *(self.before if between else [])])
            self.model.flush([session])
            before = self.model.evaluated
            start = len(self.prefix)
            taken = session.extend_blended(self.alone, start, start + len(self.chunk), fresh=fresh)
            session.extend(self.tail)
            state = self._read(session)
            return state, taken, self.model.evaluated - before

    def exact(self, between: bool = True, chunk: bool = True) -> State:
        """The state where every token was evaluated."""
        with self.model.session() as session:
            session.extend([*self.prefix, *(self.before if between else [])])
            session.extend([*(self.chunk if chunk else []), *self.tail])
            return self._read(session)

    def _read(self, session: Session) -> State:
        [state] = self.model.read_many(
            [(session, self.model.tokenize(" Children under six"))],
            [self.model.info.layers - 1],
        )
        return state


@pytest.fixture
def desk(either: Model) -> Iterator[Desk]:
    found = Desk(either)
    yield found
    found.alone.close()


def test_taken_cells_are_not_evaluated_and_change_little(desk: Desk) -> None:
    exact = desk.exact()
    window = len(exact.window)
    without = logit_drift(exact, desk.exact(chunk=False))
    for fresh in (0, 8):
        state, taken, evaluated = desk.blended(fresh)
        assert taken == len(desk.chunk) - fresh - 1
        # The prefix's last token was pending.
        assert evaluated == 1 + len(desk.chunk) + len(desk.tail) - 1 + window - taken
        assert logit_drift(exact, state) < without / 2


def test_nothing_is_taken_where_all_is_fresh(desk: Desk) -> None:
    exact = desk.exact()
    for fresh in (len(desk.chunk) - 1, len(desk.chunk), 10_000):
        state, taken, _ = desk.blended(fresh)
        assert taken == 0
        assert logit_drift(exact, state) < 2e-3


def test_at_the_same_place_behind_the_same_text_cells_are_exact(desk: Desk) -> None:
    state, taken, _ = desk.blended(0, between=False)
    assert taken == len(desk.chunk) - 1
    assert logit_drift(desk.exact(between=False), state) < 2e-3


def test_a_part_that_the_other_session_does_not_hold_is_refused(either: Model) -> None:
    with either.session() as donor, either.session() as session:
        donor.extend(either.tokenize("one two three"))
        session.extend(either.tokenize("four"))
        for start, stop in ((0, 100), (1, 1), (-1, 2)):
            with pytest.raises(InputError, match="the session has"):
                session.extend_blended(donor, start, stop, fresh=0)


def _shallow(name: str) -> PreTrainedConfig:
    fields = CONFIGS[name].to_dict() | {"num_hidden_layers": 1}
    if fields.get("layer_types"):
        fields["layer_types"] = fields["layer_types"][:1]
    return type(CONFIGS[name]).from_dict(fields)


@pytest.mark.parametrize("name", CONFIGS)
def test_cells_of_the_first_layer_depend_on_nothing_but_their_place(
    name: str, tmp_path: Path
) -> None:
    """With one layer, blending is exact: it shows that keys are turned to the right places."""
    desk = Desk(open_tiny(save_tiny(tmp_path, _shallow(name))))
    state, taken, _ = desk.blended(0)
    assert taken == len(desk.chunk) - 1
    exact = desk.exact()
    assert np.allclose(state.log_probs, exact.log_probs, atol=1e-5)
    assert np.allclose(state.hidden, exact.hidden, atol=1e-5)


def test_keys_that_cannot_be_turned_are_evaluated(tmp_path: Path) -> None:
    """GPT-2 adds its positions to the embeddings."""
    config = GPT2Config(vocab_size=258, n_embd=16, n_layer=2, n_head=4, n_positions=256)
    desk = Desk(open_tiny(save_tiny(tmp_path, config)))
    state, taken, _ = desk.blended(0)
    assert taken == 0
    assert np.allclose(state.log_probs, desk.exact().log_probs, atol=1e-5)
