from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retriever.content import Format
from retriever.loaders import load
from tests.retriever.loaders.conftest import Refuse


def test_an_object_is_lines_of_paths_and_values() -> None:
    value = {
        "title": "Pool",
        "date": "2024-03-12T09:00",
        "address": {"city": "Vardle", "zip": None},
        "tags": ["warm", 5, True],
        "fees": [{"who": "adult", "price": 5.5}, {"who": "child"}],
        "empty": [],
    }
    content = load(json.dumps(value).encode(), "a.json")
    assert (content.title, content.date) == ("Pool", "2024-03-12")
    (part,) = content.parts
    assert (part.place, part.format) == ("", Format.TEXT)
    assert part.text == (
        "title: Pool\ndate: 2024-03-12T09:00\naddress.city: Vardle\ntags: warm, 5, true\n"
        "fees.1.who: adult\nfees.1.price: 5.5\nfees.2.who: child"
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '[{"who": "Ann"}, {}, {"who": "Bob"}]'),
        ("a.jsonl", '{"who": "Ann"}\r\n{}\n\n{"who": "Bob"}\n'),
        ("a.ndjson", '{"who": "Ann"}\n{}\n{"who": "Bob"}'),
    ],
)
def test_a_record_is_a_part(name: str, text: str) -> None:
    assert [(part.place, part.text) for part in load(text.encode(), name).parts] == [
        ("record 1", "who: Ann"),
        ("record 3", "who: Bob"),
    ]


def test_lone_surrogates_do_not_come_through() -> None:
    assert load(b'{"a": "x\\ud800\\u0000y"}', "a.json").parts[0].text == "a: x\ufffdy"


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("a.json", '{\n  "a": 1,\n  "b" 2\n}', "line 3, column 7"),
        ("a.json", "words", "line 1, column 1"),
        ("a.jsonl", '{"a": 1}\n\n{"a": }\n', "line 3, column 7"),
    ],
)
def test_a_mistake_is_placed(name: str, text: str, place: str, refuse: Refuse) -> None:
    assert place in refuse(text.encode(), name).message


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 10_000])
def test_what_python_does_not_read_is_refused(text: str, refuse: Refuse) -> None:
    refuse(text.encode(), "a.json")


@pytest.mark.parametrize("text", ["", " \n", "[]", "{}", "null"])
def test_what_says_nothing_is_blank(text: str) -> None:
    assert load(text.encode(), "a.json").is_blank


WORDS = st.text(alphabet="abcde", min_size=1, max_size=5)
VALUES = st.recursive(
    WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3)
)


def words_of(value: object) -> list[str]:
    if isinstance(value, dict):
        return [word for item in value.values() for word in words_of(item)]
    if isinstance(value, list):
        return [word for item in value for word in words_of(item)]
    return [str(value)]


@settings(deadline=None)  # the first call imports a library
@given(VALUES)
def test_every_value_is_in_the_text(value: object) -> None:
    content = load(json.dumps(value).encode(), "a.json")
    lines = "\n".join(part.text for part in content.parts).split("\n")
    found = [word for line in lines for word in line.rpartition(": ")[2].split(", ") if word]
    assert found == words_of(value)
