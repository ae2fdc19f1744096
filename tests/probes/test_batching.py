"""What the backends do alike, without a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from probes.batching import Request, draft_side_by_side, grouped
from probes.protocol import Session

NOBODY = cast(Session, object())
END = 0


@given(
    st.lists(st.integers(1, 12), max_size=20),
    st.integers(1, 20),
    st.none() | st.integers(1, 4),
)
def test_groups_keep_order_and_limits(sizes: list[int], rows: int, sessions: int | None) -> None:
    requests: list[Request] = [(NOBODY, [number] * size) for number, size in enumerate(sizes)]
    groups = list(grouped(requests, rows=rows, sessions=sessions))
    assert [request for group in groups for request in group] == requests
    for group in groups:
        assert len(group) == 1 or sum(len(window) for _, window in group) <= rows
        assert sessions is None or len(group) <= sessions


@given(st.lists(st.lists(st.integers(0, 3), min_size=8, max_size=8), max_size=4), st.integers(1, 8))
def test_drafts_end_where_generation_ends(scripts: list[list[int]], length: int) -> None:
    """Each draft follows a script; a script's first END cuts it, but one token always stays."""

    def step(last: Sequence[tuple[int, int | None]], number: int) -> list[int]:
        for index, token in last:
            assert token == (scripts[index][number - 1] if number else None)
        return [scripts[index][number] for index, _ in last]

    drafts = draft_side_by_side(len(scripts), length, step, lambda token: token == END)
    for draft, script in zip(drafts, scripts, strict=True):
        cut = script[: script.index(END)] if END in script else script
        assert draft == (cut[:length] or script[:1])
