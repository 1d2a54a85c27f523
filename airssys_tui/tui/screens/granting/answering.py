"""A list of permissions above everything about the selected one: what both screens about permissions are made of."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar, Final

from textual import on
from textual.containers import Container
from textual.widget import Widget

from airssys_tui.core.capability.grant import Scope
from airssys_tui.tui.drawing.lines import Line, Span, safe, wrap
from airssys_tui.tui.operating.operations import Operations
from airssys_tui.tui.screens.polled import PolledScreen
from airssys_tui.tui.state.feed import Change
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets.line_pane import LinePane
from airssys_tui.tui.widgets.pager import Pager
from airssys_tui.tui.widgets.table import LineTable

TALL: Final = 18
"""From this height on the selected permission is shown below the list."""


class AnsweringScreen(PolledScreen):
    """A list whose rows can be answered.

    Args:
        component: Text form of an identity; empty for a screen about all components.
        head: Draws the header of the list.
    """

    EVERY: ClassVar[float] = 1.0
    AUTO_FOCUS = "LineTable"

    def __init__(self, session: Session, operations: Operations, component: str, head: Callable[[int], Line]) -> None:
        super().__init__(session, operations, component)
        self._top = LinePane(id="crumbs")
        self._list = LineTable(self._row, head, id="rights")
        self._about = Pager(id="about")
        self._both = Container(self._list, self._about, id="asking")

    @property
    def table(self) -> LineTable:
        """The list."""
        return self._list

    def body(self) -> Iterator[Widget]:
        """Yield the list, and the selected permission."""
        yield self._top
        yield self._both

    def draw(self, change: Change | None) -> None:  # noqa: ARG002 - permissions have a request of their own
        """Redraw the list and what is selected."""
        if not self.is_whole:
            return
        self._about.display = self.size.height >= TALL
        self._top.show([self._crumbs()])
        self._list.show(self._keys(), empty=self._nothing())
        self._draw_about()

    def _draw_about(self) -> None:
        width = max(24, self._about.room)
        self._about.show(self._lines(self._list.key, width) if self._list.key is not None else ())

    def _nothing(self) -> tuple[Line, ...]:
        glyphs = self.session.glyphs
        said = tuple(self._empty()) if self.answered else (f"loading{glyphs.ellipsis}",)
        if self.trouble:
            said = (self.trouble,)
        tone = "warn" if self.trouble else "quiet"
        width = max(20, self._list.room - 4)
        return tuple((Span(f"  {row}", tone),) for text in said for row in wrap(safe(text, glyphs), width))

    @on(LineTable.Moved)
    def _moved(self, message: LineTable.Moved) -> None:
        message.stop()
        self._draw_about()

    def action_answer(self, scope: str) -> None:
        """Answer the selected permission; an empty scope closes its question."""
        self._answer(Scope(scope) if scope else None)
        self.ask()

    @abstractmethod
    def _crumbs(self) -> Line: ...

    @abstractmethod
    def _keys(self) -> list[str]: ...

    @abstractmethod
    def _row(self, key: str, width: int, chosen: bool) -> Line: ...

    @abstractmethod
    def _lines(self, key: str, width: int) -> Sequence[Line]: ...

    @abstractmethod
    def _empty(self) -> Sequence[str]: ...

    @abstractmethod
    def _answer(self, scope: Scope | None) -> None: ...
