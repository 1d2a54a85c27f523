"""``check`` and ``call`` on real components, and on everything that is none."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from airssys_tui.cli.commands.call import join_arguments
from airssys_tui.core.gates import Gate
from airssys_tui.core.identity import digest_of
from tests.support.command_line import Desk
from tests.support.places import FIXTURES, RELEASES, SAMPLES

KINDS = {
    "counter": "actor",
    "greeter": "actor",
    "ledger": "actor",
    "clockwork": "actor",
    "crasher": "actor",
    "fetcher": "actor",
    "primes": "passive",
    "hoarder": "passive",
    "wasi-hello": "command",
}
FOREIGN = ["assemblyscript-text", "c-inventory", "javascript-tally", "hostile"]


@pytest.mark.parametrize("name", KINDS)
def test_every_sample_is_admissible(desk: Desk, name: str) -> None:
    answer = desk.run("check", SAMPLES / name, "--json")
    assert answer.code == 0, answer
    (report,) = answer.json
    assert report["admissible"] is True
    assert report["kind"] == KINDS[name]
    assert report["version"] == "1.0.0"
    assert report["digest"] == digest_of((SAMPLES / name / f"{name}.wasm").read_bytes())
    assert report["exports"]


@pytest.mark.parametrize("release", ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0"])
def test_a_release_that_fails_later_is_admissible_by_itself(desk: Desk, release: str) -> None:
    (report,) = desk.run("check", RELEASES / release, "--json").json
    assert (report["admissible"], report["version"]) == (True, release)


@pytest.mark.parametrize("name", FOREIGN)
def test_components_of_other_toolchains_are_admissible(desk: Desk, name: str) -> None:
    answer = desk.run("check", FIXTURES / name / f"{name}.wasm", "--json")
    assert answer.code == 0, answer
    assert answer.json[0]["exports"]


def test_what_is_no_component_is_refused_at_the_right_gate_with_offset_and_remedy(desk: Desk, tmp_path: Path) -> None:
    whole = (SAMPLES / "counter" / "counter.wasm").read_bytes()
    made = {
        "empty": b"",
        "noise": random.Random(7).randbytes(1_000_000),
        "truncated": whole[: len(whole) // 2],
        "header": whole[:8][:6],
        "text": b"hello\n",
    }
    for name, data in made.items():
        (tmp_path / f"{name}.wasm").write_bytes(data)
    paths = [tmp_path / f"{name}.wasm" for name in made]
    answer = desk.run("check", *paths, FIXTURES / "core-module" / "core-module.wasm", tmp_path / "nothing", "--json")
    assert answer.code == 1
    reports = answer.json
    assert all(not report["admissible"] and report["reason"] for report in reports)
    gates = {Path(report["path"]).stem: report["gate"] for report in reports}
    assert gates["empty"] == Gate.SIZE
    assert gates["noise"] == gates["text"] == gates["core-module"] == Gate.MAGIC
    assert gates["truncated"] == Gate.SECTIONS
    offsets = {Path(report["path"]).stem: report["offset"] for report in reports}
    assert 8 <= offsets["truncated"] <= len(whole) // 2
    core = next(report for report in reports if "core-module" in report["path"])
    assert "core" in core["reason"]
    assert "component new" in core["remedy"]


def test_an_unknown_import_is_named_beside_what_there_is(desk: Desk) -> None:
    answer = desk.run("check", FIXTURES / "unknown-import" / "unknown-import.wasm")
    assert answer.code == 1
    assert answer.out.startswith("refused")
    assert "at types" in answer.out
    assert "acme:weather/forecast@2.1.0" in answer.out
    assert "available: airssys:" in answer.out
    assert "airssys:core-host@1.0.0 (clock, config, logging," in answer.out


def test_one_bad_file_among_good_ones_is_exit_1_and_all_are_reported(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "bad.wasm").write_bytes(b"no")
    answer = desk.run("check", SAMPLES / "primes", tmp_path / "bad.wasm", SAMPLES / "greeter")
    assert answer.code == 1
    assert [line.split()[0] for line in answer.out.splitlines() if not line.startswith(" ")] == [
        "admissible",
        "refused",
        "admissible",
    ]


def test_every_problem_of_a_manifest_is_reported(desk: Desk) -> None:
    folder = desk.install("counter")
    (folder / "Component.toml").write_text('[package]\nname = "counter"\nversoin = "1"\n[resources]\nmemory = "9TiB"\n')
    (report,) = desk.run("check", folder, "--json").json
    assert report["gate"] == Gate.MANIFEST
    assert len(report["problems"]) >= 2
    assert any(":3" in problem and "version" in problem for problem in report["problems"])
    lines = desk.run("check", folder).out.splitlines()
    assert lines[1] == "  at manifest:"
    assert [line.strip() for line in lines[2:-1]] == report["problems"], "for people, one a line"


def test_a_hostile_component_prints_nothing_a_terminal_obeys(desk: Desk) -> None:
    answer = desk.run("check", FIXTURES / "hostile")
    called = desk.run("call", FIXTURES / "hostile", "insult")
    assert called.code == 0, called
    for said in (answer.out, answer.err, called.out, called.err):
        assert not set(said) & set("\x1b\x9b\x07\u202e\u200b")


def test_a_call_prints_the_result_and_what_it_cost(desk: Desk) -> None:
    answer = desk.run("call", SAMPLES / "primes", "nth", 1000)
    assert (answer.code, answer.out) == (0, "7919\n")
    for word in ("fuel", "time", "peak memory"):
        assert word in answer.err
    report = desk.run("call", SAMPLES / "primes", "nth", "1000", "--json").json
    assert report["result"] == 7919
    assert report["fuel"] > 100_000
    assert report["memory_peak"] >= 65_536
    assert report["seconds"] > 0


@pytest.mark.parametrize(
    ("words", "result"),
    [
        (["greeter", "hello", "Ada"], '"Hello, Ada!"'),
        (["greeter", "hello", '"42"'], '"Hello, 42!"'),
        (["greeter", "airssys:greeter/greetings@1.0.0#mean", "[1, 2.5]"], '{"ok":1.75}'),
        (["greeter", "greetings#initial", ""], "null"),
        (["counter", "increment", "18446744073709551615"], "18446744073709551615"),
        (["counter", "get"], "0"),
        (["crasher", "ok"], "42"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_arguments_are_json_and_a_bare_word_is_a_string(desk: Desk, words: list[str], result: str) -> None:
    answer = desk.run("call", SAMPLES / words[0], *words[1:])
    assert (answer.code, answer.out.strip()) == (0, result), answer


@pytest.mark.parametrize(
    ("words", "kind", "what"),
    [
        (["crasher", "unreachable"], "GuestTrap", "unreachable"),
        (["crasher", "stack-overflow"], "GuestTrap", "stack"),
        (["crasher", "divide-by-zero"], "GuestTrap", "divi"),
        (["greeter", "hello"], "ArgumentError", "hello"),
        (["counter", "increment", "-1"], "ArgumentError", "u64"),
        (["counter", "increment", "18446744073709551616"], "ArgumentError", "u64"),
        (["counter", "increment", "1.5"], "ArgumentError", "u64"),
        (["greeter", "hell", "Ada"], "ExportNotFound", "hello"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_call_that_fails_exits_1_with_its_kind(desk: Desk, words: list[str], kind: str, what: str) -> None:
    answer = desk.run("call", SAMPLES / words[0], *words[1:], "--json")
    assert answer.code == 1
    error = answer.json["error"]
    assert error["kind"] == kind
    assert what in error["message"] + error.get("remedy", "")


@pytest.fixture
def frugal(tmp_path: Path) -> Path:
    """The sample that counts primes, with so little fuel that it is used up before any deadline."""
    place = tmp_path / "primes"
    place.mkdir()
    for file in (SAMPLES / "primes").iterdir():
        if file.suffix in {".wasm", ".toml"}:
            (place / file.name).write_bytes(file.read_bytes())
    manifest = (place / "Component.toml").read_text()
    assert "fuel_per_call = 100_000_000" in manifest
    frugal = manifest.replace("fuel_per_call = 100_000_000", "fuel_per_call = 100_000").replace('"2s"', '"60s"')
    (place / "Component.toml").write_text(frugal)
    return place


def test_a_call_that_uses_up_its_fuel_says_so(desk: Desk, frugal: Path) -> None:
    answer = desk.run("call", frugal, "spin", "--json")
    assert (answer.code, answer.json["error"]["kind"]) == (1, "GuestTrap")
    assert "fuel" in answer.json["error"]["message"]


def test_a_call_that_runs_into_a_limit_says_how_to_raise_it(desk: Desk, frugal: Path) -> None:
    answer = desk.run("call", frugal, "spin")
    assert answer.err.splitlines()[-1].startswith("  → raise [resources] fuel_per_call"), answer
    assert "→" not in desk.run("call", SAMPLES / "crasher", "unreachable").err


def test_a_name_where_a_path_is_meant_is_told_of_live(desk: Desk) -> None:
    answer = desk.run("call", "counter", "get")
    assert answer.code == 1
    assert "add --live" in answer.err.splitlines()[-1]


def test_what_a_component_writes_is_beside_the_result(desk: Desk) -> None:
    answer = desk.run("call", SAMPLES / "wasi-hello", "run")
    assert answer.code == 0
    assert "Hello" in answer.err
    assert answer.out.strip() == '{"ok":null}'


def test_joining_keeps_every_digit_and_takes_words_as_strings() -> None:
    assert join_arguments(("12345678901234567890", "1.10", "Ada", '"x"', "[1]", "", "NaN")) == (
        '[12345678901234567890,1.10,"Ada","x",[1],"","NaN"]'
    )
    assert join_arguments(()) == "[]"


def test_keys_without_effect_are_named_for_people_and_in_json(desk: Desk) -> None:
    folder = desk.install("counter")
    with (folder / "Component.toml").open("a") as manifest:
        manifest.write(
            '\n[capabilities]\nnetwork = ["connect:api.example.com:443"]\nfilesystem = ["read:/data/**"]\n'
            'process = ["spawn:*"]\nmessaging = ["send:*"]\n[build]\ncommand = "make"\nwatch = ["src/**"]\n'
        )
    lines = [
        "[build] command has no effect yet: build the component yourself",
        "[build] watch has no effect yet: build the component yourself",
    ]
    (report,) = desk.run("check", folder, "--json").json
    assert (report["admissible"], report["inert"]) == (True, lines)
    assert [line for line in desk.run("check", folder).out.splitlines() if "no effect" in line] == [
        f"  no effect yet  {lines[0]}",
        *(f"                 {line}" for line in lines[1:]),
    ]


def test_keys_without_effect_are_named_of_what_is_refused_as_well(desk: Desk) -> None:
    folder = desk.install("counter")
    wasm = folder / "counter.wasm"
    wasm.write_bytes(wasm.read_bytes()[:1000])
    with (folder / "Component.toml").open("a") as manifest:
        manifest.write('\n[security]\npublic_key = "key"\n')
    answer = desk.run("check", folder)
    assert answer.code == 1
    assert (
        answer.out.splitlines()[-1]
        == "  no effect yet  [security] public_key has no effect yet: signatures are not checked"
    )
