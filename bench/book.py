"""A book of loans of any size for the benchmarks: one life is lived by the real actors, then copied under other ids.

The template (a customer with a line, an application, a signed and paid-out loan) runs in this process on the store in
memory; each copy changes ids, blind index and operation hashes in the stored bytes (all of fixed length), recomputes
the hash chain and goes in by COPY. `miaodai verify` accepts the result like any other book.
"""

import asyncio
import hashlib
import os
from datetime import date
from typing import Any, NamedTuple

import asyncpg
import msgspec

from actors.address import new_customer_id, new_id_beside, shard_of
from actors.customer.messages import Facts, GiveConsent, PutOnWhiteList, RegisterCustomer
from actors.external.outcome import Outcome
from actors.loan.messages import GetLoan, OpenContract, Sign
from actors.process.messages import Apply, Draw, GetProcess
from actors.turn import Command, Query
from cluster.bank_config import load_banks
from cluster.parts import derived_key
from protocols.credentials import Channel
from runtime.banks import BankBook
from runtime.chain import link
from runtime.config import RuntimeConfig
from runtime.local import LocalRuntime
from runtime.messages import Operation
from runtime.registry import KINDS
from runtime.rules import rules_of
from storage.contract import COLUMNS
from storage.memory import MemoryStore
from storage.rows import KINDS as KIND_NUMBERS
from storage.vault import BankVault

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


class ScriptedOutside:
    """Answers every outside system at once, in this process; only the template's life uses it."""

    async def perform(self, target: str, payload: dict[str, Any], effect_id: str, attempt: int, bank: str) -> Outcome:
        serial = "T" + hashlib.sha256(effect_id.encode()).hexdigest()[:16]
        data: dict[str, dict[str, Any]] = {
            "core.disburse": {"core_date": START.isoformat(), "core_serial": serial},
            "bureau.report": {
                "report_no": serial,
                "score": 720,
                "overdue_now_fen": 0,
                "months_overdue_max": 0,
                "inquiries_3m": 1,
                "unsecured_fen_elsewhere": 0,
                "monthly_due_fen": 0,
            },
            "risk.assess": {"fraud": False, "fraud_score": 5, "score": 700, "income_fen_verified": 2_000_000},
            "ca.sign": {"certificate_no": serial, "signature": serial, "signed_at": "2026-01-05T10:00:00+08:00"},
            "sms.send": {"message_id": serial},
        }
        return Outcome(status="done", data=data[target])


class Template(NamedTuple):
    """One life as stored: ids in the order customer, application, loan, drawdown."""

    ids: tuple[str, str, str, str]
    identity_index: bytes
    bank: str
    store: MemoryStore


