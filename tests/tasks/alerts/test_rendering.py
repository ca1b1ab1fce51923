"""Messages drawn in the terminal."""

from io import StringIO

import pytest
from rich.console import Console

from driftloop.alerts.blocks import Line, Picture, Span, bold, code, line, section
from driftloop.alerts.message import Message
from driftloop.alerts.messages.parent import parent_message
from tasks.alerts.senders.console import draw
from tools import alert_examples as of
from tools.gallery import messages


def drawn(message: Message, width: int = 120) -> str:
    console = Console(file=StringIO(), width=width)
    draw(message, console, "#ml-alerts")
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_parent_reads_as_in_slack() -> None:
    text = drawn(parent_message(of.MODEL, of.OPENED))
    assert "🚨 payments: predictions got worse, inputs drifted" in text
    assert "│ ROC AUC is 0.712 (0.694 to 0.729), was 0.842, on 8,204 rows" in text
    assert "│ amount ▃█▅▃▂▁▁▁▁▁ → ▂▅▅▄▃▂▁▁▁▁ PSI" in text
    assert "│ Report (https://reports.example/payments/2026-03-09) · Prefect run" in text


@pytest.mark.parametrize("message", messages().values(), ids=messages())
@pytest.mark.parametrize("width", [40, 88])
def test_every_message_is_drawn_within_the_width(message: Message, width: int) -> None:
    text = drawn(message, width)
    assert max(map(len, text.splitlines())) <= width
    assert "&amp;" not in text


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (line("run ", code("driftloop status"), " now"), "run driftloop status now"),
        (line(bold("bold"), " and 2*3*4"), "bold and 2*3*4"),
        (line("a", bullet=True), "• a"),
        (line("<b> &amp; [red]x[/red] *c*"), "<b> &amp; [red]x[/red] *c*"),
        (Line((Span("run", "link", "https://x"),)), "run (https://x)"),
    ],
)
def test_lines(content: Line, shown: str) -> None:
    message = Message("k", "m", "test", "info", "t", (section(content),))
    assert f"│ {shown} " in drawn(message)


def test_pictures() -> None:
    blocks = (Picture("data:", "amount before and now"),)
    text = drawn(Message("k", "m", "test", "info", "t", blocks))
    assert "[picture: amount before and now]" in text
