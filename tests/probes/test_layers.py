"""Which layers are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overlay.errors import InputError
from probes.layers import spread_layers


@given(st.integers(1, 200), st.integers(1, 20))
def test_layers_are_those_of_the_model(layers: int, count: int) -> None:
    found = spread_layers(layers, count)
    assert found[-1] == layers - 1
    assert list(found) == sorted(set(found))
    assert found[0] >= 0


def test_a_model_without_layers_has_none_to_read() -> None:
    with pytest.raises(InputError, match="of 0 layers"):
        spread_layers(0)