async def live_once(master_key: bytes, bank: str, product: str) -> Template:
    """Register, consent, apply, contract, sign, draw: by the real rules."""
    store = MemoryStore()
    for terms in load_banks():
        await store.put(terms.code, msgspec.json.encode(terms), START)
    vaults = {terms.code: BankVault(master_key, terms.code) for terms in load_banks()}
    runtime = await LocalRuntime(
        store,
        store,
        lambda: BankBook(store, rules_of, vaults.__getitem__),
        KINDS,
        ScriptedOutside(),
        RuntimeConfig(),
    ).start()
    key = derived_key(master_key, "ids")

    async def do(kind: str, id: str, message: Command | Query, op: str = "") -> dict[str, Any]:
        operation = Operation("bench", op) if op else None
        answer = await runtime.ask(kind, id, bank, msgspec.msgpack.encode(message), operation)
        if not answer.ok:
            raise RuntimeError(f"{type(message).__name__}: {answer.code} {answer.result()}")
        return answer.result()

    try:
        customer = new_customer_id(key, bank, "bench", "register")
        person = {"name": "测试", "identity_number": "11010119900307109X", "phone": "13800138000"}
        await do("customer", customer, RegisterCustomer(bank=bank, account_no="6222020200112233445", **person), "r")
        for purpose in ("bureau", "tax"):
            consent = GiveConsent(purpose=purpose, version="1", text_hash="0" * 64, valid_until=date(2030, 1, 1))
            await do("customer", customer, consent, purpose)
        listed = PutOnWhiteList(product=product, limit_fen=AMOUNT_FEN * 2, valid_until=date(2030, 1, 1))
        await do("customer", customer, listed, "w")
        application = new_id_beside(key, "process", customer, bank, "bench", "apply")
        facts = {"monthly_income_fen": 2_000_000, "employment_years": 9, "housing": "own", "savings_band": 4}
        facts |= {"checking_band": 3, "history_band": 3}
        body = Apply(
            customer_id=customer,
            product=product,
            amount_fen=AMOUNT_FEN,
            periods=PERIODS,
            use_code="travel",
            facts=msgspec.convert(facts, type=Facts),
        )
        await do("process", application, body, "a")
        view = await do("process", application, GetProcess(until_ended=True))
        if view["status"] != "approved":
            raise RuntimeError(f"the template's application was {view['status']}: {view['reasons']}")
        loan = new_id_beside(key, "loan", customer, bank, "bench", "loan")
        contract = OpenContract(
            customer_id=customer,
            product=product,
            amount_fen=AMOUNT_FEN,
            periods=PERIODS,
            method="equal_instalment",
            use_code="travel",
        )
        await do("loan", loan, contract, "c")
        drawn = await do("loan", loan, GetLoan(until_not="drafting"))
        await do("loan", loan, Sign(cost_confirmed=True, contract_hash=drawn["contract_hash"]), "s")
        await do("loan", loan, GetLoan(until_not="signing"))
        drawdown = new_id_beside(key, "process", loan, bank, "bench", "draw")
        await do("process", drawdown, Draw(loan_id=loan, customer_id=customer), "d")
        ended = await do("process", drawdown, GetProcess(until_ended=True))
        if ended["status"] != "paid_out":
            raise RuntimeError(f"the template's drawdown was {ended['status']}: {ended['reasons']}")
        await asyncio.sleep(0.1)
    finally:
        await runtime.stop()
    index = bytes(store._columns["customer", customer][0])
    return Template((customer, application, loan, drawdown), index, bank, store)


def _swap(raw: bytes, pairs: list[tuple[bytes, bytes]]) -> bytes:
    for old, new in pairs:
        raw = raw.replace(old, new)
    return raw


Records = dict[str, list[tuple[Any, ...]]]
"""Rows to put in, by table."""


