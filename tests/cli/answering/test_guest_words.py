"""What a guest says of itself, its calls and its figures is data: whole in JSON, safe and in one row for people."""

from __future__ import annotations

import contextlib
import json
import unicodedata

import pytest

from airssys_tui.api.socket.server import ControlServer
from airssys_tui.cli.main import main
from airssys_tui.cli.serving.metric_families import custom_families
from airssys_tui.store.paths import control_path
from tests.support.places import FIXTURES

PATIENCE = 30
DOORS = "fixture:services/doors@1.0.0#"
FAMILY = "\U0001f469\u200d\U0001f467\ufe0f"
SAID = [FAMILY, "a" + "\u0301" * 9, "\u202eabc\u2066", "\x1b[2J\x85\u2028", "two\nlines  and spaces ", "Zoë 漢字"]
ACTING = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def acting(printed: str) -> set[str]:
    return {char for char in printed if unicodedata.category(char) in ACTING} - set("\t\n\u200c\u200d")


@pytest.fixture
def piped(world, tmp_path, monkeypatch, capsys):
    """Run the program against a running runtime, its output not on a terminal."""
    monkeypatch.setenv("AIRSSYS_TUI_FOLDER", str(world.folder))
    monkeypatch.setenv("AIRSSYS_TUI_STATE_DIR", str(world.state_dir))
    monkeypatch.setenv("AIRSSYS_TUI_CONFIG", str(tmp_path / "config.toml"))
    world.put("hostile", FIXTURES / "hostile")
    world.put(
        "services", (FIXTURES / "services" / "services.wasm").read_bytes(), '[capabilities]\nstorage = "read-write"\n'
    )
    world.open()

    def run(*words, code=0):
        capsys.readouterr()
        assert main([str(word) for word in words]) == code
        return capsys.readouterr().out

    with contextlib.closing(ControlServer(world.runtime, control_path(world.state_dir), folder=str(world.folder))):
        yield run


@pytest.fixture
def services(world, piped):

    def call(export, *values):
        return world.runtime.call("services", f"{DOORS}{export}", json.dumps(values)).result(PATIENCE)

    return call


def test_traces_are_whole(services, piped):
    for said in SAID:
        services("trace", said)
        printed = piped("traces", "services", "--last", 1, "--json")
        spans = json.loads(printed)[0]["spans"]
        told = [
            value
            for span in spans
            for value in (span["name"], *(part for pair in span["annotations"] for part in pair))
        ]
        assert said in told
        assert not acting(printed)
        people = piped("traces", "services", "--last", 1)
        assert not acting(people)
        assert len(people.splitlines()) == 1 + len(spans) + sum(len(span["annotations"]) for span in spans)


def test_labels_of_metrics_are_whole_and_the_endpoint_gets_them_safe(world, services, piped):
    for said in SAID:
        services("gauge-set", "depth", 1.0, [["who", said]])
    printed = piped("meters", "services", "--json")
    assert sorted(found["labels"][0][1] for found in json.loads(printed)["custom"]) == sorted(SAID)
    assert not acting(printed)
    assert not acting(piped("meters", "services"))
    detail = world.runtime.meters("services").result(PATIENCE)
    samples = [sample for family in custom_families([detail]) for sample in family.samples if "who" in sample.labels]
    assert len(samples) == len(SAID)
    assert not any(acting(sample.labels["who"]) or "\n" in sample.labels["who"] for sample in samples)


def test_a_description_of_itself_is_whole(world, piped):
    live = world.runtime.call("hostile", "airssys:core-component/metadata@1.0.0#describe").result(PATIENCE)
    said = json.loads(live.result)
    described = json.loads(piped("describe", "hostile", "--json"))["described"]
    assert f"title: {said['title']}" in described
    assert f"description: {said['description']}" in described
    people = piped("describe", "hostile")
    assert not acting(people)
    assert sum(line.startswith("  title: ") for line in people.splitlines()) == 1


def test_a_comparison_is_whole(tmp_path, piped):
    wide = ", ".join(f"f{number}: u32" for number in range(400))
    for name, fields in (("old", wide), ("new", wide.replace("f399", "g399"))):
        (tmp_path / name).mkdir()
        text = f"(component (type $t (record {' '.join(_field(each) for each in fields.split(', '))}))\n"
        text += '(import "t" (type $e (eq $t))) (import "f" (func (param "r" $e))))'
        (tmp_path / f"{name}.wat").write_text(text)
    changes = json.loads(piped("wit", "diff", tmp_path / "old.wat", tmp_path / "new.wat", "--json", code=1))
    (change,) = [each for each in changes if each["path"] == "f"]
    assert "g399" in change["after"]
    assert "f399" in change["before"]
    assert len(change["before"]) > 4_000


def _field(text: str) -> str:
    name, _, kind = text.partition(": ")
    return f'(field "{name}" {kind})'
