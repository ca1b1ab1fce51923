from datetime import UTC, datetime, timedelta, timezone

from driftloop.alerts.message import event_key


def test_key_is_the_same_for_a_replay_in_another_zone() -> None:
    moment = datetime(2026, 3, 9, 6, tzinfo=UTC)
    elsewhere = moment.astimezone(timezone(timedelta(hours=9)))
    assert event_key("m", moment, "opened") == event_key("m", elsewhere, "opened")
    assert event_key("m", moment, "opened") != event_key("m", moment, "resolved")
    assert event_key("m", moment, "retrained", "kept").endswith("/retrained/kept")
