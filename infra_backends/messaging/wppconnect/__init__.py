"""WhatsApp messages through a wpp-connect server, which holds the session of a phone.

https://github.com/wppconnect-team/wppconnect-server
"""

from infra_backends.messaging.wppconnect.backend import Backend

__all__ = ["Backend"]
