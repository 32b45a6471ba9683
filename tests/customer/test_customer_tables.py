"""Promise: every cell of the line's and the draw's transition table does what it says, every missing one refuses."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from customer_support import LOAN, NOW_MS, OTHER_LOAN, PROCESS, TODAY, Customer

from actors.codes import Code
from actors.customer.lifecycle import DRAW_TRANSITIONS, LINE_TRANSITIONS, MISSING_LINE_CELL
from actors.customer.line import status_on
from actors.customer.messages import (
    CheckDraw,
    ConfirmReservation,
    FreezeLine,
    GrantLine,
    ReleaseReservation,
    ReopenDraw,
    ReserveLine,
    RestoreLine,
    UnfreezeLine,
)
from actors.turn import Command, Refused

SUM = 1_000_000


def reserve(loan: str = LOAN) -> ReserveLine:
    return ReserveLine(product="miaodai", loan_id=loan, process_id=PROCESS, amount_fen=SUM, check_at_ms=NOW_MS + 60_000)


LINE_COMMANDS: list[Command] = [
    GrantLine(
        product="miaodai",
        limit_fen=3_000_000,
        annual_rate="0.05",
        expires_on=date(2028, 1, 1),
        process_id=PROCESS,
    ),
    FreezeLine(product="miaodai", reason="court"),
    UnfreezeLine(product="miaodai"),
    CheckDraw(product="miaodai", loan_id=OTHER_LOAN, amount_fen=SUM),
    reserve(OTHER_LOAN),
]
DRAW_COMMANDS: list[Command] = [
    reserve(),
    ConfirmReservation(loan_id=LOAN, process_id=PROCESS),
    ReleaseReservation(loan_id=LOAN, process_id=PROCESS),
    RestoreLine(loan_id=LOAN, amount_fen=SUM // 2),
    RestoreLine(loan_id=LOAN, amount_fen=SUM, settled=True),
    RestoreLine(loan_id=LOAN, amount_fen=0, written_off=True),
    ReopenDraw(loan_id=LOAN, product="miaodai", process_id=PROCESS, amount_fen=SUM // 2),
]


def line_in(status: str) -> Customer:
    customer = Customer.registered()
    if status != "none":
        customer.grant(expires_on=TODAY + timedelta(days=10))
    if status == "frozen":
        customer.do(FreezeLine(product="miaodai", reason="court"))
    if status == "ended":
        for step in (reserve(), RestoreLine(loan_id=LOAN, amount_fen=0, written_off=True)):
            customer.do(step)
    if status == "expired":
        customer.on = TODAY + timedelta(days=11)
    return customer


def draw_in(status: str) -> Customer:
    customer = Customer.registered()
    customer.grant()
    steps: dict[str, list[Command]] = {
        "none": [],
        "reserved": [reserve()],
        "used": [reserve(), ConfirmReservation(loan_id=LOAN, process_id=PROCESS)],
        "closed": [reserve(), RestoreLine(loan_id=LOAN, amount_fen=SUM, settled=True)],
    }
    for step in steps[status]:
        customer.do(step)
    return customer


def line_status(customer: Customer) -> str:
    assert customer.state is not None
    return status_on(customer.state.lines.get("miaodai"), customer.on)


def draw_status(customer: Customer) -> str:
    assert customer.state is not None
    draw = customer.state.draws.get(LOAN)
    return draw.status if draw else "none"


@pytest.mark.parametrize("command", LINE_COMMANDS, ids=lambda c: type(c).__name__)
@pytest.mark.parametrize("status", MISSING_LINE_CELL)
def test_each_cell_of_the_line(status: str, command: Command) -> None:
    cell = LINE_TRANSITIONS.get((status, type(command)))
    _walk(line_in(status), status, command, cell, MISSING_LINE_CELL[status], line_status)


DRAW_NAMES = ["reserve", "confirm", "release", "restore", "settle", "write_off", "reopen"]


@pytest.mark.parametrize("command", DRAW_COMMANDS, ids=DRAW_NAMES)
@pytest.mark.parametrize("status", ["none", "reserved", "used", "closed"])
def test_each_cell_of_a_draw(status: str, command: Command) -> None:
    cell = DRAW_TRANSITIONS.get((status, type(command)))
    missing = Code.RESERVATION_MISSING if status == "none" else Code.LINE_STATUS
    _walk(draw_in(status), status, command, cell, missing, draw_status)


def _walk(
    customer: Customer,
    status: str,
    command: Command,
    cell: tuple[str, ...] | None,
    missing: Code,
    read: Callable[[Customer], str],
) -> None:
    assert read(customer) == status
    before = customer.state
    decision = customer.ask(command)
    if cell is None:
        assert isinstance(decision, Refused)
        assert decision.code is missing
        assert customer.state == before
    else:
        assert not isinstance(decision, Refused), decision
        assert read(customer) in cell
    customer.check()


def test_the_tables_name_only_statuses_that_exist() -> None:
    lines, draws = set(MISSING_LINE_CELL), {"none", "reserved", "used", "closed"}
    for table, statuses in ((LINE_TRANSITIONS, lines), (DRAW_TRANSITIONS, draws)):
        for (status, _), cells in table.items():
            assert {status, *cells} <= statuses
