"""``send``, ``request``, ``publish``, ``subscribe`` and ``dead-letters`` on a runtime that serves its socket."""

from __future__ import annotations

import json
import re
import shlex
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from airssys_tui.api.socket.frames import Access
from airssys_tui.api.socket.remote import RemoteRuntime
from airssys_tui.api.views.messaging import MessageBody
from airssys_tui.cli.reaching.completers import plain_topics, topic_patterns
from airssys_tui.cli.reaching.embedding import open_runtime
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.errors import ReadOnlyAccess
from airssys_tui.runtime.embedded import EmbeddedRuntime
from airssys_tui.store.paths import control_path
from tests.support.command_line import Desk, eventually
from tests.support.components import Crafted
from tests.support.places import ROOT
from tests.support.postmen import RIGHTS, WASM

TAKEN = "fixture:postman/desk@1.0.0#taken"


@pytest.fixture
def runtime(desk: Desk) -> Iterator[EmbeddedRuntime]:
    """Give a runtime with a component that takes messages and one that does not."""
    for name, wasm, more in (("bob", WASM, RIGHTS), ("deaf", Crafted().wasm(), "")):
        (desk.folder / name).mkdir()
        (desk.folder / name / f"{name}.wasm").write_bytes(wasm)
        (desk.folder / name / "Component.toml").write_text(
            f'[package]\nname = "{name}"\n[component]\nwasm = "{name}.wasm"\n{more}'
            "[supervision]\nmax_restarts = 1000\nbackoff = {initial = '10ms', max = '10ms'}\n"
        )
    opened = open_runtime(locate(desk.folder, desk.state_dir), watch=False)
    assert opened.wait_settled(60)
    yield opened
    opened.close()


def came(runtime: EmbeddedRuntime) -> list[str]:
    lines: list[str] = runtime.invoke("bob", TAKEN).result(30)
    return lines


def test_messages_from_outside(desk: Desk, runtime: EmbeddedRuntime, tmp_path: Path) -> None:
    sent = desk.run("send", "bob", "hello", "--guarantee", "at-least-once", "--correlation", "7", "--json")
    assert sent.code == 0
    assert came(runtime) == [f"sent operator - 7 null 1 {sent.json['trace']}: hello"]

    file = tmp_path / "said"
    file.write_bytes(b"from a file")
    assert desk.run("send", "bob", "--file", file, "--codec", "512").out.startswith("sent to bob: ")
    assert came(runtime)[0].endswith(": from a file")

    asked = desk.run("request", "bob", "ping", "--json")
    assert (asked.code, asked.json["body"]["text"]) == (0, "ping")
    assert desk.run("request", "bob", "ping").out == "ping\n"
    path = desk.run("traces", "--id", asked.json["trace"])
    assert path.out.splitlines()[1].startswith("  operator → bob: request  ")
    assert desk.run("traces").code == 2

    assert desk.run("publish", "news.today", "nobody").out.startswith("0 components took it")
    runtime.invoke("bob", "fixture:postman/desk@1.0.0#subscribe", "news.#").result(30)
    assert desk.run("publish", "news.today", "fresh", "--json").json["taken"] == 1
    assert came(runtime)[-1].startswith("publish operator news.today ")


@pytest.mark.usefixtures("runtime")
def test_what_is_not_taken_is_a_typed_error(desk: Desk) -> None:
    for words, case in (
        (("send", "deaf", "x"), "failed"),
        (("request", "deaf", "x"), "failed"),
        (("send", "bob", "x", "--codec", "18"), "unsupported-codec"),
        (("request", "bob", "refuse"), "failed"),
        (("request", "bob", "trap"), "failed"),
    ):
        failed = desk.run(*words, "--json")
        assert (failed.code, failed.json["error"]["kind"], failed.json["error"]["case"]) == (1, "MessageRefusal", case)


