from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from retriever.packing import pack
from retriever.pieces import Ruler
from retriever.prose import lay_out_markdown, lay_out_text
from retriever.sentences import sentence_starts
from retriever.sizes import Sizes
from tests.retriever.hashing import HashEmbedder

count_tokens = HashEmbedder().count_tokens

LINES = st.sampled_from(
    [
        *(
            "# Heading",
            "Under",
            "===",
            "- item one.",
            "  - below it. More of it.",
            "1. first",
            "---",
        ),
        *("```", "```py", "~~~", "    code", "| a | b |", "|---|---|", "a | b", "> quoted words."),
        *(
            "",
            "",
            "A sentence. Another one!",
            "a" * 200,
            "words " * 40,
            "ภาษาไทย" * 9,
            "漢字。" * 20,
        ),
    ]
)


@settings(deadline=None)
@given(st.lists(LINES, max_size=30).map("\n".join), st.integers(16, 50), st.booleans())
def test_pieces_hold_all_the_text_once_and_repeat_nothing_but_frames(
    text: str, limit: int, markdown: bool
) -> None:
    layout = lay_out_markdown(text) if markdown else lay_out_text(text)
    sizes = Sizes(count_tokens, limit)
    repeated = {frame.before for frame in layout.frames} | {f.after for f in layout.frames}
    reached = 0
    for piece in pack(layout, Ruler(layout, sizes, indented=True)):
        assert not text[reached : piece.start].strip()
        before, body, after = piece.text.partition(text[piece.start : piece.end])
        assert body
        assert before.strip() == "" or re.sub(r" +$", "", before) in repeated
        assert after == "" or after in repeated
        assert sizes.fits(piece.text)
        reached = piece.end
    assert not text[reached:].strip()


@given(st.lists(LINES, max_size=30).map("\n".join))
def test_boundaries_are_in_order_inside_the_text(text: str) -> None:
    for layout in (lay_out_markdown(text), lay_out_text(text)):
        offsets = [found.offset for found in layout.boundaries]
        assert offsets == sorted(set(offsets))
        assert all(0 < offset < len(text) for offset in offsets)


def sentences(text: str) -> list[str]:
    starts = [0, *sentence_starts(text, 0, len(text)), len(text)]
    return [text[start:end].strip() for start, end in pairwise(starts)]


def test_sentences_end_at_marks_of_many_scripts() -> None:
    for whole in (
        ["One.", "Two!", "“Three?”", "Four of them…", "End"],
        ["他们来了。", "「好\uff01」", "是"],
        ["यह एक है।", "दो"],
        ["Он пришёл.", "Да"],
    ):
        joined = ("" if whole[0].startswith("他") else " ").join(whole)
        assert sentences(joined) == whole


def test_a_mark_before_a_small_letter_ends_no_sentence() -> None:
    for text in ("See e.g. the hut.", "Она и т.д. и она.", "Version 3.11 is out"):
        assert sentences(text) == [text]


def test_a_wrapped_quotation_is_one_paragraph() -> None:
    quoted = "> The stove of this hut must be lit by noon of the day on\n> which they come."
    text = f"{quoted}\n> Then it is warm."
    layout = lay_out_markdown(text)
    assert text[layout.boundaries[0].offset :].lstrip("> ").startswith("Then")
