from __future__ import annotations

import pytest

from retriever.content import Format
from retriever.loaders import load


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", 'who,price\r\n"Smith, Ann",5\r\n'),
        ("a.csv", 'who;price\n"Smith, Ann";5\n'),
        ("a.csv", "who|price\nSmith, Ann|5\n"),
        ("a.tsv", "who\tprice\nSmith, Ann\t5\n"),
        ("a.csv", 'who,price\n"Smith,\nAnn",5\n\n,\n'),
    ],
)
def test_the_delimiter_is_found(name: str, text: str) -> None:
    (part,) = load(text.encode(), name).parts
    assert part.text == "| who | price |\n| --- | --- |\n| Smith, Ann | 5 |"
    assert (part.format, part.place) == (Format.MARKDOWN, "")


def test_quotes_inside_quotes_are_read() -> None:
    (part,) = load(b'a,b\n"say ""hi""",2\n', "a.csv").parts
    assert part.text.endswith('| say "hi" | 2 |')


def test_a_single_column_is_a_table_too() -> None:
    assert load(b"name\nAnn\nBob\n", "a.csv").parts[0].text == "| name |\n| --- |\n| Ann |\n| Bob |"


def test_a_western_spreadsheet_is_decoded() -> None:
    assert "Gebühr" in load(b"Geb\xfchr;5 \x80\n", "a.csv").parts[0].text


def test_an_empty_file_is_blank() -> None:
    assert load(b"", "a.csv").is_blank


@pytest.mark.parametrize("cell", ["word " * 50_000, "5 inch\n" + "2,nail\n" * 50_000])
def test_a_long_cell_and_a_quote_that_is_not_closed_are_read(cell: str) -> None:
    (part,) = load(f'a,b\n1,"{cell}'.encode(), "a.csv").parts
    assert part.text == f"| a | b |\n| --- | --- |\n| 1 | {' '.join(cell.split())} |"
