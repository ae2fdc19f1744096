from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retriever.packing import pack
from retriever.prose import read_prose
from retriever.sizes import Sizes
from retriever.splitting import split_stretch, unwrap
from tests.retriever.hashing import HashEmbedder

count_tokens = HashEmbedder().count_tokens

LINES = st.sampled_from(
    [
        *("# Heading", "Under", "===", "- item one.", "  - below it. More of it.", "1. first"),
        *("---", "```", "```py", "~~~", "    code", "    ```", "> ```", "> quoted words.", ">"),
        *("| a | b |", "|---|---|", "a | b", "- | a | b |", "  |---|---|", "[a]: b", "<div>"),
        *(
            "",
            "",
            "A sentence. Another one!",
            "a" * 200,
            "words " * 40,
            "ภาษาไทย" * 9,
            "漢字。" * 20,
        ),
        *("  " * 150, "- - - - x", "\x0b", "\u205f", "\u2028", "    # c"),
    ]
)


def cut(text: str, limit: int, markdown: bool = True) -> list[str]:
    blocks = read_prose(text, markdown=markdown)
    return [piece for _, piece in pack(text, blocks, Sizes(count_tokens, limit))]


def squeeze(text: str) -> str:
    return re.sub(r"\s+", "", text)


@settings(deadline=None)
@given(st.lists(LINES, max_size=30).map("\n".join), st.integers(16, 50), st.booleans())
def test_pieces_hold_all_the_text_in_order_and_fit(text: str, limit: int, markdown: bool) -> None:
    pieces = cut(text, limit, markdown)
    assert all(Sizes(count_tokens, limit).fits(piece) for piece in pieces)
    found = iter(squeeze("".join(pieces)))
    assert all(char in found for char in squeeze(text))
    if not markdown:
        assert squeeze("".join(pieces)) == squeeze(text)


@given(st.lists(LINES, max_size=30).map("\n".join))
def test_blocks_leave_out_nothing_but_white_space(text: str) -> None:
    blocks = read_prose(text, markdown=True)
    assert "".join(squeeze(text[block.start : block.end]) for block in blocks) == squeeze(text)
    for block in blocks:
        ends = [block.start, *(part.start for part in block.parts[1:])]
        assert [part.start for part in block.parts] == ends[: len(block.parts)]
    assert all(left.end <= right.start for left, right in pairwise(blocks))


@pytest.mark.parametrize("indent", ["", "    ", "> ", "      "])
def test_a_fence_that_is_cut_has_its_lines_around_every_piece(indent: str) -> None:
    step = "1. Do it:\n\n" if indent.isspace() else ""
    code = [f"a = run({number})  # not too often" for number in range(20)]
    lines = [indent + line for line in ("```py", *code, "```")]
    pieces = cut("# How\n\n" + step + "\n".join(lines) + "\n\nThe end.", 48)
    fences = [piece for piece in pieces if "run" in piece]
    assert len(fences) > 3
    for piece in fences:
        inner = piece[piece.index("```py") :].split("\n")
        assert any(line == f"{indent}```" for line in inner)
        assert piece.count("```") == 2
    assert [line for piece in fences for line in piece.split("\n") if "run" in line] == lines[1:-1]


def test_a_fence_that_never_ends_is_one_in_every_piece() -> None:
    pieces = cut("~~~~\n" + "some code of a line\n" * 20, 32)
    assert len(pieces) > 2
    assert all(piece.startswith("~~~~\n") and piece.endswith("\n~~~~") for piece in pieces)


def test_comments_in_fences_are_no_headings() -> None:
    text = "# Huts\n\n```sh\n# not one\nmake\n```\n\n1. Do\n\n    ```\n    # nor this\n    ```\n"
    titles = {title for title, _ in pack(text, read_prose(text, markdown=True), Sizes(len, 40))}
    assert titles == {"Huts"}


