"""Every gate refuses with its own name and a useful reason, and what served before serves on, untouched."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from airssys_tui.api.commands import Reload
from airssys_tui.api.views.components import NoteKind
from airssys_tui.core.errors import GateRefusal
from airssys_tui.core.events import EventAction, Level
from airssys_tui.core.gates import Gate
from airssys_tui.core.lifecycle import State
from airssys_tui.core.revision import Outcome
from tests.support.components import ALL, HEALTH, STATE, Crafted
from tests.support.places import FIXTURES
from tests.support.world import World

GOOD = Crafted()
BROKEN = b"\x0b\x02\x00\x01"
"""A section that our own walk takes for sound and the compiler does not."""
SHORT = '[resources]\ndeadline = "100ms"\nfuel_per_call = "unlimited"\n[health]\ntimeout = "100ms"\n'


@dataclass(frozen=True)
class Bad:
    """A candidate, the gate that is to refuse it, and what it is to say."""

    gate: Gate
    says: str
    component: Crafted | bytes
    manifest: str = ""
    version: str | None = None


CANDIDATES = {
    "empty": Bad(Gate.SIZE, "the file is empty", b""),
    "noise": Bad(Gate.MAGIC, "not a WebAssembly file", b"noise" * 1000),
    "core module": Bad(
        Gate.MAGIC, "core WebAssembly module", (FIXTURES / "core-module" / "core-module.wasm").read_bytes()
    ),
    "cut off": Bad(Gate.SECTIONS, "truncated or damaged (at offset", GOOD.wasm()[:-1]),
    "partial": Bad(Gate.SECTIONS, "truncated or damaged", GOOD.wasm()[:1000]),
    "two versions": Bad(
        Gate.MANIFEST,
        "the manifest says version 2.0.0, the wasm file says 1.0.0",
        Crafted(version="1.0.0"),
        version="2.0.0",
    ),
    "does not validate": Bad(Gate.COMPILE, "does not compile", GOOD.wasm() + BROKEN),
    "nobody provides": Bad(
        Gate.LINKS, "acme:weather/forecast@2.1.0", Crafted(imports=("acme:weather/forecast@2.1.0",))
    ),
    "unknown import": Bad(
        Gate.TYPES, "airssys:core-host/clok@1.0.0", Crafted(imports=("airssys:core-host/clok@1.0.0",))
    ),
    "wrong contract": Bad(Gate.TYPES, "lacks `shutdown`", Crafted(drops=("shutdown",))),
    "routes without a handler": Bad(
        Gate.TYPES, "does not export wasi:http/incoming-handler", GOOD, '[http]\nroutes = ["/*"]\n'
    ),
    "export removed": Bad(Gate.COMPATIBILITY, "add", Crafted(exports=ALL - {"add"})),
    "state removed": Bad(Gate.COMPATIBILITY, STATE, Crafted(exports=ALL - {STATE})),
    "too much memory": Bad(Gate.INSTANTIATE, "the limit is", Crafted(pages=2), '[resources]\nmemory = "64KiB"\n'),
    "start traps": Bad(Gate.INSTANTIATE, "unreachable", Crafted(start="(unreachable)")),
    "init says no": Bad(Gate.INIT, "init answered internal: no", Crafted(init="error")),
    "init traps": Bad(Gate.INIT, "unreachable", Crafted(init="trap")),
    "init spins": Bad(Gate.INIT, "deadline", Crafted(init="spin"), SHORT),
    "init burns": Bad(Gate.INIT, "out-of-fuel", Crafted(init="spin"), "[resources]\nfuel_per_call = 10_000\n"),
    "load says no": Bad(Gate.STATE_LOAD, "load answered invalid-state: no", Crafted(load="error")),
    "load traps": Bad(Gate.STATE_LOAD, "unreachable", Crafted(load="trap")),
    "load spins": Bad(Gate.STATE_LOAD, "deadline", Crafted(load="spin"), SHORT),
    "unhealthy": Bad(Gate.HEALTH_PROBE, "status unhealthy", Crafted(health="unhealthy")),
    "health traps": Bad(Gate.HEALTH_PROBE, "unreachable", Crafted(health="trap")),
    "health spins": Bad(Gate.HEALTH_PROBE, "deadline", Crafted(health="spin"), SHORT),
}


@pytest.fixture
def counting(world: World) -> World:
    """Give a world in which r1 of `c` serves and has counted to 7."""
    world.put("c", GOOD)
    world.open()
    assert world.call("c", "add", 7) == 7
    return world


@pytest.mark.parametrize("bad", CANDIDATES.values(), ids=CANDIDATES)
def test_a_gate_refuses_and_the_old_one_serves_on(counting: World, bad: Bad) -> None:
    row = counting.install("c", bad.component, bad.manifest, version=bad.version)
    assert (row.state, row.revision, row.candidate) == (State.RUNNING, 1, None)
    assert row.note.kind is NoteKind.REFUSED
    assert f"refused at {bad.gate}: " in row.note.text
    assert bad.says in counting.told("c", "refused")
    assert counting.call("c", "add", 1) == 8
    assert row.restarts == 0


# Where nothing served before there is nothing to compare with and nothing to load.
FIRST = {name: bad for name, bad in CANDIDATES.items() if bad.gate not in {Gate.COMPATIBILITY, Gate.STATE_LOAD}}


@pytest.mark.parametrize("bad", FIRST.values(), ids=FIRST)
def test_a_first_candidate_that_is_refused_is_a_failed_row_that_recovers(world: World, bad: Bad) -> None:
    world.put("c", bad.component, bad.manifest, version=bad.version)
    world.open()
    row = world.row("c")
    assert (row.state, row.revision) == (State.FAILED, None)
    assert f"refused at {bad.gate}: " in row.note.text
    row = world.install("c", GOOD)
    assert (row.state, row.note.kind) == (State.RUNNING, NoteKind.NONE)
    assert world.outcomes("c")[row.revision] is Outcome.ACTIVE


def test_a_refused_candidate_has_a_number_an_outcome_and_its_gates(counting: World) -> None:
    counting.install("c", Crafted(health="unhealthy"))
    newest = counting.history("c")[0]
    assert (newest.number, newest.outcome) == (2, Outcome.FAILED)
    assert newest.reason.startswith("refused at health probe: status unhealthy")
    gates = [gate for gate, _ in newest.gates]
    assert gates.index(Gate.COMPILE) < gates.index(Gate.TYPES) < gates.index(Gate.INSTANTIATE) < gates.index(Gate.INIT)
    assert Gate.HEALTH_PROBE not in gates


def test_a_missing_wasm_file_is_named(counting: World) -> None:
    (counting.folder / "c" / "c.wasm").unlink()
    counting.notice("c")
    assert "refused at size: c.wasm is not in c/" in counting.row("c").note.text
    assert counting.call("c", "get") == 7


def test_an_unknown_import_lists_what_there_is(counting: World) -> None:
    counting.install("c", Crafted(imports=("airssys:core-host/loging@1.0.0",)))
    said = counting.told("c", "refused")
    assert "airssys:core-host/logging@1.0.0" in said
    with pytest.raises(GateRefusal) as refused:
        counting.do(Reload("c"))
    assert refused.value.gate == Gate.TYPES
    assert "airssys:core-host/logging@1.0.0" in refused.value.message
    assert "airssys:core-host@1.0.0 (clock, config, logging," in refused.value.remedy


def test_every_problem_of_a_manifest_is_told_and_the_row_recovers_when_it_is_corrected(counting: World) -> None:
    text = (counting.folder / "c" / "Component.toml").read_text()
    (counting.folder / "c" / "Component.toml").write_text(text + '[resources]\nmemry = 1\ndeadline = "soon"\n')
    counting.notice("c")
    row = counting.row("c")
    assert row.state is State.RUNNING
    assert "refused at manifest: " in row.note.text
    assert "memry" in row.note.text
    assert "deadline" in row.note.text
    (counting.folder / "c" / "Component.toml").write_text(text)
    counting.notice("c")
    assert counting.row("c").note.kind is NoteKind.NONE
    assert counting.call("c", "get") == 7
    assert counting.row("c").revision == 1, "it is what serves: nothing to deploy"


def test_a_refusal_is_remembered_over_a_restart_and_a_reload_tries_again(counting: World) -> None:
    counting.install("c", Crafted(init="error"))
    counting.notice("c")
    assert counting.told("c", "ignored") == "ignored: already refused at init"
    counting.reopen()
    assert counting.told("c", "ignored") == "ignored: already refused at init"
    assert len(counting.history("c")) == 2
    row = counting.row("c")
    assert row.note.kind is NoteKind.REFUSED
    assert counting.call("c", "get") == 7
    with pytest.raises(GateRefusal, match="init answered"):
        counting.do(Reload("c"))
    assert len(counting.history("c")) == 3, "it was tried again"


def test_the_same_wasm_under_another_manifest_is_another_candidate(counting: World) -> None:
    counting.install("c", Crafted(pages=2), '[resources]\nmemory = "64KiB"\n')
    row = counting.install("c", Crafted(pages=2), '[resources]\nmemory = "128KiB"\n')
    assert (row.state, row.revision, row.note.kind) == (State.RUNNING, 3, NoteKind.NONE)


def test_force_passes_compatibility_and_nothing_else(counting: World) -> None:
    counting.install("c", Crafted(exports=ALL - {"add"}, init="error"))
    with pytest.raises(GateRefusal, match="init answered"):
        counting.do(Reload("c", force=True))
    counting.install("c", Crafted(exports=ALL - {"add"}))
    assert counting.row("c").revision == 1
    done = counting.do(Reload("c", force=True))
    assert done.revision == counting.row("c").revision
    assert counting.call("c", "get") == 7, "the state went along"


def test_a_component_without_health_is_not_asked(world: World) -> None:
    world.put("c", Crafted(exports=ALL - {HEALTH}, health="trap"))
    world.open()
    row = world.row("c")
    assert (row.state, row.health) == (State.RUNNING, "unknown")


def test_degraded_is_let_through_and_shown(world: World) -> None:
    world.put("c", Crafted(health="degraded"))
    world.open()
    row = world.row("c")
    assert (row.state, row.health) == (State.RUNNING, "degraded")


def test_what_is_unchanged_is_ignored_and_said_so(counting: World) -> None:
    counting.notice("c")
    assert counting.told("c", "ignored") == "ignored: same digest and manifest"
    assert len(counting.history("c")) == 1


def test_a_restart_says_nothing_of_files_that_are_what_serves(counting: World) -> None:
    before = len(counting.events("c", "ignored"))
    counting.reopen()
    counting.wait_row("c", lambda row: row.state is State.RUNNING)
    assert (before, counting.events("c", "ignored")) == (0, [])


def test_a_comment_in_the_manifest_is_no_change(counting: World) -> None:
    manifest = counting.folder / "c" / "Component.toml"
    manifest.write_text("# words\n" + manifest.read_text())
    counting.notice("c")
    assert counting.told("c", "ignored") == "ignored: same digest and manifest"


def test_a_large_component_is_compiled_in_a_child_and_refused_there(counting: World) -> None:
    row = counting.install("c", Crafted(salt="x" * 200_000).wasm() + BROKEN)
    assert "refused at compile: it does not compile" in row.note.text
    row = counting.install("c", Crafted(salt="x" * 200_000))
    assert (row.state, row.revision) == (State.RUNNING, 3)
    assert counting.call("c", "get") == 7


def test_a_fixture_of_the_repository_is_refused_with_every_import_it_lacks(world: World) -> None:
    (world.folder / "unknown-import.wasm").write_bytes(
        (FIXTURES / "unknown-import" / "unknown-import.wasm").read_bytes()
    )
    world.open()
    row = world.row("unknown-import")
    assert row.state is State.FAILED
    assert "acme:weather/forecast@2.1.0" in row.note.text
    assert "launch" in row.note.text


def test_keys_without_effect_are_told_when_a_revision_is_admitted(world: World) -> None:
    world.open()
    world.install("bean", GOOD, '[resources]\nreplicas = 3\n[capabilities]\nnetwork = ["connect:example.com:443"]\n')
    told = [event for event in world.runtime.events(0).events if event.action == EventAction.NO_EFFECT]
    assert [(event.level, event.revision, event.text) for event in told] == [
        (Level.INFO, 1, "[resources] replicas has no effect yet: one instance runs"),
    ]


def test_a_candidate_meets_the_gates_in_their_order(world: World) -> None:
    world.open()
    world.install("bean", GOOD)
    (first,) = world.runtime.versions("bean").result(30)
    passed = [gate for gate, _ in first.gates]
    assert passed == sorted(passed, key=list(Gate).index)
    assert passed[0] is Gate.SECTIONS
    assert passed[-1] is Gate.HEALTH_PROBE
