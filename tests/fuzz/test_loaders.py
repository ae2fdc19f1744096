"""Files of every kind, damaged: each is read or refused with a reason, and ends no process."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.bench.made_files import make_file
from eval.bench.made_sections import Section
from retriever.content import Content
from retriever.errors import DocumentError
from retriever.loaders import known_suffixes
from retriever.parsing import Limits, Parser
from tests.fuzz.effort import effort

_SECTIONS = (
    Section("The ferry", ("The ferry leaves at 06:40.", "It takes an hour.")),
    Section("The hut", ("The hut has six bunks.",)),
)
_INSERTS = (b"\x00", b"\xff\xfe", b"<!ENTITY a SYSTEM 'file:///etc/passwd'>", b"[" * 500, b"%PDF-")
_SECONDS = 30.0


@cache
def whole(suffix: str) -> bytes:
    """A file of a kind, as it should be."""
    return make_file(suffix, "The harbour", _SECTIONS)


def damage(data: bytes, seed: int) -> bytes:
    """A file with some bytes changed, cut out, doubled, or put in; or cut short."""
    draw = random.Random(seed)  # noqa: S311 - a sample, not a secret
    changed = bytearray(data)
    for _ in range(draw.randint(1, 6)):
        at = draw.randrange(len(changed) + 1)
        span = draw.choice((1, 4, 64, 1024))
        match draw.randrange(5):
            case 0 if at < len(changed):
                changed[at] = draw.randrange(256)
            case 1:
                del changed[at : at + span]
            case 2:
                changed[at:at] = changed[at : at + span] * draw.choice((1, 2, 50))
            case 3:
                changed[at:at] = draw.choice(_INSERTS)
            case _ if draw.random() < 0.3:
                del changed[at:]
    return bytes(changed)


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    with Parser(Limits(seconds=_SECONDS)) as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


@effort(150)
@given(
    kind=st.sampled_from(known_suffixes()),
    other=st.none() | st.sampled_from(known_suffixes()),
    seed=st.integers(0, 2**32),
)
def test_a_damaged_file_is_read_or_refused(
    parser: Parser, folder: Path, kind: str, other: str | None, seed: int
) -> None:
    path = folder / f"damaged{kind}"
    # One in two has the content of another kind, as files that were renamed have.
    path.write_bytes(damage(whole(other or kind), seed))
    content, refusal = read(parser, path)
    if content is not None:
        assert all("\x00" not in part.text for part in content.parts)
        return
    assert refusal is not None
    assert refusal.message
    assert refusal.hint
    for sign in ("ended the process", "takes longer", "Traceback"):
        assert sign not in refusal.message


def read(parser: Parser, path: Path) -> tuple[Content | None, DocumentError | None]:
    try:
        return parser.parse(path, path.name), None
    except DocumentError as error:
        return None, error
