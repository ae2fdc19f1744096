from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retriever.sizes import Sizes


def one(_text: str) -> int:
    """Tokens of a tokenizer that knows no word."""
    return 1


@given(st.text(max_size=300), st.integers(16, 40))
def test_no_text_that_fits_has_more_than_eight_characters_a_token(text: str, limit: int) -> None:
    sizes = Sizes(one, limit)
    assert not sizes.fits(text) or len(text) <= 8 * limit == sizes.reach
    assert sizes.of(text) * 8 >= len(text)


@pytest.mark.parametrize("letter", ["ก", "ກ", "ក", "က", "漢", "あ", "ア", "\uff71", "\U0002000b"])
def test_a_character_of_a_script_without_spaces_is_a_token(letter: str) -> None:
    assert Sizes(one, 40).of(letter * 30) == 30
    assert Sizes(one, 40).of(f"word {letter}") == 1


@pytest.mark.parametrize("letter", ["a", "é", "я", "\u03b1", "\u0627", "ა", "한", "🙂"])
def test_a_character_of_another_script_is_not(letter: str) -> None:
    assert Sizes(one, 40).of(letter * 30) == 4


def test_a_text_that_is_too_long_is_not_tokenized() -> None:
    def count(text: str) -> int:
        assert len(text) <= 128
        return 5

    assert Sizes(count, 16).of("a" * 128) == 16
    assert Sizes(count, 16).of("a" * 129) == 17
