"""The machine: packages, the disk, the port, who may come in."""

from __future__ import annotations

import json
import platform
import shutil
import socket
import urllib.error
import urllib.request
from importlib.metadata import PackageNotFoundError, requires, version
from ipaddress import ip_address

from packaging.requirements import Requirement

from overlay.doctor.finding import Finding, fail, ok, warn
from overlay.settings import Settings
from retriever import collection_folder
from retriever.generations import Generations

__all__ = ["check_disk", "check_packages", "check_port", "check_who_may_come"]

_NAMED = ("llama-cpp-python", "chromadb", "torch")
_LOW = 2**30  # bytes free below which a warning is given
_SECONDS = 2.0  # for an answer of whatever listens


def check_packages() -> Finding:
    """Whether every package that Overlay asks for is there, in a version that it takes."""
    wrong = []
    for line in requires("overlay-rag") or []:
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            held = version(wanted.name)
        except PackageNotFoundError:
            wrong.append(f"{wanted.name} is missing")
        else:
            if not wanted.specifier.contains(held, prereleases=True):
                wrong.append(f"{wanted.name} is {held}, not {wanted.specifier}")
    told = [f"overlay {version('overlay-rag')}", f"Python {platform.python_version()}"]
    told += [f"{name} {version(name)}" for name in _NAMED if not _is_missing(name)]
    if wrong:
        return fail("packages", "; ".join(wrong), "run `make setup`, or pip install overlay-rag")
    return ok("packages", ", ".join(told))


def check_disk(settings: Settings) -> Finding:
    """Whether an ingest has room: it writes a copy of the collection beside it."""
    place = settings.store.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    try:
        generation = Generations(collection_folder(settings.store, settings.collection)).current()
    except OSError:
        generation = None
    except Exception:  # noqa: BLE001 - a damaged store is told of by its own check
        generation = None
    needed = sum(path.stat().st_size for path in generation.rglob("*")) if generation else 0
    said = (
        f"{free / 2**30:.1f} GiB free at {place}; the next ingest copies {needed / 2**20:.0f} MiB"
    )
    if free < needed:
        return fail("disk", said, "free some space: nothing can be ingested")
    if free < needed + _LOW:
        return warn("disk", said, "free some space")
    return ok("disk", said)


def check_port(settings: Settings) -> Finding:
    """Whether the server's port is free, or who listens there."""
    host, port = settings.host, settings.port
    if port == 0:
        return ok("port", "any free one")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.settimeout(_SECONDS)
        reached = _reachable(host)
        try:
            taken = probe.connect_ex((reached, port)) == 0
        except OSError as error:
            return fail("port", f"{host}: {error}", "choose another --host")
    if not taken:
        return ok("port", f"{host}:{port} is free")
    health = _health(f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}")
    if health is None:
        said = f"another program listens on {host}:{port}"
        return fail("port", said, "end it, or choose another --port")
    status, model = health.get("status"), health.get("model", "")
    said = f"an Overlay answers on {host}:{port}: {status}{f', {model}' if model else ''}"
    if status == "failed":
        return fail("port", said, "its log says why")
    return ok("port", said)


def check_who_may_come(settings: Settings) -> Finding:
    """Whether a server that others can reach asks for a key."""
    keys = settings.api_keys or settings.api_keys_file
    if _is_loopback(settings.host):
        return ok("doors", f"{settings.host} is reached from this machine alone")
    if keys:
        return ok("doors", f"{settings.host} asks for a key")
    said = f"{settings.host} is reached from other machines, and asks for no key"
    return fail("doors", said, "set api_keys, or host to 127.0.0.1")


def _is_missing(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return True
    return False


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _reachable(host: str) -> str:
    """Where a server that listens on an address is reached."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104


def _health(url: str) -> dict[str, object] | None:
    """What an Overlay says of itself; None where another program listens."""
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=_SECONDS) as reply:  # noqa: S310 - http
            body = reply.read()
    except urllib.error.HTTPError as error:
        body = error.read()
    except (OSError, ValueError):
        return None
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "status" in found else None
