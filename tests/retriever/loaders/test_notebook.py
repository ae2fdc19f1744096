from __future__ import annotations

import json
from typing import Any

import pytest

from retriever.content import Format
from retriever.loaders import load
from tests.retriever.loaders.conftest import Refuse


def make(cells: list[dict[str, Any]], language: str = "python") -> bytes:
    notebook = {
        "cells": cells,
        "metadata": {"kernelspec": {"name": "k", "language": language}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook).encode()


def code(source: str | list[str], *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "outputs": list(outputs), "metadata": {}}


def result(text: str) -> dict[str, Any]:
    return {
        "output_type": "execute_result",
        "data": {"text/plain": [text], "text/html": ["<b>no</b>"], "image/png": "iVBO"},
    }


def test_cells_are_one_markdown_text() -> None:
    content = load(
        make(
            [
                {"cell_type": "markdown", "source": ["# Fees 2024-03-12\n", "All of them."]},
                code(["a = 1\n", "a"], result("1"), {"output_type": "stream", "text": "said\n"}),
                code(""),
                code("b", result("long " * 200), {"output_type": "error", "traceback": ["no"]}),
                {"cell_type": "markdown", "source": "![x](data:image/png;base64,iVBO)"},
            ],
            "Julia",
        ),
        "a.ipynb",
    )
    assert (content.title, content.date) == ("Fees 2024-03-12", "2024-03-12")
    (part,) = content.parts
    assert (part.format, part.place) == (Format.MARKDOWN, "")
    assert part.text == (
        "# Fees 2024-03-12\nAll of them.\n\n```julia\na = 1\na\n```\n\n```\n1\n```\n\n"
        "```\nsaid\n```\n\n```julia\nb\n```\n\n![x]()"
    )


def test_a_fence_is_longer_than_those_in_the_code() -> None:
    text = load(make([code("print('```')")]), "a.ipynb").parts[0].text
    assert text == "````python\nprint('```')\n````"


@pytest.mark.parametrize("data", [b"words", b"[]", b"{}", b'{"cells": 5, "metadata": {}}'])
def test_what_is_no_notebook_is_refused(data: bytes, refuse: Refuse) -> None:
    refuse(data, "a.ipynb")


def test_an_empty_file_has_no_parts() -> None:
    assert load(b"", "a.ipynb").parts == ()
