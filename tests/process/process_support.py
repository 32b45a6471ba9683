"""A street of real customer, process and loan actors of one bank: effects among them are carried out at once, those to
the outside (and, unless `Street.loans`, to loans) are answered by the test. All passes through its wire format."""

from collections import deque
from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec

from actors.address import make_id, parse_id
from actors.bank import BankTerms
from actors.codes import Code
from actors.customer import identity
from actors.customer import lifecycle as customer
from actors.customer.messages import CustomerCommand, Facts, GiveConsent, RegisterCustomer
from actors.loan import lifecycle as loan
from actors.loan.messages import LoanCommand
from actors.process import lifecycle as process
from actors.process.messages import Apply, Draw, GetProcess, ProcessCommand, ProcessView
from actors.turn import Accepted, Command, Context, Effect, Event, Posting, Refused, SettleEffect
from cluster.bank_config import load_banks
from runtime.rules import BankRules
from storage.vault import BankVault

BANKS: dict[str, BankTerms] = {terms.code: terms for terms in load_banks()}
RULES = {code: BankRules(terms) for code, terms in BANKS.items()}
TODAY = date(2026, 3, 2)
NOW_MS = 1_772_413_200_000
CUSTOMER = make_id("customer", 9, 1)
PROCESS = make_id("process", 9, 1)
LOAN = make_id("loan", 9, 1)

GOOD_FACTS = Facts(
    monthly_income_fen=1_200_000, employment_years=6, housing="own", savings_band=3, checking_band=3, history_band=2
)
GOOD_REPORT: dict[str, Any] = {
    "report_no": "R1",
    "score": 720,
    "overdue_now_fen": 0,
    "months_overdue_max": 0,
    "inquiries_3m": 1,
    "unsecured_fen_elsewhere": 0,
    "monthly_due_fen": 0,
}
GOOD_RISK: dict[str, Any] = {"fraud": False, "fraud_score": 5, "score": 680, "income_fen_verified": 1_100_000}

Answer = tuple[str, str, dict[str, Any]]
Desk = Callable[[Effect], Answer | None]
"""Answers an effect to the outside or a loan: (status, code, data); None leaves it under way."""

_KINDS: dict[str, Any] = {"customer": customer, "process": process, "loan": loan}
_COMMANDS = {
    "customer": msgspec.msgpack.Decoder(CustomerCommand),
    "process": msgspec.msgpack.Decoder(ProcessCommand),
    "loan": msgspec.msgpack.Decoder(LoanCommand),
}
_EVENTS = {kind: msgspec.msgpack.Decoder(module.EVENTS) for kind, module in _KINDS.items()}


def identity_number(born: date = date(1990, 3, 7), division: str = "110101", order: int = 7) -> str:
    digits = f"{division}{born:%Y%m%d}{order:03d}"
    return digits + identity.check_character(digits)


def outside(**answers: Answer | dict[str, Any] | None) -> Desk:
    """By target with ``_`` for the dot (``bureau_report=...``); a plain dict means done. Good answers by default."""
    told: dict[str, Any] = {
        "bureau_report": GOOD_REPORT,
        "risk_assess": GOOD_RISK,
        "sms_send": {"message_id": "m"},
        **answers,
    }

    def desk(effect: Effect) -> Answer | None:
        answer = told[effect.target.replace(".", "_")]
        return ("done", "", answer) if isinstance(answer, dict) else answer

    return desk


