"""Keys that have no effect yet are named, each with the reason; keys that have one are not."""

from __future__ import annotations

from airssys_tui.core.manifest.document import bare_manifest, parse_manifest
from airssys_tui.core.manifest.inert import inert_lines

HEAD = '[package]\nname = "counter"\n[component]\nwasm = "counter.wasm"\n'

INERT = """
[build]
command = "make"
watch = ["src/**"]
[capabilities]
filesystem = ["read:/data/**"]
network = ["connect:api.example.com:443"]
process = ["spawn:*"]
environment = ["HOME"]
[resources]
replicas = 3
[deployment.canary]
steps = [10, 50]
step = "1s"
[security]
public_key = "key"
signature = "signature"
"""

EFFECTIVE = """
[capabilities]
storage = "read-write"
messaging = ["send:*", "link:adder"]
rationale = "counts"
[resources]
memory = "16MiB"
fuel_per_call = 1000
deadline = "1s"
storage = "1MiB"
mailbox = 5
mailbox_overflow = "block"
message_size = "64KiB"
messages_per_second = 5
durability = "full"
[supervision]
max_restarts = 1
[health]
failures = 2
[deployment]
strategy = "stop-start"
keep = 3
[state]
snapshot_every = "5s"
[config]
step = 2
[dependencies]
greeter = "^1.0"
[wasi]
preopens = {"/data" = "/srv/data"}
"""


def test_every_key_without_effect_is_named_with_its_section_and_the_reason() -> None:
    lines = inert_lines(parse_manifest(HEAD + INERT, "Component.toml"))
    assert [line.partition(" has no effect yet")[0] for line in lines] == [
        "[build] command",
        "[build] watch",
        "[resources] replicas",
        "[deployment.canary] steps",
        "[deployment.canary] step",
        "[security] public_key",
        "[security] signature",
    ]
    assert all(line.partition(" has no effect yet")[2].partition(": ")[2] for line in lines)


def test_keys_that_have_an_effect_are_not_named() -> None:
    assert inert_lines(parse_manifest(HEAD + EFFECTIVE, "Component.toml")) == ()


def test_a_key_at_its_default_asks_for_nothing() -> None:
    assert inert_lines(bare_manifest("counter")) == ()
    said = HEAD + "[resources]\nreplicas = 1\n[capabilities]\nnetwork = []\n"
    assert inert_lines(parse_manifest(said, "Component.toml")) == ()
