"""Components that send each other messages: the fixture ``postman`` under many names, and ways to talk to it."""

from __future__ import annotations

from typing import Any

from airssys_tui.core.types.values import Err, Ok, Some, Variant
from airssys_tui.runtime.actors.actor import Actor
from airssys_tui.runtime.messaging.dead_letters import DeadLetter
from airssys_tui.runtime.messaging.message_counts import MessageCounts
from tests.support.places import FIXTURES
from tests.support.world import PATIENCE, World

WASM = (FIXTURES / "postman" / "postman.wasm").read_bytes()
DESK = "fixture:postman/desk@1.0.0#"
ALL_OF_IT = '["send:*", "request:*", "publish:news.today", "publish:news", "publish:sport", "subscribe:#"]'
RIGHTS = f'[capabilities]\nmessaging = {ALL_OF_IT}\nstorage = "read-write"\n'
PLAIN = {"guarantee": "at-most-once", "deadline": None, "correlation": None}


def identity(name: str) -> dict[str, str]:
    return {"namespace": "local", "name": name}


def body(text: str, codec: int | None = None) -> dict[str, Any]:
    return {"codec": None if codec is None else Some(codec), "body": Variant("text", text)}


def options(guarantee: str = "at-most-once", deadline: int | None = None, correlation: int | None = None) -> Any:
    return {
        "guarantee": guarantee,
        "deadline": None if deadline is None else Some(deadline),
        "correlation": None if correlation is None else Some(correlation),
    }


class Postmen:
    """A world of postmen.

    Args:
        world: The world; not open yet.
    """

    def __init__(self, world: World) -> None:
        self.world = world

    def put(self, name: str, more: str = "", rights: str = RIGHTS, *, version: str | None = None) -> None:
        self.world.put(name, WASM, rights + more, version=version)

    def install(self, name: str, more: str = "", rights: str = RIGHTS, *, version: str | None = None) -> None:
        self.world.install(name, WASM, rights + more, version=version)

    def actor(self, name: str) -> Actor:
        return self.world.runtime.probe.system.router.find(name).actor

    def counts(self, name: str) -> MessageCounts:
        return self.world.runtime.probe.system.post.addresses["local", name].counts

    def told(self, name: str) -> tuple[str, ...]:
        """Return what `describe` says of a component's messages."""
        return self.world.runtime.describe(name).result(PATIENCE).messages

    def dead(self) -> tuple[DeadLetter, ...]:
        return self.world.runtime.probe.system.post.dead.read()

    def pause(self, name: str) -> None:
        """Let nothing of a component's mailbox run from now on."""
        self.actor(name).pause().result(PATIENCE)

    def resume(self, name: str) -> None:
        self.actor(name).resume()

    def ask(self, name: str, function: str, *arguments: Any) -> Any:
        return self.world.call(name, DESK + function, *arguments)

    def start(self, name: str, function: str, *arguments: Any) -> Any:
        """Begin a call; return its reply."""
        return self.world.runtime.invoke(name, DESK + function, *arguments)

    def send(self, sender: str, to: str, text: str, codec: int | None = None) -> Any:
        return said(self.ask(sender, "send", identity(to), body(text, codec)))

    def send_with(self, sender: str, to: str, text: str, **wanted: Any) -> Any:
        return said(self.ask(sender, "send-with", identity(to), body(text), options(**wanted)))

    def call(self, sender: str, to: str, text: str, timeout: int = 60_000) -> Any:
        return said(self.ask(sender, "call", identity(to), body(text), timeout))

    def lines(self, name: str) -> list[str]:
        self.world.wait_for(lambda _: not self.actor(name).queued)
        found: list[str] = self.ask(name, "taken")
        return found

    def texts(self, name: str) -> list[str]:
        """Return the bodies of what came to a component since the last time."""
        return [line.partition(": ")[2] for line in self.lines(name)]

    def kept(self, name: str, key: str) -> int:
        """Return how often a key was delivered, as the component's storage says."""
        return int(self.value(name, key) or 0)

    def value(self, name: str, key: str) -> str:
        """Return a text of the component's storage; empty if there is none."""
        found = self.world.runtime.probe.floor.services.of(name).namespace.get(key)
        return found if isinstance(found, str) else ""


def said(answer: Any) -> Any:
    """Return a result as a test reads it: a value, or the case of an error and its text."""
    match answer:
        case Ok(Variant(_, text)):
            return text
        case Ok(value):
            return value
        case Err(Variant(case, text)):
            return case, text
    return answer
