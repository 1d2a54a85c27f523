"""Settings of the screen: read with the line of every fault, taken while the screen runs, saved beside the comments."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.api.played import scenes
from airssys_tui.core.errors import StoreError, UsageError
from airssys_tui.tui.actions.keymap import DEFAULT_KEYS, Keymap, faults, key_named
from airssys_tui.tui.actions.table import ACTIONS
from airssys_tui.tui.app import AirssysApp
from airssys_tui.tui.dialogs.help import HelpScreen
from airssys_tui.tui.drawing.arrangement import Sort
from airssys_tui.tui.settings.preferences import Faulty, Preferences, read_preferences
from airssys_tui.tui.settings.settings_file import SettingsFile
from airssys_tui.tui.settings.setup import THEME_NAMES
from airssys_tui.tui.widgets.pager import Pager
from tests.support.screens import NEVER, connected, shows, text_of, wait_until

SIZE = (120, 40)

WHOLE = """# mine
folder = "components"   # the usual

[screen]
theme = "airssys-light"  # for the train
refresh = "500ms"
ascii = true
columns = ["name", "note", "state"]
sort = "memory"
reverse = true
filter = "!stopped"

[keys]
"component.start" = ["f4", "f5"]
"look.filter" = "f9"
component.stop = "shift+f10"
"""


def test_everything_is_read():
    found = read_preferences(WHOLE, THEME_NAMES)
    assert found == Preferences(
        theme="airssys-light",
        refresh=0.5,
        ascii=True,
        columns=("name", "note", "state"),
        sort=Sort.MEMORY,
        reverse=True,
        filter="!stopped",
        keys={"component.start": ("f4", "f5"), "look.filter": ("f9",), "component.stop": ("shift+f10",)},
    )
    assert read_preferences("", THEME_NAMES) == Preferences()


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('[screen]\ntheme = "mauve"', 2, "unknown theme 'mauve'; for example: airssys-dark"),
        ("[screen]\nrefresh = 9", 2, "expected 0.25 to 2 seconds"),
        ("[screen]\nrefresh = true", 2, "expected 0.25 to 2 seconds"),
        ("[screen]\nrefresh = []", 2, "expected 0.25 to 2 seconds"),
        ('[screen]\n\nascii = "yes"', 3, "expected true or false"),
        ('[screen]\ncolumns = [\n  "name",\n  "colour",\n]', 4, "unknown column 'colour'; known: name, state"),
        ('[screen]\ncolumns = ["name", "name"]', 2, "name is listed twice"),
        ("[screen]\ncolumns = 3", 2, "expected a list"),
        ('[screen]\nsort = "colour"', 2, "expected one of name, state, fuel, memory, cpu, uptime"),
        ("[screen]\nfilter = 3", 2, "expected text"),
        ("[screen]\ncolour = 3", 2, "unknown setting; known: ascii, columns"),
        ("screen = 3", 1, "expected a table"),
        ('[keys]\n"component.jump" = "J"', 2, "unknown action"),
        ('[keys]\n"component.start" = "hyper+q"', 2, "unknown key 'hyper+q'"),
        ('[keys]\n"component.start" = 3', 2, "expected a key or a list of keys"),
        ('[keys]\n"component.start" = "x"', 2, "x is already bound to component.stop; give that action another key"),
        ('[keys]\n"component.start" = "?"', 2, "? is already bound to app.help"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text, line, said):
    with pytest.raises(Faulty) as caught:
        read_preferences(text, THEME_NAMES)
    assert caught.value.faults[0].startswith(f"line {line}: ")
    assert said in caught.value.faults[0]


def test_what_is_not_toml_says_where():
    with pytest.raises(Faulty, match=r"^line 2: not TOML: "):
        read_preferences("[screen]\ntheme = \n", THEME_NAMES)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[keys]\n" + ".".join("a" * 9_000) + " = 1\n", "line 2: a key has more than 32 parts"),
        ("[screen]\ncolumns = " + "[" * 40_000, "line 2: tables and arrays are nested more than 32 deep"),
        ("".join(f"[zz{i}]\n" for i in range(20_000)), "line 1001: the document has more than 1000 tables"),
    ],
    ids=["dots", "nesting", "tables"],
)
def test_settings_made_to_cost_too_much_are_refused_and_not_written_over(tmp_path: Path, text: str, said: str):
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(Faulty, match=said):
        SettingsFile(path).read(THEME_NAMES)
    with pytest.raises(UsageError, match=said):
        SettingsFile(path).save(theme="airssys-dark")
    assert path.read_text() == text


def test_of_many_faults_the_first_are_said():
    with pytest.raises(Faulty) as caught:
        read_preferences("[screen]\n" + "".join(f"x{i} = 1\n" for i in range(1_900)), THEME_NAMES)
    assert len(caught.value.faults) == 20


def test_every_fault_is_said_at_once():
    with pytest.raises(Faulty) as caught:
        read_preferences('[screen]\ntheme = "mauve"\nsort = "x"\n[keys]\n"no.such" = "q"', THEME_NAMES)
    assert len(caught.value.faults) == 3


@given(st.text(max_size=200))
def test_any_text_is_read_or_faulty(text):
    try:
        found = read_preferences(text, THEME_NAMES)
    except Faulty as error:
        faulty = bool(error.faults)
    else:
        faulty = not isinstance(found, Preferences)
        assert not faulty
        return
    assert faulty


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("/", "slash"),
        ("?", "question_mark"),
        ("esc", "escape"),
        ("shift+n", "N"),
        ("x", "x"),
        ("ctrl+s", "ctrl+s"),
        ("f5", "f5"),
        ("pgdn", "pagedown"),
        ("space", "space"),
        ("*", "asterisk"),
        ("asterisk", "asterisk"),
        ("del", "delete"),
        ("ctrl+shift+up", "ctrl+shift+up"),
        ("", None),
        ("hyper+x", None),
        ("spacebar", None),
    ],
)
def test_keys_are_named_as_people_write_them(written, named):
    assert key_named(written) == named


def test_the_keys_of_the_table_can_be_written_as_they_are_shown():
    for action in ACTIONS:
        for key in action.keys:
            assert key_named(key) == key
            assert key_named(DEFAULT_KEYS.key(action.id)) == action.keys[0] or DEFAULT_KEYS.key(action.id) in "↑↓"


def test_two_actions_may_trade_keys_but_not_share_one():
    assert faults({"component.start": ("x",), "component.stop": ("s",)}) == []
    assert faults({action.id: action.keys for action in ACTIONS}) == []
    assert [fault.action for fault in faults({"component.start": ("x",)})] == ["component.start"]
    assert Keymap({"component.start": ()}).key("component.start") == "component.start"


def test_saving_keeps_every_comment_and_what_is_not_ours(tmp_path: Path):
    path = tmp_path / "config.toml"
    path.write_text(WHOLE)
    path.chmod(0o640)
    SettingsFile(path).save(theme="airssys-dark", sort="cpu", reverse=None, filter=None, columns=None)
    after = path.read_text()
    for kept in ("# mine", 'folder = "components"   # the usual', "# for the train", 'refresh = "500ms"', "[keys]"):
        assert kept in after
    found = read_preferences(after, THEME_NAMES)
    assert (found.theme, found.sort, found.reverse, found.filter) == ("airssys-dark", Sort.CPU, False, "")
    assert found.columns == ()
    assert found.keys["component.start"] == ("f4", "f5")
    assert path.stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == ["config.toml"]


def test_saving_makes_the_file_and_writes_through_a_link(tmp_path: Path):
    path = tmp_path / "there" / "config.toml"
    SettingsFile(path).save(theme="airssys-dark")
    assert read_preferences(path.read_text(), THEME_NAMES).theme == "airssys-dark"
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    SettingsFile(link).save(theme="airssys-light")
    assert link.is_symlink()
    assert read_preferences(path.read_text(), THEME_NAMES).theme == "airssys-light"


def test_what_is_not_toml_is_not_written_over(tmp_path: Path):
    path = tmp_path / "config.toml"
    path.write_text("theme = \n")
    with pytest.raises(UsageError, match="cannot save into it"):
        SettingsFile(path).save(theme="airssys-dark")
    assert path.read_text() == "theme = \n"
    path.write_text("screen = 3\n")
    with pytest.raises(UsageError):
        SettingsFile(path).save(theme="airssys-dark")
    assert path.read_text() == "screen = 3\n"


def test_what_cannot_be_written_is_an_error(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        SettingsFile(tmp_path / "file" / "config.toml").save(theme="airssys-dark")


def test_a_file_is_read_when_it_is_another_one(tmp_path: Path):
    path = tmp_path / "config.toml"
    file = SettingsFile(path)
    assert file.changed()
    assert file.read(THEME_NAMES) == Preferences()
    assert not file.changed()
    path.write_text('[screen]\ntheme = "airssys-light"\n')
    assert file.changed()
    assert file.read(THEME_NAMES).theme == "airssys-light"
    assert not file.changed()
    path.unlink()
    assert file.changed()


def sitting(path: Path, runtime=None) -> AirssysApp:
    played = runtime or scenes.mixed()
    return AirssysApp(
        lambda: played,
        folder="components/",
        clock=scenes.still,
        refresh=NEVER,
        settings=SettingsFile(path),
    )


async def test_settings_are_there_from_the_first_picture(tmp_path: Path):
    path = tmp_path / "config.toml"
    path.write_text(WHOLE)
    app = sitting(path)
    async with app.run_test(size=SIZE) as pilot:
        await connected(pilot)
        assert app.theme == "airssys-light"
        assert app.session.glyphs.ascii
        assert text_of(app).isascii()
        assert app.screen.arrangement.sort is Sort.MEMORY
        await wait_until(pilot, lambda: "pipeline/parse" not in app.screen.table.keys)
        assert app.screen.table.keys
        await shows(pilot, "NAME", "NOTE", "STATE")
        assert "MEMORYv" not in text_of(app)


def keys_shown(app):
    """The words of each line of the help; none while it is not drawn yet."""
    pages = app.screen.query(Pager) if isinstance(app.screen, HelpScreen) else []
    return ["".join(span.text for span in line).split() for page in pages for line in page.lines]


async def test_settings_are_taken_while_the_screen_runs_and_faults_are_shown(tmp_path: Path):
    path = tmp_path / "config.toml"
    runtime = scenes.mixed()
    app = sitting(path, runtime)
    async with app.run_test(size=SIZE) as pilot:
        await connected(pilot)
        assert app.theme == "airssys-dark"
        await pilot.press("M")
        path.write_text('[screen]\ntheme = "airssys-light"\n[keys]\n"app.help" = "h"\n"component.stop" = "f8"\n')
        app.tick()
        await shows(pilot, "h help")
        assert app.theme == "airssys-light"
        assert app.screen.arrangement.sort is Sort.MEMORY, "what the file does not say stays as it was made"
        await pilot.press("h")
        await wait_until(pilot, lambda: ["h", "Show", "the", "keys", "of", "this", "screen."] in keys_shown(app))
        assert any(line[:1] == ["f8"] and "stop" in line for line in keys_shown(app))
        await pilot.press("escape", "x")
        await pilot.pause()
        assert runtime.commands == []
        path.write_text('[screen]\ntheme = "mauve"\n')
        app.tick()
        await shows(pilot, "Settings ignored", "config.toml, line 2: screen.theme: unknown theme 'mauve'")
        assert app.theme == "airssys-light", "the settings before stay"
        await shows(pilot, "h help")
        path.unlink()
        app.tick()
        await wait_until(pilot, lambda: "Settings ignored" not in text_of(app))
        assert app.theme == "airssys-dark"
        await shows(pilot, "? help")


async def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("AIRSSYS_TUI_THEME", "airssys-contrast")
    monkeypatch.setenv("AIRSSYS_TUI_ASCII", "1")
    path = tmp_path / "config.toml"
    path.write_text('[screen]\ntheme = "airssys-light"\nascii = false\n')
    app = sitting(path)
    async with app.run_test(size=SIZE) as pilot:
        await connected(pilot)
        assert app.theme == "airssys-contrast"
        assert app.session.glyphs.ascii


async def test_a_saved_view_comes_back(tmp_path: Path):
    path = tmp_path / "config.toml"
    path.write_text("# a comment\n")
    app = sitting(path)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await connected(pilot)
        await pilot.press("M", "T", "slash", *"running", "enter", "ctrl+s")
        await shows(pilot, "view saved")
        app.tick()
        await pilot.pause()
        assert app.screen.arrangement.query == "running"
    assert path.read_text().startswith("# a comment\n")
    again = sitting(path)
    async with again.run_test(size=SIZE) as pilot:
        await connected(pilot)
        assert again.theme == "airssys-light"
        assert again.screen.arrangement.sort is Sort.MEMORY
        await wait_until(pilot, lambda: again.screen.table.keys == ["hoarder", "counter", "greeter", "primes"])


async def test_the_pace_is_taken(tmp_path: Path):
    path = tmp_path / "config.toml"
    runtime = scenes.mixed()
    app = sitting(path, runtime)
    async with app.run_test(size=SIZE) as pilot:
        await connected(pilot)
        path.write_text("[screen]\nrefresh = 0.25\n")
        app.tick()
        runtime.remove("primes")
        await wait_until(pilot, lambda: "primes" not in text_of(app))


async def test_the_palette_has_every_theme_and_titles_come_first(tmp_path: Path):
    app = sitting(tmp_path / "config.toml")
    async with app.run_test(size=SIZE) as pilot:
        await connected(pilot)
        await pilot.press("colon", *"theme: airssys-light")
        await shows(pilot, "Theme: airssys-light")
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.theme == "airssys-light")
        await pilot.press("colon", *"restart")
        await shows(pilot, "Restart  [r]")
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.screen is not None and "Restart" in str(app.session.api.commands))
