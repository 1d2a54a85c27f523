"""The detail page of a component that was refused."""

from __future__ import annotations

from airssys_tui.api import fake_scenes
from airssys_tui.api.fake import FakeRuntime
from airssys_tui.api.views import Note, NoteKind
from airssys_tui.tui.detail import DetailScreen
from tests.tui.conftest import connected, desk, shows, text_of, wait_until

SIZE = (100, 60)
REASON = "\n".join(["imports what nobody offers " + "and more " * 60 + "the end of one", "the second line"])


async def shown(pilot):
    await connected(pilot)
    await pilot.press("enter")
    await wait_until(pilot, lambda: isinstance(pilot.app.screen, DetailScreen) and pilot.app.screen.detail)
    await shows(pilot, "Exports")


def refused(**changes):
    component = fake_scenes.counter(fake_scenes.NOON)
    component.change(note=Note(NoteKind.REFUSED, fake_scenes.sanitise(REASON)), **changes)
    return FakeRuntime(fake_scenes.still).add([component])


async def test_a_long_refusal_is_there_in_full():
    async with desk(refused()).run_test(size=SIZE) as pilot:
        await shown(pilot)
        await shows(pilot, " Refused\n", "the end of one", "the second line")
        assert "unknown: refused" not in text_of(pilot.app)


async def test_what_was_never_admitted_claims_nothing():
    async with desk(refused(digest=None)).run_test(size=SIZE) as pilot:
        await shown(pilot)
        assert text_of(pilot.app).count("unknown: refused before this was read") == 4
        assert "state export" not in text_of(pilot.app)
