"""A folder with a fact in each of 270 files of every kind, and 30 files that are broken."""

# ruff: noqa: RUF001 - texts in other scripts

from __future__ import annotations

import os
import random
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import cycle
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from eval.bench.made_files import make_file
from eval.bench.made_sections import Section
from retriever.loaders import known_suffixes

__all__ = ["BROKEN", "READABLE", "Fact", "write_broken", "write_readable"]

READABLE, BROKEN = 270, 30

_THINGS = [
    "ferry",
    "bakery",
    "lighthouse",
    "bridge",
    "violin",
    "museum",
    "clock",
    "vineyard",
    "plough",
    "orchard",
    "mill",
    "harbour",
    "library",
    "tunnel",
    "chapel",
    "greenhouse",
    "sauna",
    "stable",
    "quarry",
    "observatory",
    "theatre",
    "pharmacy",
    "school",
    "fountain",
    "windmill",
    "brewery",
    "cemetery",
    "smithy",
    "hospital",
    "cinema",
]
_FILLERS = (
    "This part says what everybody knows: the path is steep, and the weather turns quickly.",
    "Whoever comes in winter brings warm clothes, a lamp and enough to eat for two days.",
)
# So much that what follows under another heading is a chunk of its own.
_LONG_FILLERS = (
    *_FILLERS,
    "The huts are open, the stoves are dry, and the wood for them stands behind the door.",
    "Whoever burns some of it brings as much from the edge of the large forest before noon.",
    "Dogs stay outside at night.",
    "Water comes from the well below, or in a dry year from the lake past the old mill.",
)


@dataclass(frozen=True, slots=True)
class Fact:
    """What one file alone tells.

    Attributes:
        source: of the file.
        says: words that stand in the chunk that answers.
        place: of that chunk, such as ``page 2``; empty where the format knows none.
        heading: the end of that chunk's title; empty where the format knows no headings.
    """

    source: str
    question: str
    says: str
    place: str = ""
    heading: str = ""


# Of each script a sentence, a question, and the encodings that people saved it in.
_ENCODED = [
    (
        "Die Gebühr für das Boot in {place} beträgt fünf Euro, Schüler zahlen die Hälfte.",
        "Wie hoch ist die Gebühr für das Boot in {place}?",
        "Gebühr für das Boot",
        ("cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32"),
    ),
    (
        "Паром в городе {place} отходит утром. Капитан парома живёт в старом доме у реки.",
        "Когда отходит паром в городе {place}?",
        "отходит утром",
        ("cp1251", "koi8_r", "utf-16", "utf-16-le", "utf-16-be"),
    ),
    (
        "{place}のフェリーは毎朝六時に出発します。船長は川のそばの古い家に住んでいます。",
        "{place}のフェリーは何時に出発しますか。",
        "毎朝六時に出発",
        ("shift_jis", "euc_jp", "utf-16", "utf-16-le", "utf-16-be"),
    ),
    (
        "{place}的渡轮每天早上六点出发。船长住在河边的旧房子里，冬天不开船。",
        "{place}的渡轮几点出发？",
        "早上六点出发",
        ("gb18030", "utf-16", "utf-16-le", "utf-16-be"),
    ),
]
_PLACES = (
    ("Quellabrik", "Quelloford", "Quellumont", "Quellestad", "Quellivar", "Quellyburg"),
    ("Ветлугорск", "Зарянополь", "Мшистовец", "Клюквоград", "Тихорецинск"),
    ("鷹ノ浜", "雪見崎", "竜胆津", "梟ヶ岬", "銀杏浦"),
    ("鹿鸣镇", "竹影渡", "云岫港", "枫桥湾"),
)


