"""What is printed for programs is whole and valid; what people get is safe, and says when it is shortened."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from airssys_tui.api.commands import Annotate, SaveState
from airssys_tui.api.socket.server import ControlServer
from airssys_tui.cli.answering.output import SHORTENED, say
from airssys_tui.cli.main import main
from airssys_tui.core.events import EventAction, EventKind
from airssys_tui.core.keyvalue import WriteTerms
from airssys_tui.core.text import MAX_LINE, MAX_LINES, whole, whole_json
from airssys_tui.store.directory import STORAGE_FILE
from airssys_tui.store.keyvalues.namespace import Namespace
from airssys_tui.store.keyvalues.portable import export_lines, import_lines
from airssys_tui.store.keyvalues.storage import Storage
from airssys_tui.store.paths import control_path
from tests.support.components import Crafted
from tests.support.engine.guests import echo
from tests.support.places import SAMPLES

PATIENCE = 30.0
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467\ufe0f"
STACK = "a" + "\u0301" * 12
BIDI = "\u202eabc\u2066\u200f"
CONTROLS = "\x1b]52;c;eA==\x07\x1b[2J\x7f\x9b31m\x85\u2028\U000e0041"
HOSTILE = [FAMILY, STACK, BIDI, CONTROLS, "Zoë 漢字 \U0001f389"]
ACTING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
TEXTS = st.text(st.one_of(st.sampled_from(FAMILY + STACK + BIDI + CONTROLS + '\\"\n\t'), st.characters()), max_size=60)


def acting(printed, kept="\n"):
    """Characters that would act on a terminal that shows what was printed."""
    return {char for char in printed if unicodedata.category(char) in ACTING} - set(kept)


@pytest.fixture
def piped(world, tmp_path, monkeypatch, capsys):
    """Run the program against a running runtime, its output not on a terminal."""
    monkeypatch.setenv("AIRSSYS_TUI_FOLDER", str(world.folder))
    monkeypatch.setenv("AIRSSYS_TUI_STATE_DIR", str(world.state_dir))
    monkeypatch.setenv("AIRSSYS_TUI_CONFIG", str(tmp_path / "config.toml"))
    world.open()
    world.install("texts", echo("string"))

    def run(*words, code=0):
        capsys.readouterr()
        assert main([str(word) for word in words]) == code
        return capsys.readouterr().out

    with contextlib.closing(ControlServer(world.runtime, control_path(world.state_dir), folder=str(world.folder))):
        yield run


def argument(*texts):
    return json.dumps(list(texts), ensure_ascii=False)


@pytest.mark.parametrize("size", [MAX_LINE - 1, MAX_LINE + 1, 40_000])
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_a_long_result_is_whole(piped, size, form):
    found = json.loads(piped("call", "texts", "echo", argument("x" * size, "end"), *form))
    assert (found["result"] if form else found) == ["x" * size, "end"]


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_a_result_is_valid_json_without_a_raw_control(piped, form):
    printed = piped("call", "texts", "echo", argument(*HOSTILE), *form)
    found = json.loads(printed)
    assert (found["result"] if form else found) == HOSTILE
    assert not acting(printed)
    assert "Zoë 漢字" in printed, "what is harmless stays readable"


def test_a_path_is_answered_the_same_way(tmp_path, capsys):
    (tmp_path / "texts.wasm").write_bytes(echo("string"))
    assert main(["call", str(tmp_path / "texts.wasm"), "echo", argument(*HOSTILE, "y" * 5_000)]) == 0
    assert json.loads(capsys.readouterr().out) == [*HOSTILE, "y" * 5_000]


def test_a_real_pipe_gets_every_byte(tmp_path):
    names = [f"name number {number} {FAMILY}" for number in range(300)]
    command = [sys.executable, "-m", "airssys_tui", "call", str(SAMPLES / "greeter"), "greet-all", argument(*names)]
    answered = subprocess.run(command, capture_output=True, check=True, timeout=100)
    greetings = json.loads(answered.stdout.decode())
    assert len(greetings) == len(names)
    assert all(name in greeting for name, greeting in zip(names, greetings, strict=True))


@pytest.mark.parametrize("value", [*HOSTILE, "v" * 9_000])
def test_described_configuration_is_whole(world, piped, value):
    # JSON's escapes are TOML's as long as they are no surrogates
    text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    world.install("set", Crafted(), f"[config]\nword = {text}\n")
    world.do(Annotate("set", 1, value))
    printed = piped("describe", "set", "--json")
    found = json.loads(printed)
    assert json.loads(found["config"][0].removeprefix("word: ")) == value
    assert found["revisions"][0]["note"] == value[:500]
    assert not acting(printed)
    people = piped("describe", "set")
    assert not acting(people, "\n\u200c\u200d")
    assert value.isprintable() is (value in people) or "\u200d" in value


@pytest.mark.parametrize("note", [*HOSTILE, "n" * 500])
def test_lists_and_stories_are_whole(world, piped, note):
    world.install("counter", Crafted())
    world.do(Annotate("counter", 1, note))
    for words in (("list",), ("versions", "counter"), ("explain", "counter")):
        printed = piped(*words, "--json")
        json.loads(printed)
        assert not acting(printed)
        assert not acting(piped(*words), "\n\u200c\u200d")
    assert whole(" ".join(note.split())) in " ".join(json.loads(piped("explain", "counter", "--json"))["sentences"])
    assert " ".join(whole(note).split()) in piped("versions", "counter")


@pytest.mark.parametrize("line", [*HOSTILE, "l" * 1_500])
def test_logged_lines_are_whole(world, piped, line):
    world.runtime.probe.floor.journal.emit(EventKind.LOG, line, component="texts", action=EventAction.STDOUT)
    printed = piped("logs", "texts", "--json")
    assert json.loads(printed)[-1]["text"] == line
    assert not acting(printed)
    people = piped("logs", "texts")
    assert whole(" ".join(line.splitlines())) in people
    assert not acting(people, "\n\u200c\u200d")


def test_an_exported_state_is_whole_and_comes_back(world, piped):
    world.install("counter", Crafted())
    world.do(SaveState("counter"))
    found = json.loads(piped("states", "export", "counter", "-"))
    assert (found["component"], found["schema"]) == ("counter", "crafted/1")


@pytest.mark.parametrize("text", [*HOSTILE, "k" * 50_000])
def test_exported_storage_is_valid_safe_and_comes_back(tmp_path, text):
    with contextlib.closing(Storage(tmp_path / STORAGE_FILE)) as storage:
        namespace = Namespace(storage, "one")
        namespace.set(FAMILY, text, WriteTerms(1_000_000))
        exported = list(export_lines(tmp_path / STORAGE_FILE, "one"))
        assert not acting(b"".join(exported).decode())
        assert json.loads(exported[1]) == {"key": FAMILY, "text": text}
        assert import_lines(storage, "two", exported, quota=1_000_000).keys == 1
        assert namespace.get(FAMILY) == text


def test_a_terminal_gets_a_bounded_safe_text_and_a_note(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    for shown in ("x" * (MAX_LINE + 1), "line\n" * (MAX_LINES + 1), CONTROLS + "y" * 90_000):
        say(shown)
        said = capsys.readouterr()
        assert len(said.out) < len(shown) + 100
        assert SHORTENED in said.err
        assert not acting(said.out)
    say(FAMILY + BIDI)
    assert capsys.readouterr().err == ""


@settings(deadline=None)
@given(TEXTS)
@example("\ud800\udfff")
def test_nothing_is_lost_and_nothing_acts(text):
    shown = whole(text)
    assert not acting(shown, "\n\t\u200c\u200d")
    assert {char for char in text if char.isprintable()} <= set(shown)
    assert shown == text or acting(text, "\n\t\u200c\u200d")


@settings(deadline=None)
@given(st.recursive(TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)))
@example(["\ud800", "\U0010ffff", "\U000e0041"])
def test_the_document_means_the_same(value):
    document = json.dumps(value, ensure_ascii=False, indent=1)
    safe = whole_json(document)
    assert json.loads(safe) == value
    assert not acting(safe)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /dev/full")
def test_output_that_cannot_be_written_is_an_error(tmp_path):
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "airssys_tui", "check", str(SAMPLES / "greeter"), "--json"]
        answered = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=100)
    assert answered.returncode == 1
    assert "could not be written" in answered.stderr
    assert "Traceback" not in answered.stderr
