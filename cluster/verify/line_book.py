"""One customer's credit lines told again from the events, as plain maps: limits, reservations, use, arrears.

Its own fold; every accepted draw is checked against the line of that very moment. What it finds goes to `faults` as
(check, detail); cluster/verify/customers.py reports them under invariant 5.
"""

from datetime import date
from typing import Any

from msgspec import Struct

KNOWN_WITHOUT_LINE = frozenset(
    {
        "CustomerRegistered",
        "ConsentGiven",
        "ConsentWithdrawn",
        "WhiteListed",
        "WhiteListEnded",
        "ReservationAsked",
        "ReservationKept",
        "RefusalNoted",
        "AccountChanged",
        "EffectRequested",
        "EffectSettled",
        "EffectDoubted",
        "IncidentOpened",
    }
)


class CreditLine(Struct):
    limit_fen: int
    used_fen: int
    expires_on: date
    status: str = "active"


class Drawing(Struct):
    """``status``: reserved, used, or closed (ended before its confirmation came)."""

    product: str
    amount_fen: int
    status: str = "reserved"
    unconfirmed: bool = False


class LineBook:
    """Fold events with `take`, each with the business date it was decided on."""

    def __init__(self) -> None:
        self.faults: list[tuple[str, str]] = []
        self.lines: dict[str, CreditLine] = {}
        self.drawings: dict[str, Drawing] = {}
        self.overdue: set[str] = set()
        self.blocked: dict[str, str] = {}
        self.draws = 0

    @property
    def undrawn_fen(self) -> int:
        """What the bank still promises: limit less use of lines that have neither expired nor ended."""
        return sum(
            max(0, x.limit_fen - x.used_fen) for x in self.lines.values() if x.status not in ("expired", "ended")
        )

    def take(self, type: str, fields: dict[str, Any], day: date) -> None:
        match type:
            case "LineGranted":
                self._granted(fields)
            case "LineFrozen" | "LineUnfrozen" | "LineExpired":
                status = {"LineFrozen": "frozen", "LineUnfrozen": "active", "LineExpired": "expired"}[type]
                self.lines[fields["product"]].status = status
            case "LineReserved":
                self._reserved(fields, day)
            case "ReservationConfirmed":
                self._confirmed(fields)
            case "ReservationReleased":
                self._released(fields["loan_id"])
            case "LineRestored":
                self._restored(fields)
            case "DrawReopened":
                self._reopened(fields)
            case "LineEnded":
                self._ended(fields)
            case "DrawsBlocked":
                self.blocked[fields["loan_id"]] = fields["reason"]
            case "DrawsUnblocked":
                self.blocked.pop(fields["loan_id"], None)
            case "OverdueNoted":
                self.overdue.add(fields["loan_id"])
            case "OverdueCleared":
                self.overdue.discard(fields["loan_id"])
            case _ if type not in KNOWN_WITHOUT_LINE:
                self._fault("unknown event", f"{type}: the checker must be taught what it does to the line")

    def _fault(self, check: str, detail: str) -> None:
        self.faults.append((check, detail))

    def _of(self, product: str, status: str) -> int:
        return sum(x.amount_fen for x in self.drawings.values() if x.product == product and x.status == status)

    def _ended(self, fields: dict[str, Any]) -> None:
        """By a write-off, whose draw is over by then and gave nothing back."""
        drawing = self.drawings.get(fields["loan_id"])
        if drawing is not None and drawing.status != "closed":
            self._fault("line ended before its draw", fields["loan_id"])
        self.lines[fields["product"]].status = "ended"

    def _granted(self, fields: dict[str, Any]) -> None:
        product, used = fields["product"], fields["used_fen"]
        if self.blocked:
            self._fault("line granted while blocked", f"{product} while {min(self.blocked.items())}")
        if used != self._of(product, "used"):
            self._fault("use carried over", f"{product}: {used} fen, outstanding draws {self._of(product, 'used')} fen")
        expires = date.fromisoformat(fields["expires_on"])
        self.lines[product] = CreditLine(limit_fen=fields["limit_fen"], used_fen=used, expires_on=expires)

    def _reserved(self, fields: dict[str, Any], day: date) -> None:
        product, amount, loan = fields["product"], fields["amount_fen"], fields["loan_id"]
        self.draws += 1
        line = self.lines.get(product)
        if line is None or line.status != "active" or day > line.expires_on:
            status = "no line" if line is None else f"{line.status} line to {line.expires_on}"
            self._fault("draw without an active line", f"{loan} on {day}: {status}")
        if line is not None:
            taken = line.used_fen + self._of(product, "reserved") + amount
            if taken > line.limit_fen or amount <= 0:
                self._fault(
                    "draw over the line", f"{loan}: {taken} fen with this draw of {amount}, limit {line.limit_fen}"
                )
        if self.overdue:
            self._fault("draw while overdue", f"{loan} while {min(self.overdue)} was overdue")
        if self.blocked:
            self._fault("draw while blocked", f"{loan} while {min(self.blocked.items())}")
        if loan in self.drawings:
            self._fault("reserved twice", loan)
        self.drawings[loan] = Drawing(product=product, amount_fen=amount)

    def _confirmed(self, fields: dict[str, Any]) -> None:
        """A repayment may imply it before the process confirms; then the process's own changes nothing more."""
        loan = fields["loan_id"]
        drawing = self.drawings.get(loan)
        if drawing is None or (drawing.status == "used" and not drawing.unconfirmed):
            self._fault("confirmed without a reservation", loan)
        elif drawing.status == "closed":
            del self.drawings[loan]
        elif drawing.status == "used":
            drawing.unconfirmed = False
        else:
            drawing.status = "used"
            drawing.unconfirmed = fields.get("implied", False)
            self.lines[drawing.product].used_fen += drawing.amount_fen

    def _released(self, loan: str) -> None:
        drawing = self.drawings.pop(loan, None)
        if drawing is None or drawing.status != "reserved":
            self._fault("released without a reservation", loan)

    def _reopened(self, fields: dict[str, Any]) -> None:
        """The loan's end was taken back: its draw is used again, and the line's use covers what is outstanding."""
        loan, product = fields["loan_id"], fields["product"]
        known = self.drawings.get(loan)
        if (known is not None and known.status != "closed") or fields["outstanding_fen"] <= 0:
            self._fault("reopened what was not over", loan)
        self.drawings[loan] = Drawing(
            product=product, amount_fen=fields["outstanding_fen"], status="used", unconfirmed=known is not None
        )
        line = self.lines[product]
        line.used_fen += fields["taken_fen"]
        if fields["taken_fen"] < 0 or (fields["taken_fen"] and line.used_fen != self._of(product, "used")):
            self._fault("use of a reopened draw", f"{product}: {line.used_fen} fen with {loan}")

    def _restored(self, fields: dict[str, Any]) -> None:
        """What comes back is never more than what was repaid of the draw; a draw that ended goes, or waits for its
        late confirmation."""
        loan, restored, left = fields["loan_id"], fields["restored_fen"], fields["outstanding_fen"]
        drawing = self.drawings.get(loan)
        if drawing is None:
            self._fault("restored without a draw", loan)
            return
        line = self.lines[drawing.product]
        grown = left - drawing.amount_fen if restored < 0 else 0
        if restored < 0 and (restored != -grown or fields["ended"]):
            self._fault("draw grew by another sum", f"{loan}: {restored} fen of {drawing.amount_fen}, {left} are left")
        elif (restored >= 0 and restored > drawing.amount_fen - left) or left < 0:
            self._fault("restored too much", f"{loan}: {restored} fen of {drawing.amount_fen}, {left} are left")
        if drawing.status != "used":
            self._fault("restored before it was used", f"{loan} is {drawing.status}")
        if fields["ended"] and drawing.unconfirmed:
            drawing.status, drawing.amount_fen = "closed", 0
        elif fields["ended"]:
            del self.drawings[loan]
        else:
            drawing.amount_fen = left
        line.used_fen -= restored
        if line.used_fen < 0:
            self._fault("use below zero", f"{drawing.product}: {line.used_fen} fen")
