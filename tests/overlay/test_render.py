"""What the terminal shows of an answer: a line a chunk in 80 columns, names whole."""

from __future__ import annotations

from typing import Any

from overlay.options import Mode
from overlay.render import reasons, steps, summary
from selector.verdict import not_needed

LONG = "handbook/a/folder/deep/below/with-a-name-that-is-longer-than-the-column.md"


def step(source: str, *, accepted: bool, short: str = "spends 0.07") -> dict[str, Any]:
    return {
        "chunk": {"source": source, "place": "", "similarity": 0.714},
        "accepted": accepted,
        "short": short,
        "reason": "it spends 0.07 of a step's 0.6.",
        "volatility": 0.07,
        "question_gain": -2.078,
        "attention": -2.078,
        "marginal_drift": 0.29 if accepted else None,
        "reading": {"logit_drift": 0.29} if accepted else None,
        "draft": "60 days" if accepted else "",
    }


def report(*steps: dict[str, Any], mode: str = Mode.OVERLAY) -> dict[str, Any]:
    return {
        "mode": mode,
        "outcome": "answered",
        "note": "",
        "variants": [
            {"name": "as judged", "index": 0.71, "spoken": False},
            {"name": "more chunks", "index": 0.24, "spoken": True},
        ],
        "searched_for": ["Where is lost property kept? For how long?"],
        "anchor": ["Lost property is kept for 60 days."],
        "budget": {"step": 0.6, "answer": 2.0},
        "spent": 0.07,
        "volatility_index": 0.24,
        "guarantee": {"harm": 0.29, "loss": 0.11},
        "model": "SmolLM2",
        "cost": {"evaluated_tokens": 766, "seconds_to_first_token": 2.31, "seconds": 2.6},
        "steps": list(steps),
    }


SHOWN = report(
    step("handbook/lost-property.md", accepted=True),
    step("notices/shelf.md", accepted=False, short="hardly helps"),
    step(LONG, accepted=False, short="an instruction"),
)


def test_a_chunk_takes_a_line_of_80_columns() -> None:
    head, first, second, *_ = steps(SHOWN).plain.splitlines()
    assert head.split() == ["chunk", "similar", "look", "volatility", "verdict"]
    assert first.split() == [
        *("handbook/lost-property.md", "0.71", "-2.08", "0.07"),
        *("accept:", "spends", "0.07"),
    ]
    assert second.endswith("reject: hardly helps")
    assert head.index("verdict") == first.index("accept") == second.index("reject")
    assert all(len(line) <= 80 for line in steps(SHOWN).plain.splitlines())


def test_a_long_name_is_whole_on_a_line_of_its_own() -> None:
    *_, name, numbers = steps(SHOWN).plain.splitlines()
    assert name == LONG
    assert numbers.split()[:2] == ["0.71", "-2.08"]
    assert numbers.index("reject") == steps(SHOWN).plain.splitlines()[0].index("verdict")


def test_the_part_of_the_document_is_named() -> None:
    of_page = step("fees.pdf", accepted=True)
    of_page["chunk"]["place"] = "page 3"
    shown = report(of_page)
    assert "fees.pdf, page 3" in steps(shown).plain
    assert "fees.pdf, page 3" in reasons(shown).plain


def test_plain_answers_show_no_readings_that_were_not_taken() -> None:
    shown = report(step("a.md", accepted=True, short="not judged"), mode=Mode.PLAIN)
    head, line = steps(shown).plain.splitlines()
    assert head.split() == ["chunk", "similar", "verdict"]
    assert line.split() == ["a.md", "0.71", "accept:", "not", "judged"]


def test_reasons_are_told_in_full_with_every_number() -> None:
    accepted, rejected, _ = reasons(SHOWN).plain.split("\n\n")
    assert accepted.splitlines() == [
        "handbook/lost-property.md",
        "  accepted: it spends 0.07 of a step's 0.6.",
        (
            "  similarity 0.71, gain (nats a token) -2.08, attention (nats) -2.08, "
            "volatility 0.07, drift (bits a token) 0.29"
        ),
        '  alone it makes the model say "60 days"',
    ]
    assert "drift" not in rejected


def test_a_chunk_that_was_not_needed_is_not_called_rejected() -> None:
    verdict = not_needed(2)
    unread = step("notices/shelf.md", accepted=False, short=verdict.short)
    shown = report(unread | {"reason": verdict.reason, "volatility": None})
    assert steps(shown).plain.endswith("unread: not needed")
    assert (
        "  not read: the answer begins steady from the 2 most similar chunks, without it."
        in reasons(shown).plain.splitlines()
    )


def test_the_summary_says_more_where_it_is_asked_to() -> None:
    short, whole = summary(SHOWN).plain, summary(SHOWN, verbose=True).plain
    assert short.splitlines() == [
        "answered from the accepted chunks; spent 0.07 of 2.00",
        "volatility index 0.24 (chance of being wrong); 766 tokens, first after 2.3 s",
    ]
    assert "Lost property is kept for 60 days." in whole
    assert 'searched for "Where is lost property kept? For how long?"\n' in whole
    assert "variant as judged: volatility index 0.71\n" in whole
    assert "variant more chunks: volatility index 0.24, this answer" in whole
    assert "at most 29%" in whole
    assert set(short.splitlines()) < set(whole.splitlines())
