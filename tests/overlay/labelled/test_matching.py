"""SQuAD's rules for what is the same text, on cases worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overlay.labelled.matching import contains, contains_any, normalise


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("The U.S. of A.", "us of"),  # a lone "a" is an article
        ("  An   apple,\n the pear ", "apple pear"),
        ("45,495 crowns", "45495 crowns"),
        ("Zoë's café", "zoës café"),
        ("30-71-88", "307188"),
        ("theatre", "theatre"),
        ("!?", ""),
    ],
)
def test_normalising(text: str, plain: str) -> None:
    assert normalise(text) == plain


@given(st.text(max_size=40))
def test_blanks_at_the_ends_never_matter(text: str) -> None:
    assert normalise(f"  {text}\n") == normalise(text)


@pytest.mark.parametrize(
    ("text", "answer", "found"),
    [
        ("in 1998, he left", "1998", True),
        ("1998.", "1998", True),
        ("from the US", "U.S.", True),
        ("The account: 130-71-88", "30-71-88", False),
        ("the Ravelin", "Ravelin", True),
        ("Ravelins", "Ravelin", False),
        ("Hut of the Ravelin", "hut of Ravelin", True),
        ("it is -5 degrees", "-5", True),
        ("anything", "", False),
        ("anything", "?!", False),
        ("a an the", "the", False),
    ],
)
def test_matching_is_by_whole_tokens(text: str, answer: str, found: bool) -> None:
    assert contains(text, answer) is found
    assert contains_any(text, ["nowhere", answer]) is found
