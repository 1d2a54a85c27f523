"""Leaving: bounded whatever guests do, nothing left behind, and coming back to what was."""

from __future__ import annotations

import threading
from concurrent.futures import Future, wait

import pytest

from airssys_tui.api.commands import Reload, Rollback, Start
from airssys_tui.api.views.runtime import Phase
from airssys_tui.core.errors import AirssysError, FolderMismatch, NotServing, StateLocked, UsageError
from airssys_tui.core.events import EventAction
from airssys_tui.core.lifecycle import RecoveryKind, State
from airssys_tui.core.revision import Outcome
from airssys_tui.core.traps import GuestTrap
from airssys_tui.runtime.embedded import EmbeddedRuntime
from airssys_tui.store.directory import StateDirectory
from tests.support.components import Crafted
from tests.support.world import World

SPINS = '[resources]\ndeadline = "60s"\nfuel_per_call = "unlimited"\n'


@pytest.fixture(autouse=True)
def no_thread_is_left() -> object:
    """Compare the threads of the process before and after."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before and thread.is_alive()]
    for thread in left:
        thread.join(5)
    assert [thread.name for thread in left if thread.is_alive()] == []


def ended(future: Future[object]) -> bool:
    """Return whether a future ends, one way or another."""
    return bool(wait([future], 30).done)


def test_an_empty_folder(world: World) -> None:
    world.open()
    assert world.runtime.snapshot().phase is Phase.RUNNING
    world.close()


def test_closing_twice_does_nothing_and_everything_after_it_is_refused(world: World) -> None:
    world.put("c", Crafted())
    runtime = world.open()
    runtime.close()
    runtime.close()
    assert runtime.snapshot().phase is Phase.STOPPED
    with pytest.raises(UsageError, match="closed"):
        runtime.submit(Start("c"))
    with pytest.raises(NotServing):
        runtime.invoke("c", "get")


def test_one_owner_at_a_time(world: World) -> None:
    world.open()
    with pytest.raises(StateLocked, match="in use by pid") as refused:
        EmbeddedRuntime.open(world.folder, state_dir=world.state_dir)
    assert "--state-dir" in refused.value.remedy
    world.reopen()


def test_the_state_of_another_folder_is_refused_unless_it_is_adopted(world: World) -> None:
    world.open()
    world.close()
    other = world.folder.parent / "other"
    other.mkdir()
    with pytest.raises(FolderMismatch):
        EmbeddedRuntime.open(other, state_dir=world.state_dir)
    EmbeddedRuntime.open(other, state_dir=world.state_dir, adopt=True).close()


def test_a_folder_that_is_none(world: World) -> None:
    with pytest.raises(UsageError, match="is not a folder"):
        EmbeddedRuntime.open(world.folder / "nothing", state_dir=world.state_dir)


def test_a_guest_that_spins_is_cancelled(world: World) -> None:
    world.put("c", Crafted(), SPINS)
    world.put("d", Crafted(), SPINS)
    world.open(shutdown=1.0)
    world.call("d", "add", 4)
    spinning = world.runtime.invoke("c", "spin")
    waiting = world.runtime.invoke("c", "add", 1)
    world.wait_for(lambda snapshot: snapshot.busy)
    world.close()
    assert isinstance(spinning.exception(30), GuestTrap)
    assert isinstance(waiting.exception(30), AirssysError)
    world.open()
    assert world.call("d", "get") == 4, "the others saved their state"


@pytest.mark.parametrize("where", ["init", "health", "load"])
def test_a_candidate_that_spins_is_cancelled(world: World, where: str) -> None:
    world.put("c", Crafted())
    world.open(shutdown=1.0)
    world.call("c", "add", 4)
    timeout = '[health]\ntimeout = "50s"\n'
    world.put("c", Crafted(**{where: "spin"}), SPINS + timeout)
    following = world.notice_later("c")
    world.wait_row("c", lambda row: row.candidate == 2)
    world.close()
    assert ended(following)
    world.open(deploys=False)
    assert world.row("c").revision == 1
    assert world.call("c", "get") == 4
    assert world.outcomes("c") == {1: Outcome.ACTIVE, 2: Outcome.FAILED}


@pytest.mark.parametrize("command", [Reload("c"), Rollback("c", to=1)])
def test_a_command_under_way_ends(world: World, command: Reload | Rollback) -> None:
    world.put("c", Crafted(init="spin"), SPINS)
    world.open(shutdown=1.0, deploys=False)
    world.put("d", Crafted())
    world.notice("d")
    asked = world.runtime.submit(Reload("c") if isinstance(command, Reload) else Rollback("d", to=1))
    if isinstance(command, Reload):
        world.wait_row("c", lambda row: row.candidate == 1)
    world.close()
    assert ended(asked)


def test_saving_that_spins_is_bounded(world: World) -> None:
    world.put("c", Crafted(save="spin"), SPINS)
    world.open(shutdown=0.5)
    world.close()


def test_a_shutdown_that_spins_is_bounded(world: World) -> None:
    world.put("c", Crafted(shutdown="spin"), SPINS + '[supervision]\nshutdown = "100ms"\n')
    world.open()
    world.call("c", "add", 4)
    world.close()
    world.open()
    assert world.call("c", "get") == 4


def test_a_pending_restart_does_not_hold_anything_up(world: World) -> None:
    world.put("c", Crafted(), '[supervision]\nbackoff = {initial = "30s", max = "30s"}\n')
    world.open()
    world.call("c", "add", 4)
    world.runtime.invoke("c", "trap").exception(30)
    world.wait_row("c", lambda row: row.recovery.kind is RecoveryKind.BACKOFF)
    waiting = world.runtime.invoke("c", "get")
    world.close()
    assert isinstance(waiting.exception(30), AirssysError)
    world.open()
    assert world.row("c").state is State.RUNNING


def test_a_trap_that_is_late_for_the_end_is_nobodys_trouble(world: World) -> None:
    world.put("c", Crafted(), '[resources]\ndeadline = "300ms"\nfuel_per_call = "unlimited"\n')
    world.open(shutdown=0.05)
    spinning = world.runtime.invoke("c", "spin")
    world.wait_for(lambda snapshot: snapshot.busy)
    world.close()
    assert isinstance(spinning.exception(30), GuestTrap)


def test_what_happened_is_in_the_catalog_afterwards(world: World) -> None:
    world.put("c", Crafted())
    world.open()
    world.install("c", Crafted(init="error"))
    world.close()
    with StateDirectory.open_readonly(world.state_dir) as state:
        decisions = [row.kind for row in state.catalog.decisions("c")]
        events = [row.action for row in state.catalog.events("c")]
    assert {"accepted", "switched", "refused"} <= set(decisions)
    assert events


def test_a_kill_between_two_writes_loses_nothing_that_was_saved(world: World) -> None:
    world.put("c", Crafted(salt="1"))
    world.open()
    world.call("c", "add", 4)
    world.install("c", Crafted(salt="2"))
    world.call("c", "add", 1)
    assert not any(event.action == EventAction.DISORDER for event in world.events())
    world.crash()
    assert "is lost" in next(event.text for event in world.events() if event.action == EventAction.DISORDER)
    row = world.row("c")
    assert (row.state, row.revision) == (State.RUNNING, 2)
    assert world.call("c", "get") == 4, "the last snapshot was taken at the update"


def test_a_kill_during_a_deployment_closes_it_at_the_next_start(world: World) -> None:
    world.put("c", Crafted())
    world.open(shutdown=1.0)
    world.call("c", "add", 4)
    world.put("c", Crafted(init="spin"), SPINS)
    world.notice_later("c")
    world.wait_row("c", lambda row: row.candidate == 2)
    world.crash(deploys=False)
    assert world.told("c", "aborted").startswith("aborted: its deployment was not finished")
    assert world.outcomes("c")[1] is Outcome.ACTIVE
    assert world.outcomes("c")[2] is Outcome.FAILED
    assert world.row("c").state is State.RUNNING