class Street:
    def __init__(self, bank: str = "qingshan", desk: Desk | None = None) -> None:
        self.bank = BANKS[bank]
        self.desk = desk or outside()
        self.vault = BankVault(b"k" * 32, bank)
        self.on = TODAY
        self.now_ms = NOW_MS
        self.loans = False
        self.states: dict[str, Any] = {}
        self.postings: list[Posting] = []
        self.events: dict[str, list[Event]] = {}
        self.asked: list[Effect] = []
        self.open: list[tuple[str, Effect]] = []

    def context(self, actor_id: str) -> Context:
        return Context(
            actor_id=actor_id,
            version=len(self.events.get(actor_id, [])),
            business_date=self.on,
            now_ms=self.now_ms,
            bank=self.bank,
            rules=RULES[self.bank.code],
            vault=self.vault,
        )

    def ask(self, actor_id: str, command: Command, carry_out: bool = True) -> Accepted | Refused:
        kind = parse_id(actor_id).kind
        module, state = _KINDS[kind], self.states.get(actor_id)
        sent = _COMMANDS[kind].decode(msgspec.msgpack.encode(command))
        decision: Accepted | Refused = module.decide(state, sent, self.context(actor_id))
        if isinstance(decision, Refused):
            return decision
        before = set(module.effects(state)) if state is not None else set()
        for event in decision.events:
            stored = _EVENTS[kind].decode(msgspec.msgpack.encode(event))
            self.postings += module.postings(state, stored, self.bank)
            state = module.evolve(state, stored)
            self.events.setdefault(actor_id, []).append(event)
        if state is not None:
            self.states[actor_id] = state
            self.open += [(actor_id, e) for i, e in module.effects(state).items() if i not in before]
        if carry_out:
            self.carry_out()
        return decision

    def carry_out(self) -> None:
        """Run effects until only those are left that the desk does not answer yet."""
        todo, self.open = deque(self.open), []
        while todo:
            sender, effect = todo.popleft()
            answer = self._perform(effect)
            if answer is None:
                self.open.append((sender, effect))
                continue
            status, code, data = answer
            settle = SettleEffect(effect_id=effect.id, attempt=1, status=status, code=code, data=data)
            self.ask(sender, settle, carry_out=False)
            todo += self.open
            self.open = []

    def _perform(self, effect: Effect) -> Answer | None:
        self.asked.append(effect)
        if not effect.target.startswith("actor:"):
            return self.desk(effect)
        target = effect.target.removeprefix("actor:")
        kind = parse_id(target).kind
        if kind == "loan" and not self.loans:
            command = effect.payload["command"]
            return self.desk(msgspec.structs.replace(effect, target=f"loan.{command['type'].lower()}"))
        if target not in self.states:
            return "refused", Code.NOT_FOUND.word, {}
        command = _COMMANDS[kind].decode(msgspec.msgpack.encode(effect.payload["command"]))
        decision = self.ask(target, command, carry_out=False)
        if isinstance(decision, Refused):
            return "refused", decision.code.word, decision.detail
        view = {} if decision.result is None else msgspec.msgpack.decode(msgspec.msgpack.encode(decision.result))
        return "done", "", view

    def register(self, consent: bool = True, **changes: Any) -> None:
        fields = {
            "bank": self.bank.code,
            "name": "张三",
            "identity_number": identity_number(),
            "phone": "13812340000",
            "account_no": "6217001234567890123",
        }
        self.ask(CUSTOMER, RegisterCustomer(**(fields | changes)))
        if consent:
            self.ask(
                CUSTOMER,
                GiveConsent(purpose="bureau", version="v1", text_hash="0" * 64, valid_until=date(2027, 1, 1)),
            )

    def apply(self, process_id: str = PROCESS, **changes: Any) -> ProcessView:
        decision = self.ask(process_id, application(**changes))
        assert isinstance(decision, Accepted), decision
        return self.view(process_id)

    def draw(self, process_id: str = PROCESS) -> ProcessView:
        decision = self.ask(process_id, Draw(loan_id=LOAN, customer_id=CUSTOMER))
        assert isinstance(decision, Accepted), decision
        return self.view(process_id)

    def view(self, process_id: str = PROCESS) -> ProcessView:
        shown = process.respond(self.states[process_id], GetProcess(), self.context(process_id))
        assert shown is not None
        return shown

    def path(self, process_id: str = PROCESS) -> list[str]:
        return [node for e in self.events[process_id] for node in getattr(e, "path", ())]

    def replays(self) -> bool:
        """Every actor's events from zero give its state, without rules or terms."""
        for actor_id, events in self.events.items():
            kind = parse_id(actor_id).kind
            module, state = _KINDS[kind], None
            for event in events:
                state = module.evolve(state, _EVENTS[kind].decode(msgspec.msgpack.encode(event)))
            stored = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=module.STATE)
            if not state == self.states[actor_id] == stored:
                return False
        return True


def application(**changes: Any) -> Apply:
    fields: dict[str, Any] = {
        "customer_id": CUSTOMER,
        "product": "standard",
        "amount_fen": 2_000_000,
        "periods": 12,
        "use_code": "appliances",
        "facts": GOOD_FACTS,
    }
    return Apply(**(fields | changes))
