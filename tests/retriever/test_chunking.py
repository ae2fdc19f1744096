from __future__ import annotations

import re
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overlay.errors import InputError
from retriever import Chunk, Chunker, SentenceTransformerEmbedder, parse_document
from retriever.content import Format, Part
from retriever.documents import Document
from tests.retriever.hashing import HashEmbedder

count_tokens = HashEmbedder().count_tokens


def split(text: str, limit: int = 32, source: str = "a.md") -> list[Chunk]:
    return Chunker(count_tokens, limit).split(parse_document(source, text.encode()))


def squeeze(text: str) -> str:
    return re.sub(r"\s+", "", text)


PIECES = st.sampled_from(
    [
        *("word ", "longer-word ", "One sentence. ", "Is it? ", "\n", "\n\n", "  ", "\t", "\r\n"),
        *("# Heading\n", "### Deep\n\n", "Under\n=====\n", "- item\n", "1. first\n", "> quoted "),
        *("```\n", "~~~", "| a | b |\n|---|---|\n", "---\n", "**bold** ", "<b>", "    code\n"),
        *(
            "é",
            "漢字。",
            "👩\u200d👩\u200d👧 ",
            "\u2028",
            "a" * 40,
            "! ",
            "e.g. the ",
        ),
    ]
)
TEXTS = st.lists(PIECES, max_size=60).map("".join) | st.text(
    st.characters(exclude_categories=["Cs", "Cc"]),
    max_size=200,  # files of these are refused
)
SOURCES = st.sampled_from(["a.md", "a.txt"])


def is_within(text: str, other: str) -> bool:
    """Whether all characters of ``text`` stand in ``other``, in the same order."""
    left = iter(other)
    return all(char in left for char in text)


@settings(deadline=None)  # the first text pays for an import
@given(TEXTS, SOURCES, st.integers(16, 64))
def test_chunks_cover_the_text_in_order_within_the_limit(
    text: str, source: str, limit: int
) -> None:
    document = parse_document(source, text.encode())
    chunks = Chunker(count_tokens, limit).split(document)
    found = squeeze("".join(chunk.text for chunk in chunks))
    assert is_within(squeeze(document.text), found)
    if source == "a.txt" or not re.search(r"\||```|~~~", text):  # nothing to repeat
        assert found == squeeze(document.text)
        assert all(chunk.text in document.text for chunk in chunks)
    assert all(count_tokens(chunk.text) <= limit for chunk in chunks)
    assert all(len(chunk.text) <= 8 * limit and chunk.text.strip() for chunk in chunks)
    assert [chunk.position for chunk in chunks] == list(range(len(chunks)))
    assert len({chunk.id for chunk in chunks}) == len(chunks)
    assert bool(chunks) == (not document.is_blank)


WORDS = st.lists(st.sampled_from(["hut", "bunk", "stove", "six", "Larkhaugh"]), min_size=1)
SENTENCES = st.lists(WORDS.map(lambda words: "The " + " ".join(words[:20])), min_size=1)


@settings(deadline=None)
@given(SENTENCES, SOURCES, st.integers(52, 90), st.integers(24, 48))
def test_a_sentence_that_fits_is_never_cut(
    sentences: list[str], source: str, width: int, limit: int
) -> None:
    prose = " ".join(f"{sentence}." for sentence in sentences)
    wrapped = re.sub(rf"(.{{1,{width}}})(?: |$)", r"\1\n", prose)
    for chunk in split(f"# A heading\n\n{wrapped}", limit, source):
        body = " ".join(chunk.text.split()).removeprefix("# A heading").strip()
        assert body == "" or body.endswith(".")
        assert body == "" or body.startswith("The ")


@settings(deadline=None)
@given(st.integers(1, 12), st.integers(20, 48), st.integers(1, 3))
def test_a_heading_stays_with_its_first_sentence(count: int, limit: int, level: int) -> None:
    sentence = "The stove of this hut must be lit by noon."  # with two headings 18 tokens
    section = f"{'#' * level} Stoves\n\n" + " ".join([sentence] * 7) + "\n\n"
    for chunk in split("# Huts\n\n" + section * count, limit):
        assert not chunk.text.splitlines()[-1].startswith("#")


def test_a_heading_gives_way_to_a_whole_sentence() -> None:
    sentence = "The " + "very " * 25 + "long sentence."
    texts = [chunk.text for chunk in split(f"# A heading of some words\n\n{sentence}\n", 31)]
    assert texts == ["# A heading of some words", sentence]


def test_line_ends_are_kept_in_the_text() -> None:
    text = "The bunk by the window is the warmest bunk\nof all the bunks in that hut."
    assert [chunk.text for chunk in split(text)] == [text]


def test_short_lines_are_places_to_cut() -> None:
    rows = [f"0{hour}:15  Larkhaugh" for hour in range(1, 9)]
    chunks = split("\n".join(rows), 20, "buses.txt")
    assert [line for chunk in chunks for line in chunk.text.splitlines()] == rows


