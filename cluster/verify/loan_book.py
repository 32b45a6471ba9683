"""One loan's story told again from its events, as plain maps: what was lent, fell due, accrued, was repaid, in order.

Its own fold, knowing only the events' published fields. What it finds wrong goes to `faults` as (invariant, check,
detail); cluster/verify/loans.py compares the sums with postings and rows.
"""

from datetime import date, timedelta
from typing import Any

from cluster.verify.schedule import Agreed, Row, faults

KNOWN_WITHOUT_MONEY = frozenset(
    {
        "ContractRequested",
        "ContractRefused",
        "SigningRequested",
        "Signed",
        "SigningRefused",
        "ReversalRequested",
        "ReversalRefused",
        "RepaymentRequested",
        "RepaymentFailed",
        "ProofUploaded",
        "EffectRequested",
        "EffectSettled",
        "EffectDoubted",
        "IncidentOpened",
    }
)
PENALTY, INTEREST, PRINCIPAL = 0, 1, 2


ROLES: dict[str, tuple[str, ...]] = {
    "principal": ("loans_performing", "loans_overdue", "loans_non_accrual"),
    "interest": ("interest_accrued", "interest_due"),
    "penalty": ("penalty_due",),
    "clearing": ("clearing",),
    "suspense": ("suspense",),
    "deposits": ("deposits",),
}
"""Which roles of the bank's account map hold what of a loan."""


