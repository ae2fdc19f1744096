"""Disks that are full or read-only, files damaged under a running server, and kills."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from overlay.doctor.store import check_store
from overlay.libraries import Libraries
from overlay.library import Library
from overlay.settings import Settings
from overlay.uploads.catalogue import Catalogue
from retriever.generations import Generations
from server.documents import Documents
from tests.server.fakes import chat, serving, wait_until_ready
from tests.server.kill_uploads import storm
from tests.server.uploading_server import SearchingEngine, settings_of

CHAT = "/v1/chat/completions"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 6 MiB."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounts a disk, which needs root")
    place = tmp_path / "small"
    place.mkdir()
    command = ["/bin/mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("mounts nothing here")
    yield place
    subprocess.run(["/bin/umount", "--lazy", str(place)], check=True)


def engine(settings: Settings) -> SearchingEngine:
    return SearchingEngine(libraries=Libraries(settings, may_be_empty=True))


def upload(client: httpx.Client, name: str, data: bytes) -> httpx.Response:
    return client.post("/v1/files", files={"file": (name, data)})


def attach(client: httpx.Client, identity: str) -> httpx.Response:
    return client.post("/v1/vector_stores/vs_default/files", json={"file_id": identity})


def wait_for(client: httpx.Client, identity: str, *statuses: str) -> dict[str, object]:
    deadline = time.monotonic() + 60
    while True:
        found: dict[str, object] = client.get(
            f"/v1/vector_stores/vs_default/files/{identity}"
        ).json()
        if found["status"] in statuses:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def test_a_disk_that_is_full_and_then_read_only(small: Path) -> None:
    settings = settings_of(small / "store")
    with (
        serving(lambda: engine(settings), 8, documents=Documents(settings)) as url,
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        wait_until_ready(url)
        first = upload(client, "hut.md", b"The hut has six bunks.").json()["id"]
        attach(client, first)
        wait_for(client, first, "completed")
        # Room for the file and not for the ingest of it, then not for the file either.
        (small / "ballast").write_bytes(b"x" * (_free(small) - 200_000))
        second = upload(client, "soup.md", b"Soup is served from noon.").json()["id"]
        attach(client, second)
        waiting = wait_for(client, second, "failed")
        error = waiting["last_error"]
        assert isinstance(error, dict)
        assert error["code"] == "server_error"
        assert "free space" in error["message"] or "full" in error["message"]
        refused = upload(client, "big.md", b"x" * 900_000)
        assert refused.status_code == 507
        assert "No space left" in refused.json()["error"]["message"]
        assert client.post(CHAT, json=chat("bunks?")).status_code == 200
        search = client.post("/v1/vector_stores/vs_default/search", json={"query": "bunks"})
        assert [hit["file_id"] for hit in search.json()["data"]] == [first]
        # With room again, what failed is done without being asked for again.
        (small / "ballast").unlink()
        wait_for(client, second, "completed")
    # A server that starts where it may write nothing answers from a copy.
    subprocess.run(["/bin/mount", "-o", "remount,ro", str(small)], check=True)
    with (
        serving(lambda: engine(settings), 8, documents=Documents(settings)) as url,
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        wait_until_ready(url)
        assert client.post(CHAT, json=chat("bunks?")).status_code == 200
        assert {one["filename"] for one in client.get("/v1/files").json()["data"]} == {
            "hut.md",
            "soup.md",
        }
        refused = upload(client, "late.md", b"x")
        assert refused.status_code == 507
        assert "Read-only" in refused.json()["error"]["message"]
        assert client.delete(f"/v1/files/{first}").status_code == 507
        told = {finding.state.value: finding for finding in check_store(settings)}
        assert set(told) == {"ok", "warn"}
        assert "2 documents" in told["ok"].said
        assert "writable" in told["warn"].mend


def _free(place: Path) -> int:
    found = os.statvfs(place)
    return found.f_bavail * found.f_frsize


def test_damage_while_a_server_runs(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "store")
    for name in ("default", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "hut.md").write_text(f"The {name} hut has six bunks.")
        with Library(settings, name) as library:
            library.ingest(tmp_path / name)
    generation = Generations(settings.store).current()
    assert generation is not None
    (segment,) = generation.rglob("data_level0.bin")
    segment.write_bytes(segment.read_bytes()[:100])
    with (
        serving(lambda: engine(settings), 8, documents=Documents(settings)) as url,
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        wait_until_ready(url)
        for path, body in (
            (CHAT, chat("bunks?")),
            ("/v1/vector_stores/vs_default/search", {"query": "bunks"}),
        ):
            failed = client.post(path, json=body)
            assert failed.status_code == 500
            assert failed.json()["error"]["code"] == "store_error"
            assert "doctor --repair" in failed.json()["error"]["message"]
        # Another collection is none the worse, and neither is the list of what was there.
        other = client.post(CHAT, json=chat("bunks?", overlay={"collection": "other"}))
        assert other.status_code == 200
        search = client.post("/v1/vector_stores/vs_other/search", json={"query": "bunks"})
        assert len(search.json()["data"]) == 1
        assert len(client.get("/v1/vector_stores/vs_default/files").json()["data"]) == 1
        from overlay.doctor.repair import repair

        assert "embedded 1 chunks again" in str(repair(settings))
        # The running server sees the mended store.
        assert client.post(CHAT, json=chat("bunks?")).status_code == 200


@pytest.mark.skipif(os.name == "nt", reason="kills as POSIX does")
def test_killed_at_random_moments(tmp_path: Path) -> None:
    """A few of the kills of `python -m tests.server.kill_uploads --kills 50`."""
    seed = time.time_ns() % 10**9
    sys.stdout.write(f"seed {seed}\n")  # pytest shows it when the test fails
    run = storm(tmp_path, 2, seed, life=4.0)
    assert Catalogue(settings_of(run.store)).unfinished() == []
