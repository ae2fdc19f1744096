"""Every variant of a question answered, on a tiny random model."""

from __future__ import annotations

from eval.lab.variant_answers import answer_in_every_variant, read_answers, write_answers
from overlay.labelled.items import Item, Kind, Passage
from overlay.settings import Settings
from probes.copied import consensus
from probes.llamacpp import LlamaCppModel
from selector.profile_files import default_profile

PASSAGES = tuple(
    Passage(text, Kind.IRRELEVANT, f"{place}.md", similarity)
    for place, (text, similarity) in enumerate(
        [("Masons built it.", 0.9), ("The keeper is Orla.", 0.5), ("Soup at noon.", 0.1)]
    )
)


ITEM = Item("1", "made up", "Who built the lighthouse?", ("Masons",), PASSAGES)


def test_each_variant_is_heard_beside_the_others(tiny_model: LlamaCppModel) -> None:
    settings = Settings(max_tokens=8, variants=3, first_dose=0)
    found = answer_in_every_variant(tiny_model, settings, default_profile(), ITEM)
    *variants, bare = found
    assert [len(one.chunks) for one in found] == [3, 2, 1, 0]
    assert bare.signs is None or bare.signs.consensus is None
    for one in variants:
        if one.signs is not None:
            others = [two.text for two in variants if two is not one and two.signs is not None]
            assert one.signs.consensus == consensus(one.text, ITEM.question, others)
    assert read_answers(write_answers(found)) == found


def test_with_doses_the_first_one_is_a_variant(tiny_model: LlamaCppModel) -> None:
    settings = Settings(max_tokens=8, variants=3, first_dose=2)
    found = answer_in_every_variant(tiny_model, settings, default_profile(), ITEM)
    assert [(one.variant, one.chunks) for one in found[:2]] == [
        ("the first dose", (0, 1)),
        ("as judged", (0, 1, 2)),
    ]
    assert [len(one.chunks) for one in found[2:]] == [1, 0]
