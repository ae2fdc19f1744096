"""Tokens to text: whole characters, stop texts held back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from overlay.text_stream import TextStream

STOPS = ("\n\n", "END", "###")


def pieces_of(text: str, size: int) -> list[bytes]:
    data = text.encode()
    return [data[i : i + size] for i in range(0, len(data), size)]


@given(st.text(alphabet="aE\nND#é日 ", max_size=40), st.integers(1, 4))
def test_the_output_is_the_text_up_to_the_first_stop(text: str, size: int) -> None:
    stream = TextStream(STOPS)
    parts = list(stream.feed(pieces_of(text, size)))
    assert all(parts)
    stripped = text.lstrip()
    cuts = [place for stop in STOPS if (place := stripped.find(stop)) >= 0]
    assert "".join(parts) == stripped[: min(cuts, default=len(stripped))]
    assert stream.stopped == bool(cuts)


@given(st.text(max_size=30), st.integers(1, 3))
def test_without_stops_nothing_but_leading_blanks_is_lost(text: str, size: int) -> None:
    assert "".join(TextStream().feed(pieces_of(text, size))) == text.lstrip()


def test_text_comes_as_soon_as_it_is_safe() -> None:
    parts = TextStream(("END",)).feed(iter([b"one ", b"two E", b"N", b"X"]))
    assert list(parts) == ["one ", "two ", "ENX"]


def test_broken_bytes_are_replaced() -> None:
    assert "".join(TextStream().feed([b"a\xff", b"\xe6\x97"])) == "a\ufffd\ufffd"


def test_reading_ends_with_the_stop_text() -> None:
    pieces = iter([b"a", b"END", b"never"])
    stream = TextStream(("END",))
    assert "".join(stream.feed(pieces)) == "a"
    assert next(pieces) == b"never"
    assert stream.tokens == 2
