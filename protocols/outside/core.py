"""The core for the books: daily vouchers and its ledger, over the ESB on a connection of their own.

Used by cluster/books (close of day, `miaodai books`); hosts use the `Core` of connect.py. No personal data goes this
way, so there is no vault.
"""

from actors.external.core import Core
from actors.external.policy import Envelope
from actors.turn import Vault
from protocols.outside.connect import Where, policy_for
from protocols.outside.esb import EsbTcpWire


class BooksCore(Core):
    """`Core` without accounts to unseal; `close` it."""

    def __init__(self, where: Where, consumer: str = "MIAODAI") -> None:
        self._tcp = EsbTcpWire(where.host, where.port, connections=1)
        super().__init__(self._tcp, Envelope("core", policy_for("core", where.timeout_ms)), _no_vault, consumer)

    async def close(self) -> None:
        await self._tcp.close()


def _no_vault(bank: str) -> Vault:
    raise LookupError(f"the books unseal nothing ({bank})")
