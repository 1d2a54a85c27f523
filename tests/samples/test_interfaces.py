"""Every function of every open interface is called across the boundary, by hand, with a result that is looked at.

What an interface of ``core-host`` offers is called by a component on our behalf; what one of ``core-component`` asks
for is called by us; the types of ``core-types`` pass through functions that change them. The list of functions comes
from the packages themselves: one that is new fails here until somebody calls it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import pytest

from airssys_tui.core.types.interface import InterfaceType
from airssys_tui.core.types.package import WitPackage
from airssys_tui.wit.target import types_of
from tests.support.places import FIXTURES, SAMPLES
from tests.support.world import PATIENCE, World

DOORS: Final = "fixture:services/doors@1.0.0#"
STORAGE: Final = "fixture:services/storage-door@1.0.0#"
DESK: Final = "fixture:courier/counter-desk@1.0.0#"
HOST, COMPONENT, TYPES = "airssys:core-host/", "airssys:core-component/", "airssys:core-types/"
ALLOWED: Final = '[capabilities]\nstorage = "read-write"\n[config]\ncolour = "red"\n'
NEARLY_EIGHT: Final = {"seconds": 7, "nanoseconds": 999_000_000}


def interfaces(package: str) -> tuple[InterfaceType, ...]:
    """Return the interfaces of a package whose doors are open."""
    types = types_of(package)
    assert isinstance(types, WitPackage)
    return types.interfaces


def functions(package: str) -> list[str]:
    """Return every function as ``airssys:core-host/clock#now``."""
    found = [
        (interface.name.partition("@")[0], function.name)
        for interface in interfaces(package)
        for function in interface.functions
    ]
    return [f"{interface}#{name}" for interface, name in found]


CALLED: Final = ("counter", "greeter", "clockwork", "ledger")
RIGHTS: Final = {
    "ledger": '[capabilities]\nstorage = "read-write"\n',
    "postman": '[capabilities]\nmessaging = ["send:*", "request:*", "publish:parcels", "subscribe:parcels"]\n',
}


class Bench:
    """A living system with the samples and fixtures that call and are called."""

    def __init__(self, world: World) -> None:
        self.world = world
        for folder, names in (
            (SAMPLES, ("counter", "greeter", "clockwork", "ledger")),
            (FIXTURES, ("courier", "postman")),
        ):
            for name in names:
                wasm = (folder / name / f"{name}.wasm").read_bytes()
                world.put(name, wasm, RIGHTS.get(name, ""), version="1.2.3")
        world.put("services", (FIXTURES / "services" / "services.wasm").read_bytes(), ALLOWED)
        world.open()

    def call(self, component: str, export: str, *arguments: Any) -> Any:
        """Call by hand, as the desk does: JSON in, JSON out."""
        report = self.world.runtime.call(component, export, msgspec.json.encode(arguments).decode(), force=True).result(
            PATIENCE
        )
        return msgspec.json.decode(report.result)

    def measured(self) -> dict[str, Any]:
        """Return the measurements of ``services`` by name."""
        return {one.name: one for one in self.world.runtime.meters("services").result(PATIENCE).custom}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    world = World(tmp_path_factory.mktemp("interfaces"))
    yield Bench(world)
    world.close()


@dataclass(frozen=True)
class Probe:
    """One call and what has to be true of its answer.

    Attributes:
        component: Who is called.
        export: Which of its exports.
        arguments: What it is given, as JSON.
        holds: What is true of the answer; it may look at the system, too.
        first: Calls that lead up to it: export, then arguments.
    """

    component: str
    export: str
    arguments: tuple[Any, ...]
    holds: Callable[[Bench, Any], object]
    first: tuple[tuple[Any, ...], ...] = ()


def equals(wanted: Any) -> Callable[[Bench, Any], bool]:
    return lambda _, answer: bool(answer == wanted)


def services(export: str, *arguments: Any, holds: Callable[[Bench, Any], object], first: Any = ()) -> Probe:
    return Probe("services", export, arguments, holds, first)


