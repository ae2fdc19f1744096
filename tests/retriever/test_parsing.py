"""Reading a file in another process: its text comes back, and whatever it does costs it alone."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from retriever import DocumentError, Limits
from retriever.content import Format
from retriever.parsing import Parser

_HOSTILE = """
    import os, time
    from retriever import loaders
    from retriever.content import Content, Part
    from retriever.loaders.broken import reading

    def load(data, name):
        what = data.decode()
        if what == "sleep":
            time.sleep(60)
        if what == "crash":
            os.abort()
        if what == "hog":
            return Content((Part("x" * 10**10),))
        if what == "wrapped hog":
            with reading(name, "file"):
                return Content((Part("x" * 10**10),))
        if what == "long":  # the text fits, and what is sent back does not
            return Content((Part(chr(0x3042) * (10**8)),))
        if what == "shout":
            os.write(1, b"{not an answer}" + bytes([10]))
            print("nor this")
        if what == "raise":
            raise ValueError("odd")
        return Content((Part(what),))
"""


@pytest.fixture
def parser(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Parser]:
    """A parser whose process reads ``*.txt`` by a loader that does what the file says.

    It has a minute for it: on a busy machine memory, too, takes seconds to fill.
    """
    # Python imports it in every process that is started with this path.
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, types\n"
        "module = types.ModuleType('retriever.loaders.plain')\n"
        f"exec({textwrap.dedent(_HOSTILE)!r}, module.__dict__)\n"
        "sys.modules['retriever.loaders.plain'] = module\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    with Parser(Limits(seconds=getattr(request, "param", 60), memory=1024)) as parser:
        yield parser


def text(parser: Parser, folder: Path, says: str) -> str:
    path = folder / "a.txt"
    path.write_text(says)
    [part] = parser.parse(path, "a.txt").parts
    return part.text


@pytest.mark.parametrize(
    ("parser", "says", "why"),
    [
        (5, "sleep", "takes longer than 5 s"),
        (60, "crash", "ended the process that read it"),
        (60, "hog", "more than 1024 MiB of memory"),
        (60, "wrapped hog", "more than 1024 MiB of memory"),
        (60, "long", "more than 1024 MiB of memory"),
        (60, "raise", "ValueError: odd"),
    ],
    indirect=["parser"],
)
def test_a_hostile_file_costs_itself_alone(
    parser: Parser, tmp_path: Path, says: str, why: str
) -> None:
    if "MiB" in why and sys.platform == "win32":
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


@pytest.mark.skipif(sys.platform == "win32", reason="no polling of pipes there")
@pytest.mark.parametrize("busy", ["time.sleep(60)", "while True: pass"])
def test_it_ends_with_the_process_that_asks_in_the_middle_of_a_file(
    tmp_path: Path, busy: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, types\n"
        "module = types.ModuleType('retriever.loaders.plain')\n"
        f"exec('import time\\ndef load(data, name):\\n    {busy}', module.__dict__)\n"
        "sys.modules['retriever.loaders.plain'] = module\n"
    )
    (tmp_path / "a.txt").write_text("text")
    asks = (
        "import sys; from pathlib import Path; from retriever.parsing import Parser\n"
        "parser = Parser()\n"
        "process = parser._process = parser._start()\n"
        "print(process.pid, flush=True)\n"
        "parser.parse(Path(sys.argv[1]), 'a.txt')"
    )
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    asking = subprocess.Popen(
        [sys.executable, "-c", asks, str(tmp_path / "a.txt")],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
    )
    assert asking.stdout is not None
    with asking.stdout as output:
        reading = psutil.Process(int(output.readline()))
    while reading.cpu_times().user < 0.1 and reading.status() != psutil.STATUS_SLEEPING:
        time.sleep(0.02)
    time.sleep(0.5)  # it has begun to read
    asking.kill()
    asking.wait()
    reading.wait(10)
