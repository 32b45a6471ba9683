"""A customer under test: real bank terms, vault and rules; commands go through the wire format, events are replayed."""

from datetime import date
from typing import Any

import msgspec
from msgspec.structs import replace

from actors.address import make_id
from actors.bank import BankTerms
from actors.codes import Code
from actors.customer import identity, lifecycle
from actors.customer.messages import CustomerCommand, GrantLine, RegisterCustomer
from actors.customer.state import CustomerState
from actors.turn import Accepted, Command, Context, Event, Posting, Refused
from cluster.bank_config import load_banks
from runtime.rules import BankRules
from storage.vault import BankVault

BANKS: dict[str, BankTerms] = {terms.code: terms for terms in load_banks()}
BAIHE = BANKS["baihe"]
RULES = BankRules(BAIHE)
VAULT = BankVault(b"k" * 32, BAIHE.code)
TODAY = date(2026, 3, 2)
NOW_MS = 1_772_413_200_000
CUSTOMER = make_id("customer", 7, 42)
PROCESS = make_id("process", 7, 1)
OTHER_PROCESS = make_id("process", 7, 2)
LOAN = make_id("loan", 7, 1)
OTHER_LOAN = make_id("loan", 7, 2)

COMMANDS = msgspec.msgpack.Decoder(CustomerCommand)
EVENTS = msgspec.msgpack.Decoder(lifecycle.EVENTS)
STATES = msgspec.msgpack.Decoder(lifecycle.STATE)


def identity_number(born: date = date(1990, 3, 7), division: str = "110101", order: int = 7) -> str:
    digits = f"{division}{born:%Y%m%d}{order:03d}"
    return digits + identity.check_character(digits)


def registration(**changes: Any) -> RegisterCustomer:
    fields: dict[str, Any] = {
        "bank": BAIHE.code,
        "name": "张三",
        "identity_number": identity_number(),
        "phone": "13812340000",
        "account_no": "6217001234567890123",
    }
    return RegisterCustomer(**(fields | changes))


def context(version: int = 0, on: date = TODAY, now_ms: int = NOW_MS, conflict: str = "") -> Context:
    return Context(
        actor_id=CUSTOMER,
        version=version,
        business_date=on,
        now_ms=now_ms,
        bank=BAIHE,
        rules=RULES,
        vault=VAULT,
        conflict=conflict,
    )


class Customer:
    """Runs commands as the runtime does; `check` compares the live state with its stored and its replayed form."""

    def __init__(self) -> None:
        self.state: CustomerState | None = None
        self.events: list[Event] = []
        self.postings: list[Posting] = []
        self.on = TODAY
        self.now_ms = NOW_MS

    @classmethod
    def registered(cls) -> "Customer":
        customer = cls()
        customer.do(registration())
        return customer

    def ask(self, command: Command, conflict: str = "") -> Accepted | Refused:
        """Decide and, when accepted, apply. Refusals change nothing."""
        sent = COMMANDS.decode(msgspec.msgpack.encode(command))
        ctx = context(len(self.events), self.on, self.now_ms, conflict)
        decision = lifecycle.decide(self.state, sent, ctx)
        if isinstance(decision, Accepted):
            for event in decision.events:
                stored = EVENTS.decode(msgspec.msgpack.encode(event))
                self.postings += lifecycle.postings(self.state, stored, BAIHE)
                self.state = lifecycle.evolve(self.state, stored)
                self.events.append(event)
        return decision

    def do(self, command: Command) -> Any:
        """The view of an accepted command; fails on a refusal."""
        decision = self.ask(command)
        assert isinstance(decision, Accepted), decision
        return decision.result

    def refused(self, command: Command) -> Code:
        before = self.state
        decision = self.ask(command)
        assert isinstance(decision, Refused), decision
        assert self.state == before
        return decision.code

    def grant(self, product: str = "miaodai", limit_fen: int = 5_000_000, expires_on: date = date(2027, 3, 2)) -> None:
        self.do(
            GrantLine(
                product=product, limit_fen=limit_fen, annual_rate="0.0390", expires_on=expires_on, process_id=PROCESS
            )
        )

    def check(self) -> None:
        replayed = None
        for event in self.events:
            replayed = lifecycle.evolve(replayed, EVENTS.decode(msgspec.msgpack.encode(event)))
        assert replayed == self.state
        if self.state is not None:
            assert STATES.decode(msgspec.msgpack.encode(self.state)) == self.state

    def reserved_by_process(self) -> dict[str, str]:
        assert self.state is not None
        return {loan: draw.process_id for loan, draw in self.state.draws.items() if draw.status == "reserved"}


def at_date(customer: Customer, on: date) -> Customer:
    customer.on = on
    return customer


def with_effects_settled(state: CustomerState) -> CustomerState:
    """The same state without effects under way, for comparing what matters to lines."""
    return replace(state, effects={})