def courier(export: str, *arguments: Any, holds: Callable[[Bench, Any], object], first: Any = ()) -> Probe:
    return Probe("courier", export, arguments, holds, first)


def logged(bench: Bench, _: Any) -> bool:
    return bench.world.told("services", "log") == "hello from=here"


def is_now(_: Bench, answer: Any) -> bool:
    return abs(answer["seconds"] - time.time()) < PATIENCE and answer["nanoseconds"] < 10**9


def described(_: Bench, answer: Any) -> bool:
    version = {"major": 1, "minor": 2, "patch": 3, "pre-release": None, "build": None}
    return bool(
        (answer["version"], answer["state"]) == (version, "running")
        and "airssys:core-component/state@1.0.0" in answer["interfaces"]
    )


def traced(bench: Bench, answer: Any) -> bool:
    found = next(one for one in bench.world.runtime.traces("services").result(PATIENCE) if one.id == answer)
    outer, inner = found.spans
    return bool(
        (outer.name, inner.name, inner.parent) == ("work", "inner", outer.number)
        and (inner.annotations, inner.error) == ((("key", "work"),), "it failed")
        and outer.took_ms is not None
    )


def bytes_of(count: int) -> Callable[[Bench, Any], bool]:
    return lambda _, answer: len(msgspec.convert(answer["base64"], bytes)) == count


def postman(export: str, *arguments: Any, holds: Callable[[Bench, Any], object], first: Any = ()) -> Probe:
    return Probe("postman", f"fixture:postman/desk@1.0.0#{export}", arguments, holds, first)


TRACED: Final = services(DOORS + "trace", "work", holds=traced)
SOON: Final = (DOORS + "set", "bell", 3_600_000, 60_000)
KEPT: Final = (STORAGE + "set", "k", {"text": "v"})
COUNTER: Final = {"namespace": "local", "name": "counter"}
COURIER: Final = {"namespace": "local", "name": "courier"}
PARCEL: Final = {"codec": None, "body": {"text": "parcel"}}
PLAIN: Final = {"guarantee": "at-least-once", "deadline": 1000, "correlation": 4}
NOBODY: Final = {"namespace": "local", "name": "nobody"}
UNKNOWN: Final = {"err": {"unknown-target": "there is no component nobody"}}
SUBSCRIBED: Final = ("fixture:postman/desk@1.0.0#subscribe", "parcels")

