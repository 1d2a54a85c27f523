"""Manifests: what they mean, what is wrong with them, all of it at once and each on its line."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.core.errors import IdentityError, ManifestError
from airssys_tui.core.identity import ComponentId
from airssys_tui.core.keyvalue import Durability
from airssys_tui.core.limits import BOUNDS, UNLIMITED_FUEL, Limits
from airssys_tui.core.manifest.capabilities import StorageAccess
from airssys_tui.core.manifest.document import (
    Artifact,
    Canary,
    Capabilities,
    ConfigEntry,
    Dependency,
    HealthPolicy,
    Manifest,
    PackageSection,
    Strategy,
    bare_manifest,
    decode_manifest,
    encode_manifest,
    manifest_digest,
    parse_manifest,
)
from airssys_tui.core.manifest.structure import ComponentKind
from airssys_tui.core.probation import Regression, RegressionAction
from airssys_tui.core.supervision import Backoff, RestartPolicy, Supervision
from airssys_tui.core.units import MIB

LEAST = '[package]\nname = "counter"\n[component]\nwasm = "counter.wasm"\n'

FULL = """\
[package]
name = "counter"
namespace = "demo"
version = "1.2.0-rc.1"
description = "Counts."
authors = ["Ada", "Grace"]
license = "Apache-2.0"
homepage = "https://example.com"
[component]
wasm = "build/counter.wasm"
kind = "actor"
[build]
command = "make counter.wasm"
watch = ["src/**/*.c"]
[capabilities]
filesystem = ["write:/data/out/**", "read:/data/**"]
network = ["connect:api.example.com:443", "listen:[::1]:*", "connect:*.example.com:*"]
storage = "read-write"
messaging = ["send:*", "request:demo/*", "publish:events.counter", "subscribe:events.*.#"]
process = ["spawn:git"]
environment = ["HOME"]
rationale = "It has its reasons."
[resources]
memory = "16MiB"
table_elements = 10
fuel_per_call = 1_000
deadline = "20ms"
storage = "1KiB"
mailbox = 1
message_size = "2MiB"
messages_per_second = 5
replicas = 2
[supervision]
restart = "transient"
max_restarts = 5
window = "2m"
backoff = {initial = "1s", factor = 3, max = "1h", jitter = 0}
shutdown = 0
restore_state = false
[health]
interval = "1s"
timeout = "100ms"
failures = 1
[deployment]
strategy = "stop-start"
probation = "1m"
traps = 0
regression = {fuel = 2, latency = 10, action = "rollback"}
keep = 3
canary = {steps = [1, 99], step = "5s"}
[config]
greeting = "hello"
nested = {b = [1, 2.5, true], a = "x"}
[dependencies]
greeter = "^1.0"
"other/thing" = ">=1.2, <2"
[security]
public_key = "cHVibGlj"
signature = "c2lnbmVk"
wait_for_answer = "10ms"
"""


def problems(text: str) -> list[tuple[int, str]]:
    with pytest.raises(ManifestError) as caught:
        parse_manifest(text, "counter/Component.toml")
    assert all(problem.file == "counter/Component.toml" for problem in caught.value.problems)
    return [(problem.line, problem.key) for problem in caught.value.problems]


def message(text: str) -> str:
    with pytest.raises(ManifestError) as caught:
        parse_manifest(text, "Component.toml")
    assert len(caught.value.problems) == 1, str(caught.value)
    return str(caught.value)


def test_the_least_manifest_has_every_default() -> None:
    manifest = parse_manifest(LEAST, "Component.toml")
    assert manifest == Manifest(package=PackageSection(name="counter"), artifact=Artifact(wasm="counter.wasm"))
    assert manifest.capabilities == Capabilities()
    assert manifest.limits == Limits()
    assert manifest.id == ComponentId("local", "counter")
    assert manifest.version is None


def test_everything_that_can_be_said_is_understood() -> None:
    manifest = parse_manifest(FULL, "Component.toml")
    assert str(manifest.id) == "demo/counter"
    assert manifest.version == "1.2.0-rc.1"
    assert manifest.package.authors == ("Ada", "Grace")
    assert manifest.artifact == Artifact(wasm="build/counter.wasm", kind=ComponentKind.ACTOR)
    assert manifest.build.watch == ("src/**/*.c",)
    assert list(map(str, manifest.capabilities.filesystem)) == ["read:/data/**", "write:/data/out/**"]
    assert [(item.host, item.port) for item in manifest.capabilities.network] == [
        ("*.example.com", None),
        ("api.example.com", 443),
        ("[::1]", None),
    ]
    assert manifest.capabilities.storage is StorageAccess.READ_WRITE
    assert len(manifest.capabilities.messaging) == 4
    assert manifest.limits == Limits(
        memory=16 * MIB,
        table_elements=10,
        fuel_per_call=1_000,
        deadline=0.02,
        storage=1024,
        mailbox=1,
        message_size=2 * MIB,
        messages_per_second=5,
        replicas=2,
    )
    assert manifest.supervision == Supervision(
        restart=RestartPolicy.TRANSIENT,
        max_restarts=5,
        window=120.0,
        backoff=Backoff(initial=1.0, factor=3.0, max=3600.0, jitter=0.0),
        shutdown=0.0,
        restore_state=False,
    )
    assert manifest.health == HealthPolicy(interval=1.0, timeout=0.1, failures=1)
    assert manifest.deployment.strategy is Strategy.STOP_START
    assert (manifest.deployment.probation, manifest.deployment.traps) == (60.0, 0)
    assert manifest.deployment.regression == Regression(fuel=2.0, latency=10.0, action=RegressionAction.ROLLBACK)
    assert manifest.deployment.canary == Canary(steps=(1, 99), step=5.0)
    assert manifest.config == (
        ConfigEntry("greeting", '"hello"'),
        ConfigEntry("nested", '{"a":"x","b":[1,2.5,true]}'),
    )
    assert manifest.security.wait_for_answer == 0.01
    assert manifest.config_values() == {"greeting": "hello", "nested": {"a": "x", "b": [1, 2.5, True]}}
    assert manifest.dependencies == (Dependency("greeter", "^1.0"), Dependency("other/thing", ">=1.2, <2"))


@pytest.mark.parametrize(
    ("said", "allowed"),
    [
        ('[security]\nwait_for_answer = "1s"', False),
        ('[security]\nwait_for_answer = "999ms"', True),
        ('[security]\nwait_for_answer = 0\n[resources]\ndeadline = "20ms"', True),
        ('[security]\nwait_for_answer = "5m"\n[resources]\ndeadline = "6m"', True),
        ('[security]\nwait_for_answer = "301s"\n[resources]\ndeadline = "1h"', False),
        ("[security]\nwait_for_answer = -1", False),
    ],
)
def test_a_call_waits_for_an_answer_for_less_than_it_may_take(said: str, allowed: bool) -> None:
    text = f"{LEAST}{said}\n"
    if allowed:
        assert parse_manifest(text, "Component.toml").security.wait_for_answer >= 0
    else:
        assert "security.wait_for_answer" in message(text)


def test_a_command_may_wait_for_as_long_as_it_runs() -> None:
    text = LEAST + 'kind = "command"\n[security]\nwait_for_answer = "50s"\n'
    assert parse_manifest(text, "Component.toml").security.wait_for_answer == 50


def test_every_problem_is_found_at_once_in_the_order_of_lines() -> None:
    text = """\
