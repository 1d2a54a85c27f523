"""The last change of a component, told in sentences. They come from the catalog, so that it works without a runtime."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Final

from airssys_tui.core.capability.decision import approval, command
from airssys_tui.core.events import Event, EventAction, EventKind
from airssys_tui.core.identity import short_digest
from airssys_tui.core.lifecycle import CommandEnd, Desired, RecoveryKind, State
from airssys_tui.core.refusal import AWAITING, is_awaiting, is_postponed, retry_text
from airssys_tui.core.revision import Cause, Outcome, Revision, same_artifact
from airssys_tui.core.text import Verbatim, bounded, whole
from airssys_tui.core.units import format_duration, format_size
from airssys_tui.runtime.history.phrases import count_of, in_milliseconds, label_of, listed, times
from airssys_tui.runtime.history.recollection import MOST_REFUSED, Present, Told

WIDTH: Final = 4_000
"""Longest sentence, in characters."""

_ITSELF: Final = frozenset({"airssys"})
_FOUND: Final = {
    "watcher": "the watcher saw its files change",
    "scan": "its files were found when the folder was opened",
}


def tell(told: Told, present: Present | None = None, zone: tzinfo | None = None) -> tuple[Verbatim, ...]:
    """Tell the last change in sentences, in the order of events, and what the operator can do next.

    Args:
        told: What is recorded.
        present: What a running runtime adds; None without one.
        zone: Time zone of the times; the local one if not given.
    """
    story = _Story(told, present, zone)
    parts = (
        story.left(),
        story.serves(),
        story.passed(),
        story.state(),
        story.refused(),
        story.unread(),
        story.quarantined(),
        story.held(),
        story.restarted(),
        story.now(),
        story.run(),
        story.next_steps(),
    )
    return tuple(bounded(whole(" ".join(sentence.split())), WIDTH) for part in parts for sentence in part)


class _Story:
    def __init__(self, told: Told, present: Present | None, zone: tzinfo | None) -> None:
        self.told = told
        self.present = present
        self.zone = zone
        self.active = told.active
        self.since = (self.active.activated_at or self.active.created_at) if self.active is not None else 0.0

    def left(self) -> Iterator[str]:
        """Tell what served before, and why it stopped."""
        before, active = self.told.before, self.active
        if before is None or active is None:
            return
        until = self._when(active.activated_at or before.outcome_at or active.created_at)
        match before.outcome:
            case Outcome.QUARANTINED:
                yield f"{label_of(before)} failed {until}: {before.outcome_reason}."
            case Outcome.FAILED:
                yield f"{label_of(before)} was given up {until}: {before.outcome_reason}."
            case _:
                untried = "untried" if before.number not in self.told.tried else "not stable yet"
                proof = "stable" if before.stable else untried
                yield f"{label_of(before)} served until {_bare(until)}; it was {proof}."

    def serves(self) -> Iterator[str]:
        """Tell what serves, since when, and who brought it."""
        active, name = self.active, self.told.name
        if active is None:
            if self.told.revisions:
                yield f"{name} has never served: no revision of it has passed every gate."
            else:
                yield f"{name} has no revisions yet."
            return
        verb = "has been the active revision of" if not self._runs() else "has served as"
        yield f"{label_of(active)} {verb} {name} since {_bare(self._when(self.since))}: {self._cause(active)}."
        told = self.told.before.outcome_reason if self.told.before is not None else ""
        if active.note and active.note != told:
            yield f"The note on it says: {active.note}."

    def passed(self) -> Iterator[str]:
        """Tell which gates the active revision passed."""
        gates = self.told.gates.get(self.active.number, ()) if self.active is not None else ()
        if gates:
            total = sum(milliseconds for _, milliseconds in gates)
            each = ", ".join(f"{gate} {in_milliseconds(milliseconds)}" for gate, milliseconds in gates)
            yield f"It passed {count_of(len(gates), 'gate')} in {in_milliseconds(total)}: {each}."

    def state(self) -> Iterator[str]:
        """Tell what became of the state at the switch, and which snapshot is the newest."""
        active = self.active
        if active is None or not self.told.snapshots:
            return
        initial = next((s for s in self.told.snapshots if s.revision == active.number and s.at <= self.since), None)
        handed = next((s for s in self.told.snapshots if s.revision != active.number and s.cause == "update"), None)
        if initial is not None and initial.cause == "fresh":
            yield "It started with a fresh state; the previous state is kept as a snapshot."
        elif initial is not None and initial.cause == "restore":
            yield f"It started with a restored older state ({format_size(initial.size)})."
        elif handed is not None and self.told.before is not None and handed.revision == self.told.before.number:
            yield f"Its state ({format_size(handed.size)}) was kept from r{handed.revision}."
        newest = self.told.snapshots[0]
        yield (
            f"The newest snapshot of its state is {format_size(newest.size)}, "
            f"saved {self._when(newest.at)} by r{newest.revision} ({newest.cause})."
        )

    def refused(self) -> Iterator[str]:
        """Tell which candidates were refused since the previous revision."""
        floor = self.told.before.number if self.told.before is not None else 0
        failed = [r for r in self.told.revisions if r.activated_at is None and r.number > floor and _refused(r)]
        for record in reversed(failed[:MOST_REFUSED]):
            served = "" if self.active is None else "; the active revision kept serving"
            reason = record.outcome_reason or "no reason is recorded"
            passed = len(self.told.gates.get(record.number, ()))
            after = f", with {count_of(passed, 'gate')} passed" if passed else ""
            how = reason if reason.startswith(("refused", AWAITING)) else f"not deployed: {reason}"
            when = self._when(record.outcome_at or record.created_at)
            yield f"{when[0].upper()}{when[1:]}{after}, {label_of(record)} was {how}{served}."
        if len(failed) > MOST_REFUSED:
            yield f"{count_of(len(failed) - MOST_REFUSED, 'candidate')} before did not pass either."

    def unread(self) -> Iterator[str]:
        """Tell why the files that are in the folder now were not even tried."""
        why = self.present.unread if self.present is not None else ""
        if why:
            served = "; the active revision keeps serving" if self._runs() else ""
            yield f"The files that are in the folder now were not taken in: {why}{served}."

    def quarantined(self) -> Iterator[str]:
        """Tell what else is in quarantine."""
        before = self.told.before
        for record in self.told.revisions:
            if record.outcome is not Outcome.QUARANTINED:
                continue
            told = before is not None and before.number == record.number
            why = "" if told else f": {record.outcome_reason}"
            yield f"{label_of(record)} is in quarantine{why}; it is not deployed again until that is lifted."

    def held(self) -> Iterator[str]:
        """Tell which digests are held, and what lifts that."""
        if self.told.holds:
            labels = listed(sorted(hold.version or short_digest(hold.digest) for hold in self.told.holds))
            reasons = listed(sorted({hold.reason for hold in self.told.holds}))
            yield (
                f"Held: {labels} ({reasons}). Neither the watcher nor a restart deploys "
                f"{'them' if len(self.told.holds) > 1 else 'it'}; new files or an explicit reload lift that."
            )

    def restarted(self) -> Iterator[str]:
        """Tell how often the active revision was restarted."""
        restarts = [e for e in self.told.events if e.action == EventAction.RESTARTING and e.at >= self.since]
        traps = [e for e in self.told.events if e.action == EventAction.TRAPPED and e.at >= self.since]
        if traps and not restarts:
            yield f"It trapped {self._when(traps[-1].at)}: {traps[-1].text}."
        if restarts:
            why = f"; the last trap: {traps[-1].text}" if traps else ""
            yield f"Supervision restarted it {times(len(restarts))} since, last {self._when(restarts[-1].at)}{why}."
            if self.told.snapshots:
                yield "After a trap it resumes from its last saved state; changes after that are lost."

    def now(self) -> Iterator[str]:
        """Tell its present state."""
        present, why = self.present, self.present.trouble.partition(" · ")[0] if self.present is not None else ""
        if present is not None and present.candidate is not None:
            yield f"r{present.candidate} is on its way through the gates now."
        if present is not None and present.recovery.kind is RecoveryKind.BACKOFF:
            left = present.recovery.tries_left
            if left is None:
                wait = max(0.0, (present.recovery.until or self.told.now) - self.told.now)
                yield f"It {why}; that says nothing about the component: it {retry_text(wait)}."
            else:
                yield f"It waits for a restart, {count_of(left, 'try', 'tries')} left: {why}."
        elif present is not None and present.recovery.kind is RecoveryKind.EXHAUSTED:
            yield f"It failed, and supervision gave it up with no tries left: {why}."
        elif present is not None and present.state is State.FAILED and self.active is not None:
            yield f"It failed: {why or 'its events say why'}."
        elif self.told.component.desired == Desired.STOPPED:
            stopped = self._last({EventAction.STOPPED, EventAction.STOP, EventAction.UNLOAD})
            how = (
                f"The operator stopped it {self._when(stopped.at)}"
                if stopped is not None
                else "Its desired state is stopped"
            )
            yield f"{how}; it stays stopped until it is started."
        elif not self.told.component.present:
            yield "Its files are gone from the folder; its history is kept."
        left_over = (present.probation_until or 0.0) - self.told.now if present is not None else 0.0
        if present is not None and left_over > 0 and present.state is State.RUNNING:
            yield f"It is on probation for another {format_duration(left_over)}."
        if self._is_untried():
            yield "It is untried: it has neither served enough calls to be stable, nor passed saved checks."

    def run(self) -> Iterator[str]:
        """Tell how the last run of a command ended, unless its state has told it."""
        end = self._end()
        if end is not None and not _ended(self.present):
            yield f"Its last run ended {self._when(end.at)}: {end.text}."

    def _is_untried(self) -> bool:
        active, present = self.active, self.present
        tried = present.tried if present is not None else active is not None and active.number in self.told.tried
        return active is not None and not active.stable and not tried

    def next_steps(self) -> Iterator[str]:
        """Tell what the operator can do."""
        steps = list(self._steps())
        if steps:
            yield f"What you can do: {'; '.join(steps)}."

    def _steps(self) -> Iterator[str]:
        told, name = self.told, self.told.name
        down = told.component.desired == Desired.STOPPED or _ended(self.present) or self._end() is not None
        if self.active is not None and down:
            yield f"start it (airssys-tui start {name})"
        if told.holds and told.component.present:
            yield f"add new files, or deploy the held ones anyway (airssys-tui reload {name})"
        elif any(_refused(r) and is_awaiting(r.outcome_reason) for r in told.revisions[:1]):
            approves, denies = approval(name, told.revisions[0].number), command("deny", name)
            yield f"approve what it asks for ({approves}), or deny it ({denies})"
        elif any(_refused(r) and is_postponed(r.outcome_reason) for r in told.revisions[:1]):
            yield f"wait: nothing in the files is wrong; or try them now (airssys-tui reload {name})"
        elif (
            self.active is None
            or (self.present is not None and self.present.unread)
            or any(r.activated_at is None and _refused(r) for r in told.revisions[:1])
        ):
            yield f"fix what was refused; it is deployed again when the files change (airssys-tui reload {name})"
        back = self._way_back()
        if back is not None and not told.holds:
            yield f"roll back to r{back.number} (airssys-tui rollback {name})"
        bad = next((r for r in told.revisions if r.outcome is Outcome.QUARANTINED), None)
        if bad is not None:
            yield f"lift the quarantine of r{bad.number} once you know why it failed"

    def _way_back(self) -> Revision | None:
        active = self.active
        if active is None:
            return None
        earlier = [r for r in self.told.revisions if r.outcome is Outcome.SUPERSEDED and r.number < active.lineage]
        served = [r for r in earlier if not same_artifact(r, active)]
        return next((r for r in served if r.stable), served[0] if served else None)

    def _cause(self, record: Revision) -> str:
        who = record.who
        asked = _FOUND.get(who, f"{who} asked for it")
        match record.cause:
            case Cause.ROLLBACK:
                by = "the runtime rolled back automatically" if who in _ITSELF else f"{who} rolled back"
                return f"{by} to r{record.origin}"
            case Cause.RESTORE:
                return f"{who} restored a state into it"
            case Cause.RELOAD:
                return f"reloaded, {asked}"
            case _:
                return f"first deployed, {asked}"

    def _runs(self) -> bool:
        if self.present is not None:
            return self.present.state in {State.RUNNING, State.UPDATING}
        told = self.told.component
        return told.desired == Desired.RUNNING and told.present and self.told.ended is None

    def _end(self) -> CommandEnd | None:
        """Return how the active revision ended, if it is a command that does not run now."""
        end, active = self.told.ended, self.active
        wanted = self.told.component.desired == Desired.RUNNING and not self._runs()
        return end if wanted and end is not None and active is not None and end.revision == active.number else None

    def _last(self, actions: set[EventAction]) -> Event | None:
        told = (e for e in reversed(self.told.events) if e.action in actions and e.kind is not EventKind.LOG)
        return next(told, None)

    def _when(self, at: float) -> str:
        now, then = (datetime.fromtimestamp(time, self.zone) for time in (self.told.now, at))
        passed = self.told.now - at
        ago = f"({format_duration(passed)} ago)" if passed >= 1 else "(just now)"
        if now.date() == then.date():
            return f"at {then:%H:%M:%S} {ago}"
        return f"on {then:%Y-%m-%d} at {then:%H:%M} {ago}"


def _bare(when: str) -> str:
    return when.removeprefix("at ").removeprefix("on ")


def _refused(record: Revision) -> bool:
    return record.outcome is Outcome.FAILED


def _ended(present: Present | None) -> bool:
    return present is not None and present.state is State.FAILED and present.recovery.kind is not RecoveryKind.BACKOFF
