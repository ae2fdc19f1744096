"""Choosing among kept variants."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from click.testing import CliRunner

from eval.lab.agreement import agreement_table
from eval.lab.ladder import ladder_tables, spoken
from eval.lab.variant_answers import VariantAnswer, read_answers
from overlay.cli.main import cli
from tests.eval.lab.test_refit import kept


def answer(variant: str, *, right: bool, copied: float) -> VariantAnswer:
    [one, _] = read_answers(kept(1)["0"])
    assert one.signs is not None
    signs = replace(one.signs, copied=copied)
    return replace(one, variant=variant, right=right, signs=signs)


def less_copied(one: VariantAnswer) -> float:
    return 1 - one.copied


def test_the_steadiest_of_the_first_few_is_spoken() -> None:
    rungs = [answer("a", right=False, copied=0.2), answer("b", right=True, copied=0.9)]
    assert spoken(rungs, less_copied, count=1, stop=0.0) == (rungs[0], rungs[:1])
    assert spoken(rungs, less_copied, count=2, stop=0.0) == (rungs[1], rungs)
    # The first is steady enough, and nothing is tried behind it.
    assert spoken(rungs, less_copied, count=2, stop=0.8) == (rungs[0], rungs[:1])


def test_the_tables_count_what_is_right() -> None:
    questions = [read_answers(kept(200)[str(number)]) for number in range(200)]
    both = [
        [replace(own[0], right=False), replace(own[0], variant="another", chunks=(1,))]
        for own in questions
    ]
    worth, choice, *budgets = ladder_tables(both, seed=0)
    right = sum(own[0].right for own in questions) / len(questions)
    assert worth.rows[0][2].startswith("0.00")
    assert worth.rows[1][2].startswith(f"{right:.2f}")
    assert worth.rows[1][4] == str(sum(own[0].right for own in questions))
    assert choice.rows[-1][2].startswith(f"{right:.2f}")
    # All answers are within a budget of 1, and no right one is withheld.
    for table in budgets:
        assert table.rows[-1][1:2] == ("1.00",)
        assert table.rows[-1][3] == "0.00"


def test_the_command_reads_what_was_kept(tmp_path: Path) -> None:
    results = tmp_path / "a.jsonl"
    kept(200, results)
    found = CliRunner().invoke(cli, ["lab", "ladder", str(results)])
    assert found.exit_code == 0, found.output
    assert "Choosing among variants" in found.output
    same = CliRunner().invoke(cli, ["lab", "agreement", str(results), str(results)])
    assert same.exit_code == 0, same.output


def test_indices_of_the_same_text_are_compared() -> None:
    one = replace(answer("a", right=True, copied=0.5), index=0.3)
    near, far = replace(one, index=0.35), replace(one, index=0.8)
    another = replace(far, text="Luth")
    table = agreement_table({"elsewhere": [(one, near), (one, far), (one, another)]})
    assert table.rows == (("elsewhere", "3", "2", "0.50", "0.275", "0.455"),)
    [nothing] = agreement_table({"elsewhere": [(one, another)]}).rows
    assert nothing[2:] == ("0", "-", "-", "-")
