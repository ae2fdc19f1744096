"""Runs taken together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from eval.runs.cases import Case, part_of
from eval.runs.loading import Run, load_run
from eval.runs.page import render_markdown
from eval.runs.pooling import pool
from eval.runs.record import Record
from overlay.errors import InputError
from tests.eval.runs.sample import ITEM, journal, record, reply


def _asked(number: int, *, right: bool, also: Sequence[str] = ()) -> Record:
    item = replace(ITEM, id=f"q{number}")
    said = reply("Corrin" if right else "Luth")
    return record({"top-k": reply("Luth"), "mine": said, **dict.fromkeys(also, said)}, item=item)


def _run(*records: Record, model: dict[str, str] | None = None, **spec: Any) -> Run:
    kept = journal(list(records), **spec)
    if model is not None:
        kept.run = {**kept.run, "model": {**kept.run["model"], **model}}
    return load_run(kept)


def test_all_cases_count_once_with_the_policies_that_all_have() -> None:
    first = _run(_asked(1, right=True, also=["old"]), _asked(2, right=True, also=["old"]))
    second = _run(_asked(2, right=False), _asked(3, right=False))
    together = pool([first, second])
    assert [(r.question, r.policy, r.right) for r in together.results if r.policy != "top-k"] == [
        ("ferries q1", "mine", True),
        ("ferries q2", "mine", True),  # as the first run answered it
        ("ferries q3", "mine", False),
    ]
    assert [policy.label for policy in together.policies] == ["top-k", "mine"]
    assert len(together.sessions) == 2


def test_the_page_names_every_run_and_backend_and_what_differs() -> None:
    first = _run(_asked(1, right=True), name="spring")
    second = _run(_asked(2, right=True), name="autumn", model={"backend": "transformers"})
    second.identity["settings"]["max_tokens"] = 64
    together = pool([first, second])
    assert together.title == "spring + autumn: tiny on llamacpp and transformers"
    assert together.identity["settings"]["max_tokens"] == "32 / 64"
    assert "spring + autumn" in render_markdown([together], "overlay eval report")


def test_parts_of_one_run_are_that_run() -> None:
    whole = _run(*(_asked(n, right=n % 2 == 0) for n in range(4)))
    parts = [_run(_asked(n, right=n % 2 == 0), _asked(n + 2, right=n % 2 == 0)) for n in (0, 1)]
    together = pool(parts)
    assert together.identity == whole.identity
    assert sorted(r.question for r in together.results) == sorted(r.question for r in whole.results)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"model": {"sha256": "1" * 64, "name": "giant"}}, "tiny and giant answered"),
        (
            {"policies": [{"kind": "top-k", "name": "top-k"}, {"kind": "oracle", "name": "mine"}]},
            "'mine' is set up as kind='top-k' name='mine' in one run and as kind='oracle'",
        ),
        ({"policies": [{"kind": "top-k", "name": "mine"}]}, "not every run has a policy 'top-k'"),
    ],
)
def test_runs_that_cannot_be_counted_together_are_refused(
    other: dict[str, Any], words: str
) -> None:
    runs = [_run(_asked(1, right=True)), _run(_asked(2, right=True), **other)]
    with pytest.raises(InputError, match=words):
        pool(runs)


def test_a_question_is_in_one_part_and_every_part_has_some() -> None:
    cases = [
        Case("ferries", replace(ITEM, id=f"q{n}"), scenario)
        for n in range(7)
        for scenario in ("clean", "noise-4")
    ]
    parts = [part_of(cases, number, 3) for number in (1, 2, 3)]
    assert sorted(case.key for part in parts for case in part) == sorted(c.key for c in cases)
    owners = [{case.item.id for case in part} for part in parts]
    assert [len(owner) for owner in owners] == [3, 2, 2]
    assert not owners[0] & owners[1]
