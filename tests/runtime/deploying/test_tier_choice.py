"""Components in baseline code: who asks for it, when it is not used, and what falls back to optimised code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from airssys_tui.api.commands import Restart, Rollback
from airssys_tui.api.wire import plain
from airssys_tui.core.errors import AdmissionError, ManifestError
from airssys_tui.core.gates import Gate
from airssys_tui.core.lifecycle import State
from airssys_tui.core.manifest.document import bare_manifest, parse_manifest
from airssys_tui.core.manifest.tier_choice import TierChoice
from airssys_tui.core.revision import Tier
from airssys_tui.core.traps import GuestTrap
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.settings import EngineSettings
from airssys_tui.runtime.deploying import code_loading
from tests.support.command_line import Answer, eventually
from tests.support.components import Crafted
from tests.support.engine import depths
from tests.support.world import World

HEAD = '[package]\nname = "c"\n[component]\nwasm = "c.wasm"\n'
BASELINE = '[engine]\ntier = "baseline"\n'
ASKED = TierChoice(asked=Tier.BASELINE)
ONCE = 3600.0
"""Seconds between samples: the tier that a component begins with is the one that it keeps."""

ONE, TWO = Crafted(salt="1"), Crafted(salt="2")
TAIL = Crafted(start="(call $jump)) (func $landing) (func $jump (return_call $landing)")
"""A component with a tail call."""

RECURSES = Crafted(start=depths.recursing("drop"))
"""A component that recurses when it is instantiated."""


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Tier]:
    """Note in which tier something is compiled."""
    seen: list[Tier] = []
    compile_it = Engine.compile

    def noted(self: Engine, *args: object, **more: object) -> object:
        seen.append(self.settings.tier)
        return compile_it(self, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Engine, "compile", noted)
    return seen


@pytest.mark.parametrize(
    ("asked", "said", "usual", "tier"),
    [
        (None, "", Tier.OPTIMISED, Tier.OPTIMISED),
        (None, "", Tier.BASELINE, Tier.BASELINE),
        (None, BASELINE, Tier.OPTIMISED, Tier.BASELINE),
        (None, '[engine]\ntier = "optimised"\n', Tier.BASELINE, Tier.OPTIMISED),
        (Tier.OPTIMISED, BASELINE, Tier.BASELINE, Tier.OPTIMISED),
        (Tier.BASELINE, "", Tier.OPTIMISED, Tier.BASELINE),
    ],
)
def test_the_command_line_comes_first_then_the_manifest_then_the_configuration(
    asked: Tier | None, said: str, usual: Tier, tier: Tier
) -> None:
    manifest = parse_manifest(HEAD + said, "Component.toml")
    assert TierChoice(asked=asked, usual=usual).of(manifest) is tier


def test_nothing_is_baseline_by_itself() -> None:
    assert TierChoice().of(bare_manifest("c")) is Tier.OPTIMISED


@pytest.mark.parametrize("line", ['tier = "winch"', "tier = 1", 'level = "baseline"'])
def test_a_manifest_names_a_tier_that_there_is(line: str) -> None:
    with pytest.raises(ManifestError, match="engine"):
        parse_manifest(f"{HEAD}[engine]\n{line}\n", "Component.toml")


def test_a_component_serves_with_the_code_that_its_manifest_asks_for(world: World, made: list[Tier]) -> None:
    world.put("plain", ONE)
    world.put("quick", TWO, BASELINE)
    world.open(sample=ONCE)
    assert {name: world.row(name).tier for name in ("plain", "quick")} == {
        "plain": Tier.OPTIMISED,
        "quick": Tier.BASELINE,
    }
    assert sorted(made) == [Tier.BASELINE, Tier.OPTIMISED]
    assert world.call("quick", "add", 2) == 2
    world.do(Restart("quick"))
    assert world.call("quick", "get") == 2, "state goes from one instance of baseline code to the next"


def test_state_goes_on_from_tier_to_tier_and_back(world: World) -> None:
    world.put("c", ONE)
    world.open(sample=ONCE)
    world.call("c", "add", 5)
    world.install("c", TWO, BASELINE)
    assert (world.row("c").tier, world.row("c").revision) == (Tier.BASELINE, 2)
    assert world.call("c", "add", 1) == 6
    world.do(Rollback("c"))
    assert (world.row("c").tier, world.call("c", "get")) == (Tier.OPTIMISED, 6)


def test_optimised_code_that_is_there_already_is_used(world: World, made: list[Tier]) -> None:
    world.put("c", ONE)
    world.open(sample=ONCE)
    world.reopen(sample=ONCE, tier=ASKED)
    assert world.row("c").tier is Tier.OPTIMISED
    assert made == [Tier.OPTIMISED]


def test_baseline_code_is_found_again_by_the_next_start(world: World, made: list[Tier]) -> None:
    world.put("c", ONE, BASELINE)
    world.open(sample=ONCE)
    world.reopen(sample=ONCE)
    assert (world.row("c").tier, made) == (Tier.BASELINE, [Tier.BASELINE])


def test_what_the_baseline_compiler_lacks_is_optimised_without_a_word(world: World, made: list[Tier]) -> None:
    world.put("c", TAIL, BASELINE)
    world.open(sample=ONCE)
    assert (world.row("c").state, world.row("c").tier) == (State.RUNNING, Tier.OPTIMISED), world.row("c").note
    assert made == [Tier.OPTIMISED]


def test_what_the_baseline_compiler_refuses_is_optimised_without_a_word(
    world: World, made: list[Tier], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code_loading, "baseline_gap", lambda _: None)
    world.put("c", TAIL, BASELINE)
    world.open(sample=ONCE)
    assert (world.row("c").state, world.row("c").tier) == (State.RUNNING, Tier.OPTIMISED), world.row("c").note
    assert made == [Tier.BASELINE, Tier.OPTIMISED]
    assert len(world.history("c")) == 1


def test_what_takes_too_long_is_not_compiled_twice(
    world: World, made: list[Tier], monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_long(*_: object, **__: object) -> None:
        made.append(Tier.BASELINE)
        raise AdmissionError("it took more than 2m of CPU time to compile", gate=Gate.COMPILE, costly=True)

    monkeypatch.setattr(Engine, "compile", too_long)
    world.put("c", ONE, BASELINE)
    world.open(sample=ONCE)
    assert "2m of CPU time" in world.row("c").note.text
    assert made == [Tier.BASELINE]


@pytest.mark.parametrize("strategy", ["blue-green", "stop-start"])
@pytest.mark.parametrize("gate", ["start", "probe"])
def test_a_candidate_that_exhausts_the_stack_at_a_gate_tries_optimised_code(
    world: World, made: list[Tier], gate: str, strategy: str
) -> None:
    world.put("c", ONE, f'[deployment]\nstrategy = "{strategy}"\n')
    world.open(sample=ONCE)
    world.call("c", "add", 3)
    made.clear()
    deep = (
        RECURSES
        if gate == "start"
        else Crafted(probe=f"(drop {depths.RECURSE})", start=f"(nop)) {depths.FUNCTION.rstrip().removesuffix(')')}")
    )
    row = world.install("c", deep, f'[deployment]\nstrategy = "{strategy}"\n{BASELINE}')
    assert (row.revision, row.tier, row.state) == (2, Tier.OPTIMISED, State.RUNNING), row.note
    assert made == [Tier.BASELINE, Tier.OPTIMISED]
    assert world.call("c", "get") == 3
    assert len(world.history("c")) == 2


def test_a_start_that_exhausts_the_stack_tries_optimised_code(world: World, made: list[Tier]) -> None:
    world.put("c", RECURSES)
    world.open(sample=ONCE)
    made.clear()
    world.run(lambda: world.runtime.probe.floor.disk(_forget_code, world))
    world.reopen(sample=ONCE, tier=ASKED)
    assert (world.row("c").state, world.row("c").tier) == (State.RUNNING, Tier.OPTIMISED), world.row("c").note
    assert made == [Tier.BASELINE, Tier.OPTIMISED]


def _forget_code(world: World) -> None:
    digest = world.row("c").digest
    assert digest is not None
    world.runtime.probe.floor.state.code.remove(digest)


def test_a_call_that_exhausts_the_stack_in_baseline_code_is_no_fault(world: World) -> None:
    deep = Crafted(add=f"(drop {depths.RECURSE})", start=f"(nop)) {depths.FUNCTION.rstrip().removesuffix(')')}")
    world.put("c", deep, BASELINE + "[deployment]\ntraps = 0\n[supervision]\nmax_restarts = 0\n")
    world.open(sample=ONCE)
    with pytest.raises(GuestTrap, match="stack"):
        world.call("c", "add", 1)
    row = world.wait_row("c", lambda row: row.tier is Tier.OPTIMISED)
    assert (row.state, row.restarts) == (State.RUNNING, 0)
    assert world.call("c", "add", 4) == 4


def test_check_and_call_compile_a_path_as_they_are_told(
    world: World, made: list[Tier], command: Callable[..., Answer]
) -> None:
    path = world.folder / world.put("c", ONE, BASELINE)
    assert "baseline code" in command("check", path).out
    assert command("check", path, "--json").json[0]["tier"] == "baseline"
    assert command("check", path, "--tier", "optimised", "--json").json[0]["tier"] == "optimised"
    assert "(baseline code)" in command("call", path, "add", "2").err
    report = command("call", path, "add", "2", "--tier", "optimised", "--json").json
    assert (report["result"], report["tier"]) == (2, "optimised")
    assert made == [Tier.BASELINE, Tier.BASELINE, Tier.OPTIMISED, Tier.BASELINE, Tier.OPTIMISED]


def test_a_path_that_exhausts_the_stack_in_baseline_code_is_called_in_optimised_code(
    world: World, command: Callable[..., Answer]
) -> None:
    path = world.folder / world.put("c", RECURSES, BASELINE)
    assert command("check", path, "--json").json[0]["tier"] == "optimised"
    report = command("call", path, "add", "2", "--json").json
    assert (report["result"], report["tier"]) == (2, "optimised")


def test_a_component_of_a_runtime_cannot_be_called_in_another_tier(
    world: World, command: Callable[..., Answer]
) -> None:
    world.put("c", ONE)
    world.open(sample=ONCE)
    answer = command("call", "c", "add", "2", "--tier", "baseline")
    assert answer.code == 2
    assert "--tier is for the component of a path" in answer.err


def test_the_tier_is_told_of_what_serves(world: World, command: Callable[..., Answer]) -> None:
    world.put("c", ONE, BASELINE)
    world.open(sample=ONCE)
    assert plain(world.runtime.describe("c").result(30))["view"]["tier"] == "baseline"
    report = world.runtime.call("c", "get", "[]").result(30)
    assert (report.result, report.tier) == ("0", Tier.BASELINE)
    world.close()
    assert command("list", "--json").json[0]["tier"] is None


def test_the_configuration_file_names_the_usual_tier(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[..., Answer]
) -> None:
    file = tmp_path / "config.toml"
    monkeypatch.setenv("AIRSSYS_TUI_CONFIG", str(file))
    path = world.folder / world.put("c", ONE)
    file.write_text('[engine]\ntier = "baseline"\n')
    assert command("check", path, "--json").json[0]["tier"] == "baseline"
    assert "baseline  (config file)" in command("config", "show").out
    file.write_text('[engine]\ntier = "fast"\n')
    assert command("check", path).code == 2


def test_a_large_component_with_a_gap_lets_the_compiler_go_that_was_started_beside_the_look(
    world: World, made: list[Tier]
) -> None:
    world.put("c", TAIL, BASELINE)
    world.open(sample=ONCE, engine=EngineSettings(in_process_compile=0))
    assert (world.row("c").state, world.row("c").tier) == (State.RUNNING, Tier.OPTIMISED), world.row("c").note
    assert made[-1] is Tier.OPTIMISED


def test_large_code_is_kept_behind(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_loading, "LARGE", 0)
    world.put("c", ONE)
    world.open(sample=ONCE)
    floor, digest = world.runtime.probe.floor, world.row("c").digest
    assert digest is not None
    has = world.runtime.probe.floor.state.code.has
    eventually(lambda: world.run(lambda: floor.disk(has, digest, floor.engine.identity)))