def names() -> Iterator[str]:
    """Made-up names, no two alike, the same in every run."""
    draw = random.Random(0)  # noqa: S311 - no secret
    begin = [
        "quor",
        "velm",
        "ostr",
        "brix",
        "tamb",
        "zelk",
        "yarn",
        "fend",
        "jup",
        "dwol",
        "hask",
        "plim",
        "sned",
        "grov",
        "kirt",
    ]
    middle = ["a", "e", "i", "o", "u", "y", "ai", "ou", "ea"]
    end = [
        "dane",
        "brul",
        "stick",
        "mora",
        "vesh",
        "lund",
        "garth",
        "pexa",
        "tzin",
        "wock",
        "fiddle",
        "hump",
        "sorrel",
        "knap",
    ]
    made: dict[str, None] = {}
    while True:
        name = "".join(map(draw.choice, (begin, middle, begin, middle, end))).capitalize()
        if name not in made:
            made[name] = None
            yield name


def write_readable(folder: Path) -> list[Fact]:
    """The files that can be read: every suffix three times and more, and text as it was saved."""
    facts = list(_write_encoded(folder))
    name, thing = names(), cycle(_THINGS)
    for number, suffix in enumerate(cycle(known_suffixes())):
        if len(facts) == READABLE:
            return facts
        who, what, where = f"Mira {next(name)}", next(thing), next(name)
        heading = f"About {where}"
        place, title = _expected(suffix, heading)
        sections = [
            Section("What to bring", _LONG_FILLERS if title else _FILLERS),
            Section(heading, (f"{who} looks after the {what} of {where}.",)),
        ]
        source = _source(number, suffix)
        path = Path(os.fsdecode(os.fsencode(folder) + b"/" + source))
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(make_file(suffix, f"Notes {number}", sections))
        known = source.decode("utf-8", "backslashreplace")
        facts.append(Fact(known, f"Who looks after the {what} of {where}?", who, place, title))
    raise AssertionError


def _source(number: int, suffix: str) -> bytes:
    """A name; some are not UTF-8, some in capital letters, some deep in the folder."""
    if number % 50 == 7:
        return f"notes-{number}-caf".encode() + b"\xe9" + suffix.encode()
    name = f"notes-{number}{suffix.upper() if number % 10 == 3 else suffix}"
    return f"part {number % 4}/{name}".encode() if number % 2 else name.encode()


def _expected(suffix: str, heading: str) -> tuple[str, str]:
    """Place and heading of what stands in the second section of a file."""
    places = {
        ".epub": heading,
        ".jsonl": "record 2",
        ".mbox": "message 2",
        ".ndjson": "record 2",
        ".pdf": "page 2",
        ".pptx": "slide 2",
        ".xlsm": f"sheet {heading}",
        ".xlsx": f"sheet {heading}",
    }
    headed = (".docx", ".epub", ".htm", ".html", ".ipynb", ".markdown", ".mbox", ".md", ".mdx")
    titles = dict.fromkeys((*headed, ".pptx", ".xhtml"), heading)
    titles |= dict.fromkeys((".py", ".pyi"), heading.lower().replace(" ", "_"))
    return places.get(suffix, ""), titles.get(suffix, "")


def _write_encoded(folder: Path) -> Iterator[Fact]:
    for (says, asks, told, encodings), places in zip(_ENCODED, _PLACES, strict=True):
        for encoding, place in zip(encodings, places, strict=True):
            source = f"text {encoding} {place}.txt"
            text = f"{place}\n\n{says.format(place=place)}\n"
            (folder / source).write_bytes(text.encode(encoding))
            yield Fact(source, asks.format(place=place), told)


def write_broken(folder: Path) -> dict[str, str]:
    """The files that cannot be read; a part of the reason that is given, by source."""
    outside = folder.parent / "outside.md"
    outside.write_text("# Outside\n\nNobody asked for this.")
    (folder / "dangling.md").symlink_to(folder / "nowhere.md")
    (folder / "loop.md").symlink_to(folder / "loop.md")
    (folder / "out.md").symlink_to(outside)
    os.mkfifo(folder / "pipe.md")
    if os.geteuid() == 0:  # root may open everything; a socket nobody may
        os.mknod(folder / "closed.md", stat.S_IFSOCK | 0o600)
        closed = "no regular file"
    else:
        (folder / "closed.md").write_text("# Closed")
        (folder / "closed.md").chmod(0)
        closed = "Permission denied"
    found = {
        "dangling.md": "leads nowhere",
        "loop.md": "leads nowhere",
        "out.md": "out of the folder",
        "pipe.md": "no regular file",
        "closed.md": closed,
    }
    for name, (make, reason) in _contents().items():
        path = Path(os.fsdecode(os.fsencode(folder) + b"/" + name.encode("latin-1")))
        path.write_bytes(make())
        found[name.encode("latin-1").decode("utf-8", "backslashreplace")] = reason
    return found


