"""Listener for the buttons of Slack messages, over Socket Mode: no public address is needed.

It is a process of `driftloop up`. A press starts a flow run, which leaves what any run leaves; who
pressed is told by a message that nobody else sees.
"""

import logging
import os
import sys
import time
from collections.abc import Mapping
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from driftloop.alerts.blocks import line
from driftloop.alerts.buttons import PREFIX, pressed_button
from driftloop.alerts.channels.slack import SlackChannel
from driftloop.alerts.messages.formats.slack import mrkdwn
from driftloop.base.errors import DriftloopError
from driftloop.base.workspace import Workspace, find_workspace
from driftloop.config.loading import load_configs
from tasks.alerts.presses import Press, carry_out
from tasks.alerts.senders.slack.calls import quiet_logger
from tasks.runtime.credentials import secret_for
from tasks.runtime.redaction import redact

if TYPE_CHECKING:
    from slack_sdk import WebClient
    from slack_sdk.socket_mode import SocketModeClient
    from slack_sdk.socket_mode.client import BaseSocketModeClient
    from slack_sdk.socket_mode.request import SocketModeRequest

LOOK_SECONDS = 30.0
Tokens = tuple[str, str]
"""The app token, and the bot token with which it is answered."""

_logger = logging.getLogger("slack-answers")


def listen(workspace: Workspace) -> None:
    """Listen forever, with the tokens of the configurations there are at the moment."""
    clients: dict[Tokens, SocketModeClient] = {}
    while True:
        try:
            wanted = listening_tokens(workspace)
            for gone in clients.keys() - wanted:
                clients.pop(gone).close()
            for tokens in wanted - clients.keys():
                clients[tokens] = connect(workspace, *tokens)
        except Exception as error:  # it outlives an outage of Slack and of Prefect
            _log(error)
        time.sleep(LOOK_SECONDS)


def listening_tokens(workspace: Workspace) -> set[Tokens]:
    """Return the tokens of all channels that take answers."""
    configs, _ = load_configs(workspace.configs)
    channels = (channel for config in configs for channel in config.alerts.channels)
    tokens = set()
    for channel in channels:
        if isinstance(channel, SlackChannel) and channel.answered_by:
            app = secret_for(channel.app_token_variable, channel.app_token_secret)
            bot = secret_for(channel.token_variable, channel.token_secret)
            if app and bot:
                tokens.add((app, bot))
    return tokens


def connect(workspace: Workspace, app_token: str, bot_token: str) -> "SocketModeClient":
    """Return a client that is connected, and stays so until it is closed.

    Raises:
        SlackApiError: if Slack refuses the app token.
    """
    from slack_sdk import WebClient
    from slack_sdk.socket_mode import SocketModeClient
    from slack_sdk.socket_mode.response import SocketModeResponse

    address = os.environ.get("SLACK_API_URL") or WebClient.BASE_URL
    web = WebClient(bot_token, base_url=address, logger=quiet_logger())
    client = SocketModeClient(app_token, web_client=web, logger=quiet_logger())

    settings = copy_context()  # Prefect's are not those of the client's threads

    def heard(source: "BaseSocketModeClient", request: "SocketModeRequest") -> None:
        source.send_socket_mode_response(SocketModeResponse(request.envelope_id))
        if request.type == "interactive":
            settings.copy().run(_handle, workspace, web, request.payload)

    client.socket_mode_request_listeners.append(heard)
    client.connect()
    _logger.warning("listening for buttons of Slack messages")
    return client


def presses(payload: Mapping[str, Any]) -> list[Press]:
    """Return the presses of driftloop's buttons in what Slack sent."""
    if payload.get("type") != "block_actions":
        return []
    user, place = payload.get("user", {}), payload.get("channel", {})
    name = str(user.get("name") or user.get("username") or "")
    where = str(place.get("id", "")), str(place.get("name", ""))
    return [
        Press(
            pressed_button(action["action_id"], action.get("value")),
            str(user.get("id", "")),
            name,
            where,
            str(payload.get("trigger_id", "")),
        )
        for action in payload.get("actions", ())
        if str(action.get("action_id", "")).startswith(PREFIX)
    ]


def _handle(workspace: Workspace, web: "WebClient", payload: Mapping[str, Any]) -> None:
    """Carry out what was pressed; the SDK would hide what fails in a thread of its own."""
    try:
        for press in presses(payload):
            _answer(workspace, web, press, payload)
    except Exception as error:  # such as a Slack that takes no answer
        _log(error)


def _log(error: Exception) -> None:
    _logger.warning(redact(f"{type(error).__name__}: {error}".splitlines()[0]))


def _answer(
    workspace: Workspace, web: "WebClient", press: Press, payload: Mapping[str, Any]
) -> None:
    """Carry a press out, and tell who pressed what came of it."""
    try:
        answer = carry_out(press, workspace)
    except DriftloopError as error:
        answer = line(f"Not done: {error}")
    except Exception as error:  # such as a Prefect server that does not answer
        log = "press again, or see the log of the listener"
        answer = line(f"Not done: {type(error).__name__}; {log}")
        _log(error)
    message = payload.get("message", {})
    web.chat_postEphemeral(
        channel=press.place[0],
        user=press.user,
        text=redact(mrkdwn((answer,))),
        thread_ts=message.get("thread_ts") or message.get("ts"),
    )


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(message)s")
    listen(find_workspace(None))
