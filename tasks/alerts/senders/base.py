"""The base of senders, which deliver messages to a channel, and their errors."""

import logging
from abc import ABC, abstractmethod
from functools import cache
from typing import ClassVar

from driftloop.alerts.channels import Channel
from driftloop.alerts.message import Kind, Message, OutgoingMessage, Receipt
from driftloop.base.errors import DeliveryError

TIMEOUT = 10.0
"""Seconds to wait for an answer."""
RETRIES = 2
"""How often a failed call is repeated."""
PAUSE = 0.5
"""Seconds before the first repetition; doubled before each further one."""
LONGEST_WAIT = 30
"""The longest Retry-After, in seconds, that is waited for; beyond it the next run sends."""


class LostAnswerError(DeliveryError):
    """A service did not answer, or not readably: the message may have arrived or not."""


class UnderWayError(LostAnswerError):
    """A service did not answer in time: the message may even arrive later."""


class RefusedError(DeliveryError):
    """A service answered that it does not take the message; `code` is its error code."""

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code


class PartlyRefusedError(RefusedError):
    """Some people have the message and others can never get it as things are.

    Sending it again would reach those who have it twice.
    """


class Sender(ABC):
    """A sender of messages to one channel; unless it says otherwise, to one without threads.

    Its methods raise DeliveryError if something was not delivered, or may not have been; the text
    says what to fix, and holds no secret.
    """

    __slots__ = ()
    channel: Channel
    threads: ClassVar[bool] = False
    """Whether an incident is one message with a thread here, or one message per event."""

    @property
    def key(self) -> str:
        """The name under which deliveries are remembered."""
        return self.channel.key

    def wants(self, kind: Kind) -> bool:
        """Return whether messages of this kind are sent here."""
        return True

    @abstractmethod
    def send(self, outgoing: OutgoingMessage) -> Receipt:
        """Deliver a message and return its receipt; only once, where the channel can be queried.

        Where sending was started before, or an answer was lost, the message is first looked for.
        """

    def draw(self, outgoing: OutgoingMessage) -> Receipt | None:
        """Add the picture of the message's shapes to its thread once, or return None.

        None where the channel shows no pictures, or does not let driftloop upload them.
        """
        return None

    def update(self, receipt: Receipt, message: Message) -> None:
        """Replace the content of a message, without a notification; nothing without threads."""
        return


@cache
def warn_once(text: str) -> None:
    """Log a warning to Prefect's run, or to driftloop's log where there is none."""
    from prefect.exceptions import MissingContextError
    from prefect.logging import get_run_logger

    try:
        logger: logging.Logger | logging.LoggerAdapter[logging.Logger] = get_run_logger()
    except MissingContextError:
        logger = logging.getLogger("driftloop")
    logger.warning("%s", text)
