"""What rows and balances bear by days, exactly: sums of fen x rate x days, a fen being year x 10^10 of them.

Integers only. Booked fen may differ from the exact sum by the rounding of one figure: half a fen, and a hair for the
engine's micro-yuan.
"""

from cluster.verify.loan_terms import SCALE, Deal

HAIR = 100
"""Half a fen and 1 / HAIR of one."""


class Row:
    """A row of the plan; ``paid_fen`` of its interest was paid before it fell due."""

    __slots__ = ("due", "interest_fen", "principal_fen")

    def __init__(self, due: int, principal_fen: int, interest_fen: int) -> None:
        self.due, self.principal_fen, self.interest_fen = due, principal_fen, interest_fen


def fits(booked_fen: int, exact: int, year: int) -> bool:
    fen = year * SCALE
    return abs(booked_fen * fen - exact) * HAIR <= fen * (HAIR // 2 + 1)


class Bearing:
    """Penalty and compound of an overdue row: ``penalty`` and ``compound`` exact before ``since``, and what is booked.

    ``base_fen``: penalty and compound that bear compound themselves.
    """

    __slots__ = ("base_fen", "compound", "compound_fen", "compound_since", "penalty", "penalty_fen", "since")

    def __init__(self, due: int) -> None:
        self.penalty = self.compound = self.penalty_fen = self.compound_fen = self.base_fen = 0
        self.since = self.compound_since = due

    def penalty_to(self, day: int, principal_fen: int, deal: Deal) -> int:
        return self.penalty + principal_fen * deal.penalty * (day - self.since)

    def compound_to(self, day: int, interest_fen: int, deal: Deal, maturity: int) -> int:
        """At the contract rate until maturity and the penalty rate after it, or the penalty rate throughout."""
        base, since = interest_fen + self.base_fen, self.compound_since
        if deal.compound_rate == "penalty":
            return self.compound + base * deal.penalty * (day - since)
        before = max(0, min(day, maturity) - since)
        return self.compound + base * (deal.annual * before + deal.penalty * (day - since - before))

    def cut(self, day: int, due: list[int], deal: Deal, maturity: int) -> None:
        """What was borne up to ``day`` is a closed stretch; ``due`` as it was until then."""
        self.penalty = self.penalty_to(day, due[3], deal)
        self.compound = self.compound_to(day, due[2], deal, maturity)
        self.since = self.compound_since = day


class Misused:
    """A misused balance: what it bears beyond what contract and penalty rate charge anyway; the heavier rate only."""

    __slots__ = ("amount_fen", "exact", "fen", "since")

    def __init__(self, amount_fen: int, exact: int, fen: int, since: int) -> None:
        self.amount_fen, self.exact, self.fen, self.since = amount_fen, exact, fen, since

    def to(self, day: int, outstanding_fen: int, balance_fen: int, deal: Deal) -> int:
        held = min(self.amount_fen, outstanding_fen)
        not_due = min(held, balance_fen)
        over = not_due * (deal.misuse - deal.annual) + (held - not_due) * max(0, deal.misuse - deal.penalty)
        return self.exact + over * (day - self.since)

    def cut(self, day: int, outstanding_fen: int, balance_fen: int, deal: Deal) -> None:
        self.exact = self.to(day, outstanding_fen, balance_fen, deal)
        self.since = day