def test_titles_are_the_headings_in_force() -> None:
    text = "# A\n\na b c d\n\n### B\n\na b c d\n\n###### C\n\na b c d\n\n## D ##\n\na b c d\n"
    titles = [title for title, _ in pack(text, read_prose(text, markdown=True), Sizes(len, 18))]
    assert titles == ["A", "A > B", "A > B > C", "A > D"]


def test_dashes_below_a_line_make_no_heading() -> None:
    text = "From: harbour\n---\ntext\n\nTitle\n===\n\nText."
    titles = [title for title, _ in pack(text, read_prose(text, markdown=True), Sizes(len, 24))]
    assert titles == ["", "Title"]


def test_a_table_in_a_quotation_keeps_its_header() -> None:
    rows = "".join(f"> | berth {number} | {number} EUR |\n" for number in range(20))
    head = "> | Berth | Fee |\n> |---|---|\n"
    pieces = cut(head + rows, 64)
    assert len(pieces) > 2
    assert all(piece.startswith(head) for piece in pieces)


def test_headings_without_text_stay_with_the_next_ones() -> None:
    sentence = "The stove of this hut must be lit by noon. " * 3
    pieces = cut(f"# A\n\n## B\n\n## C\n\n{sentence}\n", 24)
    assert pieces[0].startswith("# A\n\n## B\n\n## C\n\nThe stove")


def test_a_large_table_does_not_fill_the_memory() -> None:
    text = "|a" * 50_000 + "\n" + "|-" * 50_000 + "\n" + "|a\n" * 1000
    assert len(read_prose(text, markdown=True)) == 1


def sentences(text: str) -> list[str]:
    """``text`` cut where it may be: a limit that no two sentences fit."""
    limit = max(16, *(len(line) for line in re.split(r"(?<=[.!?。\uff01।])\s*", text)))
    sizes = Sizes(len, limit)
    return [text[start:end].strip() for start, end in split_stretch(text, sizes, "", "")]


def test_sentences_end_at_marks_of_many_scripts() -> None:
    for whole in (
        ["The first of them.", "And a second!", "“Is it a third?”", "The end of it"],
        ["他们来了吗他们来了吗他们。", "他们在港口支付费用\uff01"],
        ["यह एक वाक्य है और लंबा।", "यह दूसरा वाक्य है।"],
        ["Он пришёл сегодня.", "Она пришла вчера."],
    ):
        assert sentences(("" if whole[0].startswith("他") else " ").join(whole)) == whole


def test_a_mark_before_a_small_letter_ends_no_sentence() -> None:
    for text in ("It is e.g. the hut of it.", "Она и т.д. и она и она.", "Version 3.11 is out now"):
        limit = len(text) - 1
        pieces = [text[start:end] for start, end in split_stretch(text, Sizes(len, limit), "", "")]
        assert len(pieces[0]) > len(text) // 2  # between words, as late as can be


def test_a_wrapped_quotation_is_one_paragraph() -> None:
    quoted = "> The stove of this hut must be lit by noon of the day on\n> which they come."
    text = f"{quoted}\n> Then it is warm."
    assert cut(text, 23) == [quoted, "> Then it is warm."] or cut(text, 23)[0].startswith(quoted)


def test_short_lines_and_full_stops_end_no_wrapped_line() -> None:
    wrapped = "The stove of this hut must be lit by noon\nof the day. The\nother one."
    assert unwrap(wrapped).count("\n") == 0
    assert unwrap("08:15  Larkhaugh\n09:15  Tamsel").count("\n") == 1
    assert len(unwrap(wrapped)) == len(wrapped)


def test_pieces_that_the_splitter_makes_too_long_are_cut_again() -> None:
    text = "<<`é.`漢\n\n\n\n<ab c dé.. 漢aword b c d\n A\n\n1. >."
    sizes = Sizes(count_tokens, 6)
    pieces = [text[start:end] for start, end in split_stretch(text, sizes, "", "")]
    assert all(sizes.fits(piece) for piece in pieces)
    assert "".join(pieces) == text