[package]
nmae = "counter"
version = "1"
[component]
wasm = "../counter.wasm"
kind = "actr"
[capabilities]
network = [
  "connect:example.com:443",
  "conect:example.com:443",
  7,
]
storage = true
[resources]
memory = "8GiB"
memroy = 1
[supervision]
backoff = {initial = "soon", factor = 0.5}
[config]
born = 2020-01-01
[hepl]
"""
    assert problems(text) == [
        (1, "package.name"),
        (2, "package.nmae"),
        (3, "package.version"),
        (5, "component.wasm"),
        (6, "component.kind"),
        (10, "capabilities.network[1]"),
        (11, "capabilities.network[2]"),
        (13, "capabilities.storage"),
        (15, "resources.memory"),
        (16, "resources.memroy"),
        (18, "supervision.backoff.factor"),
        (18, "supervision.backoff.initial"),
        (20, "config.born"),
        (21, "hepl"),
    ]


def test_the_error_lists_its_problems_one_a_line() -> None:
    with pytest.raises(ManifestError) as caught:
        parse_manifest('[package]\nname = "a"\nnmae = 1\n[component]\nwasm = 3\n', "x/Component.toml")
    assert str(caught.value).splitlines() == [
        "x/Component.toml:3: package.nmae: unknown key; did you mean 'name'?",
        "x/Component.toml:5: component.wasm: expected text in quotes, got 3",
    ]


def test_an_empty_manifest_says_what_is_required() -> None:
    assert problems("") == [(1, "component.wasm"), (1, "package.name")]


@pytest.mark.parametrize(
    ("section", "key", "nearest"),
    [
        ("", "pakage", "package"),
        ("resources", "fuel-per-call", "fuel_per_call"),
        ("resources", "Memory", "memory"),
        ("supervision", "max_restart", "max_restarts"),
        ("health", "intervall", "interval"),
        ("deployment", "probaton", "probation"),
        ("capabilities", "files", "filesystem"),
        ("build", "comand", "command"),
        ("security", "publickey", "public_key"),
    ],
)
def test_an_unknown_key_names_the_nearest(section: str, key: str, nearest: str) -> None:
    text = LEAST + (f"[{section}]\n{key} = 1\n" if section else f"[{key}]\n")
    assert f"unknown key; did you mean '{nearest}'?" in message(text)


def test_an_unknown_key_near_nothing_lists_the_known() -> None:
    assert message(LEAST + "[health]\nzzz = 1\n").endswith("unknown key; known here: interval, timeout, failures")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[package\n", 1),
        ('[package]\nname = "a\n', 2),
        ("a = 1\na = 2\n", 2),
        ("\n\nwhat is this\n", 3),
        ("a = [1,\n2\n", 2),
        ("a = 2020-13-45\n", 1),
        ("a = " + "9" * 5000, 1),
        ("a = " + "[" * 5000, 1),
        ("a = " + "[" * 40 + "]" * 40, 1),
        ("\0", 1),
        ("x" * 300_000, 1),
    ],
    ids=range(11),
)
def test_what_is_not_toml_is_one_problem_with_its_line(text: str, line: int) -> None:
    assert problems(text) == [(line, "")]


@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_limits_past_their_bounds_are_refused_and_at_their_bounds_are_not(name: str) -> None:
    bound = BOUNDS[name]
    step = 0.001 if name == "deadline" else 1
    for value in (bound.least, bound.most):
        manifest = parse_manifest(f"{LEAST}[resources]\n{name} = {value}\n", "Component.toml")
        assert getattr(manifest.limits, name) == value
    for value in (bound.least - step, bound.most + step):
        assert problems(f"{LEAST}[resources]\n{name} = {value}\n") == [(6, f"resources.{name}")]


def test_a_refused_limit_says_its_bounds() -> None:
    expected = "Component.toml:6: resources.memory: 8 GiB is out of bounds: 64 KiB to 4 GiB"
    assert message(LEAST + '[resources]\nmemory = "8GiB"\n') == expected


def test_unlimited_fuel_is_spelled_out() -> None:
    manifest = parse_manifest(LEAST + '[resources]\nfuel_per_call = "unlimited"\n', "Component.toml")
    assert manifest.limits.fuel_per_call == UNLIMITED_FUEL
    assert problems(f"{LEAST}[resources]\nfuel_per_call = {UNLIMITED_FUEL}\n") == [(6, "resources.fuel_per_call")]


def test_durability_is_a_word_beside_the_limits() -> None:
    assert parse_manifest(LEAST, "Component.toml").durability is Durability.NORMAL
    full = parse_manifest(LEAST + '[resources]\ndurability = "full"\n', "Component.toml")
    assert full.durability is Durability.FULL
    assert decode_manifest(encode_manifest(full)) == full
    assert manifest_digest(full) != manifest_digest(parse_manifest(LEAST, "Component.toml"))
    assert problems(LEAST + '[resources]\ndurability = "some"\n') == [(6, "resources.durability")]


@pytest.mark.parametrize(
    "line",
    [
        "memory = true",
        "memory = 1.5",
        'memory = "lots"',
        "memory = 0x" + "f" * 5000,
        "deadline = nan",
        "deadline = inf",
        "deadline = 0x" + "f" * 5000,
        "mailbox = 1.0",
        'mailbox = "10"',
        "mailbox = 0x" + "f" * 5000,
        "replicas = []",
        "fuel_per_call = {}",
    ],
    ids=range(12),
)
def test_values_of_another_kind_are_refused(line: str) -> None:
    key = line.partition(" ")[0]
    assert problems(f"{LEAST}[resources]\n{line}\n") == [(6, f"resources.{key}")]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("filesystem", "read:data"),
        ("filesystem", "read:/data/../etc"),
        ("filesystem", "reed:/data"),
        ("filesystem", "read:"),
        ("filesystem", "/data"),
        ("network", "connect:example.com"),
        ("network", "connect:example.com:0"),
        ("network", "connect:example.com:65536"),
        ("network", "connect:example.com:٣"),
        ("network", "connect:*example.com:443"),
        ("network", "connect:exa mple.com:443"),
        ("network", "connect:*:443"),
        ("messaging", "send:Counter"),
        ("messaging", "send:a/b/c"),
        ("messaging", "subscribe:a..b"),
        ("messaging", "subscribe:#.a"),
        ("messaging", "tell:a"),
        ("process", "spawn:"),
        ("process", "run:git"),
        ("environment", "A=B"),
        ("environment", ""),
    ],
)
def test_capabilities_that_are_not_of_their_form_are_refused(key: str, text: str) -> None:
    assert problems(f'{LEAST}[capabilities]\n{key} = ["{text}"]\n') == [(6, f"capabilities.{key}[0]")]


@pytest.mark.parametrize("wasm", ["", "/abs.wasm", "../up.wasm", "a/../../b.wasm", "."])
def test_the_artifact_is_beside_the_manifest(wasm: str) -> None:
    text = f'[package]\nname = "a"\n[component]\nwasm = "{wasm}"\n'
    assert problems(text) == [(4, "component.wasm")]


def test_canary_is_refused_with_what_there_is_instead() -> None:
    text = LEAST + '[deployment]\nstrategy = "canary"\n'
    assert problems(text) == [(6, "deployment.strategy")]
    assert "'canary' is not available; choose 'blue-green' or 'stop-start'" in message(text)


@pytest.mark.parametrize("least", ["fuel = 0.5", "latency = 0", 'action = "panic"', "fule = 2"])
def test_a_regression_has_its_bounds_and_words(least: str) -> None:
    text = f"{LEAST}[deployment]\nregression = {{{least}}}\n"
    assert problems(text) == [(6, f"deployment.regression.{least.partition(' ')[0]}")]


@pytest.mark.parametrize("steps", ["[5, 5]", "[50, 5]"])
def test_canary_steps_rise(steps: str) -> None:
    assert problems(f"{LEAST}[deployment]\ncanary = {{steps = {steps}}}\n") == [(6, "deployment.canary.steps")]


@pytest.mark.parametrize("requirement", ["latest", "^", "1.2.3.4", "^1.0 2"])
def test_dependencies_are_version_requirements(requirement: str) -> None:
    assert problems(f'{LEAST}[dependencies]\ngreeter = "{requirement}"\n') == [(6, "dependencies.greeter")]


def test_dependencies_are_components() -> None:
    assert problems(f'{LEAST}[dependencies]\nGreeter = "^1.0"\n') == [(6, "dependencies.Greeter")]


@pytest.mark.parametrize("value", ["inf", "nan", "[1, 2020-01-01]", "{a = {b = inf}}", "0x" + "f" * 40, "12:00:00"])
def test_configuration_is_what_json_can_say(value: str) -> None:
    assert problems(f"{LEAST}[config]\nkey = {value}\n") == [(6, "config.key")]


def test_sections_are_tables() -> None:
    assert "expected a table, got 3" in message(LEAST.replace("[package]", "health = 3\n[package]"))
    assert "expected a table, got a number of" in message(f"health = 0x{'f' * 5000}\n{LEAST}")


def test_problems_do_not_carry_escape_sequences() -> None:
    text = LEAST + '[health]\n"\\u001b[2J\\u202e" = 1\ninterval = "\\u001b[31m"\n'
    with pytest.raises(ManifestError) as caught:
        parse_manifest(text, "Component.toml")
    assert "\x1b" not in str(caught.value)
    assert "\u202e" not in str(caught.value)


def test_a_byte_order_mark_is_no_part_of_the_manifest() -> None:
    assert parse_manifest("\ufeff" + LEAST, "Component.toml") == parse_manifest(LEAST, "Component.toml")


# --- bare components ------------------------------------------------------------------------------------------------


def test_a_bare_component_has_a_name_and_nothing_else() -> None:
    manifest = bare_manifest("Echo Service")
    assert manifest == Manifest(
        package=PackageSection(name="echo-service"), artifact=Artifact(wasm="Echo Service.wasm")
    )
    with pytest.raises(IdentityError):
        bare_manifest("123")


# --- JSON and digest ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [LEAST, FULL], ids=["least", "full"])
def test_a_manifest_survives_the_catalog(text: str) -> None:
    manifest = parse_manifest(text, "Component.toml")
    again = decode_manifest(encode_manifest(manifest))
    assert again == manifest
    assert manifest_digest(again) == manifest_digest(manifest)


def test_layout_units_order_and_spelled_out_defaults_do_not_change_the_digest() -> None:
    plain = LEAST + '[capabilities]\nenvironment = ["A", "B"]\n[resources]\ndeadline = "2s"\n[config]\na = 1\nb = 2\n'
    other = """\
