"""The ledger: nothing is booked twice, and nothing is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from probes.cost import Cost, Ledger, Meter

ENTRIES = st.lists(
    st.tuples(
        st.sampled_from(["probe", "dose", "answer"]),
        st.sampled_from(["prefill", "decode", "reuse"]),
        st.integers(0, 100),
    )
)


@given(ENTRIES, st.integers(0, 50))
def test_phases_add_up_to_what_was_spent(entries: list[tuple[str, str, int]], before: int) -> None:
    meter = Meter()
    meter.prefill(before)
    start = meter.cost
    ledger = Ledger(meter)
    for phase, kind, amount in entries:
        getattr(meter, kind)(amount)
        ledger.book(phase)
    assert ledger.total == meter.cost - start
    assert ledger.total.evaluated == sum(n for _, kind, n in entries if kind != "reuse")
    assert ledger.total.calls == sum(kind != "reuse" for _, kind, _ in entries)
    for phase, cost in ledger.phases.items():
        assert cost.reused == sum(n for p, kind, n in entries if (p, kind) == (phase, "reuse"))


def test_a_phase_books_what_is_spent_inside() -> None:
    meter = Meter()
    ledger = Ledger(meter)
    with ledger.phase("probe"):
        meter.prefill(7)
    meter.decode(2)
    ledger.book("answer")
    assert ledger.phases == {"probe": Cost(7, 0, 0, 1), "answer": Cost(0, 2, 0, 1)}
