from __future__ import annotations

import pytest

from retriever.content import Format
from retriever.loaders import load


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("src/tool.py", "python"),
        ("a.H", "c"),
        ("a.tsx", "typescript"),
        ("a.yml", "yaml"),
        ("a.sh", "bash"),
    ],
)
def test_code_keeps_its_layout_and_knows_its_language(name: str, language: str) -> None:
    text = "def f():\n\treturn '€'  \n"
    content = load(text.encode(), name)
    assert content.title == name.rpartition("/")[2]
    assert [(part.text, part.format, part.language) for part in content.parts] == [
        (text, Format.CODE, language)
    ]
