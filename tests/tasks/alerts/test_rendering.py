"""Messages drawn in the terminal."""

from io import StringIO

import pytest
from rich.console import Console

from driftloop.alerts.message import Message
from driftloop.alerts.messages.parent import parent_message
from driftloop.alerts.messages.samples import examples as of
from driftloop.alerts.messages.samples.gallery import messages
from tasks.alerts.senders.terminal import draw


def drawn(message: Message, width: int = 120) -> str:
    console = Console(file=StringIO(), width=width)
    draw(message, console, "#ml-alerts")
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def block(kind: str, text: str) -> dict[str, object]:
    return {"type": kind, "text": {"type": "mrkdwn", "text": text}}


def test_a_parent_reads_as_in_slack() -> None:
    text = drawn(parent_message(of.MODEL, of.OPENED))
    assert "🚨 payments: predictions got worse, inputs drifted" in text
    assert "│ roc_auc is 0.712 (0.694 to 0.729), was 0.842, on 8,204 rows" in text
    assert "│ amount ▃▃▃▃▃▃▃▃▃▃ → ▁▁▂▂▃▃▄▅▆█ PSI" in text
    assert "Prefect run (https://prefect.example/runs/1)" in text


@pytest.mark.parametrize("message", messages().values(), ids=messages())
@pytest.mark.parametrize("width", [40, 88])
def test_every_message_is_drawn_within_the_width(message: Message, width: int) -> None:
    text = drawn(message, width)
    assert max(map(len, text.splitlines())) <= width
    assert "&amp;" not in text


@pytest.mark.parametrize(
    ("mrkdwn", "shown"),
    [
        ("run `driftloop status` now", "run driftloop status now"),
        ("*bold* and 2*3*4", "bold and 2*3*4"),
        ("<!here> <@U1> <!subteam^S1> <#C1|ml>", "@here @U1 @S1 @C1"),
        ("&lt;b&gt; &amp;amp; [red]x[/red]", "<b> &amp; [red]x[/red]"),
        ("<https://x|run>", "run (https://x)"),
    ],
)
def test_markup(mrkdwn: str, shown: str) -> None:
    message = Message("k", "m", "test", "info", "t", (block("section", mrkdwn),))
    assert f"│ {shown} " in drawn(message)


def test_dividers_and_pictures() -> None:
    blocks = ({"type": "divider"}, {"type": "image", "alt_text": "amount before and now"})
    text = drawn(Message("k", "m", "test", "info", "t", blocks))
    assert "────" in text.splitlines()[1]
    assert "[picture: amount before and now]" in text