class Copier:
    """Copies a template; keeps the chain heads over all copies."""

    def __init__(self, template: Template, master_key: bytes) -> None:
        self._template = template
        self._key = derived_key(master_key, "ids")
        self._heads: dict[int, tuple[int, bytes]] = {}
        t, store = template, template.store
        kinds = ("customer", "process", "loan", "process")
        self._events = [(n, event) for n, id in enumerate(t.ids) for event in store._journal.get((kinds[n], id), [])]
        self._events.sort(key=lambda pair: pair[1].seq)
        self._rows = [(kinds[n], store._rows[kinds[n], id], store._columns[kinds[n], id]) for n, id in enumerate(t.ids)]
        self._operations = list(store._operations.values())
        self._postings = store.postings

    def copy(self, n: int, out: Records) -> Loan:
        """Append the n-th copy's records to ``out`` by table."""
        t = self._template
        customer = new_customer_id(self._key, t.bank, "bench", f"c{n}")
        beside = [
            new_id_beside(self._key, k, customer, t.bank, "bench", f"{k}{i}{n}")  # type: ignore[arg-type]
            for i, k in enumerate(("process", "loan", "process"))
        ]
        ids = (customer, *beside)
        shard = shard_of(customer)
        text = dict(zip(t.ids, ids, strict=True))
        pairs = [(old.encode(), new.encode()) for old, new in text.items()]
        index = os.urandom(len(t.identity_index))
        pairs.append((t.identity_index, index))
        salt = n.to_bytes(8, "big")

        def op(old: bytes) -> bytes:
            return hashlib.blake2b(old + salt, digest_size=16).digest()

        seq, head = self._heads.get(shard, (0, b""))
        for _, e in self._events:
            seq += 1
            body, id, op_hash = _swap(e.body, pairs), text[e.id], op(e.op_hash)
            head = link(head, shard, seq, e.kind, id, e.version, e.bank, e.business_date, e.type, op_hash, body)
            out["journal"].append(
                (
                    seq,
                    e.version,
                    e.at_ms,
                    shard,
                    e.business_date,
                    KIND_NUMBERS[e.kind],
                    id,
                    e.bank,
                    e.type,
                    op_hash,
                    head,
                    body,
                )
            )
        self._heads[shard] = (seq, head)
        for o in self._operations:
            out["operation"].append(
                (op(o.op_hash), o.digest, KIND_NUMBERS[o.kind], text[o.id], o.bank, _swap(o.reply, pairs))
            )
        for p in self._postings:
            out["posting"].append(
                (
                    p.version,
                    p.debit_fen,
                    p.credit_fen,
                    p.business_date,
                    KIND_NUMBERS[p.kind],
                    p.line,
                    p.memo,
                    text[p.id],
                    p.bank,
                    p.account,
                )
            )
        for kind, row, columns in self._rows:
            changed = [index if c == t.identity_index else text.get(c, c) if isinstance(c, str) else c for c in columns]
            state = _swap(row.state, pairs)
            out[kind].append((row.version, 0, shard, text[row.id], row.bank, state, *changed))
        return Loan(ids[2], t.bank, customer)


_TABLES = {
    table: tuple(names.split())
    for table, names in {
        "journal": "seq version at_ms shard business_date kind id bank type op_hash hash body",
        "operation": "op_hash digest kind id bank reply",
        "posting": "version debit_fen credit_fen business_date kind line memo id bank account",
        **{k: "version wake_at shard id bank state " + " ".join(c for c, _ in COLUMNS[k]) for k in COLUMNS},
    }.items()
}


async def fill(
    database_url: str,
    master_key: bytes,
    loans: int,
    *,
    bank: str = "baihe",
    product: str = "standard",
    chunk: int = 1000,
) -> list[Loan]:
    """Put ``loans`` active loans, each with its customer and processes, into an empty migrated database.

    While one chunk goes in (the journal by a connection of its own) the next is copied.
    """
    copier = Copier(await live_once(master_key, bank, product), master_key)
    journal, rest = [await asyncpg.connect(database_url) for _ in range(2)]
    made: list[Loan] = []

    def copied(numbers: range) -> tuple[list[Loan], Records]:
        out: Records = {table: [] for table in _TABLES}
        return [copier.copy(n, out) for n in numbers], out

    async def put(connection: Any, records: Records) -> None:
        for table, rows in records.items():
            await connection.copy_records_to_table(table, records=rows, columns=_TABLES[table])

    try:
        chunks = [range(at, min(at + chunk, loans)) for at in range(0, loans, chunk)]
        coming = asyncio.create_task(asyncio.to_thread(copied, chunks[0]))
        for following in (*chunks[1:], None):
            ids, records = await coming
            made += ids
            if following is not None:
                coming = asyncio.create_task(asyncio.to_thread(copied, following))
            events = {"journal": records.pop("journal")}
            await asyncio.gather(put(journal, events), put(rest, records))
        await rest.execute("ANALYZE")
    finally:
        await asyncio.gather(journal.close(), rest.close())
    return made


__all__ = ["AMOUNT_FEN", "CHANNEL", "START", "TOKEN", "Loan", "fill", "http_get"]
