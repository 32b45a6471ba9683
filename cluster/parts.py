"""Puts a process's parts together from a `WorldSpec`: store, directory, banks, vaults, rules, outside actors.

Used by cluster/host_actor.py and cluster/gateway.py; the only place that knows which class serves which protocol.
"""

import hmac
import importlib
from collections.abc import Callable
from typing import Any

from actors.turn import Vault
from cluster.spec import WorldSpec
from protocols.outside.connect import SYSTEMS, Where, connect_outside
from runtime.banks import BankBook
from runtime.effects import Outside
from runtime.identity import Digester
from runtime.kinds import Kind
from runtime.rules import rules_of
from storage.postgres import PostgresStore, open_store
from storage.vault import BankVault

VaultOf = Callable[[str], Vault]


def derived_key(master_key: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose, so that no key serves two."""
    return hmac.digest(master_key, purpose.encode(), "sha256")


def load_object(path: str) -> Any:
    """The object that ``module:name`` names."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


class Parts:
    """Made by `open`; ``store`` serves as store, directory, banks and queries."""

    def __init__(self, spec: WorldSpec, store: PostgresStore) -> None:
        self.spec = spec
        self.store = store
        self.banks = BankBook(store, rules_of, self.vault_of)
        self.digester = Digester(derived_key(spec.master_key, "digest"))
        self.id_key = derived_key(spec.master_key, "ids")
        self._vaults: dict[str, Vault] = {}

    def vault_of(self, bank: str) -> Vault:
        vault = self._vaults.get(bank)
        if vault is None:
            vault = self._vaults[bank] = BankVault(self.spec.master_key, bank)
        return vault

    def kinds(self) -> dict[str, Kind]:
        kinds: dict[str, Kind] = load_object(self.spec.runtime.kinds)
        return kinds

    def outside(self) -> Outside:
        outside: Outside = load_object(self.spec.outside_factory)(self.spec, self.vault_of)
        return outside

    @classmethod
    async def open(cls, spec: WorldSpec, *, connections: int = 4) -> "Parts":
        """Connect and check the server; raises storage.postgres.UnsafeServer for one that could lose commits."""
        return cls(spec, await open_store(spec.database_url, connections=connections))

    async def close(self) -> None:
        await self.store.close()


def real_outside(spec: WorldSpec, vault_of: VaultOf) -> Outside:
    """The outside systems on their sockets, as the settings say where they listen."""
    ends = {system: getattr(spec.outside, system) for system in SYSTEMS}
    where = {system: Where(host=end.host, port=end.port, timeout_ms=end.timeout_ms) for system, end in ends.items()}
    return connect_outside(where, vault_of)
