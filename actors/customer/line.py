"""The credit line's arithmetic: status by date, what is reserved, used, available, and what the line still promises.

Invariant 5 of the lending rules rests on `available_fen`: no accepted draw takes reservations and use over the limit.
"""

from datetime import date

from actors.customer.state import CustomerState, Line

OVER = ("expired", "ended")


def status_on(line: Line | None, on: date) -> str:
    """none, active, frozen, expired or ended. A line is good to the end of its last day; expiry outweighs a freeze."""
    if line is None:
        return "none"
    if line.status == "ended":
        return "ended"
    return "expired" if on > line.expires_on else line.status


def line_ends(state: CustomerState) -> date | None:
    """The earliest last day of a line that is not over yet; the day's end looks for those that have passed."""
    return min((line.expires_on for line in state.lines.values() if line.status not in OVER), default=None)


def reserved_fen(state: CustomerState, product: str) -> int:
    return sum(d.amount_fen for d in state.draws.values() if d.product == product and d.status == "reserved")


def outstanding_fen(state: CustomerState, product: str) -> int:
    """Principal of the product's loans that are paid out and not repaid."""
    return sum(d.amount_fen for d in state.draws.values() if d.product == product and d.status == "used")


def room_fen(state: CustomerState, product: str) -> int:
    """What the limit leaves, whatever the line's status; 0 when a cut line is over-used (超额)."""
    line = state.lines[product]
    return max(0, line.limit_fen - line.used_fen - reserved_fen(state, product))


def available_fen(state: CustomerState, product: str, on: date) -> int:
    """What may be drawn now; 0 unless the line is active."""
    return room_fen(state, product) if status_on(state.lines.get(product), on) == "active" else 0


def exposure_fen(state: CustomerState) -> int:
    """Reserved and outstanding over all lines: what the bank's cap for one borrower counts."""
    return sum(d.amount_fen for d in state.draws.values())


def limits_fen(state: CustomerState, on: date, without: str = "") -> int:
    """Sum of the limits of lines that have not expired, but for the product ``without``."""
    return sum(
        line.limit_fen
        for p, line in state.lines.items()
        if p != without and status_on(line, on) in ("active", "frozen")
    )


def undrawn_fen(line: Line | None) -> int:
    """What the bank still promises (memo M1): limit less use; nothing once expired or ended, nothing when over-used."""
    if line is None or line.status in OVER:
        return 0
    return max(0, line.limit_fen - line.used_fen)
