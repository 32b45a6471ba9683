"""A small book lived for the tests of the books: the real runtime on real PostgreSQL, the real sandbox core by socket.

Only Ray is left out. Ids, serials and figures are the same in every run (keys and dates are fixed).
"""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any

import msgspec

from actors.bank import BankTerms
from actors.customer.identity import check_character
from actors.loan.messages import CloseDay
from cluster.bank_config import load_banks
from protocols.credentials import Caller, Channel
from protocols.front import Front
from protocols.operations import BY_NAME
from protocols.outside.connect import SYSTEMS, Where, connect_outside
from protocols.outside.core import BooksCore
from runtime.banks import BankBook
from runtime.config import RuntimeConfig
from runtime.local import LocalRuntime
from runtime.messages import Operation
from runtime.registry import KINDS
from runtime.rules import rules_of
from sandbox.bureau import Report
from sandbox.risk import Assessment
from sandbox.town import Sandbox
from storage.postgres import PostgresStore, open_store
from storage.vault import BankVault

BANK, OTHER = "baihe", "yunxi"
OPENED = date(2026, 3, 2)
ONE_DAY = timedelta(days=1)
FACTS = {"monthly_income_fen": 1_500_000, "employment_years": 6, "housing": "own", "savings_band": 3}


class Unlimited:
    async def allow(self, channel: str, rate_per_s: int) -> bool:
        return True


class Lived:
    """``today`` is everybody's business date and the core's accounting date."""

    def __init__(self, url: str, store: PostgresStore, box: Sandbox, terms: dict[str, BankTerms]) -> None:
        self.url = url
        self.store = store
        self.box = box
        self.terms = terms
        self.today = OPENED
        self.books: list[BankBook] = []
        self.loans: dict[str, str] = {}
        self.core: BooksCore
        self.runtime: LocalRuntime
        self.front: Front
        self._numbers = itertools.count(1)

    async def do(self, operation: str, bank: str = BANK, **fields: Any) -> dict[str, Any]:
        """An operation that must succeed, as a channel asks for it."""
        channel = Channel(id="test", kind="hmac", banks=("*",), operations=("*",))
        key = Operation("test", f"op{next(self._numbers)}")
        result = await self.front.handle(
            BY_NAME[operation], lambda form: form.from_fields(fields), Caller(channel, bank), key, wait_ms=10_000
        )
        assert not result.code, (operation, result)
        return result.body

    async def lend(self, order: int, bank: str = BANK, amount_fen: int = 1_200_000, **changes: Any) -> str:
        """A customer, an approved line, a contract, signed and paid out today: the loan's id."""
        digits = f"110101{date(1990, 3, 7):%Y%m%d}{order:03d}"
        person = {
            "name": "张三",
            "identity_number": digits + check_character(digits),
            "phone": "13812340000",
            "account_no": account_no(order),
        }
        customer = (await self.do("register_customer", bank, **person))["customer_id"]
        for purpose in ("bureau", "tax"):
            await self.do(
                "give_consent",
                bank,
                customer_id=customer,
                purpose=purpose,
                version="v1",
                text_hash="0" * 64,
                valid_until="2027-03-02",
            )
        wanted = {"product": "standard", "amount_fen": amount_fen, "periods": 12, "use_code": "consumption"} | changes
        method = wanted.pop("method", "equal_instalment")
        applied = await self.do("apply", bank, customer_id=customer, **wanted, facts=FACTS)
        assert applied["process"]["status"] == "approved", applied
        loan = (await self.do("open_contract", bank, customer_id=customer, method=method, **wanted))["loan"]
        await self.do("sign", bank, loan_id=loan["loan_id"], cost_confirmed="true", contract_hash=loan["contract_hash"])
        await self.do("draw", bank, loan_id=loan["loan_id"])
        self.loans[loan["loan_id"]] = bank
        return str(loan["loan_id"])

    async def end_day(self) -> None:
        """Every loan closes the day, then the date moves on; the books are closed by whoever asks for it."""
        day = self.today
        for loan_id, bank in self.loans.items():
            body = msgspec.msgpack.encode(CloseDay(date=day))
            answer = await self.runtime.ask("loan", loan_id, bank, body, Operation("day", f"close/{loan_id}/{day}"))
            assert not answer.code, answer
        await self.move_to(day + ONE_DAY)

    async def pause(self) -> None:
        """A moment for effects that are asked again."""
        await asyncio.sleep(0.05)

    async def move_to(self, day: date) -> None:
        self.today = day
        for code in self.terms:
            await self.store.set_business_date(code, day)
        self.box.core.set_date("*", day.isoformat())
        for book in self.books:
            await book.refresh()


def account_no(order: int) -> str:
    return f"62170012345678{order:05d}"


@asynccontextmanager
async def lived(url: str, mode: str = "instructed", **changes: Any) -> AsyncIterator[Lived]:
    """Two banks on an empty database; ``mode`` is the first one's, here and at the core; ``changes`` to its product."""
    terms = {one.code: one for one in load_banks() if one.code in (BANK, OTHER)}
    standard = msgspec.structs.replace(terms[BANK].products["standard"], **changes)
    products = terms[BANK].products | {"standard": standard}
    terms[BANK] = msgspec.structs.replace(terms[BANK], ledger_mode=mode, products=products)
    store, box = await open_store(url), await Sandbox.start()
    box.bureau.presets["*"] = Report()
    box.risk.presets["*"] = Assessment(fraud=False, fraud_score=5, score=720, income_fen_verified=1_500_000)
    box.core.set_mode(BANK, mode)
    here = Lived(url, store, box, terms)
    for code, one in terms.items():
        await store.put(code, msgspec.json.encode(one), OPENED)
    vaults = {code: BankVault(b"k" * 32, code) for code in terms}

    def make_banks() -> BankBook:
        here.books.append(BankBook(store, rules_of, vaults.__getitem__))
        return here.books[-1]

    where = {system: Where(port=getattr(box.ports, system), timeout_ms=2_000) for system in SYSTEMS}
    outside = connect_outside(where, vaults.__getitem__)
    here.core = BooksCore(Where(port=box.ports.core, timeout_ms=500))
    config = RuntimeConfig(wake_poll_ms=100, effect_retry_ms=200, effect_retry_max_ms=500)
    here.runtime = await LocalRuntime(store, store, make_banks, KINDS, outside, config).start()
    own = make_banks()
    await own.refresh()
    here.front = Front(here.runtime.router, store, own.by_code, b"id-key", Unlimited())
    await here.move_to(OPENED)
    try:
        yield here
    finally:
        await here.runtime.stop()
        await outside.close()
        await here.core.close()
        await box.stop()
        await store.close()
