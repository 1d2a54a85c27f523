from __future__ import annotations

from airssys_tui.api.commands import AnswerQuestion, Approve, Deny, Grant, Revoke
from airssys_tui.api.played.asking import NEWS, RATES, ask
from airssys_tui.core.capability.grant import Scope
from airssys_tui.tui.dialogs.modal import Confirm
from airssys_tui.tui.dialogs.permission import PermissionQuestion
from airssys_tui.tui.screens.granting.audit_trail import AuditScreen
from airssys_tui.tui.screens.granting.component_rights import RightsScreen
from airssys_tui.tui.screens.granting.grants import GrantsScreen
from tests.support.screens import shows


async def opens_the_questions(desk):
    await desk.press("6")
    await desk.on(GrantsScreen)
    await shows(desk.pilot, "no open questions", "No component asks for anything.")
    ask(desk.runtime)
    desk.screen.ask()
    await shows(desk.pilot, "1 open question", RATES, "daily rates", "denied 3 times")
    assert desk.screen.target == "fetcher"


async def asked(desk):
    ask(desk.runtime)
    await desk.press("6")
    await desk.on(GrantsScreen)
    await desk.until(lambda: desk.screen.question)


async def opens_the_rights(desk):
    ask(desk.runtime)
    await desk.press("c")
    await desk.on(RightsScreen)
    await shows(desk.pilot, "capabilities", "1 of 1 granted", "default always")
    assert desk.screen.target == "counter"
    await desk.press("escape")
    await desk.until(lambda: not isinstance(desk.screen, RightsScreen))


async def opens_the_rights_of_a_question(desk):
    await asked(desk)
    for key in ("enter", "c"):
        await desk.press(key)
        await desk.on(RightsScreen)
        await shows(desk.pilot, "3 of 5 granted", "1 awaited", NEWS, "awaits approval")
        assert desk.screen.target == "fetcher"
        await desk.press("escape")
        await desk.on(GrantsScreen)


def answers(key, scope):
    """Answer the question from the list, and a permission of the component where it is shown."""

    async def exercise(desk):
        await asked(desk)
        await desk.press(key)
        await desk.until(lambda: not desk.screen.questions)
        assert AnswerQuestion("fetcher", 1, scope) in desk.runtime.commands
        await desk.press("1")
        await at(desk, NEWS)
        await desk.press(key)
        if scope is None:
            await shows(desk.pilot, "nothing asks for it")
        else:
            answer = Deny("fetcher", NEWS) if scope is Scope.NEVER else Grant("fetcher", NEWS, scope)
            await desk.until(lambda: answer in desk.runtime.commands)

    return exercise


async def at(desk, permission):
    """Select a permission of the component that asks."""
    await desk.select("fetcher")
    await desk.press("c")
    await desk.on(RightsScreen)
    await desk.until(lambda: desk.screen.rights)
    desk.screen.table.select(f"declared {permission}")
    await desk.until(lambda: desk.screen.right)


async def revokes(desk):
    ask(desk.runtime)
    await at(desk, "filesystem:read:/srv/rates/**")
    await desk.press("x")
    await desk.until(lambda: Revoke("fetcher", "filesystem:read:/srv/rates/**") in desk.runtime.commands)
    await shows(desk.pilot, "2 of 5 granted")


async def approves(desk):
    ask(desk.runtime)
    await at(desk, NEWS)
    await desk.press("w")
    await desk.on(Confirm)
    await shows(desk.pilot, "r5 of fetcher asks for", NEWS, RATES)
    assert not any(isinstance(each, Approve) for each in desk.runtime.commands)
    await desk.answer_yes()
    approval = Approve("fetcher", shown=(NEWS, RATES), revision=5)
    await desk.until(lambda: approval in desk.runtime.commands)


async def audit_of(desk, *keys):
    """Open the audit from the questions, and press keys."""
    await asked(desk)
    await desk.press("t")
    await desk.on(AuditScreen)
    await desk.until(lambda: desk.screen.window.entries and desk.screen.verdict)
    for key in keys:
        await desk.press(key)


async def opens_the_audit(desk):
    await audit_of(desk)
    await shows(desk.pilot, "13 entries", "verified up to entry 13", "trust rule added")
    await desk.press("j")
    await shows(desk.pilot, "not following", "denied, 3 times", "allow with")
    assert desk.screen.target == "fetcher"
    desk.runtime.rights.give("counter", "environment:HOME")
    desk.screen.ask()
    await shows(desk.pilot, "14 entries", "verified up to entry 13, 1 newer", "environment:HOME")
    assert desk.screen.entry.n == 12
    await desk.press("g")
    await shows(desk.pilot, "following", "environment:HOME")
    assert desk.screen.entry.n == 14
    await desk.press("escape")
    await desk.on(GrantsScreen)


async def opens_its_audit(desk):
    ask(desk.runtime)
    await at(desk, NEWS)
    await desk.press("t")
    await desk.on(AuditScreen)
    await shows(desk.pilot, "only fetcher", "6 entries")
    assert {each.component for each in desk.screen.window.entries.values()} == {"fetcher"}


async def shows_only_its_entries(desk):
    await audit_of(desk, "j", "t")
    await shows(desk.pilot, "only fetcher", "6 entries")
    await desk.press("t")
    await shows(desk.pilot, "13 entries")
    await desk.press("j", "t")
    await shows(desk.pilot, "only fetcher")
    await desk.press("escape")
    await shows(desk.pilot, "13 entries")


async def verifies_the_audit(desk):
    await audit_of(desk)
    await desk.press("v")
    await shows(desk.pilot, "the audit is what was written: 13 entries")
    desk.runtime.rights.damage(7)
    await desk.press("v")
    await shows(desk.pilot, "BROKEN AT ENTRY 7", "entries before 7 can be trusted; see airssys-tui audit verify")


async def answers_from_anywhere(desk):
    """The key that the notice names shows the question over any screen, and the keys of the list answer it."""
    await desk.press("ctrl+o")
    await shows(desk.pilot, "no component asks for anything")
    ask(desk.runtime)
    await desk.press("ctrl+o")
    await desk.on(PermissionQuestion)
    await shows(desk.pilot, "fetcher asks", RATES, "daily rates", "a once", "R deny always")
    await desk.press("escape")
    await desk.until(lambda: not isinstance(desk.screen, PermissionQuestion))
    assert not [each for each in desk.runtime.commands if isinstance(each, AnswerQuestion)]
    await desk.press("ctrl+o")
    await desk.on(PermissionQuestion)
    await desk.press("a")
    await desk.until(lambda: AnswerQuestion("fetcher", 1, Scope.ONCE) in desk.runtime.commands)


GRANTS = {
    "grant.next-question": answers_from_anywhere,
    "go.grants": opens_the_questions,
    "look.rights": opens_the_rights,
    "look.its-rights": opens_the_rights_of_a_question,
    "go.audit": opens_the_audit,
    "look.its-audit": opens_its_audit,
    "look.only-its-audit": shows_only_its_entries,
    "audit.verify": verifies_the_audit,
    "grant.once": answers("a", Scope.ONCE),
    "grant.session": answers("S", Scope.SESSION),
    "grant.always": answers("A", Scope.ALWAYS),
    "grant.close": answers("r", None),
    "grant.never": answers("R", Scope.NEVER),
    "grant.revoke": revokes,
    "grant.approve": approves,
}
