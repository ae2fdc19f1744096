"""Tokens to text: whole characters, stop texts held back."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from overlay.text_stream import TextStream, pieces_of

STOPS = ("\n\n", "END", "###")


def cut_up(text: str, size: int) -> list[bytes]:
    data = text.encode()
    return [data[i : i + size] for i in range(0, len(data), size)]


@given(st.text(alphabet="aE\nND#é日 ", max_size=40), st.integers(1, 4))
def test_the_output_is_the_text_up_to_the_first_stop(text: str, size: int) -> None:
    stream = TextStream(STOPS)
    parts = list(stream.feed(cut_up(text, size)))
    assert all(parts)
    stripped = text.lstrip()
    cuts = [place for stop in STOPS if (place := stripped.find(stop)) >= 0]
    assert "".join(parts) == stripped[: min(cuts, default=len(stripped))]
    assert stream.stopped == bool(cuts)


@given(st.text(max_size=30), st.integers(1, 3))
def test_without_stops_nothing_but_leading_blanks_is_lost(text: str, size: int) -> None:
    assert "".join(TextStream().feed(cut_up(text, size))) == text.lstrip()


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


@given(st.text(alphabet="aE\nND#é日 ", max_size=40), st.integers(1, 4), st.booleans())
def test_pieces_join_to_the_bytes_of_the_text(text: str, size: int, keep_blanks: bool) -> None:
    stream = TextStream(STOPS, keep_blanks=keep_blanks)
    taken = cut_up(text, size)
    shown = "".join(stream.feed(iter(taken)))
    found = pieces_of(taken[: stream.tokens], shown)
    assert b"".join(found) == shown.encode()
    assert all(piece in whole for piece, whole in zip(found, taken, strict=False))
    if not stream.stopped:
        assert len(found) == stream.tokens


def test_pieces_of_broken_bytes_stay_as_they_are() -> None:
    assert pieces_of([b" a\xff", b"", b"\xe6"], "a\ufffd\ufffd") == [b"a\xff", b"", b"\xe6"]
    assert pieces_of([b"\xff a", b"EN", b"D"], "\ufffd a") == [b"\xff a"]
    assert pieces_of([b" ", b"\n"], "") == [b"", b""]


def test_many_stop_texts_cost_little() -> None:
    """A token of a model takes milliseconds."""
    stops = tuple(f"{'x' * 40}{number}" for number in range(64))
    pieces = [b"xxxxxxx y"] * 300
    started = time.process_time()
    assert "".join(TextStream(stops).feed(pieces)) == "xxxxxxx y" * 300
    assert (time.process_time() - started) / len(pieces) < 1e-3
