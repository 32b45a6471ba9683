"""One order of the day's end to one host: which of its actors to send which command, and what came of it.

Made by cluster/eod/spread.py, carried by cluster/eod/hands.py, carried out by `sweep_host` inside the host.
"""

from datetime import date

import msgspec
from msgspec import Struct

from runtime.host import Host
from runtime.sweep import Errand, Left
from storage.contract import LoadedRow
from storage.eod import PostgresEod


class Order(Struct, frozen=True, kw_only=True):
    """``errand`` for the actors that ``selection`` (storage/eod.py) finds for ``day`` in ``slots``, or for ``ids``."""

    errand: Errand
    day: date
    selection: str = ""
    slots: tuple[int, ...] = ()
    ids: tuple[str, ...] = ()


class Done(Struct, frozen=True, kw_only=True):
    """Answers counted by code ("" is success), who did not do it, and slots and ids that are not this host's."""

    codes: dict[str, int] = {}
    tally: dict[str, int] = {}
    left: tuple[Left, ...] = ()
    away_slots: tuple[int, ...] = ()
    away_ids: tuple[str, ...] = ()


async def sweep_host(host: Host, eod: PostgresEod, order: Order) -> Done:
    """Carry the order out in this host; all that is reported as done is committed. Raises `StoreError`."""
    mine = [slot for slot in order.slots if slot in host.lease.slots and host.lease.alive()]
    elsewhere = set(order.slots) - set(mine)

    async def read() -> list[LoadedRow]:
        if order.ids:
            return await eod.rows_of(order.errand.kind, list(order.ids))
        return await eod.select(order.selection, order.errand.bank, mine, order.day) if mine else []

    swept = await host.sweeper.run(order.errand, read)
    elsewhere |= {host.slot_of(order.errand.kind, id) for id in swept.away} & set(order.slots)
    return Done(
        codes=swept.codes,
        tally=swept.tally,
        left=tuple(swept.left),
        away_slots=tuple(sorted(elsewhere)),
        away_ids=tuple(swept.away) if order.ids else (),
    )


def pack(message: Order | Done) -> bytes:
    return msgspec.msgpack.encode(message)


def unpack_order(raw: bytes) -> Order:
    return msgspec.msgpack.decode(raw, type=Order)


def unpack_done(raw: bytes) -> Done:
    return msgspec.msgpack.decode(raw, type=Done)
