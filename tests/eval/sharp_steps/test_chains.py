"""The packaged chains are what the experiment takes them for."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

import pytest

from eval.sharp_steps.chains import Chain, Order, draw_chains, read_chains
from overlay.errors import InputError
from overlay.labelled.matching import contains

CHAINS = read_chains()
NEAR, FAR = 3, 5
# A sentence is read without the one before it in at least one order, so it may not lean on it.
LEANING = re.compile(
    r"^(it|they|he|she|this|that|these|those|there|here|then|such)\b", re.IGNORECASE
)
every_chain = pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: chain.id)


def named(chain: Chain, text: str) -> set[str]:
    """The chain's entities that a text names, however they are written."""
    return {entity for entity in chain.entities if entity.lower() in text.lower()}


def places(chain: Chain, answer: str) -> list[int]:
    return [place for place, text in enumerate(chain.sentences) if contains(text, answer)]


def test_there_are_enough_chains_and_they_differ() -> None:
    domains = Counter(chain.domain for chain in CHAINS)
    assert len(CHAINS) >= 96
    assert len(domains) >= 16
    assert min(domains.values()) >= 5
    assert len({chain.id for chain in CHAINS}) == len(CHAINS)


def test_no_entity_stands_in_two_chains() -> None:
    entities = Counter(entity.lower() for chain in CHAINS for entity in chain.entities)
    assert entities.most_common(1)[0][1] == 1


def test_no_two_sentences_are_one_template() -> None:
    """With the names taken out, what is left of a sentence stands nowhere else."""
    frames = Counter(
        re.sub("|".join(map(re.escape, chain.entities)), "X", text)
        for chain in CHAINS
        for text in chain.sentences
    )
    assert [frame for frame, count in frames.items() if count > 1] == []


@every_chain
def test_a_sentence_links_an_entity_to_the_next(chain: Chain) -> None:
    assert (len(chain.sentences), len(chain.entities)) == (6, 7)
    for place, text in enumerate(chain.sentences):
        assert named(chain, text) == set(chain.entities[place : place + 2])
        assert all(entity in text for entity in chain.entities[place : place + 2])
        assert not LEANING.search(text)
        assert text.endswith(".")


@every_chain
def test_gradual_sentences_bridge_and_abrupt_ones_do_not(chain: Chain) -> None:
    gradual, abrupt = (
        [named(chain, text) for text in order.arrange(chain.sentences)] for order in Order
    )
    assert all(a & b for a, b in pairwise(gradual))
    assert not any(a & b for a, b in pairwise(abrupt))


@every_chain
def test_both_orders_hold_the_same_words_and_keep_the_asked_facts_in_place(chain: Chain) -> None:
    gradual, abrupt = (order.arrange(chain.sentences) for order in Order)
    assert Counter(gradual) == Counter(abrupt)
    assert Counter(" ".join(gradual).split()) == Counter(" ".join(abrupt).split())
    assert [gradual[place] for place in (NEAR, FAR)] == [abrupt[place] for place in (NEAR, FAR)]


@every_chain
def test_each_answer_stands_in_its_own_sentence_only(chain: Chain) -> None:
    for question, place in ((chain.near, NEAR), (chain.far, FAR)):
        assert places(chain, question.answers[0]) == [place]
        for answer in question.answers:
            assert set(places(chain, answer)) <= {place}
            assert not any(contains(asked.question, answer) for asked in chain.questions.values())


@every_chain
def test_the_near_question_names_its_fact_and_the_far_one_only_the_start(chain: Chain) -> None:
    assert named(chain, chain.near.question)
    assert named(chain, chain.near.question) <= set(chain.entities[NEAR : NEAR + 2])
    assert named(chain, chain.far.question) == {chain.entities[0]}
    assert contains(chain.entities[-1], chain.far.answers[0])


def test_a_draw_is_even_and_the_start_of_a_larger_one() -> None:
    small, large = draw_chains(CHAINS, 20), draw_chains(CHAINS, 40)
    assert large[:20] == small
    assert max(Counter(chain.domain for chain in small).values()) == 2
    assert len(draw_chains(CHAINS)) == len(CHAINS)


def test_more_chains_than_there_are_is_an_error() -> None:
    with pytest.raises(InputError, match=r"there are 96 chains, not 97"):
        draw_chains(CHAINS[:96], 97)