def test_code_is_not_joined_to_its_heading() -> None:
    text = (
        "# Install\n\n```\n" + "run this long command with many words in it\n" * 4 + "```\n\nDone."
    )
    chunks = split(text, 24)
    assert chunks[-1].text.endswith("Done.")
    assert "\n".join(chunk.text for chunk in chunks).count("run this") == 4


def test_a_long_table_is_cut_between_rows() -> None:
    rows = [f"| hut {number} | {number} bunks |" for number in range(12)]
    text = "## Huts\n\n| hut | bunks |\n|---|---|\n" + "\n".join(rows)
    chunks = [chunk.text for chunk in split(text, 40)]
    head = "| hut | bunks |\n|---|---|\n"
    assert chunks[0].startswith(f"## Huts\n\n{head}| hut 0 |")
    assert all(chunk.startswith(head) for chunk in chunks[1:])
    assert "\n".join([chunks[0], *(chunk.removeprefix(head) for chunk in chunks[1:])]) == text


def test_every_piece_of_a_cut_table_holds_its_head() -> None:
    rows = [f"| Berth {number} | {7 * number} EUR | 16 A |" for number in range(80)]
    head = "| Berth | Fee | Power |\n|---|---|---|\n"
    chunks = split(f"All fees.\n\n{head}" + "\n".join(rows) + "\n\nThe end.", 64)
    tables = [chunk.text for chunk in chunks if "EUR" in chunk.text]
    assert len(tables) > 10
    assert all(text.startswith(head) for text in tables)
    lines = [line for text in tables for line in text.split("\n")]
    assert [line for line in lines if "EUR" in line] == rows


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=30),
    st.integers(1, 10),
    st.integers(24, 64),
)
def test_a_row_is_cut_only_where_it_does_not_fit_below_the_head(
    words: list[int], width: int, limit: int
) -> None:
    head = f"| {'name ' * width}| value |\n|---|---|\n"
    repeated = head if count_tokens(head) * 2 <= limit else ""
    rows = [f"| r{number} | {'word ' * count}|" for number, count in enumerate(words)]
    texts = [chunk.text for chunk in split(head + "\n".join(rows), limit)]
    assert all(text.startswith(repeated) for text in texts)
    for row in rows:
        if count_tokens(repeated + row) <= limit:
            assert any(row in text.split("\n") for text in texts)


def test_a_head_of_more_than_half_the_limit_is_not_repeated() -> None:
    head = "| " + "long " * 15 + "| b |\n|---|---|\n"
    texts = [chunk.text for chunk in split(head + "| row | 1 |\n" * 30, 32)]
    assert sum("long" in text for text in texts) == 1


CODE = st.lists(
    st.sampled_from(["run this", "", "    with = many(words)", "x", "# no heading"]), max_size=25
)


@settings(deadline=None)
@given(CODE, st.integers(28, 64), st.sampled_from(["", "A sentence above it.\n\n", "# Code\n\n"]))
def test_a_code_fence_is_whole_or_each_piece_is_one(
    code: list[str], limit: int, above: str
) -> None:
    fence = "\n".join(["```python", *code, "```"])
    texts = [chunk.text for chunk in split(f"{above}{fence}\n\nA sentence below it.", limit)]
    if count_tokens(fence) <= limit:
        assert any(fence in text for text in texts)
    for text in texts:
        assert text.count("```python") == len(re.findall("```$", text, re.MULTILINE)) <= 1


@settings(deadline=None)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=12), st.integers(24, 60), st.booleans())
def test_a_list_item_that_fits_is_never_cut(counts: list[int], limit: int, loose: bool) -> None:
    items = [
        f"- Item {number} is this.\n" + "  It says that.\n" * count + "  - And below it one."
        for number, count in enumerate(counts)
    ]
    text = "Some words above.\n\n" + ("\n\n" if loose else "\n").join(items) + "\n\nThe end."
    texts = [chunk.text for chunk in split(text, limit)]
    for item in items:
        if count_tokens(item) <= limit:
            assert any(item in text for text in texts)


def test_a_text_without_spaces_becomes_chunks_of_a_sensible_size() -> None:
    thai = "ภาษาไทยเป็นภาษาที่มีระดับเสียงของคำแน่นอน" * 400
    texts = [chunk.text for chunk in split(f"# ภาษาไทย\n\n{thai[:16000]}", 128)]
    assert 125 <= len(texts) <= 150
    assert texts[0].startswith("# ภาษาไทย\n\nภาษาไทย")  # the heading is not alone
    assert max(map(len, texts)) <= 128
    assert len(split("x" * 100_000, 128)) == 98
    chinese = split("他们在港口支付费用。" * 200, 64)
    assert all(chunk.text.endswith("。") and len(chunk.text) == 70 for chunk in chinese[:-1])


