"""The fetcher: it fetches nothing that the operator did not grant, and says which command would."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from airssys_tui.api.commands import AnswerQuestion, Stop
from airssys_tui.api.views.granting import AuditQuery
from airssys_tui.cli.serving.demo_page import PORT, DemoPage
from airssys_tui.core.capability.audit_entry import AuditKind
from airssys_tui.core.capability.grant import Scope
from airssys_tui.core.limits import Limits
from airssys_tui.core.manifest.document import parse_manifest
from airssys_tui.core.types.values import Err, Ok
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.instance import Instance
from airssys_tui.host.catalogue import INTERFACES
from airssys_tui.host.doors.network.network_door import NetworkDoor
from airssys_tui.host.services.custom_metrics import Measures
from tests.support.network import PATIENCE, HeldInternet, RuleGuard, WebServer, answered, serving
from tests.support.places import SAMPLES
from tests.support.world import World

FOLDER = SAMPLES / "fetcher"
ASKED = f"network:connect:127.0.0.1:{PORT}"


class Owner:
    """What the fetcher needs of its host: its configuration, a log, metrics, and a door to the network."""

    def __init__(self, guard: RuleGuard, internet: HeldInternet, url: str) -> None:
        self.config = (("url", f'"{url}"'),)
        self.network = NetworkDoor(guard, "fetcher", contextlib.nullcontext, internet)
        self.measures = Measures()
        self.logged: list[str] = []

    def log(self, _level: object, message: str, fields: list[tuple[str, str]]) -> None:
        self.logged.append(" ".join([message, *(f"{key}={value}" for key, value in fields)]))


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    made = Engine()
    yield made
    made.close()


@contextlib.contextmanager
def fetcher(engine: Engine, internet: HeldInternet, *granted: str) -> Iterator[tuple[Instance, Owner, RuleGuard]]:
    guard = RuleGuard(*granted, declared=(ASKED,))
    owner = Owner(guard, internet, f"http://127.0.0.1:{PORT}/")
    code = engine.compile((FOLDER / "fetcher.wasm").read_bytes())
    with engine.linker(INTERFACES).instantiate(code, Limits(deadline=PATIENCE), owner=owner) as instance:
        config = {"id": {"namespace": "local", "name": "fetcher"}, "version": VERSION, "entries": list(owner.config)}
        assert instance.call("airssys:core-component/lifecycle@1.0.0#init", config).value == Ok()
        yield instance, owner, guard
    owner.network.close()


VERSION: dict[str, Any] = {"major": 1, "minor": 0, "patch": 0, "pre-release": None, "build": None}


@contextlib.contextmanager
def demonstration() -> Iterator[int]:
    """Serve the page of the demonstration on a free port."""
    with DemoPage(0) as page:
        server = threading.Thread(target=page.serve_forever, args=(0.01,))
        server.start()
        try:
            yield page.server_port
        finally:
            page.shutdown()
            server.join()


def test_it_asks_for_the_page_of_the_demonstration_and_nothing_else() -> None:
    manifest = parse_manifest((FOLDER / "Component.toml").read_text(), "Component.toml")
    assert [str(each) for each in manifest.capabilities.network] == [f"connect:127.0.0.1:{PORT}"]
    assert [(entry.key, entry.value) for entry in manifest.config] == [("url", f'"http://127.0.0.1:{PORT}/"')]


def test_it_fetches_the_page_of_the_demonstration_once_if_it_may_once(engine: Engine) -> None:
    internet = HeldInternet()
    with demonstration() as port:
        internet.routes["127.0.0.1", PORT] = port
        with fetcher(engine, internet) as (instance, owner, guard):
            refused = instance.call("fetch").value
            assert isinstance(refused, Err)
            assert refused.value.startswith("not-granted: airssys-tui grant ")
            assert f" {ASKED} would allow it" in refused.value
            guard.grant(ASKED, Scope.ONCE)
            text = "Hello from the host. You are visitor 1.\n"
            assert instance.call("fetch").value == Ok({"status": 200, "bytes": len(text), "beginning": text})
            assert isinstance(instance.call("fetch").value, Err), "once is once"
            assert instance.call("fetched").value == 1
            assert [line.partition(" ")[0] for line in owner.logged] == ["not", "fetched", "not"]


def test_it_reads_a_large_page_piece_by_piece(engine: Engine) -> None:
    internet = HeldInternet()
    with serving(WebServer(answered(b"\xc3\xa4" * 50_000 + b"\xff"))) as port:
        internet.routes["127.0.0.1", PORT] = port
        with fetcher(engine, internet, ASKED) as (instance, _, _guard):
            page = instance.call("fetch").value.value
    assert (page["bytes"], page["beginning"]) == (100_001, "ä" * 200)


def test_an_operator_grants_it_one_page_and_the_audit_tells(world: World) -> None:
    with demonstration() as port:
        said = (FOLDER / "Component.toml").read_text().partition("[component]")[2].replace(str(PORT), str(port))
        said = said.partition('wasm = "fetcher.wasm"')[2]
        world.put("fetcher", (FOLDER / "fetcher.wasm").read_bytes(), said, version="1.0.0")
        world.open()
        asked = f"network:connect:127.0.0.1:{port}"
        refused = world.call("fetcher", "fetch").value
        assert refused == f"not-granted: airssys-tui grant fetcher {asked} would allow it"
        (question,) = world.runtime.questions().result(PATIENCE)
        world.do(AnswerQuestion("fetcher", question.id, Scope.ONCE))
        assert world.call("fetcher", "fetch").value["status"] == 200, "head and body are one access"
        assert world.call("fetcher", "fetch").value.startswith("not-granted: ")
        world.do(Stop("fetcher"))
    entries = world.runtime.audit(AuditQuery(component="fetcher")).result(PATIENCE).entries
    told = [entry.kind for entry in entries if entry.subject == asked]
    assert told.count(AuditKind.USED_ONCE) == 1
    assert {AuditKind.DENIED, AuditKind.GRANTED} <= set(told)
    assert world.runtime.verify_audit().result(PATIENCE).entry is None
