"""Kills a server at random moments of uploads, ingests, removals and answers; then checks all.

    python -m tests.server.kill_uploads --kills 50

What a client was told is done must be there afterwards, and nothing twice. What it was not told,
because the server died, may be done or not, but not by half.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import psutil

from overlay.library import Library
from overlay.uploads.catalogue import Catalogue
from retriever import collection_folder, collections, open_embedder
from retriever.examine import examine
from tests.server.fakes import chat
from tests.server.uploading_server import EMBEDDER, settings_of

PATIENCE = 120.0  # seconds for an ingest to end
NAMES = tuple(f"{n}{suffix}" for n in range(6) for suffix in (".md", ".txt", ".csv"))
FOLDER_FILES = 6
LONGEST_LIFE = 8.0  # seconds from the start of a server until it is killed
STORES = ("vs_default", "vs_notes")


def text(name: str, version: int) -> bytes:
    """What an upload says; every version says something else."""
    lines = [f"Hut {n} of {name} has {version} bunks and {n} stoves." for n in range(30)]
    return "\n".join(lines).encode()


@dataclass
class Run:
    """What the clients of a server were told, over all its lives.

    Attributes:
        held: by vector store and name, the hashes that may be there: one that is known, or more
            where the server died before it said; None for no such document.
        files: uploaded files that must be there, by id.
        doubtful: files that may be there.
        kept: documents of the folder that must be there.
    """

    root: Path
    draw: random.Random
    held: dict[tuple[str, str], set[str | None]] = field(default_factory=dict)
    ids: dict[tuple[str, str], str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    doubtful: int = 0
    kept: dict[str, set[bool]] = field(default_factory=dict)
    acts: Counter[str] = field(default_factory=Counter)
    version: int = 0

    @property
    def store(self) -> Path:
        return self.root / "store"

    def prepare(self) -> None:
        """Ingest a folder, as the command does."""
        (self.root / "docs").mkdir()
        for n in range(FOLDER_FILES):
            (self.root / "docs" / f"folder-{n}.md").write_bytes(text(f"folder {n}", 0))
            self.kept[f"folder-{n}.md"] = {True}
        with Library(settings_of(self.store)) as library:
            library.ingest(self.root / "docs")

    def act(self, client: httpx.Client) -> None:
        """Do one thing at random."""
        acts = (self.upload,) * 5 + (self.detach, self.remove, self.answer, self.search, self.drop)
        act = self.draw.choice(acts)
        act(client)
        self.acts[act.__name__] += 1

    def upload(self, client: httpx.Client) -> None:
        """A new file under a name that may be taken, into one of the stores."""
        store, name = self.draw.choice(STORES), self.draw.choice(NAMES)
        self.version += 1
        data = text(name, self.version)
        sha256 = hashlib.sha256(data).hexdigest()
        self.doubtful += 1
        file = ok(client.post("/v1/files", files={"file": (f"../{name}", data)}))
        self.doubtful -= 1
        self.files[file["id"]] = sha256
        if store == "vs_notes":
            ids = [one["id"] for one in ok(client.get("/v1/vector_stores"))["data"]]
            if store not in ids:
                made = ok(client.post("/v1/vector_stores", json={"name": "Notes"}))
                if made["id"] != store:  # the one that was deleted is not gone yet
                    ok(client.delete(f"/v1/vector_stores/{made['id']}"))
                    return
        place = (store, name)
        self.held.setdefault(place, {None}).add(sha256)
        ok(client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file["id"]}))
        self.held[place] = {sha256}
        self.ids[place] = file["id"]

    def detach(self, client: httpx.Client) -> None:
        """Take a document out of a store, one of the folder's sometimes."""
        listed = self.listed(client, "vs_default")
        if not listed:
            return
        one = self.draw.choice(listed)
        if one["id"].startswith("doc-"):
            if len(self.kept) - sum(states == {False} for states in self.kept.values()) <= 2:
                return
            self.kept[one["filename"]].add(False)
            ok(client.delete(f"/v1/vector_stores/vs_default/files/{one['id']}"))
            self.kept[one["filename"]] = {False}
            return
        place = ("vs_default", one["filename"])
        self.held[place].add(None)
        ok(client.delete(f"/v1/vector_stores/vs_default/files/{one['id']}"))
        self.held[place] = {None}

    def remove(self, client: httpx.Client) -> None:
        """Remove an uploaded file, which takes it out of its stores."""
        if not self.files:
            return
        identity = self.draw.choice(list(self.files))
        sha256 = self.files.pop(identity)
        self.doubtful += 1
        places = [place for place, states in self.held.items() if sha256 in states]
        for place in places:
            self.held[place].add(None)
        ok(client.delete(f"/v1/files/{identity}"))
        self.doubtful -= 1
        for place in places:
            self.held[place].discard(sha256)

    def drop(self, client: httpx.Client) -> None:
        """Delete a store, now and then."""
        if self.draw.random() > 0.3:
            return
        for (store, _), states in self.held.items():
            if store == "vs_notes":
                states.add(None)
        reply = client.delete("/v1/vector_stores/vs_notes")
        if reply.status_code != 404:
            ok(reply)
        for place in self.held:
            if place[0] == "vs_notes":
                self.held[place] = {None}

    def answer(self, client: httpx.Client) -> None:
        """Ask a question, which searches the default collection."""
        ok(client.post("/v1/chat/completions", json=chat("Which hut has stoves?")))

    def search(self, client: httpx.Client) -> None:
        """Search it."""
        ok(client.post("/v1/vector_stores/vs_default/search", json={"query": "bunks"}))

    def listed(self, client: httpx.Client, store: str) -> list[dict[str, Any]]:
        """All files of a store."""
        path = f"/v1/vector_stores/{store}/files"
        reply = client.get(path, params={"limit": 1000})
        return [] if reply.status_code == 404 else list(ok(reply)["data"])

    def check_told(self, client: httpx.Client) -> None:
        """What the server says now is what it may say; doubts end here."""
        shelf = {one["id"]: one for one in ok(client.get("/v1/files"))["data"]}
        assert set(self.files) <= set(shelf), "an upload is lost"
        assert len(shelf) <= len(self.files) + self.doubtful, "an upload is there twice"
        for store in STORES:
            listed = self.listed(client, store)
            ours = [one for one in listed if not one["id"].startswith("doc-")]
            names = [one["filename"] for one in ours]
            assert len(names) == len(set(names)), f"{store} lists a name twice: {names}"
            there = {}
            for one in ours:
                data = client.get(f"/v1/files/{one['id']}/content").content
                there[one["filename"]] = hashlib.sha256(data).hexdigest()
                self.files.setdefault(one["id"], there[one["filename"]])
            for (where, name), states in self.held.items():
                if where == store:
                    assert there.get(name) in states, f"{store}/{name} is not what was told"
                    self.held[where, name] = {there.get(name)}
        folder = {
            one["filename"] for one in self.listed(client, "vs_default") if one["id"][:4] == "doc-"
        }
        for name, may_be in self.kept.items():
            assert (name in folder) in may_be, f"{name} of the folder"
            self.kept[name] = {name in folder}
        self.files |= {
            identity: hashlib.sha256(
                client.get(f"/v1/files/{identity}/content").content
            ).hexdigest()
            for identity in set(shelf) - set(self.files)
        }
        self.doubtful = 0

    def check_all(self) -> None:
        """The collections against the sources, chunk by chunk, without a server."""
        settings = settings_of(self.store)
        catalogue = Catalogue(settings)
        assert catalogue.unfinished() == []
        assert catalogue.shelf.leftovers() == []
        embedder = open_embedder(EMBEDDER)
        for name in collections(self.store):
            folder = collection_folder(self.store, name)
            seen = examine(folder, embedder)
            assert seen.is_sound, seen
            assert len(list(folder.glob("generation-*"))) <= 2
            fresh = self.root / f"fresh {name} {self.version}"
            sources = fresh / "docs"
            sources.mkdir(parents=True)
            files = {file.sha256: file for file in catalogue.shelf.all()}
            for (store, title), (sha256, *_) in self.held.items():
                if store == f"vs_{name}" and sha256 is not None:
                    path = catalogue.shelf.path(files[sha256])
                    (sources / title).write_bytes(path.read_bytes())
            if name == "default":
                for title, (there, *_) in self.kept.items():
                    if there:
                        data = (self.root / "docs" / title).read_bytes()
                        (sources / title).write_bytes(data)
            with Library(settings, name) as library:
                held = Counter(
                    (one.source, one.position, one.text) for one in library.store.chunks()
                )
            if not any(sources.iterdir()):
                assert not held
                continue
            with Library(settings_of(fresh / "store")) as library:
                library.ingest(sources)
                wanted = Counter(
                    (one.source, one.position, one.text) for one in library.store.chunks()
                )
            assert held == wanted, f"{name}: lost {wanted - held}, too many {held - wanted}"


