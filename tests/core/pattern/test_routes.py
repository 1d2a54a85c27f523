"""Routes: what they cover, and who has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airssys_tui.core.pattern.hosts import host_matches
from airssys_tui.core.pattern.route_pattern import MOST_ROUTE, Route, route_host_of, route_path_of, routes_of
from airssys_tui.core.pattern.route_table import Claim, Found, RouteTable, Taken


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/", "/"),
        ("/*", "/*"),
        ("/api", "/api"),
        ("/api/", "/api/"),
        ("/api/*", "/api/*"),
        ("/%61pi/%20/*", "/api/%20/*"),
    ],
)
def test_a_route_has_one_spelling(text: str, path: str) -> None:
    assert route_path_of(text) == path
    assert route_path_of(path) == path


@pytest.mark.parametrize(
    "text",
    [
        "",
        "api",
        "*",
        "/api*",
        "/*/a",
        "/a/*/b",
        "/a/**",
        "/a//b",
        "//*",
        "/a?b",
        "/a#b",
        "/a b",
        "/é",
        "/../a",
        "/./*",
        "/%",
    ],
)
def test_what_is_no_route_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"a route|a path|alone"):
        route_path_of(text)


def test_a_route_has_a_longest_length() -> None:
    assert route_path_of("/" + "a" * (MOST_ROUTE - 1))
    with pytest.raises(ValueError, match="at most 512"):
        route_path_of("/" + "a" * MOST_ROUTE)


@pytest.mark.parametrize("text", ["*", "*.10.0.0.1", "a b", ""])
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"host|address"):
        route_host_of(text)


def table(**claims: tuple[str, ...]) -> RouteTable:
    """Make a table of routes, each a path or ``host/path``."""
    return RouteTable(Claim(owner, tuple(map(route, texts))) for owner, texts in claims.items())


def route(text: str) -> Route:
    host, slash, path = text.partition("/")
    return Route(slash + path, host)


def owner_of(found: Found | None) -> str:
    return found.owner if found is not None else ""


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("/", "web"),
        ("/other", "web"),
        ("/api", "api"),
        ("/api/", "api"),
        ("/api/a/b/c", "api"),
        ("/apis", "web"),
        ("/api/v2", "v2"),
        ("/api/v2/x/y", "v2"),
        ("/api/health", "health"),
        ("/api/health/", "api"),
        ("//api/v2", "web"),
    ],
)
def test_the_longest_path_decides(path: str, owner: str) -> None:
    routes = table(web=("/*",), api=("/api/*",), v2=("/api/v2/*",), health=("/api/health",))
    assert owner_of(routes.find("", path)) == owner
    assert routes.taken == {}


@pytest.mark.parametrize(
    ("host", "path", "owner"),
    [
        ("a.b.example", "/x", "one"),
        ("a.b.example", "/y", "two"),
        ("c.b.example", "/y", "two"),
        ("c.d.example", "/y", "three"),
        ("c.b.example", "/z", "three"),
        ("b.example", "/y", "three"),
        ("example", "/y", "any"),
        ("", "/y", "any"),
        ("10.0.0.1", "/", "four"),
        ("::1", "/", "six"),
        ("::2", "/", "any"),
    ],
)
def test_the_most_specific_host_decides_first(host: str, path: str, owner: str) -> None:
    routes = table(
        one=("a.b.example/x",),
        two=("*.b.example/y", "*.b.example/y/*"),
        three=("*.example/*",),
        any=("/*",),
        four=("10.0.0.1/*",),
        six=("[::1]/*",),
    )
    assert owner_of(routes.find(host, path)) == owner


def test_nobody_answers_what_no_route_covers() -> None:
    routes = table(one=("a.example/*", "/here"))
    assert routes.find("b.example", "/there") is None
    assert RouteTable().find("a.example", "/") is None


def test_of_two_that_claim_a_route_the_first_one_has_it_and_the_other_learns_who() -> None:
    routes = table(one=("/a/*", "/b"), two=("/a/*", "/c", "/a/*"), three=("/a/*", "/c"))
    assert owner_of(routes.find("", "/a/x")) == "one"
    assert owner_of(routes.find("", "/c")) == "two"
    assert routes.taken == {
        "two": (Taken(Route("/a/*"), "one"),),
        "three": (Taken(Route("/a/*"), "one"), Taken(Route("/c"), "two")),
    }


def test_a_component_has_each_path_at_each_host() -> None:
    assert routes_of(("/a", "/b/*"), ()) == (Route("/a"), Route("/b/*"))
    assert [str(each) for each in routes_of(("/a",), ("x.example", "[::1]"))] == ["x.example/a", "[::1]/a"]


SEGMENTS = st.lists(st.sampled_from(["a", "b", ""]), max_size=4).map(lambda parts: "/" + "/".join(parts))
HOSTS = st.sampled_from(["", "a.example", "b.a.example", "*.example", "*.a.example"])
ROUTES = st.builds(
    Route,
    st.one_of(SEGMENTS.filter(lambda path: "//" not in path), SEGMENTS.map(lambda path: path.strip("/")).map(
        lambda inner: f"/{inner}/*".replace("//", "/") if inner and "//" not in inner else "/*")),
    HOSTS,
)  # fmt: skip


def covers(each: Route, host: str, path: str) -> bool:
    """Return whether a route covers a request, by its definition."""
    if each.host and not (host and host_matches(each.host, host)):
        return False
    if not each.path.endswith("/*"):
        return path == each.path
    return f"{path}/".startswith(each.path.removesuffix("*"))


def rank(each: Route) -> tuple[object, ...]:
    exact_host = bool(each.host) and not each.host.startswith("*")
    exact = not each.path.endswith("/*")
    return exact_host, len(each.host), exact, len(each.path)


@given(st.lists(ROUTES, max_size=8), st.sampled_from(["", "a.example", "b.a.example", "c.b.a.example"]), SEGMENTS)
def test_a_table_finds_the_best_route_that_covers_a_request(routes: list[Route], host: str, path: str) -> None:
    made = RouteTable(Claim(str(number), (each,)) for number, each in enumerate(routes))
    found = made.find(host, path)
    covering = [each for each in routes if covers(each, host, path)]
    assert (found.route if found is not None else None) == max(covering, key=rank, default=None)
    if found is not None:
        assert routes[int(found.owner)] == found.route
        assert found.route not in routes[: int(found.owner)]
