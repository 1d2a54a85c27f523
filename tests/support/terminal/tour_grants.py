"""The tour's sitting in which a component asks for the network, and is answered in every way."""

from __future__ import annotations

from airssys_tui.api.commands import Revoke
from tests.support.terminal.tour import Guide, Sitting

PAGE = "network:connect:127.0.0.1:8910"
DENIED = "not-granted"


def _begin(guide: Guide) -> None:
    guide.row("fetcher", "running")
    _is_denied(guide)


GRANTS = Sitting("grants", ("clockwork", "counter", "fetcher"), _begin)


def _is_denied(guide: Guide) -> None:
    assert DENIED in guide.call("fetcher", "fetch")


def _is_let_through(guide: Guide) -> None:
    """Nothing listens there: the door let it through, and nobody answered."""
    answer = guide.call("fetcher", "fetch")
    assert DENIED not in answer
    assert '"err"' in answer


@GRANTS.step("go.grants")
def opens_the_questions(guide: Guide) -> None:
    """What it was denied is asked for."""
    guide.act("go.grants")
    guide.sees("1 open question", "fetcher", PAGE)


@GRANTS.step("look.its-rights")
def opens_the_rights_of_the_question(guide: Guide) -> None:
    """What it declares is not granted."""
    guide.act("look.its-rights")
    guide.sees("fetcher › capabilities", "0 of 1 granted", PAGE)  # noqa: RUF001 - as it is shown
    guide.key("escape")
    guide.sees("1 open question")


@GRANTS.step("grant.once")
def grants_once(guide: Guide) -> None:
    """It works once, and is denied the next time."""
    guide.act("grant.once")
    guide.sees("no open questions")
    _is_let_through(guide)
    _is_denied(guide)
    guide.sees("1 open question")


@GRANTS.step("grant.next-question")
def answers_from_another_screen(guide: Guide) -> None:
    """The question is shown over any screen, and one key answers it."""
    guide.key("1")
    guide.sees("HEALTH")
    guide.act("grant.next-question")
    guide.sees("fetcher asks", PAGE, "deny always")
    guide.key("a")
    guide.lacks("deny always")
    guide.act("go.grants")
    guide.sees("no open questions")  # what the screen still has from before names a question that was answered
    _is_let_through(guide)
    _is_denied(guide)
    guide.sees("1 open question")


@GRANTS.step("grant.close")
def closes_the_question(guide: Guide) -> None:
    """The question is gone, and comes again with the next denial."""
    guide.act("grant.close")
    guide.sees("no open questions")
    _is_denied(guide)
    guide.sees("1 open question")


@GRANTS.step("grant.session")
def grants_for_the_session(guide: Guide) -> None:
    """It works as often as it likes, until that is revoked."""
    guide.act("grant.session")
    guide.sees("no open questions")
    _is_let_through(guide)
    _is_let_through(guide)
    guide.have(Revoke("fetcher", PAGE))
    _is_denied(guide)
    guide.sees("1 open question")


@GRANTS.step("grant.never")
def refuses_for_good(guide: Guide) -> None:
    """It is denied, and nobody is asked again."""
    guide.act("grant.never")
    guide.sees("no open questions")
    _is_denied(guide)
    assert guide.answer(guide.api.questions()) == ()


@GRANTS.step("go.audit")
def opens_the_audit(guide: Guide) -> None:
    """The refusal is the newest entry, and the chain holds."""
    guide.act("go.audit")
    guide.sees("audit", "following", "verified up to entry", "refused for good", PAGE)


@GRANTS.step("look.only-its-audit")
def shows_only_its_entries(guide: Guide) -> None:
    """Only entries about the component that was refused; then all again."""
    guide.act("look.only-its-audit")
    guide.sees("only fetcher")
    guide.key("escape")
    guide.lacks("only fetcher")


@GRANTS.step("audit.verify")
def verifies_the_audit(guide: Guide) -> None:
    """What was written is there."""
    guide.act("audit.verify")
    guide.sees("the audit is what was written")
    guide.key("escape")
    guide.sees("no open questions")


@GRANTS.step("look.rights")
def opens_the_rights(guide: Guide) -> None:
    """The refusal is shown."""
    guide.key("1")
    guide.sees("HEALTH")
    guide.reach("fetcher")
    guide.act("look.rights")
    guide.sees("fetcher › capabilities", "refused")  # noqa: RUF001 - as it is shown


@GRANTS.step("look.its-audit")
def opens_its_audit(guide: Guide) -> None:
    """Only its entries, and the same place again after them."""
    guide.act("look.its-audit")
    guide.sees("only fetcher", "refused for good")
    guide.key("escape")
    guide.lacks("only fetcher")
    guide.key("1")
    guide.sees("HEALTH")
    guide.reach("fetcher")
    guide.key("c")
    guide.sees("fetcher › capabilities", "refused")  # noqa: RUF001 - as it is shown


@GRANTS.step("grant.revoke")
def revokes(guide: Guide) -> None:
    """The refusal is gone."""
    guide.act("grant.revoke")
    guide.sees("not granted")
    guide.lacks("refused")


@GRANTS.step("grant.always")
def grants_always(guide: Guide) -> None:
    """All that it declares is granted."""
    guide.act("grant.always")
    guide.sees("1 of 1 granted")
    _is_let_through(guide)
    guide.have(Revoke("fetcher", PAGE))
    guide.sees("0 of 1 granted")


@GRANTS.step("grant.approve")
def approves(guide: Guide) -> None:
    """What it asks for is granted, after a question that says it."""
    _is_denied(guide)
    guide.sees("asked")
    guide.act("grant.approve")
    guide.agree("fetcher asks for", PAGE)
    guide.sees("1 of 1 granted")
