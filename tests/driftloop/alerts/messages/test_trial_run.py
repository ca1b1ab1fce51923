from driftloop.alerts.messages.channel_test import alert_test_message
from tests.driftloop.alerts.messages.message_records import AS_OF, shown


def test_a_test_says_that_it_is_one() -> None:
    message = alert_test_message("payments", "slack:#ml <!here>", AS_OF)
    assert shown(message) == (
        "🔵 payments: TEST of alerts\n\n*This is a test. Nothing is wrong.* Alerts about this "
        "model reach slack:#ml &lt;!here&gt;.\n\n*What you should do*\nNothing.\n\n"
        "Sent 2026-03-09 06:00 UTC"
    )
    assert (message.kind, message.severity) == ("test", "info")
    assert message.key.endswith("/test/slack:#ml <!here>")