@pytest.mark.usefixtures("runtime")
def test_what_cannot_be_meant_is_a_usage_error(desk: Desk, tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(3 * 2**20)
    for words in (
        ("send", "bob"),
        ("send", "bob", "x", "--file", large),
        ("send", "bob", "--file", large),
        ("send", "bob", "--file", tmp_path / "none"),
        ("subscribe", "a", "--follow", "--within", "1s"),
        ("dead-letters", "replay"),
        ("dead-letters", "replay", "x", "--all"),
    ):
        assert desk.run(*words).code == 2, words
    for words in (
        ("send", "nobody", "x"),
        ("send", "bob", "x", "--deadline", "2h"),
        ("request", "bob", "x", "--timeout", "0s"),
        ("publish", "News", "x"),
        ("subscribe", "a.#.b"),
        ("dead-letters", "show", "x"),
    ):
        answer = desk.run(*words, "--json")
        assert answer.code, words
        assert answer.json["error"]["kind"] in {"UsageError", "UnknownComponent"}, words


def test_dead_letters_are_read_replayed_discarded_and_exported(
    desk: Desk, runtime: EmbeddedRuntime, tmp_path: Path
) -> None:
    assert desk.run("dead-letters", "list").out == "no dead letters\n"
    for text in ("trap", "trap-once"):
        desk.run("send", "bob", text)
    eventually(lambda: len(runtime.dead_letters().result(30).letters) == 2)
    listed = desk.run("dead-letters", "list", "bob", "--json").json["letters"]
    assert [(each["reason"], each["sender"], each["preview"], each["attempts"]) for each in listed] == [
        ("trapped", "", "trap", 1),
        ("trapped", "", "trap-once", 1),
    ]
    always, once = (each["id"] for each in listed)
    assert desk.run("dead-letters", "list").out.splitlines()[1].split()[:4] == [always, "bob", "operator", "trapped"]
    shown = desk.run("dead-letters", "show", once)
    assert "reason    trapped: its receiver trapped" in shown.out.replace("      ", "    ").replace("     ", "    ")
    assert shown.out.endswith("\ntrap-once\n")

    file = tmp_path / "dead.jsonl"
    assert desk.run("dead-letters", "export", file).code == 0
    assert [json.loads(line)["body"]["text"] for line in file.read_text().splitlines()] == ["trap", "trap-once"]

    assert desk.run("dead-letters", "replay", once).out == "1 sent again\n"
    eventually(lambda: any(line.endswith(": trap-once") and " 2 " in line for line in came(runtime)))
    assert desk.run("dead-letters", "replay", once).code == 1
    assert [each.id for each in runtime.dead_letters().result(30).letters] == [always]
    assert desk.run("dead-letters", "discard", "--all", "--to", "bob").out == "1 discarded\n"
    assert runtime.dead_letters().result(30).letters == ()
    told = [event.text for event in runtime.events(0, 1_000).events if event.action == "dead-letter"]
    assert told.pop(0).startswith(f"message of operator is dead letter {always}: trapped: its receiver trapped: ")
    assert told == [f"dead letter {once} sent again", f"dead letter {always} discarded"]


def test_what_is_published_is_heard_outside(desk: Desk, runtime: EmbeddedRuntime) -> None:
    stopped = threading.Event()

    def publish() -> None:
        while not stopped.wait(0.01):
            runtime.publish("orders.new", MessageBody(text="seven")).result(30)

    publishing = threading.Thread(target=publish)
    publishing.start()
    try:
        heard = desk.run("subscribe", "orders.*", "--within", "30s", "--json")
    finally:
        stopped.set()
        publishing.join()
    assert (heard.code, heard.json["topic"], heard.json["body"]["text"]) == (0, "orders.new", "seven")
    assert desk.run("subscribe", "orders.old", "--within", "10ms").code == 1


def test_who_listens_is_woken_and_a_full_mailbox_is_waited_for(runtime: EmbeddedRuntime) -> None:
    last = runtime.publications("a.b").result(30).last
    heard = runtime.publications("a.b", last, wait=20.0)
    said = MessageBody(binary=b"\x00\xff", codec=0x55)
    eventually(lambda: runtime.publish("a.b", said).result(30) and heard.done())
    (first, *_) = heard.result(30).publications
    assert (first.body, first.number, first.body.shown) == (said, 1, "\x00\\xff")


def test_a_reading_connection_hears_and_reads_and_sends_nothing(desk: Desk, runtime: EmbeddedRuntime) -> None:
    path = control_path(desk.state_dir)
    api = RemoteRuntime.open(path, access=Access.READ, client="test")
    try:
        assert api.publications("news.#").result(30).publications == ()
        assert api.dead_letters().result(30).letters == ()
        said = MessageBody(text="x")
        for asked in (
            api.send_message("bob", said),
            api.ask_component("bob", said),
            api.publish("news", said),
            api.replay_dead_letters(("x",)),
            api.discard_dead_letters(("x",)),
        ):
            with pytest.raises(ReadOnlyAccess):
                asked.result(30)
    finally:
        api.close()
    assert came(runtime) == []


@pytest.mark.usefixtures("runtime")
def test_the_page_about_messages_says_what_happens(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk.folder.parent)
    Path("order.json").write_text("{}")
    (block,) = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "messages.md").read_text(), re.DOTALL)
    for line in block.splitlines():
        words, _, told = line.partition("#")
        program, *rest = shlex.split(words)
        assert program == "airssys-tui"
        answer = desk.run(*(word.replace("mailer", "bob") for word in rest))
        assert answer.code == 0, line
        assert answer.out.startswith(told.strip().replace("mailer", "bob").rstrip("…")), line


@pytest.mark.usefixtures("runtime")
def test_topics_are_completed_from_what_components_declare(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk.folder)
    words = {"--folder": _Word(str(desk.folder)), "--state-dir": _Word(str(desk.state_dir))}
    assert [topic for topic, _ in topic_patterns(words)] == ["#", "news", "news.today", "sport"]
    assert list(plain_topics(words)) == [
        ("news", "publish bob"),
        ("news.today", "publish bob"),
        ("sport", "publish bob"),
    ]


class _Word:
    def __init__(self, raw: str) -> None:
        self.raw = raw
