"""What outlasts a call made by hand: checks that are kept and replayed, resources that are held and let go."""

from __future__ import annotations

from airssys_tui.api.protocol import RuntimeApi
from airssys_tui.api.views.calling import CheckOutcome, Held
from airssys_tui.tui.dialogs.prompt import Prompt
from airssys_tui.tui.operating.operations import Operations
from airssys_tui.tui.screens.live import LiveScreen
from airssys_tui.tui.state.call_log import MadeCall
from airssys_tui.tui.state.session import Session


class CheckingScreen(LiveScreen):
    """A screen on which calls are kept as checks.

    Args:
        component: Text form of its identity.

    Attributes:
        held: Resources that calls returned and that are still there.
        outcomes: How the last replay went, while that is what is shown.
    """

    def __init__(self, session: Session, operations: Operations, component: str) -> None:
        super().__init__(session, operations)
        self.component = component
        self.held: tuple[Held, ...] = ()
        self.outcomes: tuple[CheckOutcome, ...] | None = None

    def chosen_call(self) -> MadeCall | None:
        """Return the call that is meant, or say that there is none."""
        raise NotImplementedError

    def show_answer(self) -> None:
        """Show what came back."""
        raise NotImplementedError

    def action_save_check(self) -> None:
        """Keep the selected call as a check."""
        made = self.chosen_call()
        if made is None:
            return
        lines = (
            f"{made.export}{made.arguments}",
            "It is replayed in a fresh instance, after the checks before it; what that answers is kept.",
        )
        prompt = Prompt(self.session, "Keep it as a check: what is it called?", "Keep", lines, longest=100)
        self.app.push_screen(prompt, lambda name: self._save_check(made, name))

    def _save_check(self, made: MadeCall, name: str | None) -> None:
        api = self.operations.api()
        if api is not None and name:
            self.run_worker(self._kept(api, made, name), exit_on_error=False)

    async def _kept(self, api: RuntimeApi, made: MadeCall, name: str) -> None:
        kept = await self.operations.ask(api.save_check(self.component, name, made.export, made.arguments))
        if kept is not None:
            self.operations.say(f"kept {kept.name}: a fresh instance answers {kept.result}")

    def action_verify(self) -> None:
        """Replay the checks of the component."""
        api = self.operations.api()
        if api is not None:
            self.run_worker(self._verified(api), exit_on_error=False)

    async def _verified(self, api: RuntimeApi) -> None:
        found = await self.operations.ask(api.verify(self.component))
        if found is not None:
            self.outcomes = found
            failed = sum(not outcome.passed for outcome in found)
            self.operations.say(
                f"{len(found) - failed} of {len(found)} checks passed", severity="warning" if failed else "information"
            )
            self.show_answer()

    def action_let_go(self) -> None:
        """Let a held resource go."""
        if not self.held:
            self.operations.say("no resource is held", severity="warning")
            return
        lines = [f"held: {each.id} ({each.resource})" for each in self.held]
        prompt = Prompt(
            self.session, "Which resource is to go?", "Let go", lines, value=str(self.held[-1].id), longest=12
        )
        self.app.push_screen(prompt, self._let_go)

    def _let_go(self, number: str | None) -> None:
        api = self.operations.api()
        if api is not None and number and number.strip().isdecimal():
            self.run_worker(self._gone(api, int(number)), exit_on_error=False)

    async def _gone(self, api: RuntimeApi, number: int) -> None:
        done = await self.operations.ask(api.let_go(self.component, number))
        if done is not None:
            self.operations.say(done.text)
        self.held = await self.operations.ask(api.held(self.component)) or ()
        self.draw(None)
