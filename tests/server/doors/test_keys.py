"""API keys: who is let in, what is open to all, and that no key is told to anyone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest
from openai import OpenAI

from overlay.settings import SettingsError, load_settings
from server.doors import keys
from server.doors.values import Doors
from tests.server.fakes import FakeEngine, chat, serving, wait_until_ready

KEY = "sk-overlay-first"
OTHER = "sk-overlay-second-and-longer"
CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module")
def locked() -> Iterator[httpx.Client]:
    with (
        serving(FakeEngine, api_keys=(KEY, OTHER)) as url,
        httpx.Client(base_url=url) as client,
    ):
        wait_until_ready(url)
        yield client


@pytest.mark.parametrize("key", [KEY, OTHER])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_every_key_is_let_in(locked: httpx.Client, key: str, scheme: str) -> None:
    sent = {"Authorization": f"{scheme} {key}"}
    assert locked.post(CHAT, json=chat(), headers=sent).status_code == 200
    assert locked.get("/v1/models", headers=sent).status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        [],
        [("Authorization", "")],
        [("Authorization", "Bearer")],
        [("Authorization", f"Basic {KEY}")],
        [("Authorization", KEY)],
        [("Authorization", f"Bearer {KEY}x")],
        [("Authorization", f"Bearer {KEY[:-1]}")],
        [("Authorization", f"Bearer {KEY},{OTHER}")],
        [("Authorization", "Bearer wrong"), ("Authorization", f"Bearer {KEY}")],
        [("Authorization", "Bearer \xff\xfe")],
        [("X-Api-Key", KEY)],
    ],
)
def test_whoever_has_no_key_is_refused(locked: httpx.Client, sent: list[tuple[str, str]]) -> None:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in sent]
    for method, path in (
        ("POST", CHAT),
        ("GET", "/v1/models"),
        ("GET", "/metrics"),
        ("GET", "/openapi.json"),
        ("GET", "/nowhere"),
        ("POST", "/health"),
        ("POST", "/page/x"),
        ("GET", "/page/../v1/models"),
    ):
        reply = locked.request(method, httpx.URL(path), headers=headers)
        assert reply.status_code == 401
        assert reply.headers["www-authenticate"] == "Bearer"
        error = reply.json()["error"]
        assert error["code"] == "invalid_api_key"
        assert error["type"] == "invalid_request_error"
        assert KEY not in reply.text


def test_health_tells_strangers_one_word(locked: httpx.Client) -> None:
    assert locked.get("/health").json() == {"status": "ok"}
    assert locked.get("/health", headers={"Authorization": "Bearer x"}).json() == {"status": "ok"}
    known = locked.get("/health", headers={"Authorization": f"Bearer {KEY}"}).json()
    assert known["backend"] == "fake"


@pytest.mark.parametrize("path", ["/", "/page/app.js"])
def test_the_page_is_open(locked: httpx.Client, path: str) -> None:
    assert locked.get(path).status_code in {200, 404}
    assert locked.options(CHAT).status_code == 204


def test_the_openai_client_sees_what_it_knows(locked: httpx.Client) -> None:
    url = f"{str(locked.base_url).rstrip('/')}/v1"
    with (
        OpenAI(base_url=url, api_key="wrong", max_retries=0) as client,
        pytest.raises(openai.AuthenticationError, match="unknown"),
    ):
        client.models.list()


def test_all_keys_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr("server.doors.keys.hmac.compare_digest", compare)
    known = [keys._hash(key) for key in (KEY, OTHER, "third")]
    assert keys._is_one_of(keys._hash(KEY), known)
    assert len(compared) == 3
    assert {len(value) for pair in compared for value in pair} == {32}


def test_keys_come_from_settings_and_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys.txt"
    path.write_text("# ours\nthird\n\nfourth\n")
    monkeypatch.chdir(tmp_path)
    for given in ('["first-1", "second-2"]', "first-1, second-2", "first-1,second-2,"):
        monkeypatch.setenv("OVERLAY_API_KEYS", given)
        settings = load_settings(api_keys_file=str(path))
        doors = Doors.of(settings, "machine")
        assert doors.api_keys == ("first-1", "second-2", "third", "fourth")
        assert "first-1" not in repr(settings)
        assert "third" not in repr(doors)
    (tmp_path / "overlay.toml").write_text('api_keys = ["from-the-file"]\n')
    monkeypatch.delenv("OVERLAY_API_KEYS")
    assert Doors.of(load_settings(), "machine").api_keys == ("from-the-file",)


@pytest.mark.parametrize("given", ['["sesame"', "sesame one", '["", "sesame"]', '[1, "sesame"]'])
def test_an_unusable_key_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OVERLAY_API_KEYS", given)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert (caught.value.param or "").startswith("api_keys")
    assert "--make-key" in caught.value.hint
    assert "sesame" not in f"{caught.value} {caught.value.__cause__}"


@pytest.mark.parametrize("text", [None, "# none\n", "one two\n"])
def test_an_unusable_file_of_keys_is_named(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "keys.txt"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SettingsError, match=r"keys\.txt") as caught:
        Doors.of(load_settings(api_keys_file=path), "machine")
    assert caught.value.param == "api_keys_file"
    assert "one two" not in str(caught.value)
