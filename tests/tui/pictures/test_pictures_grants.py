"""Pictures of what components ask for, and of what one of them may do."""

from __future__ import annotations

import pytest

from airssys_tui.tui.screens.granting.answering import AnsweringScreen
from airssys_tui.tui.screens.granting.audit_trail import AuditScreen
from tests.support.screens import after, desk

SMALL, USUAL, LARGE, HUGE = (40, 15), (80, 24), (120, 40), (200, 60)
SIZES = pytest.mark.parametrize("size", [SMALL, USUAL, LARGE], ids="{0[0]}x{0[1]}".format)


def told(app):
    return isinstance(app.screen, AnsweringScreen) and app.screen.answered


def rights(*keys):
    """Open what the component that asks may do, once its question is there, and press keys."""

    async def run(pilot):
        await after("6", until=told)(pilot)
        await after("enter", until=told)(pilot)
        await after(*keys)(pilot)

    return run


@SIZES
def test_grants(snap_compare, size):
    assert snap_compare(desk("asking"), terminal_size=size, run_before=after("6", until=told))


@pytest.mark.parametrize("size", [SMALL, USUAL], ids="{0[0]}x{0[1]}".format)
def test_grants_nothing_asked(snap_compare, size):
    assert snap_compare(desk(), terminal_size=size, run_before=after("6", until=told))


@pytest.mark.parametrize("size", [SMALL, USUAL, LARGE, HUGE], ids="{0[0]}x{0[1]}".format)
def test_rights(snap_compare, size):
    assert snap_compare(desk("asking"), terminal_size=size, run_before=rights())


def test_rights_awaiting_approval(snap_compare):
    assert snap_compare(desk("asking"), terminal_size=USUAL, run_before=rights("j", "j", "j"))


def test_rights_denied(snap_compare):
    assert snap_compare(desk("asking"), terminal_size=USUAL, run_before=rights("G"))


@pytest.mark.parametrize("theme", ["airssys-light", "airssys-contrast"])
def test_rights_themes(snap_compare, theme, monkeypatch):
    monkeypatch.setenv("AIRSSYS_TUI_THEME", theme)
    assert snap_compare(desk("asking"), terminal_size=USUAL, run_before=rights())


def test_rights_without_colours(snap_compare, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(desk("asking"), terminal_size=USUAL, run_before=rights())


def test_rights_ascii(snap_compare, monkeypatch):
    monkeypatch.setenv("AIRSSYS_TUI_ASCII", "1")
    assert snap_compare(desk("asking"), terminal_size=USUAL, run_before=rights())


def test_rights_readonly(snap_compare):
    assert snap_compare(desk("asking", readonly=True), terminal_size=USUAL, run_before=rights())


def audited(*keys, broken=None):
    """Open the audit once it is verified, and press keys."""

    def whole(app):
        return isinstance(app.screen, AuditScreen) and app.screen.window.entries and app.screen.verdict

    async def run(pilot):
        await after("6", until=told)(pilot)
        if broken is not None:
            pilot.app.session.api.rights.damage(broken)
        await after("t", until=whole)(pilot)
        await after(*keys)(pilot)

    return run


@pytest.mark.parametrize("size", [SMALL, USUAL, LARGE, HUGE], ids="{0[0]}x{0[1]}".format)
def test_audit(snap_compare, size):
    assert snap_compare(desk("asking"), terminal_size=size, run_before=audited("j"))


@pytest.mark.parametrize("size", [SMALL, USUAL], ids="{0[0]}x{0[1]}".format)
def test_audit_broken(snap_compare, size):
    assert snap_compare(desk("asking"), terminal_size=size, run_before=audited(broken=7))


def test_audit_of_one_filtered(snap_compare):
    keys = ("j", "t", "slash", *"deni", "enter")
    assert snap_compare(desk("asking"), terminal_size=USUAL, run_before=audited(*keys))


def test_audit_without_colours(snap_compare, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(desk("asking"), terminal_size=USUAL, run_before=audited("j"))


def test_audit_ascii(snap_compare, monkeypatch):
    monkeypatch.setenv("AIRSSYS_TUI_ASCII", "1")
    assert snap_compare(desk("asking"), terminal_size=USUAL, run_before=audited("j"))