def test_characters_of_several_code_points_are_whole() -> None:
    family = "👩\u200d👩\u200d👧"
    chunks = split(family * 50, 24)
    assert all(chunk.text == family * (len(chunk.text) // len(family)) for chunk in chunks)


def measured(text: str) -> int:
    """Characters that the tokenizer reads to chunk a text."""
    read = 0

    def count(part: str) -> int:
        nonlocal read
        read += len(part)
        return count_tokens(part)

    Chunker(count).split(parse_document("a.md", text.encode()))
    return read


PROSE = "The berth fee of the harbour is paid to the harbour master before noon. "


@pytest.mark.parametrize(
    "sentence",
    [
        PROSE,
        PROSE.replace(".", ","),
        PROSE.replace(" ", ""),
        "# Heading\n",
        "1. ",
        "- item\n  - x\n",
    ],
    ids=["sentences", "no sentence ends", "no spaces", "headings", "marks", "list items"],
)
def test_the_time_is_linear_in_the_text(sentence: str) -> None:
    wrapped = textwrap.fill if sentence is PROSE else lambda text, width: text  # noqa: ARG005
    text = wrapped(sentence * (100_000 // len(sentence)), 70)
    assert measured(text) < 3 * measured(text[: len(text) // 2])
    assert measured(text) < 30 * len(text)


def test_code_is_titled_by_what_it_defines() -> None:
    method = (
        "    def fee(self, days):\n" + "        days = days + 1\n" * 5 + "        return days\n"
    )
    code = f"import math\n\n\nclass Berth:\n    size = 1\n\n{method}\n\nrates = [{'3, ' * 10}]\n"
    part = Part(code, Format.CODE, "berth.py", "python")
    chunks = Chunker(count_tokens, 30).split(Document("a.zip", "Archive", (part,), "00"))
    assert [chunk.title for chunk in chunks] == [
        "Archive",
        "Berth",
        "Berth > fee",
        "Berth > fee",
        "Archive",
    ]
    assert chunks[2].text.startswith("    def fee")
    assert {chunk.place for chunk in chunks} == {"berth.py"}


def test_titles_are_the_headings_above() -> None:
    text = "# Huts\n\nAll of them.\n\n## Tamsel\n\n### Door\n\nIt sticks.\n\n"
    text += "## Fennick\n\nIt is dry.\n"
    titles = {chunk.text.split()[-1]: chunk.title for chunk in split(text * 2, 16)}
    assert titles == {
        "them.": "Huts",
        "sticks.": "Huts > Tamsel",  # the heading below it is in the chunk
        "dry.": "Huts > Fennick",
    }


def test_title_without_a_heading_above() -> None:
    chunks = split("Before any heading, there are some words.\n\n# Late heading\n\nAfter it.", 16)
    assert [chunk.text[:6] for chunk in chunks] == ["Before", "# Late"]
    assert [chunk.title for chunk in chunks] == ["Late heading", "Late heading"]
    assert split("Just text.", source="plain.txt")[0].title == "Just text."


def test_ids_depend_on_source_document_position_and_text() -> None:
    assert split("# A\n\nSame.") == split("# A\n\nSame.")
    same = {
        split("# A\n\nSame.")[0].id,
        split("# A\n\nSame.", source="b.md")[0].id,
        split("# A\n\nSame.\n")[0].id,
    }
    assert len(same) == 3


@pytest.mark.parametrize("limit", [15, 0, -1])
def test_too_small_a_limit(limit: int) -> None:
    with pytest.raises(InputError) as error:
        Chunker(count_tokens, limit)
    assert error.value.param == "limit"


def test_recipe_tells_limits_apart() -> None:
    assert Chunker(count_tokens, 32).recipe != Chunker(count_tokens, 33).recipe


def test_a_tokenizer_that_counts_newlines_keeps_to_the_limit() -> None:
    def count(text: str) -> int:
        return len(text.split()) + 3 * text.count("\n")

    lines = "this line has more than forty characters in it\n" * 30
    chunks = Chunker(count, 40).split(parse_document("a.md", lines.encode()))
    assert max(count(chunk.text) for chunk in chunks) <= 40
    assert squeeze("".join(chunk.text for chunk in chunks)) == squeeze(lines)


def test_real_tokens(minilm: SentenceTransformerEmbedder) -> None:
    text = "# Unübliche Wörter\n\n" + "Internationalisierungsbeauftragte zögern 🙂 nie. " * 60
    document = parse_document("a.md", text.encode())
    chunks = Chunker(minilm.count_tokens).split(document)
    assert 100 < max(minilm.count_tokens(chunk.text) for chunk in chunks) <= 128
    assert all(chunk.text.endswith("nie.") for chunk in chunks)
    assert squeeze("".join(chunk.text for chunk in chunks)) == squeeze(text)
