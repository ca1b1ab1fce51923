"""Channels that messages go to: a module each, with the settings of one kind.

Settings name where a secret is kept, never the secret itself. `tasks.alerts.senders` reaches the
channels; one that is reached by HTTP says here what is posted. A new module is found by itself.
"""

from typing import TYPE_CHECKING

from driftloop.alerts.channels.base import ChannelSettings
from driftloop.base.settings import any_of

if TYPE_CHECKING:
    Channel = ChannelSettings
else:
    Channel = any_of(ChannelSettings, __name__)
