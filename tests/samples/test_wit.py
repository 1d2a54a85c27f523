"""The WIT packages resolve, are documented, and their vendored copies are what they copy."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.support.guest import wasm_tools
from tests.support.places import ROOT

WIT = ROOT / "wit"
PACKAGES = {name: entry["path"] for name, entry in tomllib.loads((WIT / "deps.toml").read_text())["packages"].items()}


def resolve(folder: Path) -> dict[str, Any]:
    return json.loads(wasm_tools("component", "wit", "--json", folder))


def own(resolved: dict[str, Any], package: str) -> dict[str, list[dict[str, Any]]]:
    """Pick what a package defines itself: its interfaces and worlds."""
    names = [entry["name"].partition("@")[0] for entry in resolved["packages"]]
    index = names.index(package)
    return {kind: [item for item in resolved[kind] if item["package"] == index] for kind in ("interfaces", "worlds")}


def vendor(wit: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "airssys_tui", "wit", "vendor", wit, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(WIT, tmp_path / "wit")


def test_every_folder_is_listed() -> None:
    assert sorted(PACKAGES.values()) == sorted(path.name for path in WIT.iterdir() if path.is_dir())


@pytest.mark.parametrize("package", PACKAGES)
def test_package_resolves_at_the_listed_version(package: str) -> None:
    resolved = resolve(WIT / PACKAGES[package])
    version = tomllib.loads((WIT / "deps.toml").read_text())["packages"][package]["version"]
    assert f"{package}@{version}" in {entry["name"] for entry in resolved["packages"]}


@pytest.mark.parametrize(
    ("package", "interfaces", "worlds"),
    [
        ("core-types", {"identity", "time", "errors", "status", "payload", "resources"}, set()),
        (
            "core-capabilities",
            {
                "filesystem-permissions",
                "network-permissions",
                "process-permissions",
                "storage-permissions",
                "messaging-permissions",
                "grants",
                "introspection",
            },
            set(),
        ),
        (
            "core-component",
            {
                *("lifecycle", "execution", "message-handler", "callback-handler"),
                *("timer-handler", "metadata", "health", "state"),
            },
            {"minimal", "handler", "stateful", "full"},
        ),
        (
            "core-host",
            {
                *("logging", "clock", "random", "messaging", "requests", "pubsub"),
                *("storage", "registry", "config", "metrics", "tracing", "timers"),
            },
            {"imports", "full"},
        ),
        ("ext-filesystem", {"types", "files", "directories", "metadata"}, {"imports"}),
        ("ext-network", {"types", "http", "tcp", "udp", "dns"}, {"imports"}),
        ("ext-process", {"types", "processes", "signals", "environment"}, {"imports"}),
    ],
)
def test_package_has_its_interfaces(package: str, interfaces: set[str], worlds: set[str]) -> None:
    found = own(resolve(WIT / package), f"airssys:{package}")
    assert interfaces == {interface["name"] for interface in found["interfaces"]}
    assert worlds <= {world["name"] for world in found["worlds"]}


def test_the_world_of_the_host_imports_every_interface() -> None:
    resolved = resolve(WIT / "core-host")
    found = own(resolved, "airssys:core-host")
    (world,) = (world for world in found["worlds"] if world["name"] == "imports")
    imported = [resolved["interfaces"][item["interface"]["id"]] for item in world["imports"].values()]
    assert {item["name"] for item in found["interfaces"]} <= {item["name"] for item in imported}


@pytest.mark.parametrize("package", PACKAGES)
def test_everything_is_documented(package: str) -> None:
    resolved = resolve(WIT / PACKAGES[package])
    found = own(resolved, package)
    undocumented = [item["name"] for kind in found.values() for item in kind if not item.get("docs")]
    for interface in found["interfaces"]:
        functions = interface["functions"].values()
        # A type taken over by `use` is documented where it is defined.
        types = [resolved["types"][index] for index in interface["types"].values()]
        defined = [
            a_type
            for a_type in types
            if not (isinstance(a_type["kind"], dict) and isinstance(a_type["kind"].get("type"), int))
        ]
        undocumented += [
            f"{interface['name']}.{item['name']}" for item in (*functions, *defined) if not item.get("docs")
        ]
        undocumented += [
            f"{interface['name']}.{a_type['name']}.{part['name']}"
            for a_type in defined
            if isinstance(a_type["kind"], dict)
            for shape in a_type["kind"].values()
            if isinstance(shape, dict)
            for part in (*shape.get("fields", ()), *shape.get("cases", ()))
            if not part.get("docs")
        ]
    assert undocumented == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_function_names_its_capability(package: str) -> None:
    interfaces = own(resolve(WIT / PACKAGES[package]), package)["interfaces"]
    docs = {
        f"{interface['name']}.{name}": function["docs"]["contents"].replace("\n", " ")
        for interface in interfaces
        for name, function in interface["functions"].items()
    }
    assert [name for name, text in docs.items() if "capability" not in text] == []


def test_copies_lock_and_binary_forms_are_current() -> None:
    done = vendor(WIT, "--check", "--binary")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_changed_copy_is_found(copy: Path) -> None:
    changed = copy / "core-host" / "deps" / "core-types" / "time.wit"
    changed.write_text(changed.read_text() + "\n")
    done = vendor(copy, "--check")
    assert done.returncode == 1
    assert "core-host/deps/core-types differs from core-types" in done.stderr


def test_a_changed_original_is_found_and_copied(copy: Path) -> None:
    original = copy / "core-types" / "time.wit"
    original.write_text(original.read_text() + "\n/// More.\ninterface more {}\n")
    found = vendor(copy, "--check", "--binary").stderr
    assert "deps.lock is out of date" in found
    assert "core-component/deps/core-types differs from core-types" in found
    assert "core-types.wasm is out of date" in found
    assert vendor(copy, "--binary").returncode == 0
    assert vendor(copy, "--check", "--binary").returncode == 0


@pytest.mark.parametrize(
    ("file", "line", "message"),
    [
        (
            "core-types/time.wit",
            "interface more { use airssys:core-missing/x@1.0.0.{y}; }",
            "airssys:core-types uses airssys:core-missing, which deps.toml does not list",
        ),
        (
            "core-types/time.wit",
            "interface more { use airssys:core-host/clock@1.0.0.{y}; }",
            "the packages form a cycle: airssys:core-types -> airssys:core-host -> airssys:core-types",
        ),
        (
            "core-host/clock.wit",
            "interface more { use airssys:core-types/time@1.1.0.{timestamp}; }",
            "airssys:core-host uses airssys:core-types@1.1.0; the listed version is @1.0.0",
        ),
    ],
)
def test_bad_uses_are_refused_with_their_place(copy: Path, file: str, line: str, message: str) -> None:
    text = (copy / file).read_text()
    (copy / file).write_text(f"{text}{line}\n")
    done = vendor(copy)
    assert done.returncode == 1
    assert message in done.stderr
    if "cycle" not in message:
        assert f"{file}:{text.count(chr(10)) + 1}:{line.index('airssys') + 1}: " in done.stderr


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('path = "core-types"', 'path = "nowhere"', "has no .wit file of airssys:core-types"),
        ('path = "core-types"', "path = 7", "airssys:core-types needs a path and a version"),
        ('version = "1.0.0"', 'version = "1.1.0"', "deps.toml lists airssys:core-types@1.1.0 here"),
        ("[packages", "[packages", None),
        ('[packages."airssys:core-types"]', "[packages.", "deps.toml: "),
        ('[packages."airssys:core-types"]', "a." * 9_000, "deps.toml: line 4: a key has more than 32 parts"),
        ('path = "core-types"', "path = " + "[" * 40_000, "tables and arrays are nested more than 32 deep"),
        ('path = "core-types"', "x = [" + "{}," * 40_000, "the document has more than 1000 tables"),
    ],
    ids=["folder", "type", "version", "unchanged", "syntax", "dots", "nesting", "tables"],
)
def test_a_bad_listing_is_refused(copy: Path, before: str, after: str, message: str | None) -> None:
    listed = copy / "deps.toml"
    listed.write_text(listed.read_text().replace(before, after, 1))
    done = vendor(copy)
    if message is None:
        assert done.returncode == 0, done.stderr
    else:
        assert done.returncode == 1
        assert message in done.stderr
