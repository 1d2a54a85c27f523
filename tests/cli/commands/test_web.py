"""``web``: nothing without the token, and with it the terminal of a real runtime."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pyte
import pytest

from tests.support.chromium import Tab, chromium
from tests.support.command_line import LIMIT, Desk, eventually

WIDTH, HEIGHT = 100, 30


@contextlib.contextmanager
def served(desk: Desk, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Serve the desk's folder; give the process and the address with its token."""
    with desk.spawn("web", str(desk.folder), "--port", "0", *words) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.fullmatch(r"open (http://127\.0\.0\.1:\d+/\?token=[\w-]{43})\n", said)
            assert found, (said, process.poll(), process.stderr and process.stderr.read())
            yield process, found[1]
        finally:
            process.kill()


@contextlib.contextmanager
def headless(desk: Desk) -> Iterator[subprocess.Popen[str]]:
    with desk.spawn("run", str(desk.folder), "--headless", "--json") as process:
        try:
            assert process.stdout is not None
            assert any('"switched"' in line for line in process.stdout)
            yield process
        finally:
            process.kill()


def session() -> aiohttp.ClientSession:
    timeout = aiohttp.ClientTimeout(total=LIMIT)
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), timeout=timeout)


async def shown(websocket: aiohttp.ClientWebSocketResponse, *words: str) -> str:
    """Feed what comes to a terminal until all of these words are on it."""
    screen = pyte.Screen(WIDTH, HEIGHT)
    stream = pyte.ByteStream(screen)
    async for message in websocket:
        assert message.type is aiohttp.WSMsgType.BINARY, message
        stream.feed(message.data)
        picture = "\n".join(screen.display)
        if all(word in picture for word in words):
            return picture
    raise AssertionError(f"closed before {words}: {screen.display}")


async def test_without_the_token_there_is_nothing(desk: Desk) -> None:
    with served(desk) as (_, address):
        root = address.partition("?")[0]
        async with session() as client:
            for path in ("", "ws", "static/js/textual.js", "static/", "download/x", "nothing", "?token=", "?token=x"):
                async with client.get(root + path) as answer:
                    assert answer.status == 403, path
                    assert "xterm" not in await answer.text()
            async with client.get(root + "static/../?token=" + address.partition("=")[2][:-1]) as answer:
                assert answer.status == 403, "a token that is nearly right"
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await client.ws_connect(root + "ws")


