"""Who provides an import: `[links]`, else the present provider, else the only one that runs and fits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.core.links.link_table import Link, LinkTable
from airssys_tui.core.links.resolution import Provider, Resolved, Unresolved, resolve, why_chosen
from airssys_tui.core.types.interface import InterfaceType, satisfies

NAMES = st.sampled_from(["adder", "plus", "sum", "calculator"])
VERSIONS = st.sampled_from(["", "@1.0.0", "@1.4.2", "@2.0.0", "@0.1.0", "@0.2.0", "@1.0.0-rc.1"])
FACES = VERSIONS.map(lambda version: InterfaceType(f"demo:math/adder{version}"))
PROVIDERS = st.dictionaries(NAMES, st.tuples(st.booleans(), st.lists(FACES, max_size=2).map(tuple)), max_size=4).map(
    lambda found: {name: Provider(name, runs, faces) for name, (runs, faces) in found.items()}
)
TABLES = st.lists(st.builds(Link, NAMES, FACES.map(lambda face: face.name), NAMES), max_size=3).map(
    lambda links: LinkTable(tuple(links))
)


@given(wanted=FACES, table=TABLES, providers=PROVIDERS, bound=st.sampled_from(["", "adder", "plus"]))
def test_the_rule(wanted: InterfaceType, table: LinkTable, providers: dict[str, Provider], bound: str) -> None:
    found = resolve("calculator", wanted, table, providers, bound)
    named = table.provider_of("calculator", wanted.name)
    fitting = [
        each.name
        for each in providers.values()
        if each.runs and each.name != "calculator" and any(satisfies(face.name, wanted.name) for face in each.exports)
    ]
    if isinstance(found, Resolved):
        provider = providers[found.provider]
        assert provider.runs
        assert found.exported in provider.exports
        assert satisfies(found.exported.name, wanted.name)
        assert found.provider == (named if named is not None else bound if bound in fitting else fitting[0])
        assert named is not None or bound in fitting or len(fitting) == 1
    else:
        assert isinstance(found, Unresolved)
        assert wanted.name in found.reason
        assert found.remedy
        assert found.provider == (named or "")
        assert named is not None or (bound not in fitting and len(fitting) != 1)


def test_two_providers_are_named_with_the_line_that_decides() -> None:
    face = InterfaceType("demo:math/adder@1.0.0")
    both = {name: Provider(name, True, (face,)) for name in ("plus", "adder")}
    found = resolve("shop/front", face, LinkTable(), both)
    assert isinstance(found, Unresolved)
    assert found.reason == "demo:math/adder@1.0.0 is exported by adder, plus"
    assert '[links] "shop/front"."demo:math/adder@1.0.0" = "adder"' in found.remedy


def test_why_a_provider_was_chosen() -> None:
    face = InterfaceType("demo:math/adder@1.0.0")
    alone = {"adder": Provider("adder", True, (face,)), "idle": Provider("idle", False, (face,))}
    both = alone | {"plus": Provider("plus", True, (face,)), "odd": Provider("odd", True)}

    def why(providers: dict[str, Provider], *links: str) -> str:
        table = LinkTable(tuple(Link("calculator", face.name, name) for name in links))
        return why_chosen("calculator", face, table, providers, "adder")

    assert why(alone) == "no other running component exports it"
    assert why(both) == "it was linked first and stays while it fits; plus would do as well"
    assert why(both, "adder") == "airssys.toml names it under [links]"
    assert why(both, "plus") == "it stays although airssys.toml names plus, which does not fit"
    assert why(both, "idle").endswith("names idle: demo:math/adder@1.0.0 is linked to idle: it does not run")
