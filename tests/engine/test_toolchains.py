"""The same interface from five toolchains: every export gives the right result, again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from airssys_tui.core.limits import Limits
from airssys_tui.core.types.values import Variant
from airssys_tui.engine.compiled import Code
from airssys_tui.engine.compiler import compile_in_child
from airssys_tui.engine.engine import Engine
from airssys_tui.engine.instance import Instance
from airssys_tui.engine.settings import EngineSettings
from tests.support.toolchains import ZOO, has_python_toolchain, python_zoo

FACE = "fixture:zoo/animals#"
PATIENT = EngineSettings(compile_wall=100.0)
LOSES_OWNED = {"javascript": "componentize-qjs 0.4.5 mixes up what comes back owned; in wasmtime-py, too"}
WHEN_COLLECTED = {
    "javascript": "componentize-qjs runs no destructor",
    "python": "componentize-py lets go of a dropped resource when it likes",
}
LIMITS = Limits(memory=256 * 2**20, fuel_per_call=10**12, deadline=30.0)
PREBUILT = ("c", "zig", "assemblyscript", "javascript")
PYTHON = pytest.param(
    "python",
    marks=[
        pytest.mark.slow,
        pytest.mark.skipif(not has_python_toolchain(), reason="componentize-py is missing: install the extra `build`"),
    ],
)

Call = Callable[..., Any]


@pytest.fixture(scope="module", params=[*PREBUILT, PYTHON])
def code(request: pytest.FixtureRequest, engine: Engine) -> Code:
    name: str = request.param
    if name == "python":
        return engine.load(compile_in_child(python_zoo(), PATIENT))
    return engine.compile((ZOO / f"zoo-{name}.wasm").read_bytes())


@pytest.fixture
def language(request: pytest.FixtureRequest) -> str:
    """The toolchain of the present test."""
    return str(request.node.callspec.params["code"])


@pytest.fixture(scope="module")
def instance(code: Code, engine: Engine) -> Iterator[Instance]:
    with engine.linker().instantiate(code, LIMITS) as made:
        yield made


@pytest.fixture
def call(instance: Instance) -> Call:
    return lambda name, *args: instance.call(FACE + name, *args).value


def point(x: int, y: int) -> dict[str, int]:
    return {"x": x, "y": y}


def test_the_interface_is_the_same(code: Code, engine: Engine):
    paths = {export.path.removeprefix(FACE) for export in code.interface.functions()}
    functions = {"greet", "mirror", "reverse", "grow", "take", "alive"}
    # Interpreters export a function of their own beside it, which starts them.
    assert {path for path in paths if not path.endswith("init")} == functions | {
        "[constructor]tally",
        "[method]tally.add",
        "[static]tally.sum",
    }
    assert engine.linker().problems(code.interface) == ()


@pytest.mark.parametrize("name", ["", "Ada", "Zoë 🦓 \x00 \x1b[2J", "long " * 2_000])
def test_text(call: Call, name: str):
    assert call("greet", name) == f"hello, {name}"


@pytest.mark.parametrize(("x", "y"), [(1, 2), (-(2**31), 2**31 - 1), (0, -1)])
def test_records(call: Call, x: int, y: int):
    assert call("mirror", point(x, y)) == point(y, x)


@pytest.mark.parametrize("count", [0, 1, 2, 501])
def test_lists(call: Call, count: int):
    points = [point(n, -n) for n in range(count)]
    assert call("reverse", points) == points[::-1]


@pytest.mark.parametrize(
    ("given", "grown"),
    [
        (Variant("dot"), Variant("dot")),
        (Variant("circle", 1.25), Variant("circle", 2.5)),
        (Variant("circle", float("inf")), Variant("circle", float("inf"))),
        (Variant("path", []), Variant("path", [])),
        (Variant("path", [point(1, 2), point(3, 4)]), Variant("path", [point(3, 4), point(1, 2)])),
        (Variant("named", ""), Variant("named", "")),
        (Variant("named", "Zoë"), Variant("named", "Zoë")),
    ],
)
def test_variants(call: Call, given: Variant, grown: Variant):
    assert call("grow", given) == grown


def test_resources(call: Call):
    one, other = call("[constructor]tally", 5), call("[constructor]tally", 10)
    assert call("[method]tally.add", one, 3) == 8
    assert call("[method]tally.add", one, 0) == 8
    assert call("[static]tally.sum", one, other) == 18
    assert call("[static]tally.sum", other, other) == 20


def test_resources_that_go_back(call: Call, language: str):
    if language in LOSES_OWNED:
        pytest.skip(LOSES_OWNED[language])
    one, other = call("[constructor]tally", 5), call("[constructor]tally", 10)
    assert [call("take", other), call("take", one)] == [10, 5]
    assert one.spent


def test_what_the_host_drops_is_gone_in_the_guest(code: Code, engine: Engine, language: str):
    if language in WHEN_COLLECTED:
        pytest.skip(WHEN_COLLECTED[language])
    with engine.linker().instantiate(code, LIMITS) as fresh:
        made = [fresh.call(f"{FACE}[constructor]tally", n).value for n in range(3)]
        assert fresh.call(f"{FACE}alive").value == 3
        for tally in made[:2]:
            tally.close()
        assert fresh.call(f"{FACE}alive").value == 1
        assert fresh.call(f"{FACE}take", made[2]).value == 2
        assert fresh.call(f"{FACE}alive").value == 0


def test_a_thousand_calls_leave_nothing_behind(call: Call, instance: Instance, language: str):
    def burst() -> int:
        for n in range(200):
            assert call("greet", "x" * 500) == "hello, " + "x" * 500
            if language not in LOSES_OWNED:
                assert call("take", call("[constructor]tally", n)) == n
        assert instance.memory is not None
        return instance.memory.current

    burst()
    after = burst()
    assert burst() <= after + 4 * 2**20
