"""Reading a file in another process: its text comes back, and whatever it does costs it alone."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from retriever import DocumentError, Limits
from retriever.content import Format
from retriever.parsing import Parser

_HOSTILE = """
    import os, time
    from retriever import loaders
    from retriever.content import Content, Part

    def load(data, name):
        what = data.decode()
        if what == "sleep":
            time.sleep(60)
        if what == "crash":
            os.abort()
        if what == "hog":
            return Content((Part("x" * 10**10),))
        if what == "shout":
            os.write(1, b"{not an answer}" + bytes([10]))
            print("nor this")
        if what == "raise":
            raise ValueError("odd")
        return Content((Part(what),))
"""


@pytest.fixture
def parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Parser]:
    """A parser whose process reads ``*.txt`` by a loader that does what the file says."""
    # Python imports it in every process that is started with this path.
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, types\n"
        "module = types.ModuleType('retriever.loaders.plain')\n"
        f"exec({textwrap.dedent(_HOSTILE)!r}, module.__dict__)\n"
        "sys.modules['retriever.loaders.plain'] = module\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    with Parser(Limits(seconds=5, memory=1024)) as parser:
        yield parser


def text(parser: Parser, folder: Path, says: str) -> str:
    path = folder / "a.txt"
    path.write_text(says)
    [part] = parser.parse(path, "a.txt").parts
    return part.text


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ("sleep", "takes longer than 5 s"),
        ("crash", "ended the process that read it"),
        ("hog", "more than 1024 MiB of memory"),
        ("raise", "ValueError: odd"),
    ],
)
def test_a_hostile_file_costs_itself_alone(
    parser: Parser, tmp_path: Path, says: str, why: str
) -> None:
    if says == "hog" and sys.platform == "win32":
        pytest.skip("no limit of memory there")
    with pytest.raises(DocumentError, match=why) as error:
        text(parser, tmp_path, says)
    assert error.value.message.startswith("a.txt ")
    assert text(parser, tmp_path, "fine") == "fine"


def test_what_a_library_prints_is_no_answer(parser: Parser, tmp_path: Path) -> None:
    assert text(parser, tmp_path, "shout") == "shout"
    assert text(parser, tmp_path, "fine") == "fine"


def test_content_comes_back_whole(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.md")
    path.write_text("# Gebühr\n\n5 € 🙂\n" * 20_000, encoding="utf-8")
    with Parser() as parser:
        content = parser.parse(path, "café.md")
    assert content.title == "Gebühr"
    assert content.parts[0].format is Format.MARKDOWN
    assert content.parts[0].text == path.read_text(encoding="utf-8")


def test_a_file_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with Parser() as parser, pytest.raises(DocumentError, match="No such file"):
        parser.parse(tmp_path / "gone.md", "gone.md")
