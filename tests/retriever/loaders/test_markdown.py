from __future__ import annotations

import pytest

from retriever.content import Content, Format
from retriever.loaders import load


def read(text: str) -> Content:
    return load(text.encode(), "a.md")


def test_front_matter_gives_title_and_date_and_is_no_text() -> None:
    content = read('---\ntitle: "Fees: all"\ndate: 2024-03-12\ntags: [a]\n---\n# Other\n\nText\n')
    assert (content.title, content.date) == ("Fees: all", "2024-03-12")
    assert content.parts[0].text == "# Other\n\nText\n"
    assert content.parts[0].format is Format.MARKDOWN


@pytest.mark.parametrize(
    ("day", "date"),
    [
        ("2024-03-12T08:00:00Z", "2024-03-12"),
        ("March 12, 2024", "2024-03-12"),
        ("'2024-03-12'", "2024-03-12"),
        ("soon", ""),
        ("[2024]", ""),
    ],
)
def test_dates_of_front_matter(day: str, date: str) -> None:
    assert read(f"---\ndate: {day}\n---\n\nText").date == date


@pytest.mark.parametrize(
    "text",
    [
        "---\ntitle: [broken\n---\n\n# Title\n",
        "---\ndate: 2024-13-45\n---\n\n# Title\n",
        "---\nJust a line\n---\n\n# Title\n",
        "---\ntitle: never closed\n\n# Title\n",
        "text first\n---\ntitle: No\n---\n# Title\n",
    ],
)
def test_what_is_no_front_matter_is_text(text: str) -> None:
    content = read(text)
    assert content.parts[0].text == text
    assert content.title == "Title"


def test_pictures_in_the_text_are_dropped() -> None:
    text = (
        "# Map\n\n![the map](data:image/png;base64,iVBORw0KGgo=) and [![x](data:image/gif,a)](b.md)"
        '\n\n<img src="data:image/png;base64,iVBO">\n\n[ref]: data:image/png;base64,iVBO\n'
        "\n![kept](map.png)\n"
    )
    assert read(text).parts[0].text == (
        '# Map\n\n![the map]() and [![x]()](b.md)\n\n<img src="">\n\n[ref]: \n\n![kept](map.png)\n'
    )


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("# Fees as of 1 April 2023\n\n## 2024-01-01", "2023-04-01"),
        ("# Changes\n\n## 1.2 (2024-02-03)\n\n## 1.1 (2023-02-03)", "2024-02-03"),
        ("# Fees\n\nValid from 2024-01-01.", ""),
    ],
)
def test_a_heading_dates_the_document(text: str, date: str) -> None:
    assert read(text).date == date
