"""What the core booked by itself when it did what we asked: its own lines, in its own accounts, as far as we know.

| event | instructed, core_calculated | gl_summary (thin) |
| --- | --- | --- |
| Disbursed | principal / deposits | clearing / deposits |
| DisbursementReversed | the same in red | the same in red |
| Repaid by debit | deposits / principal, interest, penalty, compound, fee; surplus to suspense | deposits / clearing |
| SuspenseRefunded | suspense / deposits | clearing / deposits |
| anything else it collected (counter, court) | deposits / clearing | deposits / clearing |

A day's voucher carries our postings less these lines: the core's ledger is then ours. An entry whose event carries no
core serial is in no core's books yet: the voucher carries all of it. Every set of lines balances.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from cluster.books.chart import Chart

CoreLines = list[tuple[str, int]]
"""(core account, debit less credit in fen)."""

_PARTS = (
    ("principal_fen", "loans_performing"),
    ("interest_fen", "interest_due"),
    ("penalty_fen", "penalty_due"),
    ("compound_fen", "compound_due"),
    ("fee_fen", "fee_income"),
)
_SPLIT = ("penalty_fen", "compound_fen", "interest_fen", "principal_fen")


def core_booked(
    chart: Chart, type: str, event: dict[str, Any], split: Sequence[int] | None = None
) -> tuple[date, CoreLines] | None:
    """(core date, lines) of an event that moved deposits, given by its fields; None when the core has not booked it.

    ``split``: the core's own of a debit (penalty, compound, interest, principal) where it is not the event's.
    """
    if not event.get("core_serial") or not event.get("core_date"):
        return None
    booked_on = date.fromisoformat(event["core_date"])
    deposits, clearing = chart.core_of_role("deposits"), chart.core_of_role("clearing")
    amount = event.get("amount_fen", 0)
    out = type.startswith("Disburse") or type == "SuspenseRefunded"
    into_deposits = -amount if out else amount  # debit less credit: what the customer's account gives
    if type.endswith("Reversed"):
        into_deposits = -into_deposits
    lines: CoreLines = [(deposits, into_deposits)]
    sign = 1 if into_deposits >= 0 else -1
    if chart.mode == "gl_summary":
        lines.append((clearing, -into_deposits))
    elif type.startswith("Disburse"):
        lines.append((chart.core_of_role("loans_performing"), -into_deposits))
    elif type == "SuspenseRefunded":
        lines.append((chart.core_of_role("suspense"), -into_deposits))
    elif event.get("source") == "debit":
        told = event if split is None else dict(zip(_SPLIT, split, strict=True))
        parts = [(chart.core_of_role(role), -sign * told.get(name, 0)) for name, role in _PARTS]
        lines += parts
        lines.append((chart.core_of_role("suspense"), -into_deposits - sum(fen for _, fen in parts)))
    else:
        lines.append((clearing, -into_deposits))
    return booked_on, [(account, fen) for account, fen in lines if fen]
