"""A command in the foreground: its streams, what it is given, what it is denied, and how it ends."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from airssys_tui.core.capability.grant import Denial, Reason
from airssys_tui.core.capability.permission import Access, Kind
from airssys_tui.core.errors import AdmissionError, GateRefusal
from airssys_tui.core.lifecycle import ABORTED, CommandOutcome
from airssys_tui.core.traps import TrapKind
from airssys_tui.host.doors.standard_streams import StandardInput, StandardOutput, StandardStreams
from airssys_tui.runtime.guard.standalone_guard import MOST_TOLD, DenialBook
from tests.support.engine import guests
from tests.support.foreground import C_COMMAND, Pipes, command, run
from tests.support.places import FIXTURES, SAMPLES

RUN = """(component {imports}
  (core module $m {takes} (func (export "run") (result i32) {body}))
  (core instance $i (instantiate $m {gives}))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance $cli (export "run" (func $run)))
  (export "wasi:cli/run@0.2.3" (instance $cli)))"""
EXIT = {
    "imports": '(import "wasi:cli/exit@0.2.3" (instance $e (export "exit-with-code" (func (param "status-code" u8)))))'
    '(core func $exit (canon lower (func $e "exit-with-code")))',
    "takes": '(import "w" "exit" (func $exit (param i32)))',
    "gives": '(with "w" (instance (export "exit" (func $exit))))',
}


def program(folder: Path, body: str, imports: str = "", takes: str = "", gives: str = "") -> Path:
    file = folder / "program.wasm"
    file.write_bytes(guests.binary(RUN.format(body=body, imports=imports, takes=takes, gives=gives)))
    return file


# how it ends


@pytest.mark.parametrize(
    ("body", "parts", "outcome", "status"),
    [
        ("(i32.const 0)", {}, CommandOutcome.COMPLETED, 0),
        ("(i32.const 1)", {}, CommandOutcome.EXITED, 1),
        ("(call $exit (i32.const 0)) unreachable", EXIT, CommandOutcome.COMPLETED, 0),
        ("(call $exit (i32.const 3)) unreachable", EXIT, CommandOutcome.EXITED, 3),
        ("(call $exit (i32.const 255)) unreachable", EXIT, CommandOutcome.EXITED, 255),
        ("unreachable", {}, CommandOutcome.TRAPPED, ABORTED),
    ],
)
def test_its_exit_code_is_that_of_the_program(
    tmp_path: Path, body: str, parts: dict[str, str], outcome: CommandOutcome, status: int
) -> None:
    report = run(path=program(tmp_path, body, **parts)).report
    assert (report.outcome, report.status) == (outcome, status)
    assert report.fuel
    assert (report.trap is TrapKind.UNREACHABLE) == (outcome is CommandOutcome.TRAPPED)


@pytest.mark.parametrize(
    ("words", "options", "kind", "option"),
    [
        (["spin"], {"deadline": "50ms"}, TrapKind.DEADLINE, "--deadline"),
        (["sleep", "60000"], {"deadline": "50ms"}, TrapKind.DEADLINE, "--deadline"),
        (["spin"], {"fuel": "1_000_000"}, TrapKind.OUT_OF_FUEL, "--fuel unlimited"),
        (["hoard"], {"memory": "20MiB"}, TrapKind.OUT_OF_MEMORY, "--memory"),
        (["trap"], {}, TrapKind.UNREACHABLE, ""),
    ],
)
def test_a_trap_names_the_option_that_helps(
    words: list[str], options: dict[str, str], kind: TrapKind, option: str
) -> None:
    report = run(*words, **options).report
    assert (report.trap, report.status) == (kind, ABORTED)
    assert option in report.remedy
    assert report.reason.startswith(kind)
    assert (" in function" in report.reason) == (not option)


def test_without_a_manifest_neither_fuel_nor_time_ends_it(tmp_path: Path) -> None:
    busy = program(
        tmp_path,
        "(local $n i32) (loop $x (br_if $x (i32.lt_u (local.tee $n (i32.add (local.get $n)"
        " (i32.const 1))) (i32.const 40_000_000)))) (i32.const 0)",
    )
    report = run(path=busy).report
    assert report.status == 0
    assert report.fuel > 100_000_000  # what a call of a component may use


def test_with_a_manifest_its_limits_hold_and_its_arguments(tmp_path: Path) -> None:
    folder = tmp_path / "tool"
    folder.mkdir()
    (folder / "tool.wasm").write_bytes(C_COMMAND.read_bytes())
    (folder / "Component.toml").write_text(
        '[package]\nname = "tool"\n[component]\nwasm = "tool.wasm"\nargs = ["spin"]\n'
        '[resources]\ncommand_deadline = "60ms"\nfuel_per_call = "unlimited"\n'
    )
    assert run(path=folder).report.trap is TrapKind.DEADLINE
    assert run("args", "x", path=folder).out == b"tool\nargs\nx\n"
    assert run(path=folder, fuel="1000").report.trap is TrapKind.OUT_OF_FUEL


# its streams


def test_bytes_go_through_as_they_are() -> None:
    every = bytes(range(256)) * 64
    ran = run("cat", given=every)
    assert (ran.report.status, ran.out, ran.err) == (0, every, b"")
    ran = run("say", "to out", "to err")
    assert (ran.out, ran.err) == (b"to out", b"to err")


def test_a_silent_input_keeps_no_deadline() -> None:
    pipes = Pipes()
    made = command(C_COMMAND, pipes.streams, "cat", deadline="50ms")
    assert made.start().result(20).trap is TrapKind.DEADLINE
    made.close()
    pipes.close()


def test_a_silent_input_keeps_no_cancellation() -> None:
    pipes = Pipes()
    made = command(C_COMMAND, pipes.streams, "answer")
    ended = made.start()
    os.write(pipes.to_input, b"one\n")
    pipes.line()  # it waits for the next line from here on, or is about to
    made.cancel()
    assert ended.result(20).outcome is CommandOutcome.CANCELLED
    made.close()
    pipes.close()


def test_it_learns_which_of_its_streams_are_terminals() -> None:
    master, slave = os.openpty()
    reads, writes = os.pipe()
    streams = StandardStreams(StandardInput(slave), StandardOutput(writes), StandardOutput(slave))
    made = command(C_COMMAND, streams, "tty")
    assert made.start().result(20).status == 0
    made.close()
    assert os.read(reads, 100) == b"101\n"
    streams.close()
    for end in (master, slave, reads, writes):
        os.close(end)


def test_streams_that_are_not_there_are_at_their_end() -> None:
    for words, status in (["cat"], 0), (["say", "out"], 1):
        made = command(C_COMMAND, StandardStreams(StandardInput(None), *[StandardOutput(None)] * 2), *words)
        assert made.start().result(20).status == status
        made.close()


def test_input_that_comes_later_can_be_waited_for() -> None:
    assert run("poll", "60000", given=b"x").out == b"input\n"
    pipes = Pipes()
    made = command(C_COMMAND, pipes.streams, "poll", "10")
    assert made.start().result(20).status == 0
    made.close()
    assert pipes.close()[0] == b"silence\n"


def test_a_dialogue_is_answered_line_by_line() -> None:
    pipes = Pipes()
    made = command(C_COMMAND, pipes.streams, "answer")
    ended = made.start()
    for word in (b"one", b"two"):
        os.write(pipes.to_input, word + b"\n")
        assert pipes.line() == b"you said <" + word + b">\n"
    pipes.end_input()
    assert ended.result(20).status == 0
    made.close()
    assert pipes.close()[0] == b"bye\n"


def test_a_reader_that_went_away_is_told_and_one_that_does_not_read_keeps_no_deadline() -> None:
    pipes = Pipes()
    os.close(pipes.from_output)
    pipes.from_output = os.open(os.devnull, os.O_RDONLY)
    made = command(C_COMMAND, pipes.streams, "flood")
    assert made.start().result(20).status == 1  # of `exit`, which tells no code
    made.close()
    pipes.close()
    pipes = Pipes()
    made = command(C_COMMAND, pipes.streams, "flood", deadline="100ms")
    assert made.start().result(20).trap is TrapKind.DEADLINE
    made.close()
    assert set(pipes.close()[0]) == {ord("y")}


# what it is given, and what it is denied


def test_variables_are_those_that_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRSSYS_ONE", "mine")
    monkeypatch.setenv("AIRSSYS_TWO", "mine")
    ran = run("env", variables=("AIRSSYS_ONE", "AIRSSYS_TWO=its own = yes", "AIRSSYS_UNSET"))
    assert ran.out == b"AIRSSYS_ONE=mine\nAIRSSYS_TWO=its own = yes\n"
    assert run("env").out == b""
    assert os.environ["AIRSSYS_TWO"] == "mine"


def test_a_directory_is_open_by_its_name_and_only_that(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in [side]", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (inside / "f").write_text("found")
    (outside / "f").write_text("secret")
    (inside / "link").symlink_to("../outside/f")
    assert run("read", "/d/f", directories=(f"{inside}::/d",)).out == b"found"
    assert run("read", f"{inside}/f", directories=(str(inside),)).out == b"found"
    for path in ("/d/../outside/f", "/d/link", f"{outside}/f"):
        ran = run("read", path, directories=(f"{inside}::/d",))
        assert (ran.report.status, ran.out) == (1, b"")
    ran = run("read", "/d/f")
    assert ran.report.status == 1


def test_what_is_denied_is_told_with_the_option_that_allows_it(tmp_path: Path) -> None:
    wanted = tmp_path / "new file"
    ran = run("write", "/d/new file", "text", directories=(f"{tmp_path}::/d:ro",))
    assert (ran.report.status, wanted.exists()) == (1, False)
    (denial,) = ran.report.denials
    assert (denial.permission, denial.reason) == (f"filesystem:write:{wanted}", "not-granted")
    assert denial.remedy == f"--allow 'filesystem:write:{wanted}'"
    allowed = run("write", "/d/new file", "text", directories=(f"{tmp_path}::/d:ro",), permissions=(denial.permission,))
    assert (allowed.report.status, allowed.report.denials) == (0, ())
    assert wanted.read_text() == "text"
    assert run("write", "/d/new file", "more", directories=(f"{tmp_path}::/d",)).report.status == 0


def test_what_the_manifest_declares_is_granted_by_the_line_alone(tmp_path: Path) -> None:
    folder = tmp_path / "tool"
    folder.mkdir()
    (folder / "tool.wasm").write_bytes(C_COMMAND.read_bytes())
    (folder / "Component.toml").write_text(
        f'[package]\nname = "tool"\n[component]\nwasm = "tool.wasm"\n[capabilities]\nfilesystem = '
        f'["read:{tmp_path}/**"]\n[wasi]\npreopens = {{"/d" = "{tmp_path}"}}\n'
    )
    (tmp_path / "f").write_text("found")
    (denial,) = run("read", "/d/f", path=folder).report.denials
    assert denial.remedy == f"--allow filesystem:read:{tmp_path}/f"
    assert run("read", "/d/f", path=folder, permissions=(f"filesystem:read:{tmp_path}/f",)).out == b"found"


def test_nobody_can_be_granted_what_belongs_to_the_program(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    given = {"directories": (f"{tmp_path}::/d",), "reserved": (f"{tmp_path}/state",)}
    (denial,) = run("write", "/d/state/x", "text", **given).report.denials
    assert (denial.reason, denial.remedy) == ("forbidden", "")
    assert not (tmp_path / "state" / "x").exists()


def test_too_many_denials_are_counted(tmp_path: Path) -> None:
    book = DenialBook()
    for number in (*range(MOST_TOLD + 3), 0):
        access = Access(Kind.FILESYSTEM, "read", f"{tmp_path}/{number}")
        book.denied(None, Denial(access, Reason.NOT_GRANTED), 0, observed=False)
    assert len(book.found) == MOST_TOLD
    assert (book.dropped, book.found[0].count) == (3, 2)


# what is no command


def test_what_cannot_be_run_says_why(tmp_path: Path) -> None:
    with pytest.raises(AdmissionError, match="nothing at"):
        run(path=tmp_path / "absent.wasm")
    with pytest.raises(AdmissionError, match="core WebAssembly module"):
        run(path=FIXTURES / "core-module" / "core-module.wasm")
    (tmp_path / "text.wasm").write_text("no wasm")
    with pytest.raises(AdmissionError):
        run(path=tmp_path / "text.wasm")
    with pytest.raises(GateRefusal, match="it does not export wasi:cli/run; it exports count") as caught:
        run(path=SAMPLES / "primes")
    assert caught.value.remedy == f"airssys-tui call {SAMPLES / 'primes'} count"
    unmet = program(tmp_path, "(i32.const 0)", '(import "acme:thing/x@1.0.0" (instance (export "f" (func))))')
    with pytest.raises(GateRefusal, match="acme:thing/x"):
        run(path=unmet)
    with pytest.raises(AdmissionError, match="memory") as refused:
        run(memory="1MiB")
    assert "--memory" in refused.value.remedy


def test_a_file_may_have_any_name(tmp_path: Path) -> None:
    odd = tmp_path / "1 Ünï.wasm"
    odd.write_bytes(C_COMMAND.read_bytes())
    assert run("args", path=odd).out.decode() == "1 Ünï.wasm\nargs\n"


def test_one_that_is_cancelled_while_it_starts_ends_too(tmp_path: Path) -> None:
    pipes = Pipes()
    made = command(C_COMMAND, pipes.streams, "spin")
    made.cancel()
    assert made.start().result(20).outcome is CommandOutcome.CANCELLED
    made.close()
    pipes.close()