HOST_PROBES: Final = {
    "logging#log": services(DOORS + "log", "info", "hello", [["from", "here"]], holds=logged),
    "clock#now": services(DOORS + "now", holds=is_now),
    "clock#monotonic-ns": services(DOORS + "monotonic-ns", holds=lambda _, answer: answer > 0),
    "clock#sleep-ms": services(
        DOORS + "sleep-ms",
        60_001,
        holds=equals({"err": {"invalid-input": "the sleep is 60001 ms; the limit is 60000 ms"}}),
    ),
    "random#bytes": services(DOORS + "bytes", 33, holds=bytes_of(33)),
    "random#next-u64": services(DOORS + "next-u64", holds=lambda _, answer: 0 <= answer < 2**64),
    "config#get": services(DOORS + "get", "colour", holds=equals('"red"')),
    "config#all": services(DOORS + "all", holds=equals([["colour", '"red"']])),
    "storage#get": services(STORAGE + "get", "k", holds=equals({"ok": {"text": "v"}}), first=(KEPT,)),
    "storage#set": services(STORAGE + "set", "", {"text": "v"}, holds=lambda _, answer: "invalid-key" in answer["err"]),
    "storage#delete": services(STORAGE + "delete", "k", holds=equals({"ok": True}), first=(KEPT,)),
    "storage#exists": services(STORAGE + "exists", "nothing", holds=equals({"ok": False})),
    "storage#list-keys": services(
        STORAGE + "list-keys", "k", None, 9, holds=equals({"ok": {"keys": ["k"], "next": None}}), first=(KEPT,)
    ),
    "storage#usage": services(STORAGE + "usage", holds=lambda _, answer: answer["ok"]["keys"] >= 1, first=(KEPT,)),
    "storage#apply": services(
        STORAGE + "apply",
        [{"set": {"key": "x", "value": {"text": "1"}}}, {"expect": {"key": "x", "value": None}}],
        holds=lambda _, answer: "conflict" in answer["err"],
    ),
    "registry#list-components": services(
        DOORS + "list-components", holds=lambda _, answer: {one["name"] for one in answer} >= {"counter", "services"}
    ),
    "registry#describe": services(DOORS + "describe", COUNTER, holds=described),
    "metrics#counter-add": services(
        DOORS + "counter-add", "steps", 3, [], holds=lambda bench, _: bench.measured()["steps"].value == 3
    ),
    "metrics#gauge-set": services(
        DOORS + "gauge-set", "depth", -1.5, [], holds=lambda bench, _: bench.measured()["depth"].value == -1.5
    ),
    "metrics#histogram-record": services(
        DOORS + "histogram-record", "took", 2.0, [], holds=lambda bench, _: bench.measured()["took"].count == 1
    ),
    "messaging#self-id": postman("self-id", holds=equals({"namespace": "local", "name": "postman"})),
    "messaging#send": postman("send", COURIER, PARCEL, holds=equals({"ok": None})),
    "messaging#send-with": postman("send-with", COURIER, PARCEL, PLAIN, holds=equals({"ok": None})),
    "messaging#broadcast": postman(
        "broadcast", [COURIER, NOBODY], PARCEL, holds=equals({"ok": [{"ok": None}, UNKNOWN]})
    ),
    "requests#request": postman("request", NOBODY, PARCEL, 1000, holds=equals(UNKNOWN)),
    "requests#call": postman("call", COURIER, PARCEL, 60_000, holds=lambda _, answer: "parcel" in answer["ok"]["text"]),
    "requests#cancel": postman("cancel", 99_999, holds=equals(False)),
    "pubsub#publish": postman("publish", "parcels", PARCEL, holds=equals({"ok": 1}), first=(SUBSCRIBED,)),
    "pubsub#subscribe": postman("subscribe", "parcels.", holds=lambda _, answer: "failed" in answer["err"]),
    "pubsub#unsubscribe": postman("unsubscribe", "parcels", holds=equals(True), first=(SUBSCRIBED,)),
    **dict.fromkeys(
        ("tracing#trace-id", *(f"tracing#[method]span.{name}" for name in ("annotate", "record-error", "finish"))),
        TRACED,
    ),
    "tracing#[static]span.start": TRACED,
    "timers#set": services(DOORS + "set", "n", 1, 9, holds=lambda _, answer: "10 ms" in answer["err"]["invalid-input"]),
    "timers#cancel": services(DOORS + "cancel", "bell", holds=equals(True), first=(SOON,)),
    "timers#list-timers": services(
        DOORS + "list-timers",
        holds=lambda _, answer: [(one["name"], one["period"]) for one in answer] == [("bell", 60_000)],
        first=(SOON,),
    ),
}

MESSAGE: Final = {
    "id": "m-1",
    "kind": "request",
    "sender": {"namespace": "local", "name": "counter"},
    "topic": None,
    "correlation": 9,
    "body": {"codec": 85, "body": {"text": "a parcel"}},
    "sent-at": {"seconds": 12, "nanoseconds": 34},
    "time-left": 500,
    "attempt": 2,
    "trace-id": "t-1",
}
RECEIPT: Final = (
    "m-1 from local/counter on no topic, request 9: a parcel as 85, sent at 12.000000034, 500 ms left, attempt 2, "
    "trace t-1"
)
CONTEXT: Final = {"request": 1, "caller": None, "time-left": 100, "trace-id": ""}
OURSELVES: Final = {
    "id": {"namespace": "local", "name": "greeter"},
    "version": {"major": 1, "minor": 0, "patch": 0, "pre-release": None, "build": None},
    "entries": [["greeting", '""']],
}
OLD: Final = {"major": 1, "minor": 0, "patch": 0, "pre-release": None, "build": None}
LOADED: Final = (f"{COMPONENT}state@1.0.0#load", {"text": "count=41;"}, OLD)


