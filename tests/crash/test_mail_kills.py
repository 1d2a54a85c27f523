"""Killed while components send each other durable messages: each that was accepted is handled at least once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.mail_campaign import POINTS, mail_campaign

FEW = ("mail/accept/before-commit", "mail/accept/after-commit", "mail/remove/before-commit", "mail/bury/after-commit")


@pytest.mark.timeout(120)
def test_a_kill_loses_no_accepted_message(tmp_path: Path) -> None:
    losses = mail_campaign(tmp_path / "lives", [*FEW, "", ""], 5)
    assert (losses.lost, losses.missing) == ((), 0)
    assert losses.kills >= len(FEW)
    assert losses.accepted > 20


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_a_hundred_kills_lose_no_accepted_message(tmp_path: Path) -> None:
    losses = mail_campaign(tmp_path / "lives", [*POINTS * 3, *[""] * 70], 6)
    assert (losses.lost, losses.missing) == ((), 0)
    assert losses.kills >= 90
