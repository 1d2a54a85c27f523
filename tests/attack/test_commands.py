"""Ways to run what was not granted, to reach the host through a program, and to outlive the component. None works.

What a permission for a program covers is everything that the program can be told to do: its arguments, its environment
and its configuration are the operator's risk, and one case here says so. All others are denied or without effect.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from airssys_tui.core.capability.grant import Scope
from airssys_tui.core.traps import GuestTrap
from airssys_tui.core.types.values import Ok, Some, Variant
from airssys_tui.host.doors.programs import launch, program_door
from airssys_tui.host.doors.programs.program_door import MOST_PROGRAMS, ProgramSource
from airssys_tui.host.doors.programs.search_path import SearchPath
from tests.support.places import ROOT
from tests.support.program_desk import Probes, await_end, await_true, refusal, status_of
from tests.support.rule_guard import RuleGuard

SPAWN_SH, SIGNAL_SH = "process:spawn:sh", "process:signal:sh"
SHELL = Path("/bin/sh").resolve()
"""The shell itself, which may lie behind links."""

ENDED = Ok(Some(Variant("code", 0)))


@pytest.fixture(scope="module")
def probes():
    made = Probes()
    yield made
    made.close()


@pytest.fixture
def make(probes):
    yield probes.desk
    probes.end_instances()


@pytest.fixture
def desk(make):
    return make(RuleGuard(SPAWN_SH, SIGNAL_SH, "process:spawn:cat", "process:spawn:sleep", "process:spawn:true"))


def assert_denied(desk, answer, reason, case="denied"):
    """Look at an error: its case, the reason in its text, and that it was counted with that reason."""
    assert refusal(answer)[0] == case
    assert refusal(answer)[1].partition(":")[0] == reason
    assert desk.guard.denied[-1].reason == reason


@pytest.fixture
def evil(tmp_path):
    """Make a folder with programs that only an attacker wants to run."""
    folder = tmp_path / "evil"
    folder.mkdir()
    for name in ("git", "true", "tool"):
        (folder / name).write_text("#!/bin/sh\necho evil\n")
        (folder / name).chmod(0o755)
    (folder / "link").symlink_to("/bin/sh")
    return folder


@pytest.mark.parametrize(
    ("declared", "granted", "reason"),
    [
        ((), (SPAWN_SH,), "undeclared"),
        ((SPAWN_SH,), (), "not-granted"),
        (("process:spawn:git",), (SPAWN_SH, "process:spawn:*"), "undeclared"),
        (("process:spawn:*",), ("process:spawn:git",), "not-granted"),
        ((SIGNAL_SH,), (SIGNAL_SH,), "undeclared"),
        ((SPAWN_SH,), (SIGNAL_SH,), "not-granted"),
        (("filesystem:read:/usr/bin/sh",), ("filesystem:read:/usr/bin/sh",), "undeclared"),
    ],
)
def test_a_program_needs_its_own_declaration_and_its_own_grant(make, declared, granted, reason):
    desk = make(RuleGuard(*declared, granted=granted))
    assert_denied(desk, desk.spawn("sh", "-c", "echo no"), reason)


def test_a_grant_that_ran_out(make):
    desk = make(RuleGuard(SPAWN_SH, granted=()))
    desk.guard.grant(SPAWN_SH, expires_at=0.5)
    assert_denied(desk, desk.spawn("sh"), "expired")


@pytest.mark.parametrize(
    ("never", "asked"),
    [
        ("sh", "sh"),
        ("sh", "/bin/sh"),
        (SHELL.name, "sh"),
        (SHELL.name, "/bin/sh"),
        (SHELL.name, str(SHELL)),
        (str(SHELL), "sh"),
        (str(SHELL), "/bin/sh"),
        ("/**", "sh"),
        ("*", "/bin/sh"),
    ],
)
def test_a_refusal_for_good_beats_every_grant(make, never, asked):
    desk = make(RuleGuard("process:spawn:*", "process:spawn:/**"))
    desk.guard.grant(f"process:spawn:{never}", Scope.NEVER)
    assert_denied(desk, desk.spawn(asked), "not-granted")


def test_a_candidate_does_not_act_on_the_world(make):
    desk = make(RuleGuard(SPAWN_SH, candidate=True))
    assert_denied(desk, desk.spawn("sh"), "candidate")


def test_a_grant_for_one_program_starts_one(make):
    desk = make(RuleGuard(SPAWN_SH, granted=()))
    desk.guard.grant(SPAWN_SH, Scope.ONCE)
    assert desk.run("sh", "-c", "echo once") == "once\n"
    assert_denied(desk, desk.spawn("sh"), "not-granted")


def test_a_grant_for_one_program_is_not_used_up_by_one_that_is_not_there(make):
    desk = make(RuleGuard("process:spawn:no-such-program", granted=()))
    desk.guard.grant("process:spawn:no-such-program", Scope.ONCE)
    assert refusal(desk.spawn("no-such-program"))[0] == "not-found"
    assert desk.guard.used == []


def test_more_programs_than_a_component_may_have(desk):
    for _ in range(MOST_PROGRAMS):
        desk.start("sleep", "1000")
    for _ in range(3):
        assert_denied(desk, desk.spawn("sleep", "1000"), "quota", "quota-exceeded")
    assert_denied(desk, desk.spawn("git"), "undeclared")


def test_more_programs_than_all_components_may_have(make, monkeypatch):
    monkeypatch.setattr(program_door, "MOST_OF_ALL", 2)
    source = ProgramSource()
    one, other = (make(RuleGuard("process:spawn:sleep"), source=source) for _ in range(2))
    handles = [each.start("sleep", "1000") for each in (one, other)]
    assert_denied(one, one.spawn("sleep", "1000"), "capacity", "quota-exceeded")
    other.call("drop-processes", handles[1])
    one.start("sleep", "1000")
    one.close()
    other.start("sleep", "1000")
    source.close()


NAMES = ("sh -c id", "sh;id", "$(id)", "`id`", "|cat", "sh&", "sh\nid", "*", "s?", "~", "sh ", " sh", "-c", "SH")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_never_a_command_line(make, name):
    desk = make(RuleGuard("process:spawn:*", "process:spawn:/**"))
    assert refusal(desk.spawn(name))[0] == "not-found"


@pytest.mark.parametrize("path", ["./sh", "../bin/sh", "bin/sh", "/usr/bin/../bin/sh", "", ".", "..", "/bin/sh\0x"])
def test_a_path_is_absolute_and_plain(make, path):
    desk = make(RuleGuard("process:spawn:*", "process:spawn:/**"))
    assert refusal(desk.spawn(path, directory="/usr"))[0] == "invalid-input"


def test_metacharacters_are_arguments(desk, tmp_path):
    target = tmp_path / "made"
    arguments = (f"; touch {target}", f"$(touch {target})", f"`touch {target}`", f"| touch {target}", f"> {target}")
    assert desk.run("cat", "--", *arguments) == ""
    assert desk.run("true", *arguments) == ""
    assert not target.exists()


def test_the_search_path_is_the_operators(make, evil, monkeypatch):
    monkeypatch.setenv("PATH", f"{evil}:.:")
    desk = make(RuleGuard("process:spawn:true", "process:spawn:tool"))
    assert desk.run("true", environment=[("PATH", str(evil))], directory=evil) == ""
    assert refusal(desk.spawn("tool", environment=[("PATH", str(evil))], directory=evil))[0] == "not-found"


def test_the_name_of_a_granted_program_elsewhere(make, evil):
    desk = make(RuleGuard("process:spawn:git", "process:spawn:true", "process:spawn:tool", "process:spawn:link"))
    for name in ("git", "true", "tool", "link"):
        assert_denied(desk, desk.spawn(str(evil / name)), "undeclared")


def test_a_link_counts_as_what_it_leads_to(make, evil):
    desk = make(RuleGuard(f"process:spawn:{evil}/*"))
    assert desk.run(str(evil / "tool")) == "evil\n"
    assert_denied(desk, desk.spawn(str(evil / "link"), "-c", "id"), "undeclared")


def test_a_denial_does_not_tell_where_a_link_leads(make, evil):
    (evil / "secret-place").write_text("#!/bin/sh\n")
    (evil / "pointer").symlink_to(evil / "secret-place")
    desk = make(RuleGuard("process:spawn:git"))
    answer = desk.spawn(str(evil / "pointer"))
    assert_denied(desk, answer, "undeclared")
    assert "secret-place" not in refusal(answer)[1]
    assert "secret-place" in desk.guard.denied[-1].remedy


def test_a_link_in_the_search_path_counts_as_what_it_leads_to(make, evil):
    source = ProgramSource([str(evil)])
    desk = make(RuleGuard("process:spawn:tool", "process:spawn:link"), source=source)
    desk.guard.grant(f"process:spawn:{SHELL}", Scope.NEVER)
    assert_denied(desk, desk.spawn("link", "-c", "id"), "not-granted")
    source.close()


def test_links_of_the_system_that_lead_to_the_runtime(make):
    desk = make(RuleGuard("process:spawn:sh", "process:spawn:/proc/**"))
    for path in ("/proc/self/exe", f"/proc/{os.getpid()}/exe", "/proc/thread-self/exe", "/dev/fd/0"):
        assert_denied(desk, desk.spawn(path, "-c", "print(1)"), "undeclared")


def test_a_program_that_was_swapped_is_not_run(make, evil):
    class Swapping(SearchPath):
        def find(self, program):
            found = super().find(program)
            (evil / "tool").unlink()
            (evil / "tool").symlink_to("/bin/sh")
            return found

    source = ProgramSource()
    source.search_path = Swapping()
    desk = make(RuleGuard(f"process:spawn:{evil}/*"), source=source)
    assert refusal(desk.spawn(str(evil / "tool"), "-c", "echo no"))[0] == "not-found"
    source.close()


@pytest.mark.parametrize("wrapper", ["env", "nice", "timeout", "xargs", "find"])
def test_a_program_that_runs_others_is_a_program_of_its_own(make, wrapper):
    desk = make(RuleGuard("process:spawn:true"))
    assert_denied(desk, desk.spawn(wrapper, "true"), "undeclared")


@pytest.mark.parametrize("loader", sorted(Path("/usr").glob("lib*/ld-linux*.so.?")) or ["/usr/lib64/ld.so"])
def test_the_loader_runs_nothing_for_others(make, loader):
    desk = make(RuleGuard("process:spawn:true", "process:spawn:sh"))
    assert_denied(desk, desk.spawn(str(loader), "/bin/sh", "-c", "id"), "undeclared")


def test_a_script_does_not_lend_its_interpreter(make, evil):
    desk = make(RuleGuard(f"process:spawn:{evil}/tool"))
    assert desk.run(str(evil / "tool"), "-c", "id") == "evil\n"
    assert_denied(desk, desk.spawn("sh", "-c", "id"), "undeclared")
    assert_denied(desk, desk.spawn("/bin/sh", "-c", "id"), "undeclared")


VARIABLES = ("LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "GLIBC_TUNABLES", "GCONV_PATH", "DYLD_INSERT_LIBRARIES")


@pytest.mark.parametrize("name", VARIABLES)
def test_no_foreign_code_is_loaded_into_a_granted_program(desk, name, tmp_path):
    answer = desk.spawn("true", environment=[("A", "1"), (name, str(tmp_path / "evil.so"))])
    assert_denied(desk, answer, "forbidden")


def test_what_a_program_is_told_is_covered_by_its_permission(make):
    desk = make(RuleGuard("process:spawn:git"))
    if refusal_or_none(desk.spawn("git", "--version")) == "not-found":
        pytest.skip("this machine has no git")
    assert desk.run("git", "-c", "alias.x=!echo covered", "x", environment=[("HOME", "/nonexistent")]) == "covered\n"


def refusal_or_none(answer):
    return None if isinstance(answer, Ok) else refusal(answer)[0]


@pytest.mark.parametrize(
    "more",
    [
        {"environment": [("A=B", "x")]},
        {"environment": [("", "x")]},
        {"environment": [("A", "x\0y")]},
        {"environment": [("A", "1"), ("A", "2")]},
        {"environment": [(f"A{number}", "") for number in range(257)]},
        {"environment": [("A", "x" * 65_536)]},
        {"timeout": 0},
        {"timeout": 3_600_001},
        {"directory": "/tmp\0/x"},
        {"directory": "tmp"},
        {"directory": "/tmp/../etc"},
    ],
)
def test_a_command_has_bounds(desk, more):
    assert refusal(desk.spawn("true", **more))[0] == "invalid-input"


@pytest.mark.parametrize("arguments", [["x"] * 257, ["x" * 65_537], ["a\0b"]])
def test_arguments_have_bounds(desk, arguments):
    assert refusal(desk.spawn("true", *arguments))[0] == "invalid-input"


def test_nothing_of_the_hosts_environment_leaks(desk, monkeypatch):
    monkeypatch.setenv("AIRSSYS_SECRET", "s3cret")
    monkeypatch.setenv("LD_PRELOAD", "")
    assert desk.run("cat", "/proc/self/environ") == ""
    parents = 'for p in $PPID $(cut -d" " -f4 /proc/$PPID/stat); do cat /proc/$p/environ; done'
    assert "s3cret" not in desk.run("sh", "-c", parents)


@pytest.mark.parametrize("asked", ["HOMER", "home", "HOM", "PATH", "HOME ", "HOME\0", "*", "H*", ""])
def test_a_variable_is_granted_by_its_exact_name(make, asked):
    desk = make(RuleGuard("environment:HOME"))
    assert refusal(desk.call("get", asked))[0] in {"denied", "invalid-input"}
    assert isinstance(desk.call("get", "HOME"), Ok)


def test_no_descriptor_is_inherited(desk, tmp_path):
    with (tmp_path / "secret").open("w") as secret:
        os.set_inheritable(secret.fileno(), True)
        every = "n=0; while [ $n -lt 1200 ]; do [ -e /proc/$$/fd/$n ] && echo $n; n=$((n+1)); done"
        assert desk.run("sh", "-c", every).split() == ["0", "1", "2"]


def test_there_is_no_terminal(desk):
    fields = desk.run("cat", "/proc/self/stat").rpartition(")")[2].split()
    assert fields[4] == "0"
    assert desk.run("sh", "-c", "(: >/dev/tty) 2>/dev/null || echo none") == "none\n"


WAYS_TO_STAY = {
    "in the background": "sleep 1000 & echo $!",
    "without hangup": "trap '' HUP; nohup sleep 1000 >/dev/null 2>&1 & echo $!",
    "deaf to signals": "trap '' TERM INT HUP QUIT; (trap '' TERM INT HUP QUIT; exec sleep 1000) & echo $!",
    "in a session of its own": "setsid sh -c 'echo $$; exec sleep 1000' &",
    "by a double fork": "(setsid sh -c '(sh -c \"echo \\$\\$; exec sleep 1000\" &) ; exit 0' &) ; exit 0",
    "stopped": "sleep 1000 & echo $!; kill -STOP $!",
    "after its shim was killed": "(setsid sh -c 'echo $$; exec sleep 1000' &); read go; kill -9 $PPID; sleep 1000",
    "after its shim was stopped": "sleep 1000 & echo $!; read go; kill -STOP $PPID",
    "while its shim is stopped": "sleep 1000 & echo $!; read go; while :; do kill -STOP $PPID; done",
}
"""Each prints the process id of what wants to stay; those that read a line do the rest when it comes."""


@pytest.mark.parametrize("way", WAYS_TO_STAY)
@pytest.mark.parametrize("end", ["drop", "instance"])
def test_nothing_outlives_its_handle(desk, way, end):
    handle = desk.start("sh", "-c", f"{WAYS_TO_STAY[way]}\nwait")
    left = int(desk.line(handle))
    desk.call("write-stdin", handle, b"go\n")
    if end == "drop":
        desk.call("drop-processes", handle)
    else:
        desk.close()
    assert await_end(left)
    assert await_true(lambda: status_of(left) == {})


def test_nothing_outlives_its_time(desk, tmp_path):
    stays = f"(setsid sh -c 'echo $$ >{tmp_path}/left; exec sleep 1000' &); exec sleep 1000"
    handle = desk.start("sh", "-c", stays, timeout=300)
    assert desk.call("wait", handle, 60_000) == Ok(Some(Variant("timed-out")))
    left = [path.read_text().strip() for path in tmp_path.iterdir()]
    assert all(await_end(int(pid)) for pid in left if pid)


def test_nothing_outlives_a_runtime_that_is_killed():
    script = WAYS_TO_STAY["by a double fork"].removesuffix("exit 0") + "sleep 1000"
    command = [sys.executable, "-m", "tests.support.program_subject", script]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as runtime:
        assert runtime.stdout is not None
        left = int(runtime.stdout.readline())
        directory = Path(f"/proc/{left}/cwd").resolve()
        assert directory.name.startswith("airssys-program-")
        runtime.kill()
    assert await_end(left)
    assert await_true(lambda: not directory.exists())


def test_a_crowd_is_ended(desk, monkeypatch):
    monkeypatch.setattr(launch, "MOST_PROCESSES", 20)
    handle = desk.start("sh", "-c", "n=40; while [ $n -gt 0 ]; do sleep 1000 & n=$((n-1)); done; wait")
    pid = desk.call("id", handle)
    assert desk.call("wait", handle, 60_000) == Ok(Some(Variant("signal", signal.SIGKILL)))
    assert await_end(pid)


def test_a_signal_needs_a_grant_of_its_own(make):
    desk = make(RuleGuard(SPAWN_SH, SIGNAL_SH, granted=(SPAWN_SH,)))
    handle = desk.start("sh", "-c", "echo up; exec sleep 1000")
    desk.line(handle)
    assert_denied(desk, desk.call("send", handle, "kill"), "not-granted")
    assert_denied(desk, desk.call("terminate-gracefully", handle, 0), "not-granted")
    assert desk.call("wait", handle, 0) == Ok(None)


def test_a_process_id_that_is_free_again_is_not_signalled(desk):
    handle = desk.start("sh", "-c", "exit 0")
    pid = desk.call("id", handle)
    assert desk.call("wait", handle, 60_000) == ENDED
    assert status_of(pid) == {}
    assert refusal(desk.call("send", handle, "kill"))[0] == "exited"
    assert desk.call("terminate-gracefully", handle, 0) == Ok(Variant("code", 0))


OWN = pytest.param(os.getpid(), id="own-pid")


@pytest.mark.parametrize("forged", [0, 2, 77, 1 << 20, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, OWN])
@pytest.mark.parametrize("export", ["id", "send", "drop-processes"])
def test_a_handle_cannot_be_made_up(desk, forged, export):
    pid = desk.call("id", desk.start("sleep", "1000"))
    with pytest.raises(GuestTrap):
        desk.call(export, forged, *(("kill",) if export == "send" else ()))
    assert status_of(pid)["State"][0] in "RS"


def test_a_handle_means_nothing_to_another_instance(make):
    one, other = (make(RuleGuard(SPAWN_SH, SIGNAL_SH)) for _ in range(2))
    handle = one.start("sh", "-c", "echo one; exec sleep 1000")
    pid = one.call("id", handle)
    with pytest.raises(GuestTrap):
        other.call("send", handle, "kill")
    third = make(RuleGuard(SPAWN_SH, SIGNAL_SH))
    assert third.start("sh", "-c", "exec sleep 1000") == handle
    assert third.call("id", handle) != pid
    assert third.call("send", handle, "kill") == Ok()
    assert one.call("wait", handle, 0) == Ok(None)


def test_a_dropped_handle_is_gone(desk):
    handle = desk.start("sleep", "1000")
    desk.call("drop-processes", handle)
    with pytest.raises(GuestTrap):
        desk.call("wait", handle, 0)


@pytest.mark.parametrize(
    ("export", "arguments"), [("wait", (0,)), ("read-stdout", (1,)), ("read-stderr", (1,)), ("write-stdin", (b"x",))]
)
def test_what_is_revoked_is_denied_at_the_next_call(make, export, arguments):
    desk = make(RuleGuard(SPAWN_SH))
    handle = desk.start("sh", "-c", "echo up; exec cat")
    desk.line(handle)
    desk.guard.revoke()
    assert_denied(desk, desk.call(export, handle, *arguments), "not-granted")
    with pytest.raises(GuestTrap, match="not-granted"):
        desk.call("id", handle)


def test_a_flood_is_kept_within_its_pipe(desk):
    handle = desk.start("sh", "-c", "echo up >&2; exec cat /dev/zero")
    assert desk.call("read-stderr", handle, 3) == Ok(b"up\n")
    pid = desk.call("id", handle)
    assert await_true(lambda: status_of(pid).get("State", "").startswith("S"))
    assert int(status_of(pid)["VmRSS"].split()[0]) < 16_384
    assert len(desk.call("read-stdout", handle, 1_048_576).value) <= 1_048_576


def test_no_zombies_are_left(desk):
    pids = []
    for _ in range(5):
        handle = desk.start("sh", "-c", "sleep 0 & exit 0")
        pids.append(desk.call("id", handle))
        desk.call("drop-processes", handle)
    assert all(await_true(lambda pid=pid: status_of(pid) == {}) for pid in pids)
    assert await_true(lambda: zombies() == [])


def zombies():
    """Return what has ended and was not collected, of this process's children and theirs."""
    every = [status_of(int(each.name)) for each in Path("/proc").iterdir() if each.name.isdigit()]
    ours = {str(os.getpid())} | {each["Pid"] for each in every if each.get("PPid") == str(os.getpid())}
    return [each for each in every if each.get("PPid") in ours and each["State"].startswith("Z")]


def test_no_core_is_dumped_and_no_rights_are_gained(desk):
    limits = desk.run("cat", "/proc/self/limits")
    core = next(line for line in limits.splitlines() if line.startswith("Max core"))
    assert core.split()[4] == "0"
    assert "NoNewPrivs:\t1" in desk.run("cat", "/proc/self/status")


def test_the_text_of_the_system_names_no_path(make, tmp_path):
    desk = make(RuleGuard(SPAWN_SH))
    answer = desk.spawn("sh", directory=tmp_path / "absent")
    assert refusal(answer)[0] == "failed"
    assert str(tmp_path) not in refusal(answer)[1]
