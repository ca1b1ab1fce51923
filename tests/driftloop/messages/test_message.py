import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from driftloop.errors import DataError
from driftloop.messages.message import Message, event_key

MESSAGE = Message("k", "payments", "opened", "page", "text", ({"type": "divider"},))


def test_message_survives_json() -> None:
    assert Message.from_dict(json.loads(json.dumps(MESSAGE.to_dict()))) == MESSAGE


@pytest.mark.parametrize(
    ("change", "named"),
    [({"kind": "party"}, "kind"), ({"key": None}, "key"), ({"blocks": "x"}, "blocks")],
)
def test_malformed_message_is_refused(change: dict[str, object], named: str) -> None:
    with pytest.raises(DataError, match=f"not a stored message: {named}"):
        Message.from_dict({**MESSAGE.to_dict(), **change})


def test_missing_field_is_refused() -> None:
    with pytest.raises(DataError, match="key"):
        Message.from_dict({})


def test_key_is_the_same_for_a_replay_in_another_zone() -> None:
    moment = datetime(2026, 3, 9, 6, tzinfo=UTC)
    elsewhere = moment.astimezone(timezone(timedelta(hours=9)))
    assert event_key("m", moment, "opened") == event_key("m", elsewhere, "opened")
    assert event_key("m", moment, "opened") != event_key("m", moment, "resolved")
    assert event_key("m", moment, "retrained", "kept").endswith("/retrained/kept")
