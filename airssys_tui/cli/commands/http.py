"""``http``: where requests come in, the routes of the components, and what came in by each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from airssys_tui.cli.answering.exit_code import ExitCode
from airssys_tui.cli.answering.output import NOTHING, answer, in_one_row, moment, say, say_table, warn
from airssys_tui.cli.answering.plain_table import PlainColumn
from airssys_tui.cli.answering.usage_table import milliseconds
from airssys_tui.cli.reaching.options import HERE, NameArgument, Place, component_name
from airssys_tui.cli.reaching.reach import ask
from airssys_tui.cli.reaching.site import locate
from airssys_tui.core.units import format_count, format_size

if TYPE_CHECKING:
    from airssys_tui.api.views.http import HttpView, RequestView, RouteView

ROUTE_COLUMNS: Final = (
    PlainColumn("COMPONENT", least=10),
    PlainColumn("ROUTE", least=10),
    PlainColumn("REQ/S", right=True),
    PlainColumn("REQUESTS", right=True, rank=3),
    PlainColumn("2XX", right=True, rank=1),
    PlainColumn("3XX", right=True, rank=5),
    PlainColumn("4XX", right=True, rank=1),
    PlainColumn("5XX", right=True),
    PlainColumn("P50", right=True, rank=2),
    PlainColumn("P95", right=True, rank=4),
    PlainColumn("P99", right=True, rank=2),
    PlainColumn("SENT", right=True, rank=6),
    PlainColumn("NOTE", rank=7),
)

REQUEST_COLUMNS: Final = (
    PlainColumn("WHEN", rank=4),
    PlainColumn("COMPONENT", least=8, rank=3),
    PlainColumn("METHOD"),
    PlainColumn("PATH", least=12),
    PlainColumn("STATUS", right=True),
    PlainColumn("TOOK", right=True),
    PlainColumn("WHY", rank=2),
    PlainColumn("ID", rank=1),
)


def http(
    name: NameArgument | None = None,
    /,
    *,
    requests: Annotated[int, Parameter(name="--requests")] = 0,
    place: Place = HERE,
) -> int:
    """Show where requests over HTTP come in, the routes of the components, and what came in by each.

    A route is claimed under `[http]` of a component's manifest. Requests come in at the addresses that `listen` under
    `[http]` of `airssys.toml` in the folder names, or `run --http`.

    Args:
        name: Show the routes of this component only.
        requests: Show so many of the last requests as well, at most 1000; `traces NAME --id ID` shows one in full.
        place: Which runtime.
    """
    component = "" if name is None else component_name(name)
    found = ask(locate(place.folder, place.state_dir), lambda api: api.http(component, requests))
    if place.json:
        answer(found)
    else:
        _say_http(found)
    return ExitCode.OK


def _say_http(found: HttpView) -> None:
    for listener in found.listeners:
        problem = f": not open: {listener.problem}" if listener.problem else ""
        say(f"http://{listener.address}{problem}")
    if not found.listeners:
        warn('requests come in nowhere: set listen = "127.0.0.1:8080" under [http] of airssys.toml, or use run --http')
    if found.routes:
        say_table(ROUTE_COLUMNS, [_route_row(route) for route in found.routes])
    else:
        warn("no component has a route: set routes under [http] of its manifest")
    if found.unrouted:
        requests = "request was" if found.unrouted == 1 else "requests were"
        say(f"{format_count(found.unrouted)} {requests} malformed, or covered by no route")
    for component in found.without_route:
        say(f"{component} answers requests and has no route: set routes under [http] of its manifest")
    if found.requests:
        say()
        say_table(REQUEST_COLUMNS, [_request_row(request) for request in found.requests])


def _route_row(route: RouteView) -> tuple[str, ...]:
    _, good, moved, bad, failed = map(format_count, route.classes)
    note = f"answered by {route.taken_by}" if route.taken_by else ""
    why = ", ".join(f"{each.reason} {format_count(each.count)}" for each in route.reasons)
    return (
        route.component,
        route.route,
        format_count(route.per_second),
        format_count(route.requests),
        *(good, moved, bad, failed),
        *(milliseconds(value) for value in (route.p50_ms, route.p95_ms, route.p99_ms)),
        format_size(route.sent),
        note or why,
    )


def _request_row(request: RequestView) -> tuple[str, ...]:
    return (
        moment(request.at),
        request.component or NOTHING,
        request.method or NOTHING,
        in_one_row(request.target) or NOTHING,
        str(request.status or NOTHING),
        milliseconds(request.took_ms),
        in_one_row(request.why),
        request.id,
    )