def _contents() -> dict[str, tuple[Callable[[], bytes], str]]:
    """By name, Latin-1 for its bytes, what makes the file and why it cannot be read."""
    rubbish = bytes(range(256)) * 40
    return {
        "caf\xe9.pdf": (lambda: _made(".pdf")[:200], "not a readable PDF"),
        "cut.docx": (lambda: _made(".docx")[:9000], "not a readable archive"),
        "cut.xlsx": (lambda: _made(".xlsx")[:2000], "not a readable archive"),
        "cut.pptx": (lambda: _made(".pptx")[:-400], "not a readable archive"),
        "cut.epub": (lambda: _made(".epub")[:300], "not a readable archive"),
        "cut.ipynb": (lambda: _made(".ipynb")[:-40], "line 1, column"),
        "cut.json": (lambda: _made(".json")[:-9], "line"),
        "half.jsonl": (lambda: b'{"a": 1}\n{"a": \n', "line 2, column"),
        "deep.json": (lambda: b"[" * 50_000 + b"]" * 50_000, "nested too deeply"),
        "text.xlsx": (lambda: b"who,price\na,5\n", "not a readable archive"),
        "really-pdf.docx": (lambda: _made(".pdf"), "not a readable archive"),
        "really-text.pdf": (lambda: b"Only text.\n" * 9, "not a readable PDF"),
        "old.docx": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "old Office"),
        "locked.pdf": (_locked_pdf, "encrypted"),
        "nopages.pdf": (_pdf_without_pages, "not a readable PDF"),
        "picture.pdf": (_picture_pdf, "page 1 is a picture"),
        "bomb.docx": (_bomb, "unpacks to"),
        "bare.docx": (lambda: _zip({"[Content_Types].xml": "<Types/>"}), "not a readable Word"),
        "laughs.docx": (_laughs, "document type definition"),
        "bare.epub": (lambda: _zip({"mimetype": "application/epub+zip"}), "not a readable EPUB"),
        "nul.txt": (lambda: bytes(5000), "not text"),
        "rubbish.md": (lambda: rubbish, "not text"),
        "rubbish.eml": (lambda: rubbish, "no mail"),
        "empty.md": (lambda: b"", "no text"),
        "blank.csv": (lambda: b" \n\t\n", "no text"),
    }


def _made(suffix: str) -> bytes:
    return make_file(suffix, "Broken", [Section("Broken", _FILLERS), Section("More", _FILLERS)])


def _zip(entries: dict[str, str]) -> bytes:
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return stream.getvalue()


def _bomb() -> bytes:
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(51):
            archive.writestr(f"word/{number}.xml", bytes(10_000_000))
    return stream.getvalue()


def _laughs() -> bytes:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    document = f'<!DOCTYPE w [<!ENTITY l0 "ha">{entities}]><w>&l9;</w>'
    return _zip({"[Content_Types].xml": "<Types/>", "word/document.xml": document})


def _locked_pdf() -> bytes:
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.pdfgen.canvas import Canvas

    stream = BytesIO()
    canvas = Canvas(stream, encrypt=StandardEncryption("secret"))
    canvas.drawString(72, 700, "Nobody reads this.")
    canvas.save()
    return stream.getvalue()


def _picture_pdf() -> bytes:
    from PIL import Image
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    stream = BytesIO()
    canvas = Canvas(stream)
    canvas.drawImage(ImageReader(Image.new("RGB", (20, 20), "red")), 100, 100)
    canvas.save()
    return stream.getvalue()


def _pdf_without_pages() -> bytes:
    return (
        b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
        b"2 0 obj\n<</Type/Pages/Kids[]/Count 0>>\nendobj\n"
        b"trailer\n<</Root 1 0 R>>\n%%EOF\n"
    )