def ok(reply: httpx.Response) -> Any:
    """The body of a reply that is well."""
    assert reply.status_code == 200, f"{reply.request.method} {reply.request.url}: {reply.text}"
    return reply.json()


def start(store: Path) -> tuple[subprocess.Popen[str], str]:
    """A server in a process of its own, and its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.server.uploading_server", str(store)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert url.startswith("http"), "the server did not start"
    deadline = time.monotonic() + PATIENCE
    while True:
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/health").status_code == 200:
                return process, url
        assert time.monotonic() < deadline
        time.sleep(0.05)


def kill(process: subprocess.Popen[str], delay: float, *, child: bool) -> None:
    """Kill a server, or first the process that ingests for it, after some seconds."""
    time.sleep(delay)
    if child:
        for one in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                one.kill()
        time.sleep(0.3)
    process.send_signal(signal.SIGKILL)


def settled(run: Run, client: httpx.Client) -> None:
    """Wait until every collection holds what it is to hold, and every folder's removal is done."""
    deadline = time.monotonic() + PATIENCE
    while Catalogue(settings_of(run.store)).unfinished():
        assert time.monotonic() < deadline, "an ingest does not end"
        time.sleep(0.1)
    failed = [one for store in STORES for one in run.listed(client, store) if one["last_error"]]
    assert failed == []


