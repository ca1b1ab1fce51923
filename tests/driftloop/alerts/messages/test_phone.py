"""What a locked phone shows: which model, what broke, how badly."""

import pytest

from driftloop.alerts.messages.parent import parent_message
from tools import alert_examples as of
from tools.gallery import messages

SHOWN = 300
OPENED = {
    "lost performance": (of.OPENED, ("payments: predictions got worse", "0.712", "was 0.842")),
    "drift": (of.SUSPECTED, ("payments: inputs drifted", "3 of 20 inputs", "from 42 to 61")),
    "broken data": (of.FAULTY, ("payments: data broken", "2 of 3", "98% of values")),
    "blind": (
        of.BLIND,
        ("payments: not judged, monitoring is blind", "last 3 runs", "55 rows arrived"),
    ),
}


@pytest.mark.parametrize("name", OPENED)
def test_the_first_characters_say_what_broke_and_how_badly(name: str) -> None:
    incident, told = OPENED[name]
    start = parent_message(of.MODEL, incident).text[:SHOWN]
    assert all(part in start for part in told), start


@pytest.mark.parametrize("message", messages().values(), ids=messages())
def test_every_message_names_the_model_first(message: object) -> None:
    text = getattr(message, "text", "")
    assert text.startswith(("payments: ", "all models: "))
    assert len(text.partition(". ")[0]) < SHOWN
