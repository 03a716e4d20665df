"""Posts cross from one network to another in files, one way (单向摆渡): out here, in there."""

from crawlers.relay.incoming import Received, receive
from crawlers.relay.outgoing import Sent, again, send

__all__ = ["Received", "Sent", "again", "receive", "send"]