class LoanBook:
    """Fold events with `take`; sums are fen. ``dues``: what is still unpaid of each row that fell due, by number."""

    def __init__(self) -> None:
        self.faults: list[tuple[int, str, str]] = []
        self.agreed: Agreed | None = None
        self.on_its_way_fen = 0
        self.disbursed_fen = 0
        self.reversed_fen = 0
        self.repaid_fen = [0, 0, 0]
        self.suspense_fen = 0
        self.accrued_fen = 0
        self.accrued_not_due_fen = 0
        self.penalty_fen = 0
        self.dues: dict[int, list[int]] = {}
        self.lapsed_fen = 0
        self.closed_to: date | None = None
        self.settled = False

    @property
    def outstanding_fen(self) -> int:
        return self.disbursed_fen - self.reversed_fen - self.repaid_fen[PRINCIPAL]

    @property
    def interest_owed_fen(self) -> int:
        """Accrued less repaid: fallen due or not yet."""
        return self.accrued_fen - self.repaid_fen[INTEREST]

    @property
    def penalty_owed_fen(self) -> int:
        return self.penalty_fen - self.repaid_fen[PENALTY]

    @property
    def balances(self) -> dict[str, int]:
        """What the general ledger must hold for this loan (debit less credit), by the names of `ROLES`.

        A pay-out on its way is booked against clearing until the core has done it.
        """
        collected = sum(self.repaid_fen)
        return {
            "principal": self.outstanding_fen + self.on_its_way_fen,
            "interest": self.interest_owed_fen,
            "penalty": self.penalty_owed_fen,
            "clearing": self.suspense_fen - self.on_its_way_fen,
            "suspense": -self.suspense_fen,
            "deposits": collected - self.disbursed_fen + self.reversed_fen,
        }

    def take(self, type: str, fields: dict[str, Any]) -> None:
        match type:
            case "ContractDrawn":
                self.agreed = Agreed.of(fields["terms"])
            case "DisbursementRequested":
                self.on_its_way_fen += fields["amount_fen"]
            case "DisbursementFailed":
                self.on_its_way_fen -= fields["amount_fen"]
            case "Disbursed":
                self.on_its_way_fen -= fields["amount_fen"]
                self._disbursed(fields)
            case "DisbursementReversed":
                self._reversed(fields)
            case "DayClosed":
                self._day_closed(fields)
            case "Repaid":
                self._repaid(fields)
            case "LoanSettled":
                self._settled()
            case _ if type not in KNOWN_WITHOUT_MONEY:
                self._fault(1, "unknown event", f"{type}: the checker must be taught what it does to the sums")

    def _fault(self, invariant: int, check: str, detail: str) -> None:
        self.faults.append((invariant, check, detail))

    def _disbursed(self, fields: dict[str, Any]) -> None:
        if self.disbursed_fen != self.reversed_fen:
            self._fault(1, "paid out twice", f"{self.disbursed_fen} fen, then {fields['amount_fen']} fen")
        self.disbursed_fen += fields["amount_fen"]
        if self.agreed is None or fields["amount_fen"] != self.agreed.amount_fen:
            self._fault(1, "paid out another sum than agreed", f"{fields['amount_fen']} fen")
            return
        start = date.fromisoformat(fields["core_date"])
        rows = [Row(date.fromisoformat(row[0]), row[1], row[2]) for row in fields["rows"]]
        for fault in faults(self.agreed, start, fields["instalment_fen"], rows):
            self._fault(6, "schedule", fault)

    def _reversed(self, fields: dict[str, Any]) -> None:
        if fields["amount_fen"] != self.outstanding_fen or any(self.repaid_fen):
            self._fault(1, "reversed another sum than outstanding", f"{fields['amount_fen']} of {self.outstanding_fen}")
        self.reversed_fen += fields["amount_fen"]

    def _day_closed(self, fields: dict[str, Any]) -> None:
        first, last = (date.fromisoformat(fields[name]) for name in ("from_date", "to_date"))
        if first > last or (self.closed_to is not None and first != self.closed_to + timedelta(days=1)):
            self._fault(6, "closes in order", f"{first}..{last} after {self.closed_to}")
        self.closed_to = last
        accrued = fields.get("accrued_fen", 0)
        self.accrued_fen += accrued
        self.accrued_not_due_fen += accrued
        for no, principal, interest, _ in fields.get("due", ()):
            if no in self.dues:
                self._fault(6, "fell due twice", f"row {no}")
            self.dues[no] = [0, interest, principal]
            self.accrued_not_due_fen -= interest
        for no, penalty in fields.get("penalties", ()):
            self.penalty_fen += penalty
            self.dues.setdefault(no, [0, 0, 0])[PENALTY] += penalty
        if self.accrued_not_due_fen < 0:
            self._fault(6, "billed more interest than accrued", f"{-self.accrued_not_due_fen} fen by {last}")

    def _repaid(self, fields: dict[str, Any]) -> None:
        sums = [fields["penalty_fen"], fields["interest_fen"], fields["principal_fen"]]
        suspense = fields.get("suspense_fen", 0)
        early_interest = fields.get("interest_fen_accrued", 0)
        early_principal = fields.get("principal_fen_prepaid", 0)
        parts = fields.get("parts", ())
        if sum(sums) + suspense != fields["amount_fen"] or min(*sums, suspense) < 0:
            self._fault(1, "repayment does not add up", f"{sums} + {suspense} of {fields['amount_fen']} fen")
        in_parts = [sum(part[1 + n] for part in parts) for n in (PENALTY, INTEREST, PRINCIPAL)]
        if [in_parts[0], in_parts[1] + early_interest, in_parts[2] + early_principal] != sums:
            self._fault(6, "parts do not add up", f"{in_parts} + {early_interest} + {early_principal}, in all {sums}")
        for no, *paid in parts:
            self._allocate(no, paid)
        if (early_interest or early_principal or suspense) and any(any(due) for due in self.dues.values()):
            self._fault(6, "allocation", "arrears were left while money went beyond them")
        self.accrued_not_due_fen -= early_interest
        for n, paid_fen in enumerate(sums):
            self.repaid_fen[n] += paid_fen
        self.suspense_fen += suspense
        self._check_owed(suspense)
        self._check_plan(fields.get("replanned"), early_principal)

    def _allocate(self, no: int, paid: list[int]) -> None:
        """Oldest row first; within a row penalty, then interest, then principal."""
        due = self.dues.get(no, [0, 0, 0])
        older = [n for n, rest in self.dues.items() if n < no and any(rest)]
        if older:
            self._fault(6, "allocation", f"row {no} was paid before row {min(older)} was clear")
        for n in (PENALTY, INTEREST, PRINCIPAL):
            due[n] -= paid[n]
            if due[n] < 0 or paid[n] < 0:
                self._fault(6, "allocation", f"row {no} was paid {-due[n]} fen more than due")
            if due[n] > 0 and any(paid[n + 1 :]):
                self._fault(6, "allocation", f"row {no}: {due[n]} fen were left while later components were paid")

    def _check_owed(self, suspense: int) -> None:
        if self.outstanding_fen < 0 or self.accrued_not_due_fen < 0:
            detail = f"principal {self.outstanding_fen}, accrued interest {self.accrued_not_due_fen} fen"
            self._fault(1, "below zero", detail)
        if suspense and (self.outstanding_fen or self.interest_owed_fen or self.penalty_owed_fen):
            self._fault(6, "allocation", f"{suspense} fen went to suspense while something was owed")

    def _check_plan(self, replanned: list[list[int]] | None, prepaid: int) -> None:
        if prepaid and replanned is None:
            self._fault(6, "schedule", f"{prepaid} fen prepaid and no new plan")
        if replanned is not None:
            not_due = self.outstanding_fen - sum(due[PRINCIPAL] for due in self.dues.values())
            planned = sum(row[0] for row in replanned)
            if planned != not_due:
                self._fault(6, "schedule", f"the new plan has {planned} fen of principal, {not_due} are left")

    def _settled(self) -> None:
        self.settled = True
        owed = (self.outstanding_fen, self.interest_owed_fen, self.penalty_owed_fen)
        if any(owed):
            self._fault(1, "settled while owing", f"principal, interest, penalty: {owed} fen")
