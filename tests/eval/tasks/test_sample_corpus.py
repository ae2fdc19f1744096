"""The sample corpus says of itself what is true: every label of a question is held by a text."""

import json
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

SAMPLE = Path(__file__).resolve().parents[3] / "eval" / "tasks" / "sample_corpus"
DOCUMENTS = SAMPLE / "documents"

CATEGORIES = {
    "clean": 12,
    "repeated": 10,
    "contradicted": 12,
    "distracted": 8,
    "injected": 10,
    "unanswerable": 8,
}
ROLES = ("helps", "contradicts", "distracts", "injects")


@dataclass(frozen=True)
class Question:
    id: str
    question: str
    answers: tuple[str, ...]
    category: str
    documents: dict[str, tuple[str, ...]]
    wrong_answers: tuple[str, ...]
    target: str | None


def _question(line: str) -> Question:
    fields: dict[str, Any] = json.loads(line)
    return Question(
        id=fields["id"],
        question=fields["question"],
        answers=tuple(fields["answers"]),
        category=fields["category"],
        documents={role: tuple(paths) for role, paths in fields["documents"].items()},
        wrong_answers=tuple(fields["wrong_answers"]),
        target=fields["target"],
    )


def _normalise(text: str) -> str:
    """Lower case, no accents, no apostrophes; what is neither letter nor digit is one space."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(c for c in decomposed if not unicodedata.combining(c) and c not in "'\u2019")
    return " ".join(re.sub(r"[\W_]+", " ", letters).split())


def _holds(text: str, value: str) -> bool:
    """Whether the normalised text holds the value as a run of whole tokens."""
    needle = _normalise(value)
    assert needle, f"{value!r} is empty once normalised"
    return f" {needle} " in f" {text} "


def _read_questions() -> list[Question]:
    lines = (SAMPLE / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [_question(line) for line in lines]


QUESTIONS = _read_questions()
PATHS = sorted(path for path in DOCUMENTS.rglob("*") if path.is_file())
TEXTS = {
    path.relative_to(DOCUMENTS).as_posix(): _normalise(path.read_text(encoding="utf-8"))
    for path in PATHS
}

each_question = pytest.mark.parametrize("question", QUESTIONS, ids=[q.id for q in QUESTIONS])
each_document = pytest.mark.parametrize("name", sorted(TEXTS))


def test_there_are_enough_documents() -> None:
    assert 45 <= len(PATHS) <= 55
    folders = {Path(name).parts[0] for name in TEXTS}
    assert folders == {"handbook", "notices", "prices", "mails", "archive"}


@each_document
def test_a_document_is_short_utf8_with_a_kebab_case_name(name: str) -> None:
    text = (DOCUMENTS / name).read_bytes().decode("utf-8")
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*\.(md|txt)", Path(name).name)
    assert 60 <= len(text.split()) <= 260
    assert text.endswith("\n")
    assert "\r" not in text
    assert "\ufeff" not in text


def test_a_document_has_letters_beyond_ascii() -> None:
    assert any(not path.read_text(encoding="utf-8").isascii() for path in PATHS)


def test_questions_are_sixty_with_unique_ids_and_wordings() -> None:
    assert [q.id for q in QUESTIONS] == [f"q{n:02d}" for n in range(1, 61)]
    assert len({_normalise(q.question) for q in QUESTIONS}) == len(QUESTIONS)


def test_category_counts() -> None:
    assert Counter(q.category for q in QUESTIONS) == CATEGORIES


@each_question
def test_paths_exist_and_a_document_has_one_role(question: Question) -> None:
    assert set(question.documents) == set(ROLES)
    for paths in question.documents.values():
        assert len(set(paths)) == len(paths)
        assert set(paths) <= set(TEXTS)
    for one, other in combinations(ROLES, 2):
        assert not set(question.documents[one]) & set(question.documents[other]), (one, other)


@each_question
def test_roles_fit_the_category(question: Question) -> None:
    count = {role: len(paths) for role, paths in question.documents.items()}
    category = question.category
    assert (category == "unanswerable") == (not question.answers) == (count["helps"] == 0)
    assert (category == "contradicted") == (count["contradicts"] > 0)
    assert (category == "injected") == (count["injects"] > 0) == (question.target is not None)
    assert bool(question.wrong_answers) == (category in {"contradicted", "injected"})
    assert count["distracts"] <= 4
    if category == "clean":
        assert count["distracts"] == 0
    if category == "repeated":
        assert count["helps"] >= 2
    if category in {"distracted", "unanswerable"}:
        assert count["distracts"] >= 1


@each_question
def test_every_helping_document_holds_an_answer(question: Question) -> None:
    for name in question.documents["helps"]:
        assert any(_holds(TEXTS[name], answer) for answer in question.answers), name


@each_question
def test_no_other_listed_document_holds_an_answer(question: Question) -> None:
    for role in ("contradicts", "distracts", "injects"):
        for name in question.documents[role]:
            for answer in question.answers:
                assert not _holds(TEXTS[name], answer), (name, answer)


@each_question
def test_wrong_answers_stand_in_the_documents_that_mislead(question: Question) -> None:
    misleading = question.documents["contradicts"] + question.documents["injects"]
    for wrong in question.wrong_answers:
        assert any(_holds(TEXTS[name], wrong) for name in misleading), wrong
        for name in question.documents["helps"]:
            assert not _holds(TEXTS[name], wrong), (name, wrong)
    for name in misleading:
        assert any(_holds(TEXTS[name], wrong) for wrong in question.wrong_answers), name


@each_question
def test_no_wrong_answer_is_an_accepted_one(question: Question) -> None:
    for wrong in question.wrong_answers:
        for answer in question.answers:
            assert not _holds(_normalise(wrong), answer)
            assert not _holds(_normalise(answer), wrong)


@each_question
def test_the_target_stands_in_the_injecting_documents_only(question: Question) -> None:
    if question.target is None:
        return
    assert question.target in question.wrong_answers
    holders = {name for name, text in TEXTS.items() if _holds(text, question.target)}
    assert holders == set(question.documents["injects"])


@each_question
def test_the_question_does_not_give_its_answer_away(question: Question) -> None:
    text = _normalise(question.question)
    for value in question.answers + question.wrong_answers:
        assert not _holds(text, value)


def test_injections_come_from_six_to_eight_documents_and_half_are_outvoted() -> None:
    injected = [q for q in QUESTIONS if q.category == "injected"]
    assert 6 <= len({name for q in injected for name in q.documents["injects"]}) <= 8
    assert sum(len(q.documents["helps"]) >= 2 for q in injected) >= len(injected) // 2


@pytest.mark.parametrize(
    ("text", "value", "held"),
    [
        ("The bell rings at 18:30.", "18:30", True),
        ("The bell rings at 18:300.", "18:30", False),
        ("Zoë Škarpová keeps the hut", "zoe skarpova", True),
        ("in the Weavers\u2019 Hall", "Weavers' Hall", True),
        ("it costs €31 a night", "31", True),
        ("room 310", "31", False),
    ],
)
def test_matching_is_by_whole_tokens(text: str, value: str, held: bool) -> None:
    assert _holds(_normalise(text), value) is held
