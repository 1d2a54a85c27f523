"""``grants``, ``grant``, ``revoke``, ``approve``, ``deny``, ``trust``, ``policy``, ``audit`` and ``tighten``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command_line import Desk

NET = "network:connect:api.example.com:443"
MANIFEST = """\
[package]
name = "fetcher"
[component]
wasm = "fetcher.wasm"
[capabilities]
storage = "read-write"
network = ["connect:api.example.com:443"]
environment = ["HOME"]
rationale = "daily rates"
"""


@pytest.fixture
def fetcher(desk: Desk) -> Desk:
    """A desk with a component that declares storage, a host and a variable; it was deployed once."""
    target = desk.folder / "fetcher"
    target.mkdir()
    (target / "Component.toml").write_text(MANIFEST)
    (target / "fetcher.wasm").write_bytes(b"\0asm\x0d\0\x01\0")
    assert desk.run("checks", "list", "fetcher").code == 0, "it was deployed"
    return desk


def standing(desk: Desk) -> dict[str, str]:
    return {row["permission"]: row["standing"] for row in desk.run("grants", "fetcher", "--json").json["rows"]}


def test_a_component_is_described_with_what_it_lacks(fetcher: Desk) -> None:
    run = fetcher.run
    text = run("describe", "fetcher").out
    assert "\n  storage:read-write  granted, always, by default\n" in text
    assert f"\n  {NET}  not granted → airssys-tui grant fetcher {NET}\n" in text
    assert "\nlatest denials\n  -\n" in text
    document = run("describe", "fetcher", "--json").json["permissions"]
    assert {row["permission"]: row["standing"] for row in document["rows"]} == standing(fetcher)
    story = run("explain", "fetcher", "--json").json["sentences"]
    assert "It declares 3 permissions; 1 is granted: storage:read-write." in story
    assert f"{NET} is not granted; to grant it: `airssys-tui grant fetcher {NET}`." in story
    assert run("grant", "fetcher", NET).code == 0
    assert f"{NET}  granted, always, by operator" in run("describe", "fetcher").out
    assert "2 are granted" in " ".join(run("explain", "fetcher").out.split())


def test_the_audit_is_paged_back(fetcher: Desk) -> None:
    run = fetcher.run
    for value in ("environment:HOME", NET):
        assert run("grant", "fetcher", value).code == 0
    numbers = [entry["n"] for entry in run("audit", "--json").json]
    older = run("audit", "--before", str(numbers[-1]), "--last", "1", "--json").json
    assert [entry["n"] for entry in older] == [numbers[-2]]
    assert run("audit", "--before", "1", "--json").json == []
    assert run("audit", "--before", "1", "--follow").code != 0


def test_an_answer_changes_what_stands(fetcher: Desk) -> None:
    run = fetcher.run
    assert run("grant", "fetcher", NET, "--for", "1h", "--rationale", "rates").code == 0
    assert standing(fetcher) == {
        NET: "granted",
        "storage:read-write": "granted",
        "environment:HOME": "not granted",
    }
    shown = run("grants", "fetcher")
    assert "daily rates" in shown.out
    assert "operator" in shown.out
    assert "default" in shown.out
    table = run("grants")
    assert table.out.splitlines()[1].split()[:3] == ["fetcher", "3", "2"]
    assert run("deny", "fetcher", "environment:HOME").code == 0
    assert run("revoke", "fetcher", NET).code == 0
    assert run("revoke", "fetcher", "storage:read-write").code == 0
    assert standing(fetcher) == {
        NET: "not granted",
        "storage:read-write": "refused",
        "environment:HOME": "refused",
    }
    audited = [entry["kind"] for entry in run("audit", "fetcher", "--json").json]
    assert audited == ["granted", "refused", "revoked", "refused"]


WRONG = (
    (("grant", "fetcher", "network:api"), "not a permission"),
    (("grant", "fetcher", NET, "--once", "--session"), "--once and --session cannot be used together"),
    (("grant", "fetcher", "filesystem:write:/etc/**"), "nobody can be granted"),
    (("grant", "nobody", NET), "nobody"),
    (("revoke", "fetcher"), "a permission, --grant NUMBER, or --all"),
    (("revoke", "fetcher", NET, "--all"), "a permission, --grant NUMBER, or --all"),
    (("revoke", "fetcher", NET), "no answer about"),
    (("approve", "fetcher"), "asks for nothing"),
    (("deny", "fetcher"), "asks for nothing"),
    (("trust", "add", "vendor", NET), "needs a source or a key"),
    (("trust", "remove", "vendor"), "no recorded trust rule 'vendor'"),
    (("audit", "--last", "0"), "1 to 1000"),
    (("audit", "verify", "--head", "x"), "expected COUNT:HASH"),
)


def test_what_is_wrong_is_said_with_what_to_do(fetcher: Desk) -> None:
    for words, said in WRONG:
        done = fetcher.run(*words)
        assert done.code != 0, words
        assert said in done.err, words


def test_trust_rules_come_and_go(fetcher: Desk) -> None:
    run = fetcher.run
    assert "nothing" not in run("trust", "list").out
    assert run("trust", "add", "vendor", NET, "--source", f"{fetcher.folder}/**").code == 0
    assert standing(fetcher)[NET] == "granted"
    (rule,) = run("trust", "list", "--json").json["rules"]
    assert (rule["name"], rule["components"]) == ("vendor", ["fetcher"])
    assert "vendor" in run("trust", "list").out
    assert run("trust", "remove", "vendor").code == 0
    assert standing(fetcher)[NET] == "not granted"


def test_the_audit_is_verified_and_exported(fetcher: Desk, tmp_path: Path) -> None:
    run = fetcher.run
    assert run("grant", "fetcher", NET).code == 0
    assert run("revoke", "fetcher", "--all").code == 0
    head = run("audit", "head").out.strip()
    assert run("audit", "verify", "--head", head).code == 0
    assert "2 entries" in run("audit", "verify").out
    file = tmp_path / "audit.jsonl"
    assert run("audit", "export", file).code == 0
    kinds = [json.loads(line)["kind"] for line in file.read_text().splitlines()]
    assert kinds == ["granted", "revoked"]
    assert run("audit", "export", file).code == 2, "it is not overwritten"
    lines = run("audit").out.splitlines()
    assert [line.split()[0] for line in lines] == ["1", "2"]
    (log,) = (fetcher.state_dir / "audit").iterdir()
    log.write_bytes(log.read_bytes().replace(b"operator", b"0perator", 1))
    broken = run("audit", "verify")
    assert broken.code == 1
    assert "entry 1" in broken.err
    assert run("audit", "verify", "--json").json["entry"] == 1


def test_a_smaller_declaration_needs_something_that_was_used(fetcher: Desk) -> None:
    assert "has used nothing so far" in fetcher.run("tighten", "fetcher").err
    assert fetcher.run("tighten", "fetcher", "--json").json == {
        "component": "fetcher",
        "lines": [],
        "idle": [],
        "used": False,
    }


POLICY = f"""\
[trust]
default = []
observe = ["shop/new"]
[[grant]]
component = "fetcher"
permissions = ["{NET}"]
rationale = "daily rates"
"""


def test_a_policy_file_is_checked(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(POLICY)
    done = desk.run("policy", "check", file)
    assert done.code == 0
    assert "granted once declared: nothing" in done.out
    assert NET in done.out
    assert "shop/new" in done.err
    assert desk.run("policy", "check", file, "--json").json["answers"][0]["component"] == "fetcher"
    file.write_text(POLICY.replace("component", "componet"))
    broken = desk.run("policy", "check", file)
    assert broken.code == 1
    assert "did you mean 'component'?" in broken.err
    assert "correct the policy file" in broken.err
    file.write_bytes(b"\xff")
    assert "not UTF-8" in desk.run("policy", "check", file).err
    assert desk.run("policy", "check", tmp_path / "absent.toml").code == 1


def test_a_run_under_a_policy_file_asks_nobody(fetcher: Desk, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    assert "need --headless" in fetcher.run("run", fetcher.folder, "--policy", file).err
    file.write_text("[[grant]]\n")
    assert fetcher.run("run", fetcher.folder, "--headless", "--policy", file).code == 1
    file.write_text(POLICY)
    with fetcher.spawn("run", str(fetcher.folder), "--headless", "--json", "--policy", str(file)) as process:
        try:
            assert process.stdout is not None
            assert any('"action":"ready"' in line for line in process.stdout)
            assert standing(fetcher) == {
                NET: "granted",
                "storage:read-write": "not granted",
                "environment:HOME": "not granted",
            }
            assert str(file) in fetcher.run("trust", "list").out
        finally:
            process.kill()
