"""Questions: Cancel has the focus, escape means no, the text names the component, the revision and what is lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final, Generic, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget

from airssys_tui.tui.drawing.lines import Line, Span, safe, wrap
from airssys_tui.tui.state.session import Session
from airssys_tui.tui.widgets.line_pane import SCREEN_TONES, LinePane, Painter

Answer = TypeVar("Answer")

DIALOG_WIDTH: Final = 78


class Choice(Painter, can_focus=True):
    """A button; brackets and reversed colours show that it has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "press", show=False)]

    class Pressed(Message):
        """The button was pressed."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

    def __init__(self, label: str, *, id: str, tone: str = "plain") -> None:  # noqa: A002
        super().__init__(id=id)
        self.label = label
        self.tone = tone
        self.styles.width = len(label) + 4

    def rename(self, label: str) -> None:
        """Change the label."""
        self.label = label
        self.styles.width = len(label) + 4
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Paint the button."""
        text = f"[ {self.label} ]" if self.has_focus else f"  {self.label}  "
        tone = "quiet" if self.disabled else self.tone
        line: Line = (Span(text, tone),) if y == 0 else ()
        return self.strip(line, self.size.width, over="cursor" if self.has_focus and y == 0 else "")

    def action_press(self) -> None:
        """Press it."""
        self.post_message(self.Pressed(self))

    def on_click(self) -> None:
        """Press it by mouse."""
        self.action_press()


class Question(ModalScreen[Answer], Generic[Answer]):
    """A dialog with lines of text above a row of buttons.

    Args:
        session: What the screens share.
        title: The question.
        verb: Label of the button that answers yes.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = SCREEN_TONES
    ALLOW_SELECT = False
    AUTO_FOCUS = "#cancel"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,n,ctrl+c", "cancel", "Cancel", show=False),
        Binding("tab,right,l,down,j", "app.focus_next", show=False),
        Binding("shift+tab,left,h,up,k", "app.focus_previous", show=False),
        Binding("pagedown,ctrl+d", "scroll(1)", show=False),
        Binding("pageup,ctrl+u", "scroll(-1)", show=False),
    ]

    def __init__(self, session: Session, title: str, verb: str) -> None:
        super().__init__()
        self.session = session
        self.heading = safe(title, session.glyphs)
        self.verb = verb

    def compose(self) -> ComposeResult:
        """Yield the dialog."""
        with Vertical(id="dialog"):
            yield LinePane(id="heading")
            with VerticalScroll(id="said", can_focus=False):
                yield LinePane(id="text")
            yield from self.extra()
            with Horizontal(id="choices"):
                yield Choice("Cancel", id="cancel")
                yield Choice(self.verb, id="yes", tone="bad")

    def extra(self) -> Iterator[Widget]:
        """Yield widgets between the text and the buttons."""
        yield from ()

    def text(self, width: int) -> Sequence[Line]:
        """Return the lines to show, for a width."""
        raise NotImplementedError

    def yes(self) -> Answer:
        """Return the answer when it is yes."""
        raise NotImplementedError

    def no(self) -> Answer:
        """Return the answer when it is no."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Draw the text."""
        self.redraw()

    def on_resize(self, _: events.Resize) -> None:
        """Draw for the new width."""
        self.redraw()

    def redraw(self) -> None:
        """Lay the text out again."""
        dialog = self.query_one("#dialog")
        dialog.styles.width = outer = min(DIALOG_WIDTH, self.size.width)
        width = outer - 6
        heading = wrap(self.heading, width)
        pane = self.query_one("#heading", LinePane)
        pane.styles.height = len(heading)
        pane.show([(Span(line, "title"),) for line in heading])
        lines = list(self.text(width))
        text = self.query_one("#text", LinePane)
        # Border, margins and buttons take five rows; a widget between takes three at most.
        room = self.size.height - 5 - len(heading) - 3 * len(list(self.query(".extra")))
        if len(lines) > max(1, room):  # next to a scroll bar
            lines = list(self.text(width - 1))
        text.styles.height = len(lines)
        self.query_one("#said").styles.height = max(1, min(len(lines), room))
        text.show(lines)

    def action_scroll(self, pages: int) -> None:
        """Scroll the text."""
        said = self.query_one("#said")
        said.scroll_relative(y=pages * max(1, said.size.height - 1), animate=False)

    def action_cancel(self) -> None:
        """Answer no."""
        self.dismiss(self.no())

    def on_choice_pressed(self, message: Choice.Pressed) -> None:
        """Answer."""
        message.stop()
        self.dismiss(self.yes() if message.choice.id == "yes" else self.no())


class Confirm(Question[bool]):
    """A yes-or-no question.

    Args:
        lines: What the question is about and what is lost, one paragraph each.
    """

    def __init__(self, session: Session, title: str, verb: str, lines: Sequence[str]) -> None:
        super().__init__(session, title, verb)
        self._paragraphs = tuple(safe(line, session.glyphs) for line in lines)

    def text(self, width: int) -> Sequence[Line]:
        """Return the paragraphs, wrapped."""
        return [(Span(line),) for paragraph in self._paragraphs for line in wrap(paragraph, width)]

    def yes(self) -> bool:
        """Return true."""
        return True

    def no(self) -> bool:
        """Return false."""
        return False