def asked(
    component: str, interface: str, *arguments: Any, holds: Callable[[Bench, Any], object], first: Any = ()
) -> Probe:
    """Call a function of the contract itself: ``health#check``."""
    name, _, function = interface.partition("#")
    return Probe(component, f"{COMPONENT}{name}@1.0.0#{function}", arguments, holds, first)


def was_called_back(bench: Bench, _: Any) -> bool:
    return bench.call("courier", DESK + "answered") == [9, {"err": {"timeout": "too late"}}]


COMPONENT_PROBES: Final = {
    "lifecycle#init": asked(
        "greeter", "lifecycle#init", OURSELVES, holds=lambda _, answer: "invalid-config" in answer["err"]
    ),
    "lifecycle#shutdown": asked("ledger", "lifecycle#shutdown", holds=equals({"ok": None})),
    "execution#execute": asked(
        "courier",
        "execution#execute",
        *("deliver", {"binary": {"base64": "AP8="}}, CONTEXT),
        holds=equals({"ok": {"binary": {"base64": "AP8="}}}),
    ),
    "message-handler#handle-message": asked(
        "courier", "message-handler#handle-message", MESSAGE, holds=equals({"ok": {"text": RECEIPT}})
    ),
    "callback-handler#handle-callback": asked(
        "courier", "callback-handler#handle-callback", 9, {"err": {"timeout": "too late"}}, holds=was_called_back
    ),
    "timer-handler#on-timer": asked(
        "clockwork",
        "timer-handler#on-timer",
        "alarm/tea",
        holds=lambda bench, _: bench.call("clockwork", "rung") == ["tea"],
    ),
    "metadata#describe": asked("counter", "metadata#describe", holds=lambda _, answer: answer["title"] == "Counter"),
    "health#check": asked("counter", "health#check", holds=equals({"status": "healthy", "message": None})),
    "state#schema": asked("counter", "state#schema", holds=equals("counter/1")),
    "state#save": asked("counter", "state#save", holds=equals({"ok": {"text": "count=41;"}}), first=(LOADED,)),
    "state#load": asked(
        "counter",
        "state#load",
        *({"text": "none"}, OLD),
        holds=equals({"err": {"invalid-state": "the saved state has no count"}}),
    ),
}

LIMITS: Final = {
    "memory-bytes": 1000,
    "table-elements": 2,
    "fuel-per-call": 3,
    "deadline": 4,
    "storage-bytes": 500,
    "mailbox-messages": 6,
    "message-bytes": 7,
    "messages-per-second": 8,
}
USED: Final = {
    "memory-bytes": 400,
    "peak-memory-bytes": 900,
    "fuel": 10,
    "cpu-ns": 11,
    "storage-bytes": 100,
    "calls": 12,
    "errors": 1,
}
FAULTS: Final = {
    "component": "retryable",
    "execution": "failed",
    "messaging": "mailbox-full",
    "storage": "conflict",
    "file": "not-empty",
    "network": "tls-failed",
    "process": "exited",
}
VERSION: Final = {"major": 1, "minor": 2, "patch": 3, "pre-release": "rc.1", "build": None}

