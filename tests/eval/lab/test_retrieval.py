"""Rankings compared on question files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eval.lab.passages import PassageSet, pool, read_passages, title_of
from eval.lab.ranked_ways import measure
from eval.lab.ranking_scores import Scores, score, score_table
from overlay.errors import InputError
from overlay.labelled.given import read_given
from overlay.labelled.items import Kind
from tests.retriever.hashing import HashEmbedder

THINGS = ("stove", "bunk", "spring", "path", "shed", "lamp")


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """Each thing has a passage of its own, and one about all that is repeated everywhere."""
    path = tmp_path / "huts.jsonl"
    shared = {"text": "Huts are old.", "kind": "distractor", "source": "wikipedia:Hut"}
    rows = [
        {
            "id": thing,
            "question": f"Who made the {thing}?",
            "answers": ["Ida"],
            "chunks": [
                {"text": f"A {thing} by Ida.", "kind": "gold", "source": f"wikipedia:{thing}"},
                shared,
            ],
        }
        for thing in THINGS
    ]
    rows.append({"id": "none", "question": "Why?", "answers": [], "chunks": [shared]})
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def test_passages_are_documents_once_and_questions_have_a_helpful_one(questions: Path) -> None:
    found = read_passages(questions, questions=99, seed=0)
    assert found.name == "huts"
    assert len(found.documents) == len(THINGS) + 1
    assert {one.question for one in found.asked} == {f"Who made the {t}?" for t in THINGS}
    for one in found.asked:
        (key,) = one.helpful
        assert found.documents[key].title in one.question
    drawn = read_passages(questions, questions=2, seed=0)
    assert drawn.asked == found.asked[:2]
    assert drawn.documents == found.documents
    assert read_passages(questions, questions=99, seed=1).asked != found.asked


@pytest.mark.parametrize("name", ["german", "japanese"])
def test_other_languages_have_questions_with_an_answer_in_one_passage(name: str) -> None:
    file = Path(__file__).parents[3] / "eval" / "lab" / "languages" / f"{name}.jsonl"
    found = read_passages(file, questions=99, seed=0)
    assert (len(found.documents), len(found.asked)) == (24, 14)
    for item in read_given(file):
        holding = [one.text for one in found.documents.values() if item.answers[0] in one.text]
        assert [one.text for one in item.of_kind(Kind.HELPFUL)] == holding[:1]
        assert len(holding) == 1


def test_pooled_sets_share_their_passages(questions: Path) -> None:
    one = read_passages(questions, questions=2, seed=0)
    other = PassageSet("other", one.asked[:1], dict([*one.documents.items()][:1]))
    pooled = pool([other, one])
    assert [each.name for each in pooled] == ["other", "huts"]
    assert [each.asked for each in pooled] == [other.asked, one.asked]
    assert pooled[0].documents is pooled[1].documents
    assert pooled[0].documents == one.documents


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(InputError, match="no question"):
        read_passages(tmp_path / "empty.jsonl", questions=1, seed=0)


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("wikipedia:Beat It", "Beat It"),
        ("wikipedia:Albus Dumbledore#D1287-2", "Albus Dumbledore"),
        ("xquad:Southern_California#1", "Southern California"),
        (f"squad-dev(mrqa):{'0f' * 16}~Victoria_(Australia)", "Victoria (Australia)"),
        ("wikipedia:49691494#0", ""),
        ("ramdocs:correct", ""),
        ("conflictqa:counter", ""),
        ("", ""),
    ],
)
def test_a_title_names_the_article_and_never_what_a_passage_is_good_for(
    source: str, title: str
) -> None:
    assert title_of(source) == title


def test_scores_of_a_ranking() -> None:
    assert score(["a", "b"], {"a"}) == Scores(1.0, 1.0, 1.0)
    assert score(["b", "c"], {"a"}) == Scores(0.0, 0.0, 0.0)
    assert score([], {"a"}) == Scores(0.0, 0.0, 0.0)
    half = score(["x", "a", "y"], {"a", "never found"})
    assert (half.recall, half.found) == (0.5, 1.0)
    # Places 1, 2 and 6 count 1 / log2 of 2, 3 and 7.
    assert half.ndcg == pytest.approx((1 / 1.5849625) / (1 + 1 / 1.5849625))
    sixth = score([*"vwxyz", "a"], {"a"})
    assert sixth.ndcg == pytest.approx(1 / 2.8073549)
    assert (sixth.recall, sixth.found) == (0.0, 0.0)
    assert score([*"abcdefghijk"], {"k"}).ndcg == 0


def test_every_way_is_measured_on_a_real_store(questions: Path) -> None:
    one = read_passages(questions, questions=4, seed=0)
    unasked = PassageSet("unasked", (), one.documents)
    results = measure([one, unasked], HashEmbedder())
    assert list(results) == ["huts"]
    ways = ["dense", "lexical", "fused", "dense with titles", "fused with titles"]
    assert list(results["huts"]) == ways
    assert all(len(scores) == 4 for scores in results["huts"].values())
    assert results["huts"]["lexical"] == [Scores(1.0, 1.0, 1.0)] * 4
    table = score_table(results, "dense", seed=0)
    assert [row[0] for row in table.rows] == [f"huts, {way}" for way in ways]
    assert table.rows[0][3] == ""
    assert table.rows[1][1:3] == ("4", "1.000")
    assert table.rows[1][3].startswith(("+", "-"))
