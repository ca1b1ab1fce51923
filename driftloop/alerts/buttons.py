"""Buttons: what a person can answer to a message, where its channel takes answers.

A button carries its request as an identifier and a value, which a channel gives back when it is
pressed. `tasks.alerts.presses` says what is then run.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from driftloop.base.errors import AlertError, valid_choices

Request = Literal["ack", "not_a_problem", "mute", "approve", "decline", "rollback"]
PREFIX = "driftloop:"
_LABELS: Mapping[Request, str] = {
    "ack": "I take it on",
    "not_a_problem": "Not a problem",
    "mute": "Mute for a day",
    "approve": "Approve version {version}",
    "decline": "Decline",
    "rollback": "Roll back",
}
_CONFIRMATIONS: Mapping[Request, str] = {
    "approve": "Version {version} of {model} goes live.",
    "rollback": "The version before the champion of {model} goes live again.",
}


@dataclass(frozen=True, slots=True)
class Button:
    """One request that a person can make; `version` is the challenger that it decides on."""

    request: Request
    model: str
    version: str = ""

    @property
    def label(self) -> str:
        """What the button says."""
        return _LABELS[self.request].format(version=self.version)

    @property
    def confirmation(self) -> str | None:
        """What is asked before the request is made; None where it is made at once."""
        text = _CONFIRMATIONS.get(self.request)
        return text and text.format(model=self.model, version=self.version)

    @property
    def identifier(self) -> str:
        """What identifies the request; no other app's begins alike."""
        return PREFIX + self.request

    @property
    def value(self) -> str:
        """What the channel gives back beside the identifier."""
        return json.dumps({"model": self.model, "version": self.version})


def incident_buttons(model: str, acknowledged: bool, waiting: str | None) -> tuple[Button, ...]:
    """Return the buttons below an open incident; `waiting` is a version that awaits approval."""
    taken = () if acknowledged else (Button("ack", model),)
    return (
        *taken,
        *(proposal_buttons(model, waiting) if waiting else (Button("rollback", model),)),
        Button("not_a_problem", model),
        Button("mute", model),
    )


def proposal_buttons(model: str, version: str) -> tuple[Button, ...]:
    """Return the buttons by which a person decides on a version that awaits approval."""
    return Button("approve", model, version), Button("decline", model, version)


def pressed_button(identifier: object, value: object) -> Button:
    """Return the button that a channel gave back.

    Raises:
        AlertError: if it is none of driftloop's.
    """
    request = str(identifier).removeprefix(PREFIX)
    if request not in get_args(Request):
        raise AlertError(f"button: {valid_choices(str(identifier), get_args(Request))}")
    try:
        given: Any = json.loads(str(value))
        model, version = str(given["model"]), str(given["version"])
    except (ValueError, KeyError, TypeError):
        raise AlertError(f"button {identifier}: received the value {value!r}") from None
    return Button(request, model, version)  # type: ignore[arg-type]  # checked above