TYPES_PROBES: Final = {
    "errors": [
        courier(DESK + "return-fault", {kind: {case: "why"}}, holds=equals({kind: {case: "returned: why"}}))
        for kind, case in FAULTS.items()
    ],
    "identity": [
        courier(
            DESK + "address",
            *({"namespace": "local", "name": "box"}, VERSION, 4, 5),
            holds=equals("local/box@1.2.3-rc.1, instance 4, request 5"),
        )
    ],
    "payload": [
        courier(DESK + "wrap", 0x51, {"text": "é"}, holds=equals({"codec": 0x52, "body": {"text": "é"}})),
        courier(
            DESK + "wrap",
            None,
            {"binary": [0, 255]},
            holds=equals({"codec": None, "body": {"binary": {"base64": "AP8="}}}),
        ),
    ],
    "resources": [
        courier(
            DESK + "remaining",
            *(LIMITS, USED),
            holds=equals([{**LIMITS, "memory-bytes": 600, "storage-bytes": 400}, {**USED, "calls": 13}]),
        ),
        courier(
            DESK + "remaining",
            *({**LIMITS, "fuel-per-call": None}, {**USED, "memory-bytes": 2**63}),
            holds=lambda _, answer: (answer[0]["memory-bytes"], answer[0]["fuel-per-call"]) == (0, None),
        ),
    ],
    "status": [
        courier(
            DESK + "turn",
            {"execution": "completed", "health": "unknown", "lifecycle": "starting", "level": "error"},
            holds=equals({"execution": "failed", "health": "healthy", "lifecycle": "running", "level": "trace"}),
        )
    ],
    "time": [
        courier(DESK + "later", NEARLY_EIGHT, 2_002, holds=equals({"seconds": 10, "nanoseconds": 1_000_000})),
    ],
}


def run(bench: Bench, probe: Probe) -> None:
    for export, *arguments in probe.first:
        bench.call(probe.component, export, *arguments)
    answer = bench.call(probe.component, probe.export, *probe.arguments)
    assert probe.holds(bench, answer), answer


def named(bench: Bench, component: str) -> set[str]:
    """Return the interfaces that a component imports or exports."""
    view = bench.world.runtime.interface(component).result(PATIENCE).interface
    return {re.sub("@.*", "", item.name) for item in (*view.imports, *view.exports)}


@pytest.mark.parametrize("function", functions("core-host"))
def test_every_function_of_the_host_is_called_by_a_component(bench: Bench, function: str) -> None:
    probe = HOST_PROBES[function.removeprefix(HOST)]
    assert function.partition("#")[0] in named(bench, probe.component)
    run(bench, probe)


@pytest.mark.parametrize("function", functions("core-component"))
def test_every_function_of_the_contract_is_called_on_a_component(bench: Bench, function: str) -> None:
    probe = COMPONENT_PROBES[function.removeprefix(COMPONENT)]
    assert probe.export == function.replace("#", "@1.0.0#")
    run(bench, probe)


@pytest.mark.parametrize("interface", [interface.name.partition("@")[0] for interface in interfaces("core-types")])
def test_the_types_of_every_interface_are_taken_and_given_back(bench: Bench, interface: str) -> None:
    for probe in TYPES_PROBES[interface.removeprefix(TYPES)]:
        assert interface in named(bench, probe.component)
        run(bench, probe)


def test_the_list_is_whole() -> None:
    """What is derived from the packages is what the calls above are for, and nothing that is gone."""
    assert {name.removeprefix(HOST) for name in functions("core-host")} == set(HOST_PROBES)
    assert {name.removeprefix(COMPONENT) for name in functions("core-component")} == set(COMPONENT_PROBES)
    assert {one.name.partition("@")[0].removeprefix(TYPES) for one in interfaces("core-types")} == set(TYPES_PROBES)


def test_what_a_message_may_be_besides_a_request(bench: Bench) -> None:
    handle = f"{COMPONENT}message-handler@1.0.0#handle-message"
    published = {**MESSAGE, "kind": "publish", "topic": "parcels.new", "sender": None, "time-left": None}
    assert bench.call("courier", handle, published) == {"ok": None}
    again = {**MESSAGE, "body": {"codec": None, "body": {"text": "again"}}, "attempt": 3}
    assert bench.call("courier", handle, again) == {"err": {"retryable": "attempt 3"}}


def test_an_answer_that_came_is_kept(bench: Bench) -> None:
    bench.call("courier", f"{COMPONENT}callback-handler@1.0.0#handle-callback", 2**63, {"ok": {"text": "delivered"}})
    assert bench.call("courier", DESK + "answered") == [2**63, {"ok": {"text": "delivered"}}]