# a comment
config = { b = 2, a = 1 }
resources = { deadline = "2000ms", mailbox = 1000 }
capabilities = { environment = ["B", "A", "B"] }
supervision = { backoff = { initial = 0.1 } }
component.wasm = 'counter.wasm'
package.name = 'counter'
package.namespace = "local"
"""
    assert parse_manifest(other, "a") == parse_manifest(plain, "b")
    assert manifest_digest(parse_manifest(other, "a")) == manifest_digest(parse_manifest(plain, "b"))


def test_the_digest_of_the_least_manifest_stays_as_it_is() -> None:
    # Catalogs remember it: a change would deploy everything anew, and forget every refusal.
    digest = manifest_digest(parse_manifest(LEAST, "Component.toml"))
    assert digest == "sha256:b6c98f041bee4ee38adf6522abe3696d60817df94e392b7c694b40b3e71a995c"


CHANGES = [
    ('name = "counter"', 'name = "counters"'),
    ('"1.2.0-rc.1"', '"1.2.0"'),
    ('"Counts."', '"Counts!"'),
    ('"16MiB"', '"17MiB"'),
    ('"spawn:git"', '"signal:git"'),
    ("factor = 3", "factor = 2"),
    ("[1, 99]", "[1, 98]"),
    ("fuel = 2,", "fuel = 3,"),
    ('"stop-start"', '"blue-green"'),
    ("restore_state = false", "restore_state = true"),
    ('greeting = "hello"', 'greeting = "Hello"'),
    ('greeter = "^1.0"', 'greeter = "^1.1"'),
    ('"Ada", "Grace"', '"Grace", "Ada"'),
]


@pytest.mark.parametrize(("old", "new"), CHANGES)
def test_every_change_of_meaning_changes_the_digest(old: str, new: str) -> None:
    assert old in FULL
    before, after = parse_manifest(FULL, "a"), parse_manifest(FULL.replace(old, new), "a")
    assert manifest_digest(before) != manifest_digest(after)


JSON = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def toml(value: Any) -> str:
    """Write a JSON value as TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(key)} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(char):08X}" if not char.isalnum() else char for char in value) + '"'
    text = msgspec.json.encode(value).decode()
    return text if not isinstance(value, float) or set(text) & set(".eE") else f"{text}.0"


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_configuration_arrives_as_it_was_written(config: dict[str, Any]) -> None:
    manifest = parse_manifest(f"config = {toml(config)}\n{LEAST}", "Component.toml")
    assert manifest.config_values() == config


@given(st.text())
def test_any_text_is_a_manifest_or_its_problems(text: str) -> None:
    for document in (text, LEAST + text, LEAST + f"[resources]\n{text}"):
        try:
            parse_manifest(document, "Component.toml")
        except ManifestError as error:
            assert all(1 <= problem.line <= document.count("\n") + 1 for problem in error.problems)  # noqa: PT017


@given(
    st.recursive(st.just("1") | st.just("true") | st.just('"x"'), lambda inner: inner.map("[{}]".format), max_leaves=3)
)
def test_any_value_at_any_key_is_a_problem_not_a_crash(value: str) -> None:
    for section in (
        "package",
        "component",
        "build",
        "capabilities",
        "resources",
        "supervision",
        "health",
        "deployment",
    ):
        known = ("name", "wasm", "watch", "network", "memory", "backoff", "interval", "canary", "storage", "restart")
        body = "\n".join(f"{key} = {value}" for key in known)
        with pytest.raises(ManifestError):
            parse_manifest(f"[{section}]\n{body}\n", "Component.toml")
