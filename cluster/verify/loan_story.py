"""One loan's figures, as the checker's own fold of the events keeps them; nothing here is computed by the engine.

The files loan_days (loan_charges, loan_accrual), loan_repaid, loan_plans, loan_rare and loan_corrections tell the
events; loan_book.py lists them.
What is found wrong goes to `faults` as (invariant, check, detail). Sums are fen, days are ordinals.
"""

from collections import Counter
from typing import Any

from cluster.verify.loan_rows import Bearing, Misused, Row
from cluster.verify.loan_terms import Deal, EveryVersion

PENALTY, COMPOUND, INTEREST, PRINCIPAL = 0, 1, 2, 3
"""Positions in every list of a loan's components."""
MISUSE = 0
"""Number of the row that holds the penalty for misuse."""


class LoanStory:
    """``rows[no - 1]``: the plan; ``dues[no]``: what is unpaid of each component of a row that fell due (rows paid in
    full are gone; row 0 is the penalty for misuse). ``bearing[no]``: of rows whose grace is over.

    ``accrued_fen``: accrued, not due, not paid, of the running row; ``run``: what it bore exactly before ``since``.
    ``flows``: sums by role that no state of the loan tells: deposits, income, fees, impairment, surplus received.
    ``stop_by``, ``resume_by``: the morning on which accrual must turn with the next event; 0: it need not.
    ``stopped_on``: it stopped out of turn, as only before a write-off. ``split_by_core``: the auto-debit whose split is
    the core's. ``serials``: of repayments, with their sums.
    """

    __slots__ = (
        "accrued_fen",
        "allowance_fen",
        "balance_fen",
        "bearing",
        "capitalised_fen",
        "charged_fen",
        "claim",
        "clear_fallen",
        "clear_since",
        "closed_to",
        "deal",
        "disbursed_fen",
        "disbursed_on",
        "dues",
        "ecl_fen",
        "fallen",
        "faults",
        "fee_fen",
        "floor",
        "floor_until",
        "flows",
        "lapsed",
        "matures",
        "misused",
        "non_accrual",
        "on_its_way_fen",
        "paid_early_fen",
        "recovered_fen",
        "repaid_fen",
        "resume_by",
        "reversed_fen",
        "risk_class",
        "rows",
        "rules",
        "run",
        "serials",
        "settled",
        "since",
        "split_by_core",
        "stop_by",
        "stopped_on",
        "suspense_fen",
        "terms",
        "vat_fen_deferred",
        "vat_fen_output",
        "vat_fen_receivable",
        "waived_claim_fen",
        "waived_fen",
        "written_off_fen",
    )

    def __init__(self, rules: EveryVersion) -> None:
        self.rules = rules
        self.faults: list[tuple[int, str, str]] = []
        self.deal: Deal | None = None
        self.rows: list[Row] = []
        self.dues: dict[int, list[int]] = {}
        self.bearing: dict[int, Bearing] = {}
        self.misused: Misused | None = None
        self.fallen = self.lapsed = self.closed_to = self.disbursed_on = self.matures = 0
        # money
        self.on_its_way_fen = self.disbursed_fen = self.reversed_fen = self.capitalised_fen = 0
        self.repaid_fen = [0, 0, 0, 0]
        self.waived_fen = [0, 0, 0, 0]
        self.written_off_fen = [0, 0, 0, 0]
        self.recovered_fen = [0, 0, 0, 0]
        self.waived_claim_fen = [0, 0, 0, 0]
        self.claim: list[int] | None = None
        self.fee_fen = self.suspense_fen = 0
        # the running period
        self.balance_fen = self.accrued_fen = self.paid_early_fen = self.run = self.since = 0
        # tax, class, allowance
        self.vat_fen_deferred = self.vat_fen_output = self.vat_fen_receivable = self.charged_fen = 0
        self.risk_class, self.floor, self.floor_until = 1, 1, 0
        self.clear_since = self.clear_fallen = self.allowance_fen = 0
        self.ecl_fen: int | None = None
        self.non_accrual = self.settled = False
        self.stop_by = self.resume_by = self.stopped_on = 0
        self.split_by_core = ""
        self.serials: dict[tuple[str, str], int] = {}
        self.flows: Counter[str] = Counter()
        self.terms: list[Any] = []

    def fault(self, invariant: int, check: str, detail: str) -> None:
        self.faults.append((invariant, check, detail))

    @property
    def outstanding_fen(self) -> int:
        """Invariant 1 by its definition."""
        gone = self.reversed_fen + self.repaid_fen[3] + self.waived_fen[3] + self.written_off_fen[3]
        return self.disbursed_fen + self.capitalised_fen - gone

    @property
    def overdue(self) -> bool:
        return any(0 < no <= self.lapsed for no in self.dues)

    def owed_fen(self, component: int) -> int:
        """Of what fell due, all rows."""
        return sum(due[component] for due in self.dues.values())

    def oldest_due(self) -> int:
        """Due date of the oldest unpaid row whose grace is over; 0 for none."""
        if not self.dues:
            return 0
        overdue = [no for no in self.dues if 0 < no <= self.lapsed]
        return self.rows[min(overdue) - 1].due if overdue else 0

    def pay(self, no: int, component: int, fen: int) -> None:
        """Take ``fen`` off what is due; more than that is a fault of the caller's to tell."""
        self.dues.setdefault(no, [0, 0, 0, 0])[component] -= fen

    def forget_paid(self) -> None:
        """Rows paid in full bear nothing any more."""
        for no in [no for no, due in self.dues.items() if not any(due)]:
            del self.dues[no]
            self.bearing.pop(no, None)

    def vat_is(self, fen: int, gross_fen: int) -> bool:
        """Whether ``fen`` is the VAT within ``gross_fen`` by some version of the bank's terms."""
        rules = self.rules
        return rules[0].vat_within(gross_fen) == fen or any(v.vat_within(gross_fen) == fen for v in rules)

    def vat_grew(self, fen: int, before_fen: int, after_fen: int) -> bool:
        """Whether ``fen`` is by how much the VAT within grows, by some version of the bank's terms."""
        return any(v.vat_within(after_fen) - v.vat_within(before_fen) == fen for v in self.rules)
