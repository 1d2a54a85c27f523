"""Data crosses the control socket, the catalog and the host boundary as it is; only drawing changes it."""

from __future__ import annotations

import contextlib
import json

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from airssys_tui.api import wire
from airssys_tui.api.commands import Annotate, ImportState, Rollback, Undo
from airssys_tui.api.played import scenes
from airssys_tui.api.views.calling import Check, CheckOutcome, InterfaceView
from airssys_tui.api.views.past import StateFile
from airssys_tui.cli.commands.call import join_arguments
from airssys_tui.core.errors import AirssysError, ArgumentError, UsageError
from airssys_tui.core.identity import digest_of
from airssys_tui.core.revision import MAX_NOTE
from airssys_tui.core.types.interface import (
    Case,
    EnumOf,
    Field,
    Function,
    Interface,
    Param,
    Primitive,
    Record,
    VariantOf,
)
from tests.support.api.sockets import client, serving
from tests.support.components import Crafted
from tests.support.engine.guests import echo
from tests.support.places import SAMPLES

PATIENCE = 30.0
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467\ufe0f"
STACK = "a" + "\u0301" * 12
BIDI = "\u202eabc\u2066\u200f"
CONTROLS = "\x00\x01\x1b[2J\x7f\x9b31m\x85\r\n\t\u2028"
TEXTS = st.text(
    st.one_of(
        st.sampled_from(
            '\x00\x1b\x7f\x9b\u200b\u200c\u200d\u202e\u2028\ufeff\ufe0f\u0301\u0e31\U000e0041\U0001f469\\"/u'
        ),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=60,
)
EVERY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ENTRY = """
  (type $e' (record (field "text" string) (field "initial" char) (field "note" (option string))))
  (export $e "entry" (type $e'))"""
WORD = """
  (type $w' (variant (case "said" string) (case "nothing")))
  (export $w "word" (type $w'))"""


@pytest.fixture
def far(world, tmp_path):
    """A runtime with components that give back what they get, seen through its socket."""
    world.open()
    world.install("texts", echo("string"))
    world.install("chars", echo("char"))
    world.install("bytes", echo("(list u8)"))
    world.install("entries", echo("$e", ENTRY))
    world.install("words", echo("$w", WORD))
    with contextlib.ExitStack() as opened:
        opened.enter_context(serving(world.runtime, tmp_path / "s"))
        yield opened.enter_context(client(tmp_path / "s", follow=True))


def echoed(far, component, items):
    """What a component gives back, as a command line would send it."""
    report = far.call(component, "echo", join_arguments((json.dumps(items, ensure_ascii=False),))).result(PATIENCE)
    return json.loads(report.result)


@EVERY
@given(text=TEXTS)
@example(text="Zoë")
@example(text=FAMILY)
@example(text=STACK)
@example(text=BIDI)
@example(text=CONTROLS)
@example(text=r"\ud800 \u0000 \x1b")
@example(text="\U0010ffff\U00010000\ue000\ufffe")
def test_arguments_and_results_are_what_was_sent(far, text):
    initial = text[:1] or "\u200d"
    assert echoed(far, "texts", [text, text[::-1]]) == [text, text[::-1]]
    assert echoed(far, "chars", [initial]) == [initial]
    assert echoed(far, "entries", [{"text": text, "initial": initial, "note": text}])[0]["note"] == text
    assert echoed(far, "words", [{"said": text}, "nothing"]) == [{"said": text}, "nothing"]
    with_text = echoed(far, "bytes", [{"text": text}])
    assert with_text == echoed(far, "bytes", [list(text.encode())])


@EVERY
@given(text=TEXTS)
@example(text=CONTROLS)
def test_escapes_and_characters_mean_the_same(far, text):
    """ASCII JSON, with a pair of escapes for each character of four bytes, arrives as the text itself does."""
    escaped = json.dumps([text], ensure_ascii=True)
    assert json.loads(far.call("texts", "echo", f"[{escaped}]").result(PATIENCE).result) == [text]


@pytest.mark.parametrize("name", ["Zoë", "Zoe\u0308", FAMILY, "\u05d0\u200f\u05d1"])
def test_the_sample_greets_who_is_not_ascii(world, tmp_path, name):
    world.open()
    world.install("greeter", SAMPLES / "greeter")
    arguments = join_arguments((json.dumps({"name": name, "languages": []}, ensure_ascii=False), "cheerful"))
    with serving(world.runtime, tmp_path / "s"), client(tmp_path / "s") as far:
        greeting = json.loads(far.call("greeter", "greet", arguments).result(PATIENCE).result)["ok"]
    assert name in greeting["text"]
    assert greeting["characters"] == len(greeting["text"])


@pytest.mark.parametrize("lone", [r'"\ud800"', r'"\udc00\ud800"', r'"x\ud83d"', r'{"text":"\uDFFF"}', r'{"\ud800":1}'])
def test_a_lone_surrogate_is_refused_in_words(far, lone):
    with pytest.raises(ArgumentError, match="surrogate") as on_the_way:
        join_arguments((lone,))
    with pytest.raises(ArgumentError, match="surrogate") as there:
        far.call("texts", "echo", f"[[{lone}]]").result(PATIENCE)
    assert "pair" in str(on_the_way.value)
    assert "pair" in str(there.value)
    assert echoed(far, "texts", ["fine"]) == ["fine"]


@pytest.mark.parametrize("raw", ["\ud800", "caf\udce9", '"\udcff"'])
def test_what_is_no_unicode_is_refused_and_not_replaced(far, raw):
    with pytest.raises(ArgumentError, match="Unicode"):
        join_arguments((raw,))
    with pytest.raises(AirssysError, match="Unicode"):
        far.call("texts", "echo", f'[["{raw}"]]').result(PATIENCE)
    with pytest.raises(UsageError, match="Unicode"):
        far.submit(Annotate("texts", 1, raw)).result(PATIENCE)


def test_what_looks_like_an_escape_is_text_to_a_text(far):
    assert join_arguments((r"\ud800",)) == r'["\\ud800"]'
    assert echoed(far, "texts", [r"\ud800", r"\\u0000"]) == [r"\ud800", r"\\u0000"]


@pytest.mark.parametrize(
    "deep", ["[" * 5_000, "[" * 5_000 + "]" * 5_000, '{"a":' * 5_000], ids=["open", "closed", "objects"]
)
def test_nesting_that_no_type_has_is_refused(far, deep):
    with pytest.raises(ArgumentError, match="nested"):
        join_arguments((deep,))
    with pytest.raises(ArgumentError, match="nested"):
        far.call("texts", "echo", f"[{deep}]").result(PATIENCE)


@settings(parent=EVERY, max_examples=25)
@given(text=TEXTS, name=TEXTS.filter(lambda name: name.strip()))
@example(text=CONTROLS, name=FAMILY)
@example(text=STACK, name=BIDI)
def test_a_saved_check_is_kept_as_it_is(world, far, text, name):
    arguments = f"[{json.dumps([text], ensure_ascii=False)}]"
    saved = far.save_check("texts", name, "echo", arguments).result(PATIENCE)
    assert (saved.name, saved.arguments, json.loads(saved.result)) == (name, arguments, [text])
    kept = next(check for check in far.checks("texts").result(PATIENCE) if check.name == name)
    assert kept == saved
    assert world.runtime.checks("texts").result(PATIENCE)[-1].name == name
    assert all(outcome.passed for outcome in far.verify("texts").result(PATIENCE))
    far.drop_check("texts", name).result(PATIENCE)


@settings(parent=EVERY, max_examples=25)
@given(note=st.one_of(TEXTS, TEXTS.map(lambda text: (text + "x") * 20)))
@example(note=FAMILY)
@example(note=STACK * 20)
@example(note=CONTROLS)
@example(note=f"  {BIDI}\n ")
def test_a_note_is_the_operators_own_text(far, note):
    far.submit(Annotate("texts", 1, note)).result(PATIENCE)
    assert far.versions("texts").result(PATIENCE)[0].note == (note[:MAX_NOTE] if note.strip() else "")


def test_notes_survive_the_catalog_a_rollback_and_an_undo(world, tmp_path):
    note = FAMILY + BIDI + CONTROLS
    world.open()
    world.install("counter", Crafted(salt="1"))
    world.install("counter", Crafted(salt="2"))
    with serving(world.runtime, tmp_path / "s"), client(tmp_path / "s") as far:
        far.submit(Annotate("counter", 1, note)).result(PATIENCE)
        far.submit(Annotate("counter", 1, "another")).result(PATIENCE)
        far.submit(Undo()).result(PATIENCE)
        far.submit(Rollback("counter", 1, note=note, force=True)).result(PATIENCE)
    world.reopen()
    notes = {revision.number: revision.note for revision in world.history("counter")}
    assert (notes[1], notes[3]) == (note, note)


@pytest.mark.parametrize("value", [FAMILY, STACK, BIDI, "x" * 5_000, 'quoted "\u200d" \U0001f389'])
def test_configured_values_are_whole(world, tmp_path, value):
    world.open()
    world.install("set", Crafted(), f"[config]\nword = {json.dumps(value, ensure_ascii=False)}\n")
    with serving(world.runtime, tmp_path / "s"), client(tmp_path / "s") as far:
        (line,) = far.describe("set").result(PATIENCE).config
    assert json.loads(line.removeprefix("word: ")) == value


def test_a_schema_of_a_state_is_the_guests_own_word(world, tmp_path):
    schema, data = FAMILY + "/\x1b1", b"\1\0\0\0\0\0\0\0"
    world.open()
    world.install("counter", Crafted())
    file = StateFile(
        component="counter",
        revision=1,
        version=None,
        schema=schema,
        kind="binary",
        at=0.0,
        digest=digest_of(data),
        data=data,
    )
    with serving(world.runtime, tmp_path / "s"), client(tmp_path / "s") as far:
        far.submit(ImportState("counter", file)).result(PATIENCE)
        newest = far.states("counter").result(PATIENCE)[0]
        back = far.export_state("counter", newest.id).result(PATIENCE)
    assert (back.schema, back.data) == (schema, data)
    assert "\x1b" not in newest.schema


@EVERY
@given(text=TEXTS)
@example(text=FAMILY)
@example(text=CONTROLS)
def test_names_of_types_travel_as_they_are(text):
    word = VariantOf((Case(text, Primitive("string")), Case("none", None)))
    fields = (Field(text, EnumOf((text, "other"))), Field("word", word))
    function = Function(text, (Param(text, Record(fields)),), Primitive("string"))
    view = InterfaceView(component="c", revision=1, interface=Interface((), (function,)))
    assert wire.unpacker(InterfaceView)(wire.pack(view)) == view


@EVERY
@given(text=TEXTS)
def test_checks_travel_as_they_are(text):
    check = Check(name=text, export=text, arguments=text, result=text, revision=1, at=0.0)
    outcome = CheckOutcome(check=check, passed=False, result=text)
    assert wire.unpacker(tuple[CheckOutcome, ...])(wire.pack((outcome,))) == (outcome,)


def test_an_answer_that_is_no_unicode_is_an_error_and_not_a_silence(tmp_path):
    runtime = scenes.mixed(scenes.still)
    counter = next(found for found in runtime.components if found.id == "counter")
    counter.detail = msgspec.structs.replace(counter.detail, description="caf\udce9")
    with serving(runtime, tmp_path / "s"), client(tmp_path / "s") as far:
        with pytest.raises(AirssysError, match="not Unicode"):
            far.describe("counter").result(PATIENCE)
        assert far.versions("counter").result(PATIENCE)
