import io

import pytest
from rich.console import Console

from driftloop.alerts.blocks import bold, line, section
from driftloop.alerts.channels.console import ConsoleChannel
from driftloop.alerts.channels.slack import SlackChannel
from driftloop.alerts.message import Receipt
from tasks.alerts.senders import sender_for
from tests.tasks.alerts.senders.outgoing import SHAPE, message, outgoing


@pytest.mark.parametrize("channel", [SlackChannel(), ConsoleChannel()])
def test_a_message_is_drawn(channel: SlackChannel | ConsoleChannel) -> None:
    out = io.StringIO()
    sender = sender_for(channel, Console(file=out, width=90))
    assert sender.send(outgoing("k")) == Receipt("console", "k")
    drawn = out.getvalue()
    for text in (
        "payments-3",
        "🚨 payments: data checks failed",
        "2 of 9 checks failed: a < b [red]c[/red]",
        "data a1b2",
        "0.842",
        "+0.019",
    ):
        assert text in drawn
    assert ("SLACK_BOT_TOKEN is not set" in drawn) == isinstance(channel, SlackChannel)


def test_a_message_that_stands_alone_has_no_incident() -> None:
    out = io.StringIO()
    sender_for(ConsoleChannel(), Console(file=out, width=90)).send(outgoing(incident=None))
    assert "driftloop" in out.getvalue()
    assert "payments-3" not in out.getvalue()


def test_a_small_step_of_an_incident_is_two_lines_at_most() -> None:
    out = io.StringIO()
    sender = sender_for(ConsoleChannel(), Console(file=out, width=60))
    lead = line(bold("Retraining started."), f" {'Drift of a. ' * 20}")
    long = message(blocks=(section(lead),))
    sender.send(outgoing("s", "started", incident="4e379f85/payments-3", message=long))
    first, second = out.getvalue().splitlines()
    assert first.startswith("  ↳ payments-3: Retraining started. Drift of a.")
    assert second.endswith(" …")
    assert max(map(len, (first, second))) <= 60


def test_an_incident_is_named_without_its_registry() -> None:
    out = io.StringIO()
    console = Console(file=out, width=90)
    sender_for(ConsoleChannel(), console).send(outgoing(incident="4e379f85/payments-3"))
    assert "driftloop · payments-3" in out.getvalue()


def test_bold_is_shown() -> None:
    out = io.StringIO()
    console = Console(file=out, width=70, force_terminal=True, color_system="standard")
    sender_for(ConsoleChannel(), console).send(outgoing())
    assert "\x1b[1m2 of 9 checks failed:\x1b[0m" in out.getvalue()


def test_it_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    sender = sender_for(ConsoleChannel())
    sender.send(outgoing())
    sender.update(Receipt("console", "k"), outgoing().message)
    assert sender.draw(outgoing(shapes=(SHAPE,))) is None
    printed = capsys.readouterr()
    assert printed.err.count("payments: data checks failed") == 1
    assert printed.out == ""
