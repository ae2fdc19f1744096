from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from retriever.loaders.tables import markdown_table

CELLS = st.text(alphabet="ab |\n\\", max_size=4)


def test_the_first_row_with_text_is_the_header() -> None:
    rows = [["", ""], ["name", "", "price"], [], ["pool\nbig", " ", "5|6"], ["sauna"]]
    assert markdown_table(rows) == (
        "| name | price |\n| --- | --- |\n| pool big | 5\\|6 |\n| sauna |  |"
    )


def test_without_text_there_is_no_table() -> None:
    assert markdown_table([["", " "], []]) == ""


@given(st.lists(st.lists(CELLS, max_size=4), max_size=5))
def test_every_row_has_as_many_cells_as_the_header(rows: list[list[str]]) -> None:
    lines = markdown_table(rows).split("\n")
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    if not filled:
        assert lines == [""]
        return
    assert len(lines) == len(filled) + 1
    widths = {line.replace("\\|", "").count("|") for line in lines}
    assert len(widths) == 1
