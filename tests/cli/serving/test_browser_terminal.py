"""A page decides neither how large its terminal is nor how long its session lives."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from airssys_tui.cli.serving import browser_terminal
from airssys_tui.cli.serving.browser import BrowserServer
from airssys_tui.cli.serving.browser_access import Origins
from airssys_tui.cli.serving.browser_terminal import HEIGHTS, MAX_MESSAGE, WIDTHS

LIMIT = 30.0
OVER = {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED}

SESSION = """
import json, os, signal, sys
obedient = sys.argv[1] == "obedient"
if not obedient:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
out, given = sys.stdout.buffer, sys.stdin.buffer
def say(**said):
    data = json.dumps(said).encode()
    out.write(b"D" + len(data).to_bytes(4, "big") + data)
    out.flush()
out.write(b"__GANGLION__\\n")
say(pid=os.getpid(), width=int(os.environ["COLUMNS"]), height=int(os.environ["ROWS"]))
while head := given.read(5):
    data = given.read(int.from_bytes(head[1:], "big"))
    meta = json.loads(data) if head[:1] == b"M" else {"typed": data.decode()}
    if meta.get("type") == "quit" and obedient:
        break
    say(**meta)
while not obedient:
    signal.pause()
"""
"""A session that says what it is told; an obedient one ends when it is asked to."""

Open = Callable[..., Awaitable[aiohttp.ClientWebSocketResponse]]


@pytest.fixture
async def served(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[tuple[Open, Callable[[], Awaitable[None]]]]:
    """Serve sessions; give what opens a page and what ends the server."""
    script = tmp_path / "session.py"
    script.write_text(SESSION)
    command = f"exec {sys.executable} {script} {getattr(request, 'param', 'obedient')}"
    server = BrowserServer(command, 0, title="sessions", token="t" * 32, origins=Origins(()))
    leave = asyncio.Event()
    running = asyncio.create_task(server.run(leave))
    root = f"http://{urlsplit(server.url).netloc}/"

    async def end() -> None:
        leave.set()
        await asyncio.wait_for(running, LIMIT)

    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), timeout=aiohttp.ClientTimeout(total=LIMIT))
        )
        async with client.get(server.url) as answer:
            assert answer.status == 200

        async def open_page(**size: object) -> aiohttp.ClientWebSocketResponse:
            asked = "&".join(f"{name}={value}" for name, value in size.items())
            return await stack.enter_async_context(client.ws_connect(f"{root}ws?{asked}"))

        yield open_page, end
    await end()


async def said(page: aiohttp.ClientWebSocketResponse) -> dict[str, object]:
    message = await page.receive(LIMIT)
    assert message.type is aiohttp.WSMsgType.BINARY, message
    found: dict[str, object] = json.loads(message.data)
    return found


@pytest.mark.parametrize(
    ("asked", "width", "height"),
    [
        ({"width": 100, "height": 30}, 100, 30),
        ({"width": 10**9, "height": 10**9}, WIDTHS[1], HEIGHTS[1]),
        ({"width": -1, "height": 0}, WIDTHS[0], HEIGHTS[0]),
        ({"width": "9" * 5_000, "height": "1e9"}, 80, 24),
        ({}, 80, 24),
    ],
    ids=["usual", "huge", "negative", "no numbers", "none"],
)
async def test_the_size_that_a_page_begins_with_is_clamped(
    served: tuple[Open, object], asked: dict[str, object], width: int, height: int
) -> None:
    begun = await said(await served[0](**asked))
    assert (begun["width"], begun["height"]) == (width, height)


async def test_every_later_size_is_clamped(served: tuple[Open, object]) -> None:
    page = await served[0]()
    await said(page)
    for asked, clamped in {
        (120, 40): (120, 40),
        (10**12, 10**12): (WIDTHS[1], HEIGHTS[1]),
        (-(10**12), -5): (WIDTHS[0], HEIGHTS[0]),
        (99.9, 1e300): (99, HEIGHTS[1]),
    }.items():
        await page.send_str(json.dumps(["resize", {"width": asked[0], "height": asked[1]}]))
        resized = await said(page)
        assert (resized["width"], resized["height"]) == clamped


@pytest.mark.parametrize(
    "sent",
    [
        "{",
        "[]",
        "3",
        '["resize", {"width": "100", "height": 30}]',
        '["resize", {"width": null, "height": 30}]',
        '["resize", [100, 30]]',
        '["stdin", 7]',
        "[" * 100_000,
        '["resize", {"width": 1e999, "height": 30}]',
    ],
    ids=range(9),
)
async def test_what_is_no_message_ends_its_page_and_no_other(served: tuple[Open, object], sent: str) -> None:
    other, page = await served[0](), await served[0]()
    await said(other)
    pid = int(str((await said(page))["pid"]))
    await page.send_str(sent)
    message = await page.receive(LIMIT)
    assert message.type in OVER
    assert page.close_code == aiohttp.WSCloseCode.POLICY_VIOLATION
    await _gone(pid)
    await other.send_str('["stdin", "still here"]')
    assert await said(other) == {"typed": "still here"}


async def test_what_a_newer_page_may_say_is_passed_over(served: tuple[Open, object]) -> None:
    page = await served[0]()
    await said(page)
    await page.send_str('["colour", "blue"]')
    await page.send_str('["ping", 7]')
    assert json.loads((await page.receive(LIMIT)).data) == ["pong", 7]


async def test_a_message_is_bounded(served: tuple[Open, object]) -> None:
    page = await served[0]()
    await said(page)
    await page.send_str(json.dumps(["stdin", "x" * MAX_MESSAGE]))
    assert (await page.receive(LIMIT)).type in OVER
    assert page.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


@pytest.mark.parametrize("served", ["obedient", "stubborn"], indirect=True)
async def test_every_session_has_ended_when_the_server_has(
    served: tuple[Open, Callable[[], Awaitable[None]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser_terminal, "PATIENCE", 0.5)
    pids = [int(str((await said(await served[0]()))["pid"])) for _ in range(3)]
    await served[1]()
    for pid in pids:
        await _gone(pid)


@pytest.mark.parametrize("served", ["stubborn"], indirect=True)
async def test_a_session_that_does_not_end_with_its_page_is_killed(
    served: tuple[Open, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser_terminal, "PATIENCE", 0.5)
    page = await served[0]()
    pid = int(str((await said(page))["pid"]))
    await page.close()
    await _gone(pid)


async def _gone(pid: int) -> None:
    for _ in range(int(LIMIT / 0.02)):
        with suppress(ProcessLookupError):
            os.kill(pid, 0)
            await asyncio.sleep(0.02)
            continue
        return
    pytest.fail(f"process {pid} is still there")
