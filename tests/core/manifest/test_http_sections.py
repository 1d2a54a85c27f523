"""``[http]`` of a manifest and of a folder's configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from airssys_tui.core.capability.policy_file import read_folder_settings
from airssys_tui.core.errors import ManifestError
from airssys_tui.core.manifest.document import HttpService, manifest_digest, parse_manifest
from airssys_tui.core.manifest.http_sections import (
    MOST_HOSTS,
    MOST_LISTENERS,
    MOST_ROUTES,
    HttpServing,
    ListenAddress,
    listen_address_of,
)
from airssys_tui.core.units import GIB, MIB

LEAST = '[package]\nname = "shop"\n[component]\nwasm = "shop.wasm"\n'


def service(text: str) -> HttpService:
    return parse_manifest(f"{LEAST}[http]\n{text}", "Component.toml").http


def problem(text: str) -> str:
    with pytest.raises(ManifestError) as caught:
        service(text)
    (found,) = caught.value.problems
    return f"{found.key}: {found.message}"


def test_a_manifest_says_what_a_component_answers() -> None:
    assert service('routes = ["/b", "/a/*", "/b"]\nhosts = ["*.Example.com", "[::1]"]\nmax_body = "1MiB"\n') == (
        HttpService(routes=("/a/*", "/b"), hosts=("*.example.com", "[::1]"), max_body=MIB)
    )
    assert service("") == HttpService()


def test_an_order_has_no_meaning_and_no_section_no_digest() -> None:
    one, other = (
        parse_manifest(f"{LEAST}[http]\nroutes = {routes}\n", "c") for routes in ('["/a", "/b"]', '["/b", "/a"]')
    )
    assert manifest_digest(one) == manifest_digest(other)
    bare = parse_manifest(LEAST, "c")
    assert manifest_digest(parse_manifest(f"{LEAST}[http]\n", "c")) == manifest_digest(bare) != manifest_digest(one)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('routes = ["api"]', "http.routes[0]: expected a path such as /api/*"),
        ('routes = ["/a", "/../b"]', "http.routes[1]: a path has no segments . and .."),
        ('routes = ["/"]\nhosts = ["*"]', "http.hosts[0]: '*' is not a host name"),
        ('hosts = ["a.example"]', "http.hosts: has no effect without routes"),
        ('route = ["/"]', "http.route: unknown key; did you mean 'routes'?"),
        ("requests_per_instance = 0", "http.requests_per_instance: 0 is out of bounds"),
        (f"max_body = {GIB + 1}", "http.max_body: 1073741825 bytes is out of bounds"),
        (f"routes = {[f'/{number}' for number in range(MOST_ROUTES + 1)]}", "http.routes: expected at most 64"),
        (
            f'routes = ["/"]\nhosts = {[f"h{number}" for number in range(MOST_HOSTS + 1)]}',
            "http.hosts: expected at most 16",
        ),
    ],
)
def test_what_a_manifest_may_not_say_is_named(text: str, told: str) -> None:
    assert problem(text).startswith(told)


@pytest.mark.parametrize(
    "text",
    [
        f"max_body = {GIB}",
        "max_body = 0",
        "requests_per_instance = 1",
        "requests_per_instance = 1000000",
        f"routes = {[f'/{n}' for n in range(MOST_ROUTES)]}",
    ],
)
def test_each_bound_is_included(text: str) -> None:
    assert service(text)


@pytest.mark.parametrize(
    ("text", "address", "loopback"),
    [
        ("127.0.0.1:8080", ListenAddress("127.0.0.1", 8080), True),
        ("localhost:0", ListenAddress("127.0.0.1", 0), True),
        ("[::1]:8080", ListenAddress("::1", 8080), True),
        ("[::ffff:127.0.0.1]:1", ListenAddress("127.0.0.1", 1), True),
        ("0.0.0.0:80", ListenAddress("0.0.0.0", 80), False),
        ("[::]:65535", ListenAddress("::", 65535), False),
        ("192.0.2.7:80", ListenAddress("192.0.2.7", 80), False),
    ],
)
def test_an_address_is_read(text: str, address: ListenAddress, loopback: bool) -> None:
    assert listen_address_of(text) == address
    assert listen_address_of(str(address)) == address
    assert address.is_loopback is loopback


@pytest.mark.parametrize(
    "text",
    ["", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:٣", "example.com:80",
     "::1:8080", "[::1]", "127.1:80", "0x7f000001:80", "127.0.0.1:080808", "[fe80::1%eth0]:80"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"address|host"):
        listen_address_of(text)


def serving(folder: Path, text: str) -> HttpServing:
    (folder / "airssys.toml").write_text(f"[http]\n{text}")
    return read_folder_settings(folder).http


def test_a_folder_says_where_requests_come_in(tmp_path: Path) -> None:
    assert read_folder_settings(tmp_path).http == HttpServing()
    assert serving(tmp_path, 'listen = "127.0.0.1:8080"\nqueue_time = "2s"\naccess_log = false\n') == HttpServing(
        listen=(ListenAddress("127.0.0.1", 8080),), queue_time=2.0, access_log=False
    )
    both = serving(tmp_path, 'listen = ["[::1]:80", "127.0.0.1:80", "[::1]:80"]\n').listen
    assert both == (ListenAddress("::1", 80), ListenAddress("127.0.0.1", 80))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('listen = "8080"', "http.listen: expected an address with a port"),
        ('listen = ["127.0.0.1:1", "x"]', "http.listen[1]: expected an address with a port"),
        ("listen = 8080", "http.listen: expected an array, got 8080"),
        (f"listen = {[f'127.0.0.1:{port}' for port in range(MOST_LISTENERS + 1)]}", "http.listen: expected at most 8"),
        ('queue_time = "0s"', "http.queue_time: 0 s is out of bounds"),
        ('queue_time = "301s"', "http.queue_time: 301 s is out of bounds"),
        ('acces_log = "yes"', "http.acces_log: unknown key"),
    ],
)
def test_what_a_folder_may_not_say_is_named(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ManifestError) as caught:
        serving(tmp_path, text)
    assert caught.value.title == "bad configuration"
    assert [f"{each.key}: {each.message}"[: len(told)] for each in caught.value.problems] == [told]
