"""Books for the benchmarks, made by cluster/generate: many copies of one simple loan, or a bank's mixed book."""

import hashlib
from array import array
from datetime import date
from typing import NamedTuple

import asyncpg
import msgspec

from actors.bank import BankTerms
from cluster.bank_config import load_banks
from cluster.generate.book import write
from cluster.generate.generate import Order, generate
from cluster.generate.lives import LifePlan, LoanPlan
from cluster.generate.stage import Stage
from protocols.credentials import Channel
from storage.postgres import open_store

TOKEN = "bench-token-that-opens-nothing-but-this-database"
CHANNEL = Channel(
    id="bench",
    kind="bearer",
    token_sha256=hashlib.sha256(TOKEN.encode()).hexdigest(),
    banks=("*",),
    operations=("*",),
)
START = date(2026, 1, 5)
AMOUNT_FEN = 1_200_000
PERIODS = 12


class Loan(NamedTuple):
    id: str
    bank: str
    customer_id: str


def http_get(path: str, bank: str) -> bytes:
    """A query by the bench's channel."""
    head = f"GET {path} HTTP/1.1\r\nHost: bench\r\nX-Bank: {bank}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    return head.encode()


async def fill(
    database_url: str, master_key: bytes, loans: int, *, bank: str = "baihe", product: str = "standard", seed: int = 1
) -> list[Loan]:
    """Put ``loans`` loans paid out on `START`, each of a customer of its own, into an empty migrated database.

    The banks' business date stays what it is: a book that is to be repaid on a later day closes the days between.
    """
    loan = LoanPlan(method="equal_instalment", amount_fen=AMOUNT_FEN, periods=PERIODS, drawn_on=START, due_day=0)
    plan = LifePlan(name="bench", bank=bank, product=product, weight=1, loans=(loan,))
    banks = await terms_held(database_url)
    (template,) = await Stage(banks, master_key).live([plan], START)
    await write(database_url, master_key, banks, [template], array("H", [0]) * loans, seed=seed)
    return await loans_held(database_url)


async def fill_mixed(database_url: str, master_key: bytes, order: Order, bank: str = "baihe") -> list[Loan]:
    """A book as `miaodai generate` makes it, of one bank."""
    banks = [terms for terms in load_banks() if terms.code == bank]
    await generate(database_url, master_key, order, banks)
    return await loans_held(database_url)


async def loans_held(database_url: str, where: str = "true") -> list[Loan]:
    """Loans by id; ``where``: SQL over the table of loans."""
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(f"SELECT id, bank, customer_id FROM loan WHERE {where} ORDER BY id")
    finally:
        await connection.close()
    return [Loan(*row) for row in rows]


async def terms_held(database_url: str) -> list[BankTerms]:
    """The banks' terms in force."""
    store = await open_store(database_url)
    try:
        return [msgspec.json.decode(row.terms, type=BankTerms) for row in await store.all()]
    finally:
        await store.close()


__all__ = [
    "AMOUNT_FEN",
    "CHANNEL",
    "PERIODS",
    "START",
    "TOKEN",
    "Loan",
    "fill",
    "fill_mixed",
    "http_get",
    "loans_held",
    "terms_held",
]
