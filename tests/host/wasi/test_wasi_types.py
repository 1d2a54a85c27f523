"""The types of WASI as data, and the interfaces that are made of them."""

from __future__ import annotations

import pytest

from airssys_tui.core.limits import Limits
from airssys_tui.engine.host import HostResource
from airssys_tui.host.wasi.wasi_types import wasi_interface, wasi_types
from tests.support.wasi.passing_guest import passing_guest


def nothing(*_):
    return None


def whole(name):
    types = wasi_types().interfaces[name]
    calls = {function.name: nothing for function in types.functions}
    return wasi_interface(name, calls, [HostResource(resource) for resource in types.resources])


def test_every_interface_of_the_release_is_there():
    types = wasi_types()
    assert types.version == "0.2.12"
    assert sum(len(face.functions) for face in types.interfaces.values()) == 179
    assert sum(len(face.resources) for face in types.interfaces.values()) == 25
    packages = {name.partition("/")[0] for name in types.interfaces}
    assert packages == {"cli", "clocks", "filesystem", "http", "io", "random", "sockets"}


@pytest.mark.parametrize("version", ["0.2.0", "0.2.3", "0.2.12", "0.2.99"])
def test_a_guest_of_any_release_finds_all_of_them(engine, version):
    linker = engine.linker([whole(name) for name in wasi_types().interfaces])
    code = engine.compile(passing_guest("http/types", "sockets/tcp", "filesystem/preopens", version=version))
    assert linker.problems(code.interface) == ()
    with linker.instantiate(code, Limits()) as instance:
        instance.find("http-types-new-fields")


def test_a_release_candidate_is_another_interface(engine):
    linker = engine.linker([whole("io/poll")])
    code = engine.compile(passing_guest("io/poll", version="0.2.0-rc-2023-11-10"))
    assert [problem.name for problem in linker.problems(code.interface)] == ["wasi:io/poll@0.2.0-rc-2023-11-10"]


@pytest.mark.parametrize(
    ("calls", "resources", "words"),
    [
        ({}, ["error"], "missing .*to-debug-string"),
        ({"[method]error.to-debug-string": nothing, "more": nothing}, ["error"], "unknown .*more"),
        ({"[method]error.to-debug-string": nothing}, [], "resources: missing .*error"),
        ({"[method]error.to-debug-string": nothing}, ["error", "other"], "unknown .*other"),
    ],
)
def test_an_interface_that_lacks_something_or_has_more_is_not_made(calls, resources, words):
    with pytest.raises(ValueError, match=words):
        wasi_interface("io/error", calls, [HostResource(name) for name in resources])
