from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overlay.errors import InputError
from retriever import Chunk, Chunker, SentenceTransformerEmbedder, parse_document
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
            "\x1c",
            "\x00",
            "a" * 40,
            "! ",
            "e.g. the ",
        ),
    ]
)
TEXTS = st.lists(PIECES, max_size=60).map("".join) | st.text(max_size=200)
SOURCES = st.sampled_from(["a.md", "a.txt"])


@given(TEXTS, SOURCES, st.integers(16, 64))
def test_chunks_cover_the_text_in_order_within_the_limit(
    text: str, source: str, limit: int
) -> None:
    text = text.encode(errors="ignore").decode()  # no lone surrogates
    document = parse_document(source, text.encode())
    chunks = Chunker(count_tokens, limit).split(document)
    assert squeeze("".join(chunk.text for chunk in chunks)) == squeeze(document.text)
    assert all(count_tokens(chunk.text) <= limit for chunk in chunks)
    assert all(chunk.text in document.text and chunk.text.strip() for chunk in chunks)
    assert [chunk.position for chunk in chunks] == list(range(len(chunks)))
    assert len({chunk.id for chunk in chunks}) == len(chunks)
    assert bool(chunks) == (not document.is_blank)


WORDS = st.lists(st.sampled_from(["hut", "bunk", "stove", "six", "Larkhaugh"]), min_size=1)
SENTENCES = st.lists(WORDS.map(lambda words: "The " + " ".join(words[:20])), min_size=1)


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
    assert chunks[0].startswith("## Huts\n\n| hut | bunks |\n|---|---|")
    assert "\n".join(chunks) == text


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
