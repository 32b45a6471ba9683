"""What the loan tests share: a bank built here, a context for any day, and a driver that takes a loan through its life.

The driver runs decide, postings and evolve as runtime/turn.py does and keeps journal and ledger, nothing else.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

import msgspec

from actors.address import new_customer_id, new_id_beside
from actors.bank import BankTerms, Product
from actors.loan import lifecycle
from actors.loan.messages import Disburse, LoanCommand, LoanQuery, OpenContract, Sign
from actors.loan.state import LoanState
from actors.turn import Accepted, Context, Effect, Event, Posting, Refused, SettleEffect, View

_numbers = count(1)


def serial() -> str:
    """A core serial that no other repayment has."""
    return f"C{next(_numbers)}"


KEY = b"k" * 32
CUSTOMER = new_customer_id(KEY, "qingshan", "test", "1")
LOAN = new_id_beside(KEY, "loan", CUSTOMER, "qingshan", "test", "2")
PROCESS = new_id_beside(KEY, "process", CUSTOMER, "qingshan", "test", "3")
UNUSED: Any = None


def product(**changes: Any) -> Product:
    standard = Product(
        code="standard",
        name_zh="消费分期",
        name_en="Consumer instalment loan",
        amount_fen_min=100_000,
        amount_fen_max=100_000_000,
        periods_max=360,
        revolving=False,
        grace_days=0,
        penalty_factor=Decimal("1.5"),
        prepay_fen_min=10_000,
        uses=("consumption", "education"),
    )
    return msgspec.structs.replace(standard, **changes)


def bank(**changes: Any) -> BankTerms:
    one = product(**changes)
    return BankTerms(
        code="qingshan",
        name_zh="青山农村商业银行",
        name_en="Qingshan Rural Commercial Bank",
        province="云泽省",
        products={one.code: one},
        vat_rate=Decimal("0.06"),
        provision_bp=(0, 0, 0, 0, 0),
    )


def opening(**changes: Any) -> OpenContract:
    command = OpenContract(
        customer_id=CUSTOMER,
        product="standard",
        amount_fen=10_000_000,
        periods=12,
        method="equal_instalment",
        use_code="consumption",
    )
    return msgspec.structs.replace(command, **changes)


def draw_terms(rate: str = "0.06", **changes: Any) -> dict[str, Any]:
    return {
        "product": "standard",
        "annual_rate": rate,
        "available_fen": 10_000_000,
        "account_sealed": b"account",
        "name_sealed": b"name",
        "identity_sealed": b"identity",
        "birth_date": "1990-05-06",
    } | changes


class Life:
    """One loan, its journal and its ledger; ``today`` is the business date of whatever is asked next."""

    def __init__(self, today: date = date(2026, 1, 15), terms: BankTerms | None = None) -> None:
        self.today = today
        self.bank = terms or bank()
        self.state: LoanState | None = None
        self.version = 0
        self.journal: list[Event] = []
        self.entries: list[tuple[Event, tuple[Posting, ...]]] = []

    @property
    def loan(self) -> LoanState:
        assert self.state is not None
        return self.state

    def context(self) -> Context:
        return Context(
            actor_id=LOAN,
            version=self.version,
            business_date=self.today,
            now_ms=1_000,
            bank=self.bank,
            rules=UNUSED,
            vault=UNUSED,
            history=tuple(self.journal),
        )

    def ask(self, command: LoanCommand) -> View | None:
        """The result of a command that must be accepted."""
        decision = lifecycle.decide(self.state, command, self.context())
        assert isinstance(decision, Accepted), decision
        self._append(decision.events)
        return decision.result

    def refused(self, command: LoanCommand) -> str:
        """The code word of a command that must be refused."""
        decision = lifecycle.decide(self.state, command, self.context())
        assert isinstance(decision, Refused), decision
        return decision.code.word

    def _append(self, events: Iterable[Event]) -> None:
        for event in events:
            lines = lifecycle.postings(self.state, event, self.bank)  # type: ignore[arg-type]
            if lines:
                self.entries.append((event, lines))
            self.state = lifecycle.evolve(self.state, event)  # type: ignore[arg-type]
            self.journal.append(event)
            self.version += 1

    def see(self, query: LoanQuery) -> Any:
        return lifecycle.respond(self.loan, query, self.context())

    def effect(self, what: str) -> Effect:
        """The pending effect of a target, or of a command asked of another actor."""
        for effect in self.loan.effects.values():
            command = effect.payload.get("command")
            if what == (command["type"] if command else effect.target):
                return effect
        raise AssertionError(f"no {what} under way: {list(self.loan.effects.values())}")

    def pending(self) -> list[str]:
        payloads = [(e.payload.get("command"), e.target) for e in self.loan.effects.values()]
        return sorted(command["type"] if command else target for command, target in payloads)

    def settle(self, what: str, **data: Any) -> None:
        """The pending effect was done, with this answer."""
        self.outcome(self.effect(what).id, "done", data=data)

    def fail(self, what: str, code: str = "") -> None:
        """The pending effect was definitely refused."""
        self.outcome(self.effect(what).id, "refused", code)

    def doubt(self, what: str) -> None:
        self.outcome(self.effect(what).id, "unknown")

    def outcome(self, effect_id: str, status: str, code: str = "", data: dict[str, Any] | None = None) -> None:
        self.ask(SettleEffect(effect_id=effect_id, attempt=0, status=status, code=code, data=data or {}))

    # -- stages of a life ------------------------------------------------------------------------------------------

    def contract(self, rate: str = "0.06", **changes: Any) -> "Life":
        self.ask(opening(**changes))
        self.settle("CheckDraw", **draw_terms(rate))
        return self

    def signed(self, rate: str = "0.06", **changes: Any) -> "Life":
        self.contract(rate, **changes)
        contract = self.loan.contract
        assert contract is not None
        self.ask(Sign(cost_confirmed=True, contract_hash=contract.hash))
        self.settle("ca.sign", certificate_no="CA-1", signature="sig", signed_at="2026-01-15T10:00:00+08:00")
        return self

    def active(self, rate: str = "0.06", **changes: Any) -> "Life":
        """Paid out on ``today``; the process was told."""
        self.signed(rate, **changes)
        self.ask(Disburse(process_id=PROCESS, effect_id="P-1-0"))
        self.settle("core.disburse", core_date=self.today.isoformat(), core_serial="S0001")
        self.settle("ActivityDone", status="running")
        return self

    # -- the ledger ------------------------------------------------------------------------------------------------

    def balances(self, *, memo: bool = False) -> dict[str, int]:
        """Account -> debit less credit, zeros left out; of the memo accounts or of the others."""
        sums: Counter[str] = Counter()
        for _, lines in self.entries:
            for line in lines:
                if line.memo is memo:
                    sums[line.account] += line.debit_fen - line.credit_fen
        return {account: fen for account, fen in sums.items() if fen}

    def events(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.journal if isinstance(event, kind)]


def entry_of(lines: tuple[Posting, ...]) -> list[tuple[str, int, int]]:
    return [(line.account, line.debit_fen, line.credit_fen) for line in lines]
