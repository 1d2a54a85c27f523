"""``airssys:ext-process``: every function across the real boundary, with real programs."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from airssys_tui.core.errors import UsageError
from airssys_tui.core.traps import GuestTrap
from airssys_tui.core.types.values import Ok, Some, Variant
from airssys_tui.engine.call_ends import CallCancelled, DeadlinePassed
from airssys_tui.host.doors.programs import launch
from airssys_tui.host.doors.programs.command import Command, Exit, ExitKind
from airssys_tui.host.doors.programs.program_door import MOST_PROGRAMS, ProgramDoor, ProgramSource
from airssys_tui.host.doors.programs.program_refusal import ProgramRefusal
from airssys_tui.host.doors.programs.search_path import SearchPath
from tests.support.program_desk import Probes, await_end, await_true, refusal, status_of
from tests.support.program_subject import PlainCall
from tests.support.rule_guard import RuleGuard
from tests.support.world import PATIENCE

SH = ("process:spawn:sh", "process:signal:sh", "process:spawn:sleep", "process:spawn:cat")


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
    return make(RuleGuard(*SH, "environment:AIRSSYS_TEST_VALUE", granted=SH))


def test_a_program_reads_and_writes(desk):
    handle = desk.start("sh", "-c", "read line; echo out $line; echo err $line >&2; exit 3")
    assert desk.call("write-stdin", handle, b"hello\n") == Ok(6)
    assert desk.read_all(handle) == "out hello\n"
    assert desk.read_all(handle, "read-stderr") == "err hello\n"
    assert desk.call("wait", handle, 60_000) == Ok(Some(Variant("code", 3)))
    assert desk.call("wait", handle, 0) == Ok(Some(Variant("code", 3)))


def test_a_start_is_announced_as_blocking_from_its_first_look_at_the_disk(desk, monkeypatch):
    announced: list[str] = []
    find, make_directory = SearchPath.find, launch.tempfile.mkdtemp

    @contextlib.contextmanager
    def blocking():
        announced.append("in")
        yield
        announced.append("out")

    def noted(what, work):
        def run(*arguments, **more):
            announced.append(what)
            return work(*arguments, **more)

        return run

    monkeypatch.setattr(desk.owner, "blocking", blocking)
    monkeypatch.setattr(SearchPath, "find", noted("find", find))
    monkeypatch.setattr(launch.tempfile, "mkdtemp", noted("make", make_directory))
    desk.start("sleep", "0")
    assert announced == ["in", "find", "make", "out"]


def test_its_arguments_are_its_own(desk):
    arguments = ["", "a b", "*", "$HOME", "`id`", "; echo no", "é", "-n"]
    assert desk.run("sh", "-c", 'for a; do echo "<$a>"; done', "name", *arguments).splitlines() == [
        f"<{argument}>" for argument in arguments
    ]


def test_its_environment_is_what_it_was_given(desk):
    given = [("A", "1"), ("B", "two words"), ("EMPTY", "")]
    assert desk.run("cat", "/proc/self/environ", environment=given) == "A=1\0B=two words\0EMPTY=\0"


def test_it_has_an_empty_directory_of_its_own_until_it_is_dropped(desk):
    handle = desk.start("sh", "-c", "pwd; ls -A; touch left; mkdir -m 0 closed; read line")
    directory = Path(desk.line(handle))
    assert await_true(lambda: sorted(path.name for path in directory.iterdir()) == ["closed", "left"])
    assert directory.stat().st_mode & 0o777 == 0o700
    pid = desk.call("id", handle)
    desk.call("drop-processes", handle)
    assert await_end(pid)
    assert await_true(lambda: not directory.exists())


def test_a_directory_that_is_named_stays(desk, tmp_path):
    (tmp_path / "here").touch()
    assert desk.run("sh", "-c", "ls", directory=tmp_path) == "here\n"
    assert (tmp_path / "here").exists()


@pytest.mark.parametrize(
    ("directory", "case"), [("relative", "invalid-input"), ("/a/../b", "invalid-input"), ("/no/such", "failed")]
)
def test_another_directory_is_refused(desk, directory, case):
    assert refusal(desk.spawn("sh", directory=directory))[0] == case


def test_a_file_is_no_directory(desk, tmp_path):
    (tmp_path / "file").touch()
    assert refusal(desk.spawn("sh", directory=tmp_path / "file"))[0] == "invalid-input"


def test_its_time_runs_out(desk):
    handle = desk.start("sleep", "1000", timeout=30)
    assert desk.call("wait", handle, 60_000) == Ok(Some(Variant("timed-out")))
    assert await_end(desk.call("id", handle))


def test_waiting_takes_no_longer_than_it_is_told(desk):
    handle = desk.start("sleep", "1000")
    assert desk.call("wait", handle, 0) == Ok(None)
    assert desk.call("wait", handle, 20) == Ok(None)
    assert refusal(desk.call("wait", handle, 60_001))[0] == "invalid-input"


@pytest.mark.parametrize(("brief", "end"), [({"seconds": 0.02}, DeadlinePassed), ({"cancelled": True}, CallCancelled)])
def test_a_wait_ends_when_the_call_has_to(probes, brief, end):
    door = ProgramDoor(RuleGuard(*SH), probes.source)
    program = door.spawn(PlainCall(), Command(program="sleep", arguments=("1000",)))
    assert door.write(PlainCall(), program, bytes(1_000_000)) < 1_000_000
    for blocks in (
        lambda call: door.wait(call, program, 60_000),
        lambda call: door.read(call, program, 0, 1),
        lambda call: door.read(call, program, 1, 1),
        lambda call: door.write(call, program, b"x"),
    ):
        with pytest.raises(end):
            blocks(PlainCall(**brief))
    door.close()


def test_closing_wakes_whoever_waits(probes):
    door = ProgramDoor(RuleGuard(*SH), probes.source)
    program = door.spawn(PlainCall(), Command(program="sleep", arguments=("1000",)))
    with ThreadPoolExecutor(1) as pool:
        waiting = threading.Event()
        call = PlainCall()
        call.wait = lambda *arguments: (waiting.set(), PlainCall().wait(*arguments))[1]
        ended = pool.submit(door.wait, call, program, 60_000)
        assert waiting.wait(PATIENCE)
        door.close()
        assert ended.result(PATIENCE) == Exit(ExitKind.SIGNAL, signal.SIGKILL)
    with pytest.raises(ProgramRefusal, match="closed"):
        door.wait(PlainCall(), program, 0)


def test_output_that_is_not_captured_is_dropped(desk):
    handle = desk.start("sh", "-c", "echo x", output="nothing")
    assert desk.call("wait", handle, 60_000) == Ok(Some(Variant("code", 0)))
    assert refusal(desk.call("read-stdout", handle, 1))[0] == "invalid-input"
    assert refusal(desk.call("read-stderr", handle, 1))[0] == "invalid-input"


@pytest.mark.parametrize("size", [0, 1_048_577])
def test_a_read_has_bounds(desk, size):
    assert refusal(desk.call("read-stdout", desk.start("sleep", "9"), size))[0] == "invalid-input"


def test_a_program_that_is_not_read_waits(desk):
    handle = desk.start("sh", "-c", "exec 2>&1; head -c 1100000 /dev/zero; echo done")
    assert desk.call("wait", handle, 30) == Ok(None)
    read = len(desk.call("read-stdout", handle, 1_048_576).value)
    while piece := desk.call("read-stdout", handle, 1_048_576).value:
        assert len(piece) <= 1_048_576
        read += len(piece)
    assert read == 1_100_005
    assert desk.call("wait", handle, 60_000) == Ok(Some(Variant("code", 0)))


def test_input_is_taken_in_part_and_ended_once(desk):
    handle = desk.start("sh", "-c", "read line; cat | wc -c")
    taken = desk.call("write-stdin", handle, b"x" * 1_000_000).value
    assert 0 < taken < 1_000_000
    assert desk.call("write-stdin", handle, b"") == Ok(0)
    assert desk.call("write-stdin", handle, b"") == Ok(0)
    assert refusal(desk.call("write-stdin", handle, b"x"))[0] == "invalid-input"
    assert refusal(desk.call("write-stdin", handle, bytes(1_048_577)))[0] == "invalid-input"


def test_a_program_that_ended_takes_no_input(desk):
    handle = desk.start("sh", "-c", "exit 0")
    assert desk.call("wait", handle, 60_000) == Ok(Some(Variant("code", 0)))
    assert refusal(desk.call("write-stdin", handle, b"x"))[0] == "exited"
    assert refusal(desk.call("send", handle, "terminate"))[0] == "exited"


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("terminate", signal.SIGTERM),
        ("interrupt", signal.SIGINT),
        ("hangup", signal.SIGHUP),
        ("kill", signal.SIGKILL),
        ("user1", signal.SIGUSR1),
        ("user2", signal.SIGUSR2),
    ],
)
def test_a_signal_ends_a_program(desk, name, number):
    handle = desk.start("sh", "-c", "echo up; exec sleep 1000")
    desk.line(handle)
    assert desk.call("send", handle, name) == Ok()
    assert desk.call("wait", handle, 60_000) == Ok(Some(Variant("signal", number)))


def test_a_program_may_end_by_itself_when_it_is_asked(desk):
    handle = desk.start("sh", "-c", 'trap "exit 7" TERM; echo up; while :; do sleep 0.01; done')
    desk.line(handle)
    assert desk.call("terminate-gracefully", handle, 60_000) == Ok(Variant("code", 7))
    assert desk.call("terminate-gracefully", handle, 0) == Ok(Variant("code", 7))


def test_a_program_that_does_not_want_to_end_is_ended(desk):
    handle = desk.start("sh", "-c", 'trap "" TERM; (setsid sleep 1000 &); echo up; while :; do sleep 1000; done')
    desk.line(handle)
    assert refusal(desk.call("terminate-gracefully", handle, 60_001))[0] == "invalid-input"
    assert desk.call("terminate-gracefully", handle, 10) == Ok(Variant("signal", signal.SIGKILL))


def test_a_component_has_a_number_of_programs(desk):
    handles = [desk.start("sleep", "1000") for _ in range(MOST_PROGRAMS)]
    case, text = refusal(desk.spawn("sleep", "1000"))
    assert (case, text.partition(":")[0]) == ("quota-exceeded", "quota")
    desk.call("drop-processes", handles[0])
    desk.start("sleep", "1000")


def test_nobody_waits_for_programs_when_their_instance_ends(desk):
    pids = [desk.call("id", desk.start("sleep", "1000")) for _ in range(3)]
    desk.close()
    assert all(await_end(pid) for pid in pids)


def test_a_trap_ends_programs(desk):
    pid = desk.call("id", desk.start("sleep", "1000"))
    with pytest.raises(GuestTrap):
        desk.call("trap")
    desk.close()
    assert await_end(pid)


def test_a_program_cannot_gain_rights(desk):
    assert desk.run("sh", "-c", "cat /proc/self/status").splitlines().count("NoNewPrivs:\t1") == 1


@pytest.mark.parametrize(
    ("program", "case"),
    [
        ("no-such-program", "not-found"),
        ("/no/such/program", "not-found"),
        ("", "invalid-input"),
        ("a\0b", "invalid-input"),
    ],
)
def test_a_program_that_is_not_there(make, program, case):
    desk = make(RuleGuard("process:spawn:*", "process:spawn:/**"))
    assert refusal(desk.spawn(program))[0] == case


def test_what_is_no_program(make, tmp_path):
    (tmp_path / "text").write_text("words\n")
    (tmp_path / "garbage").write_bytes(b"\x7fELF and then nothing")
    (tmp_path / "garbage").chmod(0o755)
    for name in ("text", "garbage"):
        path = str(tmp_path / name)
        desk = make(RuleGuard(f"process:spawn:{path}"))
        assert refusal(desk.spawn(path))[0] == "failed"


def test_a_script_stands_for_itself(make, tmp_path):
    script = tmp_path / "tool"
    script.write_text("#!/bin/sh\necho script $0 $1\n")
    script.chmod(0o755)
    source = ProgramSource([str(tmp_path)])
    desk = make(RuleGuard("process:spawn:tool"), source=source)
    assert desk.run("tool", "x") == f"script {script} x\n"
    assert refusal(desk.spawn("sh", "-c", "echo no"))[0] == "denied"
    source.close()


@pytest.mark.parametrize("directories", [["bin"], [""], ["/usr/../bin"], ["/a"] * 65])
def test_the_search_path_is_absolute(directories):
    with pytest.raises(UsageError):
        SearchPath(directories)


def test_a_variable_that_is_granted_is_read(desk, monkeypatch):
    monkeypatch.setenv("AIRSSYS_TEST_VALUE", "välue")
    assert refusal(desk.call("get", "AIRSSYS_TEST_VALUE"))[0] == "denied"
    desk.guard.grant("environment:AIRSSYS_TEST_VALUE")
    assert desk.call("get", "AIRSSYS_TEST_VALUE") == Ok(Some("välue"))
    monkeypatch.delenv("AIRSSYS_TEST_VALUE")
    assert desk.call("get", "AIRSSYS_TEST_VALUE") == Ok()


def test_the_variables_that_are_granted_are_listed(make):
    desk = make(RuleGuard("environment:HOME", "environment:A"))
    assert desk.call("list-granted") == ["A", "HOME"]


@pytest.mark.parametrize(("value", "answer"), [(b"\xff\xfe", Ok()), (b"x" * 32_768, Ok(Some("x" * 32_768)))])
def test_the_value_of_a_variable_has_bounds(make, monkeypatch, value, answer):
    desk = make(RuleGuard("environment:AIRSSYS_TEST_VALUE"))
    monkeypatch.setitem(os.environb, b"AIRSSYS_TEST_VALUE", value)
    assert desk.call("get", "AIRSSYS_TEST_VALUE") == answer
    monkeypatch.setitem(os.environb, b"AIRSSYS_TEST_VALUE", b"x" * 32_769)
    assert refusal(desk.call("get", "AIRSSYS_TEST_VALUE"))[0] == "invalid-input"
    assert refusal(desk.call("get", "A=B"))[0] == "invalid-input"


def test_a_program_is_nobodys_zombie(desk):
    handle = desk.start("sh", "-c", "sleep 0 & sleep 0 & echo up; exit 0")
    pid = desk.call("id", handle)
    assert desk.call("wait", handle, 60_000) == Ok(Some(Variant("code", 0)))
    assert status_of(pid) == {}


def test_a_program_begins_with_the_usual_signals(desk):
    ignored = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    source = ProgramSource()
    try:
        fresh = ProgramDoor(RuleGuard(*SH), source)
        program = fresh.spawn(PlainCall(), Command(program="cat", arguments=("/proc/self/status",)))
        status = b""
        while piece := fresh.read(PlainCall(), program, 0, 65_536):
            status += piece
    finally:
        signal.signal(signal.SIGHUP, ignored)
        fresh.close()
        source.close()
    fields = dict(line.split(":\t") for line in status.decode().splitlines() if ":\t" in line)
    # The C library keeps two signals for itself and lets nobody set them; whoever started the tests may ignore those.
    settable = sum(1 << number - 1 for number in signal.valid_signals())
    assert [int(fields[key], 16) & settable for key in ("SigBlk", "SigIgn")] == [0, 0]
