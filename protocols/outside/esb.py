"""The ESB to an outside system: long connections in the default dialect, many calls at once (protocols/esb/client.py).

After actors/external/core.py and bureau.py; before the socket. It only translates how a call failed.
"""

from typing import Any

from actors.external.wire import EsbReply, NoAnswer, NotSent
from protocols.esb.client import EsbClient, EsbRefusedConnection, EsbTimeout
from protocols.esb.errors import EsbRefused


class EsbTcpWire:
    """One system's ESB address. ``long`` False: one connection a call, half-closed after the request."""

    def __init__(
        self, host: str, port: int, *, connections: int = 2, in_flight_max: int = 512, long: bool = True
    ) -> None:
        self._client = EsbClient(host, port, long=long, connections=connections, in_flight_max=in_flight_max)

    async def call(
        self, service: str, scene: str, head: dict[str, str], body: dict[str, Any], timeout_s: float
    ) -> EsbReply:
        """The reply to this CONSUMER_SEQ_NO; `NotSent` when nothing left us, `NoAnswer` for every later failure."""
        try:
            reply = await self._client.call(service, scene, head, body, timeout_s)
        except (EsbRefusedConnection, EsbRefused) as error:
            raise NotSent(str(error)) from error
        except EsbTimeout as error:
            raise NoAnswer(str(error)) from error
        return EsbReply(reply.ok, reply.ret_code, reply.body)

    async def close(self) -> None:
        await self._client.close()
