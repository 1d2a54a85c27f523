"""Every command there is, with its examples: what the parser, the help and the README's table are made from."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cyclopts import App, Parameter

from airssys_tui import __version__
from airssys_tui.cli import states, storage, wit
from airssys_tui.cli.attach import attach
from airssys_tui.cli.collection import gc
from airssys_tui.cli.completion import completion
from airssys_tui.cli.control import reload, restart, rollback, start, stop
from airssys_tui.cli.doctor import config_path, config_show, doctor
from airssys_tui.cli.gauges import meters, stats, top
from airssys_tui.cli.headless import run
from airssys_tui.cli.help import EXAMPLES, TwoColumns
from airssys_tui.cli.inspection import call, check
from airssys_tui.cli.inventory import describe, list_components, versions
from airssys_tui.cli.marks import mark_stable, note, pin, release, undo
from airssys_tui.cli.screen import screen
from airssys_tui.cli.story import diff, explain
from airssys_tui.cli.stream import events, logs
from airssys_tui.cli.verify import checks_drop, checks_list, checks_save, verify
from airssys_tui.cli.web import web


@dataclass(frozen=True, slots=True)
class Entry:
    """One command: its words, what it calls, how it is used."""

    name: str
    function: Callable[..., int]
    examples: tuple[str, ...]

    @property
    def example(self) -> str:
        """The first example."""
        return self.examples[0]


SCREEN: Final = Entry("", screen, ("airssys-tui components/", "airssys-tui --readonly", "airssys-tui --demo"))

COMMANDS: Final = (
    Entry(
        "run",
        run,
        (
            "airssys-tui run components/ --headless --for 30s --json",
            "airssys-tui run components/ --headless --metrics 127.0.0.1:9464",
        ),
    ),
    Entry("attach", attach, ("airssys-tui attach components/", "airssys-tui attach --readonly")),
    Entry("web", web, ("airssys-tui web components/", "airssys-tui web --port 0 --full")),
    Entry("list", list_components, ("airssys-tui list --folder components/ --json", "airssys-tui list")),
    Entry("describe", describe, ("airssys-tui describe counter --folder components/",)),
    Entry("versions", versions, ("airssys-tui versions counter --folder components/",)),
    Entry(
        "rollback",
        rollback,
        (
            'airssys-tui rollback counter --to 1 --state keep --note "wrong totals"',
            "airssys-tui rollback counter",
        ),
    ),
    Entry("explain", explain, ("airssys-tui explain counter",)),
    Entry("diff", diff, ("airssys-tui diff counter 1", "airssys-tui diff counter 1 3 --json")),
    Entry("undo", undo, ("airssys-tui undo",)),
    Entry("start", start, ("airssys-tui start counter",)),
    Entry("stop", stop, ("airssys-tui stop counter",)),
    Entry("restart", restart, ("airssys-tui restart counter",)),
    Entry("reload", reload, ("airssys-tui reload counter", "airssys-tui reload counter --force")),
    Entry(
        "logs",
        logs,
        (
            "airssys-tui logs counter --follow",
            "airssys-tui logs counter --since 10m --level warning --grep 'total|limit'",
        ),
    ),
    Entry(
        "events",
        events,
        (
            "airssys-tui events --since 1h --level warning",
            "airssys-tui events counter --kind ledger --kind supervision",
            "airssys-tui events --follow --json",
        ),
    ),
    Entry("top", top, ("airssys-tui top --sort memory", "airssys-tui top --once --rows 10", "airssys-tui top -n 5")),
    Entry("stats", stats, ("airssys-tui stats", "airssys-tui stats counter --json")),
    Entry("meters", meters, ("airssys-tui meters counter",)),
    Entry("pin", pin, ("airssys-tui pin counter 3", "airssys-tui pin counter 3 --remove")),
    Entry("note", note, ('airssys-tui note counter 3 "the one before the audit"',)),
    Entry(
        "mark-stable", mark_stable, ("airssys-tui mark-stable counter 3", "airssys-tui mark-stable counter 3 --remove")
    ),
    Entry("release", release, ("airssys-tui release counter 4",)),
    Entry("states", states.states, ("airssys-tui states counter", "airssys-tui states counter --json")),
    Entry("states save", states.save, ("airssys-tui states save counter",)),
    Entry(
        "states export",
        states.export,
        ("airssys-tui states export counter counter.json", "airssys-tui states export counter - --snapshot 12"),
    ),
    Entry(
        "states import",
        states.import_state,
        ("airssys-tui states import counter counter.json", "airssys-tui states import counter - < counter.json"),
    ),
    Entry("states restore", states.restore, ("airssys-tui states restore counter 12",)),
    Entry("storage usage", storage.usage, ("airssys-tui storage usage", "airssys-tui storage usage ledger --json")),
    Entry(
        "storage export",
        storage.export,
        ("airssys-tui storage export ledger ledger.jsonl", "airssys-tui storage export ledger - | wc -l"),
    ),
    Entry(
        "storage import",
        storage.import_,
        (
            "airssys-tui storage import ledger ledger.jsonl",
            "airssys-tui storage import ledger ledger.jsonl --replace",
        ),
    ),
    Entry("gc", gc, ("airssys-tui gc --dry-run", "airssys-tui gc")),
    Entry("check", check, ("airssys-tui check components/counter components/echo.wasm",)),
    Entry(
        "call",
        call,
        (
            'airssys-tui call components/greeter greet \'{"name":"Ada","languages":[]}\' cheerful',
            "airssys-tui call --live counter increment 1 --json",
        ),
    ),
    Entry("completion", completion, ("airssys-tui completion bash", 'eval "$(airssys-tui completion bash)"')),
    Entry("verify", verify, ("airssys-tui verify counter", "airssys-tui verify counter --json")),
    Entry("checks list", checks_list, ("airssys-tui checks list counter",)),
    Entry("checks save", checks_save, ("airssys-tui checks save counter 'adds up' increment 2",)),
    Entry("checks drop", checks_drop, ("airssys-tui checks drop counter 'adds up'",)),
    Entry("wit check", wit.check, ("airssys-tui wit check wit/", "airssys-tui wit check types.wit --json")),
    Entry("wit show", wit.show, ("airssys-tui wit show core-host/storage", "airssys-tui wit show counter.wasm")),
    Entry("wit diff", wit.diff, ("airssys-tui wit diff old.wasm new.wasm", "airssys-tui wit diff wit/mine core-host")),
    Entry("wit export", wit.export, ("airssys-tui wit export my-component/wit",)),
    Entry("wit vendor", wit.vendor, ("airssys-tui wit vendor wit/", "airssys-tui wit vendor wit/ --check")),
    Entry("config path", config_path, ("airssys-tui config path",)),
    Entry("config show", config_show, ("airssys-tui config show --json",)),
    Entry("doctor", doctor, ("airssys-tui doctor --folder components/", "airssys-tui doctor --json")),
)

_GROUPS: Final = {
    "config": "Show the settings in force and where they come from.",
    "storage": "What components store: how much it is, written out and taken in.",
    "checks": "Calls that are kept with their result, to be replayed by `verify`.",
    "wit": "The WIT packages: show, check, compare, write out and vendor them.",
}
_EPILOGUE: Final = "Exit code: 0 done, 1 failed or refused, 2 the command line cannot be meant."


def build() -> App:
    """Return the parser of the whole command line."""
    app = App(
        name="airssys-tui",
        version=__version__,
        help_format="plaintext",
        help_formatter=TwoColumns(),
        help=_help(SCREEN),
        help_epilogue=_EPILOGUE,
        default_parameter=Parameter(negative=()),
        result_action="return_value",
    )
    app.default(screen)
    groups: dict[str, App] = {}
    for position, entry in enumerate(COMMANDS):
        group, _, leaf = entry.name.rpartition(" ")
        if any(other.name.startswith(f"{entry.name} ") for other in COMMANDS):
            groups[leaf] = App(name=leaf, help=_help(entry), sort_key=position)
            groups[leaf].default(entry.function)
            app.command(groups[leaf])
            continue
        if group and group not in groups:
            examples = [other.example for other in COMMANDS if other.name.startswith(f"{group} ")]
            purpose = "\n\n".join([_GROUPS[group], "\n  ".join([EXAMPLES, *examples])])
            groups[group] = App(name=group, help=purpose, sort_key=position)
            app.command(groups[group])
        parent = groups[group] if group else app
        parent.command(entry.function, name=leaf, help=_help(entry), sort_key=position)
    return app


def _help(entry: Entry) -> str:
    """Return what a command is for, without its arguments, and its examples."""
    purpose = inspect.cleandoc(entry.function.__doc__ or "").partition("\n\nArgs:")[0]
    return "\n\n".join([purpose, "\n  ".join([EXAMPLES, *entry.examples])])
