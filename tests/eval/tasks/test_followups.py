"""The sample conversations: what each needs stands in a chunk, and they are varied."""

from __future__ import annotations

from collections import Counter

import pytest

from eval.tasks.followups import FollowUp, sample_followups
from eval.tasks.sample import DOCUMENTS
from retriever import Chunk, Chunker, read_folder
from tests.retriever.hashing import HashEmbedder

FOLLOWUPS = sample_followups()
TOPIC_CHANGE = "topic change"


@pytest.fixture(scope="module")
def chunks() -> list[Chunk]:
    chunker = Chunker(HashEmbedder().count_tokens)
    return [chunk for document in read_folder(DOCUMENTS) for chunk in chunker.split(document)]


@pytest.mark.parametrize("followup", FOLLOWUPS, ids=lambda one: one.id)
def test_every_helping_document_has_a_helpful_chunk(
    followup: FollowUp, chunks: list[Chunk]
) -> None:
    helpful = {one.source for one in chunks if followup.helped_by(one.source, one.text)}
    assert helpful == set(followup.helps)


@pytest.mark.parametrize("followup", FOLLOWUPS, ids=lambda one: one.id)
def test_user_and_assistant_speak_by_turns_and_the_user_has_the_last_word(
    followup: FollowUp,
) -> None:
    roles = [turn.role for turn in followup.messages]
    assert len(roles) in {3, 5}
    assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]
    alone = followup.messages[-1].content == followup.question
    assert not alone or followup.leaves_out == TOPIC_CHANGE


def test_they_are_sixty_over_all_documents_and_half_have_three_turns() -> None:
    assert [one.id for one in FOLLOWUPS] == [f"f{n:02d}" for n in range(1, 61)]
    assert Counter(len(one.messages) for one in FOLLOWUPS) == {3: 30, 5: 30}
    helping = {source for one in FOLLOWUPS for source in one.helps}
    assert helping == {
        path.relative_to(DOCUMENTS).as_posix() for path in DOCUMENTS.rglob("*.*") if path.is_file()
    }


def test_what_they_leave_out_is_varied() -> None:
    kinds = Counter(one.leaves_out for one in FOLLOWUPS)
    assert set(kinds) == {
        "subject",
        "pronoun",
        "place",
        "attribute",
        "comparison",
        "ellipsis",
        TOPIC_CHANGE,
    }
    assert kinds[TOPIC_CHANGE] == 4