async def test_the_token_opens_the_page_once_and_a_cookie_stands_for_it_then(desk: Desk) -> None:
    with served(desk, "--origin", "https://desk.example") as (_, address):
        root = address.partition("?")[0]
        async with session() as client:
            async with client.get(address) as answer:
                assert answer.status == 200
                assert str(answer.url) == root, "the token does not stay in the address"
                assert "data-session-websocket-url" in await answer.text()
                policy = answer.headers["Content-Security-Policy"]
                assert "frame-ancestors 'none'" in policy
                assert "googleapis" not in policy, "nothing is asked of other machines"
                assert answer.headers["Referrer-Policy"] == "no-referrer"
            cookie = answer.history[0].headers["Set-Cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie
            assert address.partition("=")[2] not in cookie, "who reads the cookie does not have the token"
            async with client.get(root + "static/js/textual.js") as answer:
                assert answer.status == 200
            async with client.get(root, headers={"Host": "evil.example"}) as answer:
                assert answer.status == 403, "another name for this machine"
            async with client.get(root, headers={"Host": "localhost:9000"}) as answer:
                assert answer.status == 200, "a port that is forwarded"
            async with client.get(root, headers={"Host": "desk.example"}) as answer:
                assert answer.status == 200, "a proxy that was named"
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await client.ws_connect(root + "ws", origin="http://127.0.0.1:1")


async def test_a_page_shows_the_runtime_that_runs_and_leaves_it_running(desk: Desk) -> None:
    desk.install("counter")
    with headless(desk) as runtime, served(desk) as (_, address):
        async with session() as client:
            async with client.get(address) as answer:
                assert answer.status == 200
            place = f"{address.partition('?')[0]}ws?width={WIDTH}&height={HEIGHT}"
            async with client.ws_connect(place) as websocket:
                await shown(websocket, "counter", "running", "READ-ONLY")
                await websocket.send_str(json.dumps(["stdin", "x"]))
                await websocket.send_str(json.dumps(["stdin", "?"]))
                help_page = await shown(websocket, "Keys: registry, read-only")
                assert "Stop" not in help_page, "what only looks has no such action"
        assert runtime.poll() is None
        assert desk.run("stats", "counter", "--json").json["state"] == "running"


async def test_without_a_runtime_one_runs_as_long_as_the_pages_are_served(desk: Desk) -> None:
    desk.install("counter")
    with served(desk, "--full") as (process, address):
        async with session() as client:
            async with client.get(address) as answer:
                assert answer.status == 200
            place = f"{address.partition('?')[0]}ws?width={WIDTH}&height={HEIGHT}"
            async with client.ws_connect(place) as websocket:
                picture = await shown(websocket, "counter", "running")
                assert "READ-ONLY" not in picture
        process.terminate()
        process.wait(timeout=LIMIT)
        assert process.returncode == 0
    assert not (desk.state_dir / "owner.json").exists(), "left in good order"


async def test_a_session_ends_with_its_server_even_a_killed_one(desk: Desk) -> None:
    desk.install("counter")
    with headless(desk), served(desk) as (process, address):
        async with session() as client:
            async with client.get(address) as answer:
                assert answer.status == 200
            place = f"{address.partition('?')[0]}ws?width={WIDTH}&height={HEIGHT}"
            async with client.ws_connect(place) as websocket:
                await shown(websocket, "counter")
                assert sessions(desk)
                process.kill()
                process.wait(timeout=LIMIT)
        eventually(lambda: not sessions(desk))


def test_a_session_whose_server_was_gone_before_it_began_ends(desk: Desk) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    desk.install("counter")
    words = ["-m", "airssys_tui.cli.commands.browser_session", str(desk.folder), str(desk.state_dir), str(gone.pid)]
    with (
        headless(desk),
        subprocess.Popen(
            [sys.executable, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver"},
        ) as session_process,
    ):
        try:
            session_process.wait(LIMIT)
        finally:
            session_process.kill()


def sessions(desk: Desk) -> list[str]:
    """Return the processes that are browser sessions of this desk."""
    if not Path("/proc/self/cmdline").exists():
        pytest.skip("needs /proc")
    found = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = command.read_bytes().decode(errors="replace")
            if "browser_session" in words and str(desk.state_dir) in words:
                found.append(words)
    return found


def test_a_port_in_use_and_a_port_that_is_none_are_said(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        answer = desk.run("web", desk.folder, "--port", taken.getsockname()[1])
    assert answer.code == 1
    assert "--port" in answer.err
    assert desk.run("web", desk.folder, "--port", "70000").code == 2
    assert not desk.state_dir.exists(), "nothing was opened"


def test_without_the_extra_it_says_what_to_install(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.delitem(sys.modules, "airssys_tui.cli.serving.browser", raising=False)
    answer = desk.run("web", desk.folder)
    assert answer.code == 2
    assert "pip install 'airssys-tui[web]'" in answer.err


def test_a_configuration_that_allows_no_changes_is_heeded(desk: Desk) -> None:
    (desk.folder.parent / "config.toml").write_text("readonly = true\n")
    answer = desk.run("web", desk.folder, "--full")
    assert answer.code == 1
    assert "readonly" in answer.err


# In a real browser: keys without a click, a download instead of a file, nothing from elsewhere, no errors

CTRL = 2


def complaints(tab: Tab) -> list[object]:
    """Return what the browser found wrong with the page."""
    bad = {"Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled"}
    return [
        event["params"]
        for event in tab.events
        if event["method"] in bad
        and not (event["method"] == "Runtime.consoleAPICalled" and event["params"]["type"] == "log")
        and event["params"].get("entry", {}).get("level") in {None, "error", "warning"}
    ]


def asked_of(tab: Tab) -> set[str]:
    """Return the hosts that the page has asked for something."""
    told = [event["params"] for event in tab.events if event["method"] == "Network.requestWillBeSent"]
    urls = [urlsplit(params["request"]["url"]) for params in told]
    return {url.hostname or "" for url in urls if url.scheme in {"http", "https"}}


def saved(place: Path) -> set[Path]:
    """Return the logs below a folder that are none of the browser's own files."""
    return {path for path in place.rglob("*.log") if "profile" not in path.parts}


async def test_a_browser_works_by_keys_alone_and_saves_by_downloading(desk: Desk, tmp_path: Path) -> None:
    desk.install("counter")
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    async with chromium(tmp_path / "profile") as tab:
        with served(desk, "--full") as (_, address):
            # Under the other name of this machine, as it is written for a forwarded port.
            await tab.ask("Page.navigate", url=address.replace("127.0.0.1", "localhost"))
            await tab.shows("counter", "running")
            assert await tab.value("document.title") == "components · airssys"
            assert await tab.value("location.search") == ""
            await tab.press("5", 53)
            await tab.shows("following", "counter is ready")
            before = saved(tmp_path)
            allowed = {"behavior": "allow", "downloadPath": str(downloads), "eventsEnabled": True}
            await tab.ask("Browser.setDownloadBehavior", **allowed)
            await tab.press("s", 83, CTRL)
            begun = await tab.told("Browser.downloadWillBegin")
            await tab.told("Browser.downloadProgress", guid=begun["guid"], state="completed")
            assert begun["suggestedFilename"].endswith(".log")
            (file,) = saved(tmp_path) - before
            assert file == downloads / begun["suggestedFilename"]
            assert "counter is ready" in file.read_text()
            assert asked_of(tab) == {"localhost"}
            assert complaints(tab) == []
        # The server has gone, and one with another token is there: the page says so.
        with served(desk) as (_, fresh):
            await tab.ask("Page.navigate", url=f"{fresh.partition('=')[0]}={address.partition('=')[2]}")
            while "not valid" not in (text := await tab.value("document.body && document.body.innerText") or ""):
                assert await tab.value("1") == 1, "the browser takes its time for each answer"
            assert "--token-file" in text
