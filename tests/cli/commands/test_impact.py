"""``impact``: the effects of a stop, the further away the further to the right."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from airssys_tui.api.views.impact import Effect, EffectKind, Impact
from airssys_tui.cli.commands.stories import impact
from tests.support.command_line import Desk


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Told:
        def impact(self, component: str) -> Future[Impact]:
            answer: Future[Impact] = Future()
            effects = (
                Effect(kind=EffectKind.CALL, component=component, text="its call \x1b[31madd runs"),
                Effect(kind=EffectKind.LINK, component="front", text="front is linked to it", depth=2),
            )
            answer.set_result(Impact(component=component, effects=effects, omitted=3))
            return answer

    def ask(_site: object, question: Callable[[Told], Future[Any]]) -> Any:
        return question(Told()).result()

    monkeypatch.setattr(impact, "ask", ask)


@pytest.mark.usefixtures("told")
def test_effects_are_told_line_by_line(desk: Desk) -> None:
    lines = desk.run("impact", "adder").out.splitlines()
    assert lines[0] == "If adder is stopped:"
    assert lines[1].startswith("  its call ")
    assert "\x1b" not in lines[1]
    assert lines[2:] == ["      front is linked to it", "  and 3 more"]


@pytest.mark.usefixtures("told")
def test_effects_in_json(desk: Desk) -> None:
    found = desk.run("impact", "adder", "--json").json
    assert (found["component"], found["omitted"]) == ("adder", 3)
    assert [(each["kind"], each["component"], each["depth"]) for each in found["effects"]] == [
        ("call", "adder", 0),
        ("link", "front", 2),
    ]


def test_without_a_runtime_there_is_nothing_to_tell(desk: Desk) -> None:
    answer = desk.run("impact", "counter")
    assert (answer.code, answer.out) == (1, "")
