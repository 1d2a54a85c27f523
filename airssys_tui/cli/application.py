"""All commands with their examples; the parser, the help and docs/commands.md are generated from this table."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from cyclopts import App, Parameter

from airssys_tui import __version__
from airssys_tui.cli.answering.exit_code import MEANINGS
from airssys_tui.cli.help_format import EXAMPLES, EXIT_CODES, TwoColumns


@dataclass(frozen=True, slots=True)
class Entry:
    """One command.

    Attributes:
        name: Its words on the command line.
        place: Module of this package, and the function in it that implements the command; loaded on demand.
        examples: One to three example command lines.
    """

    name: str
    place: str
    examples: tuple[str, ...]

    @property
    def function(self) -> Callable[..., int]:
        """The function that implements the command."""
        module, _, name = self.place.partition(":")
        function: Callable[..., int] = getattr(import_module(f"airssys_tui.cli.{module}"), name)
        return function

    @property
    def example(self) -> str:
        """The first example."""
        return self.examples[0]


SCREEN: Final = Entry(
    "", "commands.screen:screen", ("airssys-tui components/", "airssys-tui --readonly", "airssys-tui --demo")
)

COMMANDS: Final = (
    Entry(
        "run",
        "commands.run:run",
        (
            "airssys-tui run components/ --headless --for 30s --json",
            "airssys-tui run components/ --headless --metrics 127.0.0.1:9464",
        ),
    ),
    Entry(
        "service",
        "commands.service.systemd_unit:service",
        (
            "airssys-tui service components/ > ~/.config/systemd/user/components.service",
            "airssys-tui service components/ --metrics 127.0.0.1:9464",
        ),
    ),
    Entry("attach", "commands.attach:attach", ("airssys-tui attach components/", "airssys-tui attach --readonly")),
    Entry("demo", "commands.demo:demo", ("airssys-tui demo", "airssys-tui demo --port 0")),
    Entry("web", "commands.web:web", ("airssys-tui web components/", "airssys-tui web --port 0 --full")),
    Entry(
        "list",
        "commands.list:list_components",
        ("airssys-tui list --folder components/ --json", "airssys-tui list --tree"),
    ),
    Entry("describe", "commands.describe:describe", ("airssys-tui describe counter --folder components/",)),
    Entry("versions", "commands.versions:versions", ("airssys-tui versions counter --folder components/",)),
    Entry(
        "rollback",
        "commands.rollback:rollback",
        (
            'airssys-tui rollback counter --to 1.0.0 --state keep --note "wrong totals"',
            "airssys-tui rollback counter --dry-run",
        ),
    ),
    Entry("explain", "commands.stories.explain:explain", ("airssys-tui explain counter",)),
    Entry("impact", "commands.stories.impact:impact", ("airssys-tui impact adder", "airssys-tui impact adder --json")),
    Entry(
        "diff",
        "commands.diff:diff",
        (
            "airssys-tui diff counter r1",
            "airssys-tui diff counter previous active",
            "airssys-tui diff counter 1.0.0 1.1.0",
        ),
    ),
    Entry("undo", "commands.undo:undo", ("airssys-tui undo",)),
    Entry("start", "commands.start:start", ("airssys-tui start counter", "airssys-tui start --group pipeline")),
    Entry("stop", "commands.start:stop", ("airssys-tui stop counter", "airssys-tui stop --group pipeline")),
    Entry("restart", "commands.start:restart", ("airssys-tui restart counter", "airssys-tui restart --group pipeline")),
    Entry("reload", "commands.start:reload", ("airssys-tui reload counter", "airssys-tui reload counter --force")),
    Entry(
        "logs",
        "commands.logs:logs",
        (
            "airssys-tui logs counter greeter -f --tail 20",
            "airssys-tui logs counter --since 10m --level warning --grep 'total|limit'",
        ),
    ),
    Entry(
        "events",
        "commands.events:events",
        (
            "airssys-tui events --since 1h --level warning",
            "airssys-tui events counter --kind decision --kind supervision",
            "airssys-tui events --follow --json",
        ),
    ),
    Entry(
        "top",
        "commands.top:top",
        ("airssys-tui top --sort memory", "airssys-tui top --once --rows 10", "airssys-tui top -n 5"),
    ),
    Entry("stats", "commands.stats:stats", ("airssys-tui stats", "airssys-tui stats counter --json")),
    Entry("meters", "commands.meters:meters", ("airssys-tui meters counter",)),
    Entry("traces", "commands.traces:traces", ("airssys-tui traces counter", "airssys-tui traces greeter --id 3f1c…")),
    Entry("http", "commands.http:http", ("airssys-tui http", "airssys-tui http greeter --requests 20 --json")),
    Entry(
        "send",
        "commands.messages.sending:send",
        (
            "airssys-tui send mailer 'hello'",
            "airssys-tui send mailer --file order.json --codec 512 --guarantee at-least-once",
        ),
    ),
    Entry("request", "commands.messages.sending:request", ("airssys-tui request mailer 'how many' --timeout 2s",)),
    Entry("publish", "commands.messages.sending:publish", ("airssys-tui publish orders.new '{\"id\":7}'",)),
    Entry(
        "subscribe",
        "commands.messages.listening:subscribe",
        ("airssys-tui subscribe 'orders.*' --follow", "airssys-tui subscribe '#' --within 30s --json"),
    ),
    Entry(
        "dead-letters list",
        "commands.messages.undelivered:letters_list",
        ("airssys-tui dead-letters list", "airssys-tui dead-letters list mailer --json"),
    ),
    Entry(
        "dead-letters show", "commands.messages.undelivered:letters_show", ("airssys-tui dead-letters show 5f0c-1a",)
    ),
    Entry(
        "dead-letters replay",
        "commands.messages.undelivered:letters_replay",
        ("airssys-tui dead-letters replay 5f0c-1a", "airssys-tui dead-letters replay --all --to mailer"),
    ),
    Entry(
        "dead-letters discard",
        "commands.messages.undelivered:letters_discard",
        ("airssys-tui dead-letters discard 5f0c-1a", "airssys-tui dead-letters discard --all"),
    ),
    Entry(
        "dead-letters export",
        "commands.messages.undelivered:letters_export",
        ("airssys-tui dead-letters export dead.jsonl", "airssys-tui dead-letters export - mailer | wc -l"),
    ),
    Entry("pin", "commands.revision_marks:pin", ("airssys-tui pin counter 3", "airssys-tui pin counter 3 --remove")),
    Entry("note", "commands.revision_marks:note", ('airssys-tui note counter 3 "the one before the audit"',)),
    Entry(
        "mark-stable",
        "commands.revision_marks:mark_stable",
        ("airssys-tui mark-stable counter 3", "airssys-tui mark-stable counter 3 --remove"),
    ),
    Entry("release", "commands.revision_marks:release", ("airssys-tui release counter 4",)),
    Entry("states", "commands.states:states", ("airssys-tui states counter", "airssys-tui states counter --json")),
    Entry("states save", "commands.states:save", ("airssys-tui states save counter",)),
    Entry(
        "states export",
        "commands.states:export",
        ("airssys-tui states export counter counter.json", "airssys-tui states export counter - --snapshot 12"),
    ),
    Entry(
        "states import",
        "commands.states:import_state",
        ("airssys-tui states import counter counter.json", "airssys-tui states import counter - < counter.json"),
    ),
    Entry("states restore", "commands.states:restore", ("airssys-tui states restore counter 12",)),
    Entry(
        "storage usage",
        "commands.storage:usage",
        ("airssys-tui storage usage", "airssys-tui storage usage ledger --json"),
    ),
    Entry(
        "storage export",
        "commands.storage:export",
        ("airssys-tui storage export ledger ledger.jsonl", "airssys-tui storage export ledger - | wc -l"),
    ),
    Entry(
        "storage import",
        "commands.storage:import_",
        (
            "airssys-tui storage import ledger ledger.jsonl",
            "airssys-tui storage import ledger ledger.jsonl --replace",
        ),
    ),
    Entry("grants", "commands.grants:grants", ("airssys-tui grants", "airssys-tui grants fetcher --json")),
    Entry(
        "grant",
        "commands.grants:grant",
        (
            "airssys-tui grant fetcher network:connect:api.example.com:443 --for 1h",
            "airssys-tui grant tailer 'filesystem:read:/var/log/**' --rationale \"watches the logs\"",
            "airssys-tui grant fetcher network:connect:api.example.com:443 --once",
        ),
    ),
    Entry(
        "revoke",
        "commands.grants:revoke",
        ("airssys-tui revoke fetcher network:connect:api.example.com:443", "airssys-tui revoke fetcher --all"),
    ),
    Entry(
        "approve",
        "commands.grants:approve",
        (
            "airssys-tui approve fetcher",
            "airssys-tui approve fetcher --only network:connect:api.example.com:443",
        ),
    ),
    Entry("deny", "commands.grants:deny", ("airssys-tui deny fetcher process:spawn:git", "airssys-tui deny fetcher")),
    Entry(
        "audit",
        "commands.audit:audit",
        ("airssys-tui audit --last 20", "airssys-tui audit fetcher --follow"),
    ),
    Entry("audit head", "commands.audit:head", ("airssys-tui audit head > audit.head",)),
    Entry(
        "audit verify",
        "commands.audit:verify",
        ("airssys-tui audit verify", 'airssys-tui audit verify --head "$(cat audit.head)"'),
    ),
    Entry(
        "audit export",
        "commands.audit:export",
        ("airssys-tui audit export audit.jsonl", "airssys-tui audit export - | tail -5"),
    ),
    Entry("tighten", "commands.grants:tighten", ("airssys-tui tighten fetcher",)),
    Entry("trust list", "commands.trust:list_", ("airssys-tui trust list", "airssys-tui trust list --json")),
    Entry(
        "trust add",
        "commands.trust:add",
        ("airssys-tui trust add vendor 'network:connect:*.vendor.example:443' --source '/srv/vendor/**'",),
    ),
    Entry("trust remove", "commands.trust:remove", ("airssys-tui trust remove vendor",)),
    Entry("policy check", "commands.trust:check", ("airssys-tui policy check policy.toml",)),
    Entry("gc", "commands.gc:gc", ("airssys-tui gc --dry-run", "airssys-tui gc")),
    Entry("check", "commands.check:check", ("airssys-tui check components/counter components/echo.wasm",)),
    Entry(
        "call",
        "commands.call:call",
        (
            'airssys-tui call components/greeter greet \'{"name":"Ada","languages":[]}\' cheerful',
            "airssys-tui call --live counter increment 1 --json",
        ),
    ),
    Entry(
        "run-command",
        "commands.run_command:run_command",
        (
            "airssys-tui run-command hello.wasm",
            "airssys-tui run-command --dir notes::/data:ro --env LANG wc.wasm -- -l /data/today.txt < list.txt",
        ),
    ),
    Entry(
        "completion",
        "commands.completion:completion",
        ("airssys-tui completion bash", 'eval "$(airssys-tui completion bash)"'),
    ),
    Entry("verify", "commands.verify:verify", ("airssys-tui verify counter", "airssys-tui verify counter --json")),
    Entry(
        "recordings",
        "commands.recordings:recordings",
        ("airssys-tui recordings counter", "airssys-tui recordings counter --json"),
    ),
    Entry(
        "replay",
        "commands.recordings:replay",
        (
            "airssys-tui replay counter",
            "airssys-tui replay counter 41",
            "airssys-tui replay counter --all --revision 4",
        ),
    ),
    Entry("checks list", "commands.checks:checks_list", ("airssys-tui checks list counter",)),
    Entry("checks save", "commands.checks:checks_save", ("airssys-tui checks save counter 'adds up' increment 2",)),
    Entry("checks drop", "commands.checks:checks_drop", ("airssys-tui checks drop counter 'adds up'",)),
    Entry("wit check", "commands.wit:check", ("airssys-tui wit check wit/", "airssys-tui wit check types.wit --json")),
    Entry(
        "wit show", "commands.wit:show", ("airssys-tui wit show core-host/storage", "airssys-tui wit show counter.wasm")
    ),
    Entry(
        "wit diff",
        "commands.wit:diff",
        ("airssys-tui wit diff old.wasm new.wasm", "airssys-tui wit diff wit/mine core-host"),
    ),
    Entry("wit export", "commands.wit:export", ("airssys-tui wit export my-component/wit",)),
    Entry("wit vendor", "commands.wit:vendor", ("airssys-tui wit vendor wit/", "airssys-tui wit vendor wit/ --check")),
    Entry("config path", "commands.config:config_path", ("airssys-tui config path",)),
    Entry("config show", "commands.config:config_show", ("airssys-tui config show --json",)),
    Entry("doctor", "commands.doctor:doctor", ("airssys-tui doctor --folder components/", "airssys-tui doctor --json")),
)

_GROUPS: Final = {
    "config": "Show the settings in effect and where they come from.",
    "storage": "Show, export and import what components store.",
    "policy": "Look at policy files, which say what is granted in runs without anyone to ask.",
    "trust": "Manage what components are trusted with, by where they lie or who signed them.",
    "dead-letters": "Look at messages that could not be delivered, send them again or discard them.",
    "checks": "Manage saved calls that `verify` replays.",
    "wit": "Show, check, compare, export and vendor WIT packages.",
}
_EPILOGUE: Final = "\n".join([EXIT_CODES, *(f"  {code:<3}  {meaning}" for code, meaning in MEANINGS.items())])


_WHOLE: Final = 2**63
_COMPLETE: Final = "__complete"
"""What a completion script asks for names and numbers; the words of the incomplete command line follow."""

_TELLS_OF_ALL: Final = {"--help", "-h", _COMPLETE}
"""Words for which the parser needs all commands."""


def command_names() -> tuple[str, ...]:
    """Return the first word of every command, in the order of the help page."""
    return tuple(dict.fromkeys(entry.name.split()[0] for entry in COMMANDS))


def build(words: Sequence[str] | None = None) -> App:
    """Return the parser of the whole command line.

    Args:
        words: The command line. The parser has only the command that it names, or the screens if it names none,
            and nothing is loaded for the others, unless it asks for help on all of them.
    """
    named = words[1:2] if words and words[0] == _COMPLETE else words or ()
    entries = [entry for entry in COMMANDS if named and entry.name.split()[0] == named[0]]
    everything = not entries and (words is None or not _TELLS_OF_ALL.isdisjoint(words))
    app = App(
        name="airssys-tui",
        version=__version__,
        help_format="plaintext",
        help_formatter=TwoColumns(),
        help="" if entries else _help(SCREEN),
        help_epilogue=_EPILOGUE,
        default_parameter=Parameter(negative=(), validator=whole_in_bounds),
        result_action="return_value",
    )
    if not entries:
        app.default(SCREEN.function)
    groups: dict[str, App] = {}
    for position, entry in enumerate(COMMANDS if everything else entries):
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


def whole_in_bounds(_kind: object, value: object) -> None:
    """Refuse a whole number that neither the catalog nor the control socket can carry.

    Raises:
        ValueError: It is beyond 64 bits.
    """
    if isinstance(value, int) and not -_WHOLE <= value < _WHOLE:
        raise ValueError("the number is too large")


def _help(entry: Entry) -> str:
    """Return a command's description, without its arguments, and its examples."""
    purpose = inspect.cleandoc(entry.function.__doc__ or "").partition("\n\nArgs:")[0]
    return "\n\n".join([purpose, "\n  ".join([EXAMPLES, *entry.examples])])