def storm(root: Path, kills: int, seed: int, life: float = LONGEST_LIFE) -> Run:
    """Kill a server again and again, and check it after each time; then check all.

    Args:
        life: the longest of a server, in seconds.
    """
    run = Run(root, random.Random(seed))  # noqa: S311 - no secret
    run.prepare()
    for _ in range(kills):
        process, url = start(run.store)
        delay = run.draw.random() * life
        killer = threading.Thread(
            target=kill, args=(process, delay), kwargs={"child": run.draw.random() < 0.3}
        )
        with httpx.Client(base_url=url, timeout=PATIENCE) as client:
            run.check_told(client)
            killer.start()
            with suppress(httpx.TransportError):
                while True:
                    run.act(client)
        killer.join()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    process, url = start(run.store)
    with httpx.Client(base_url=url, timeout=PATIENCE) as client:
        run.check_told(client)
        settled(run, client)
        run.answer(client)
        run.search(client)
    process.terminate()
    process.wait(30)
    if process.stdout is not None:
        process.stdout.close()
    run.check_all()
    return run


def main() -> None:
    """Run a storm, and say what was done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    given = parser.parse_args()
    sys.stdout.write(f"seed {given.seed}\n")
    sys.stdout.flush()
    began = time.monotonic()
    with TemporaryDirectory() as folder:
        run = storm(Path(folder), given.kills, given.seed)
    sys.stdout.write(
        f"{given.kills} kills in {time.monotonic() - began:.0f} s; done meanwhile: "
        f"{dict(run.acts)}; {len(run.files)} files, nothing lost, nothing double\n"
    )


if __name__ == "__main__":
    main()
