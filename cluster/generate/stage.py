"""Where the lives of a book are lived: the real actors of all banks on a store in memory, day after day.

Each day: the business date moves, what the lives planned is done (apply, contract, sign, draw, repay), dues are
collected; before it, yesterday is closed for the loans that have something due, at a month's end for all.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import date, timedelta
from functools import partial
from typing import Any

import msgspec

from actors.address import new_customer_id, new_id_beside
from actors.bank import BankTerms
from actors.customer import messages as customers
from actors.loan import messages as loans
from actors.process.messages import Apply, Draw, GetProcess
from actors.turn import Command, Query
from cluster.failures import Failure
from cluster.generate.lives import LifePlan, LoanPlan
from cluster.generate.outside import Obliging
from cluster.generate.persons import person
from cluster.generate.recorder import Recorder
from cluster.generate.template import Counts, Secrets, Template, column
from cluster.parts import derived_key
from runtime.banks import BankBook
from runtime.config import RuntimeConfig
from runtime.local import LocalRuntime
from runtime.messages import Operation
from runtime.registry import KINDS
from runtime.rules import rules_of
from runtime.sweep import Errand
from storage.contract import LoadedRow
from storage.vault import BankVault

ONE_DAY = timedelta(days=1)
CHANNEL = "generate"
PREPAY_FEN_STEP = 100_000
"""A thousand yuan: a multiple of what any product asks for."""
BIRTH_YEAR, BIRTH_YEARS = 1972, 25
FACTS = {
    "monthly_income_fen": 2_000_000,
    "employment_years": 9,
    "housing": "own",
    "savings_band": 4,
    "checking_band": 3,
    "history_band": 3,
}
Progress = Callable[[str, int, int], None]


class LifeFailed(Failure):
    """A planned step was refused: the plan and the rules of the bank do not fit. The text names life, step and code."""


class _Living:
    """One life while it is lived. ``loans``: ids beside their plans, in order."""

    def __init__(self, plan: LifePlan, number: int, division: str) -> None:
        self.plan = plan
        self.birth_year = BIRTH_YEAR + number % BIRTH_YEARS
        self.person = person(number, division, self.birth_year)
        self.customer = ""
        self.ids: list[str] = []
        self.loans: dict[str, LoanPlan] = {}
        self.contracts: list[tuple[str, str]] = []


class Stage:
    """Use `live`; then `templates`."""

    def __init__(self, banks: list[BankTerms], master_key: bytes) -> None:
        self._banks = {bank.code: bank for bank in banks}
        self._store = Recorder()
        self._outside = Obliging()
        self._key = derived_key(master_key, "ids")
        self._vaults = {bank.code: BankVault(master_key, bank.code) for bank in banks}
        config = RuntimeConfig(linger_ms=0)
        self._runtime = LocalRuntime(self._store, self._store, self._book, KINDS, self._outside, config, key=self._key)
        self._living: list[_Living] = []
        self._of_loan: dict[str, _Living] = {}

    def _book(self) -> BankBook:
        return BankBook(self._store, rules_of, self._vaults.__getitem__)

    async def live(
        self, plans: list[LifePlan], on: date, progress: Progress = lambda _step, _done, _total: None
    ) -> list[Template]:
        """Live every plan up to the morning of ``on``; the templates in the order of the plans."""
        first = min(loan.drawn_on for plan in plans for loan in plan.loans)
        for terms in self._banks.values():
            await self._store.put(terms.code, msgspec.json.encode(terms), first)
        await self._runtime.start()
        try:
            for number, plan in enumerate(plans):
                self._living.append(_Living(plan, number, self._banks[plan.bank].divisions[0]))
            day = first
            while day <= on:
                progress("live", (day - first).days, (on - first).days)
                await self._pass(day, on)
                day += ONE_DAY
        finally:
            await self._runtime.stop()
        return [self._template(life, on) for life in self._living]

    async def _pass(self, day: date, on: date) -> None:
        await self._close(day - ONE_DAY)
        await self._set_date(day)
        if day < on or any(loan.drawn_on == on for life in self._living for loan in life.plan.loans):
            await self._all(self._draws(life, day) for life in self._living)
        if day < on:
            await self._all(self._turn(life, id, plan, day) for life in self._living for id, plan in life.loans.items())
            await self._quiet()
            await self._all(self._collect(id, day) for id in self._due(day))
        await self._quiet()

    async def _set_date(self, day: date) -> None:
        self._outside.today = day
        for bank in self._banks:
            await self._store.set_business_date(bank, day)
        await self._runtime.refresh_banks()

    async def _close(self, day: date) -> None:
        """What the day's end does: loans with something due by the next morning; at a month's end all that live."""
        all_of_them = (day + ONE_DAY).day == 1
        closing = [
            id
            for life in self._living
            for id in life.loans
            if self._lives(id) and (all_of_them or life.plan.daily or self._falls_due(id, day + ONE_DAY))
        ]
        (host,) = self._runtime.hosts.values()
        for bank in self._banks:
            ids = [id for id in closing if self._of_loan[id].plan.bank == bank]
            errand = Errand(kind="loan", bank=bank, body=msgspec.msgpack.encode(loans.CloseDay(date=day)))
            swept = await host.sweeper.run(errand, partial(self._loaded, ids))
            if swept.left or swept.away:
                raise LifeFailed(f"CloseDay {day}: {swept.left} {swept.away}")

    async def _loaded(self, ids: list[str]) -> list[LoadedRow]:
        return list((await self._store.load("loan", ids)).values())

    def _lives(self, id: str) -> bool:
        row = self._store.last_rows.get(("loan", id))
        return row is not None and column(row, "status") in ("active", "overdue")

    def _falls_due(self, id: str, day: date) -> bool:
        next_due = column(self._store.last_rows["loan", id], "next_due")
        return next_due is not None and next_due <= day

    def _due(self, day: date) -> list[str]:
        """Loans to collect from: a first time on the due date, later only from those who do not just stop."""
        found = []
        for life in self._living:
            for id, plan in life.loans.items():
                if (
                    self._lives(id)
                    and self._falls_due(id, day)
                    and not (plan.conduct == "stops" and day > plan.turn_on)
                ):
                    found.append(id)
        return found

    async def _draws(self, life: _Living, day: date) -> None:
        """Apply on the day of the first draw, then contract, sign and draw what is planned for today."""
        todo = [loan for loan in life.plan.loans if loan.drawn_on == day]
        if todo and not life.customer:
            await self._apply(life)
        for loan in todo:
            await self._draw(life, loan)

    async def _apply(self, life: _Living) -> None:
        plan, bank, who = life.plan, life.plan.bank, life.person
        product = self._banks[bank].products[plan.product]
        total = sum(loan.amount_fen for loan in plan.loans)
        life.customer = new_customer_id(self._key, bank, CHANNEL, plan.name)
        life.ids.append(life.customer)
        register = customers.RegisterCustomer(bank=bank, **who._asdict())
        await self._life(life, "customer", life.customer, register)
        until = max(loan.drawn_on for loan in plan.loans).replace(year=2099, day=1)
        for purpose in ("bureau", "tax"):
            consent = customers.GiveConsent(purpose=purpose, version="1", text_hash="0" * 64, valid_until=until)
            await self._life(life, "customer", life.customer, consent, purpose)
        if product.white_list_only:
            listed = customers.PutOnWhiteList(product=plan.product, limit_fen=total * 2, valid_until=until)
            await self._life(life, "customer", life.customer, listed)
        application = new_id_beside(self._key, "process", life.customer, bank, CHANNEL, plan.name)
        life.ids.append(application)
        wanted = Apply(
            customer_id=life.customer,
            product=plan.product,
            amount_fen=total,
            periods=max(loan.periods for loan in plan.loans),
            use_code=product.uses[0],
            facts=msgspec.convert(FACTS, type=customers.Facts),
        )
        await self._life(life, "process", application, wanted)
        view = await self._life(life, "process", application, GetProcess(until_ended=True))
        if view["status"] != "approved":
            raise LifeFailed(f"{plan.name}: the application was {view['status']}: {view['reasons']}")

    async def _draw(self, life: _Living, loan: LoanPlan) -> None:
        plan, bank = life.plan, life.plan.bank
        op = f"{plan.name}/{len(life.loans)}"
        id = new_id_beside(self._key, "loan", life.customer, bank, CHANNEL, op)
        contract = {
            "customer_id": life.customer,
            "product": plan.product,
            "amount_fen": loan.amount_fen,
            "periods": loan.periods,
            "method": loan.method,
            "due_day": loan.due_day,
            "use_code": self._banks[bank].products[plan.product].uses[0],
        }
        await self._life(life, "loan", id, msgspec.convert(contract, type=loans.OpenContract))
        await self._life(life, "loan", id, loans.GetLoan(until_not="drafting"))
        drawn = await self._life(life, "loan", id, loans.GetContract())
        life.contracts.append((drawn["text_zh"], drawn["contract_hash"]))
        await self._life(life, "loan", id, loans.Sign(cost_confirmed=True, contract_hash=drawn["contract_hash"]), "s")
        await self._life(life, "loan", id, loans.GetLoan(until_not="signing"))
        drawdown = new_id_beside(self._key, "process", life.customer, bank, CHANNEL, f"{op}/draw")
        await self._life(life, "process", drawdown, Draw(loan_id=id, customer_id=life.customer))
        ended = await self._life(life, "process", drawdown, GetProcess(until_ended=True))
        if ended["status"] != "paid_out":
            raise LifeFailed(f"{plan.name}: the drawdown was {ended['status']}: {ended['reasons']}")
        life.ids += [id, drawdown]
        life.loans[id] = loan
        self._of_loan[id] = life

    async def _turn(self, life: _Living, id: str, plan: LoanPlan, day: date) -> None:
        """What the loan's conduct does today, if anything."""
        if plan.conduct == "counter" and self._lives(id) and self._falls_due(id, day):
            view = await self._life(life, "loan", id, loans.GetLoan())
            owed = view["principal_fen_due"] + view["interest_fen_due"] + view["penalty_fen_due"]
            serial = self._outside.serial(id)
            paid = loans.PostRepayment(amount_fen=owed, source="counter", core_date=day, core_serial=serial)
            await self._life(life, "loan", id, paid, str(day))
        if plan.turn_on != day:
            return
        match plan.conduct:
            case "stops":
                self._outside.penniless.add(id)
            case "prepays":
                part = loans.Repay(kind="partial", amount_fen=plan.amount_fen // 3 // PREPAY_FEN_STEP * PREPAY_FEN_STEP)
                await self._life(life, "loan", id, part, "early")
            case "pays_off":
                quote = await self._life(life, "loan", id, loans.GetPayoffQuote())
                await self._life(life, "loan", id, loans.Repay(kind="full", quote=quote["quote"]), "early")

    async def _collect(self, id: str, day: date) -> None:
        await self._do("loan", id, loans.CollectDue(date=day), f"collect/{id}/{day}")

    async def _life(
        self, life: _Living, kind: str, id: str, message: Command | Query, step: str = ""
    ) -> dict[str, Any]:
        """Ask, and fail with the life's name when it is refused."""
        op = f"{id}/{type(message).__name__}/{step}" if isinstance(message, Command) else ""
        try:
            return await self._do(kind, id, message, op, life.plan.bank)
        except LifeFailed as error:
            raise LifeFailed(f"{life.plan.name}: {error}") from None

    async def _do(self, kind: str, id: str, message: Command | Query, op: str, bank: str = "") -> dict[str, Any]:
        bank = bank or self._of_loan[id].plan.bank
        operation = Operation(CHANNEL, op) if op else None
        answer = await self._runtime.ask(kind, id, bank, msgspec.msgpack.encode(message), operation, 60_000)
        if not answer.ok:
            raise LifeFailed(f"{type(message).__name__} {id}: {answer.code} {answer.result()}")
        return answer.result()

    async def _all(self, jobs: Iterable[Awaitable[object]]) -> None:
        await asyncio.gather(*jobs)

    async def _quiet(self) -> None:
        """Until nothing is under way outside any loan or process (customers may have timers of their own)."""
        while any(at and kind != "customer" for (kind, _), at in self._store.wakes.items()):  # noqa: ASYNC110  # another host's work: nobody tells us
            await asyncio.sleep(0.001)

    def _template(self, life: _Living, on: date) -> Template:
        store, ids = self._store, set(life.ids)
        rows = [row for (_, id), row in store.last_rows.items() if id in ids]
        customer = next(row for row in rows if row.kind == "customer")
        bearing = [row for row in rows if row.kind == "loan"]
        state = msgspec.msgpack.decode(customer.state)
        return Template(
            name=life.plan.name,
            bank=life.plan.bank,
            weight=life.plan.weight,
            birth_year=life.birth_year,
            ids=tuple(life.ids),
            secrets=Secrets(
                person=life.person,
                sealed=tuple(state[name] for name in SEALED),
                identity_index=column(customer, "identity_index"),
                contracts=tuple(life.contracts),
                serials=tuple(s for id in life.ids for s in self._outside.serials.get(id, ())),
            ),
            counts=Counts(
                loans=len(bearing),
                due=sum(column(row, "next_due") == on for row in bearing),
                overdue=sum(column(row, "status") == "overdue" for row in bearing),
            ),
            events=tuple(sorted((e for e in store.events_written if e.id in ids), key=lambda e: e.seq)),
            operations=tuple(o for o in store.operations if o.id in ids),
            postings=tuple(p for p in store.postings_written if p.id in ids),
            rows=tuple(row._replace(wake_at_ms=store.wakes[row.kind, row.id]) for row in rows),
        )


SEALED = ("name_sealed", "identity_sealed", "phone_sealed", "account_sealed")
"""Fields of a customer's state, in the order of `Person`."""
