"""How a reversal, a correction or a tombstone changes the loan: the money that should be in place of the money that is.

What the customer's line was told of principal repaid is made up for by the difference (notices.py); quotes go stale.
"""

from typing import assert_never

from msgspec.structs import replace

from actors.loan.events_corrections import CorrectionEvent, RepaymentCorrected, RepaymentReversed, TombstoneLeft
from actors.loan.money import with_money
from actors.loan.state import LoanState, tombstone

TOMBSTONES_MAX = 100
"""Of one loan; then the oldest goes."""


def corrected(state: LoanState, event: CorrectionEvent) -> LoanState:
    match event:
        case RepaymentReversed() | RepaymentCorrected():
            restored = event.money.principal_fen_repaid - state.principal_fen_repaid
            return replace(
                with_money(state, event.money),
                restore_fen_waiting=state.restore_fen_waiting + restored,
                money_version=state.money_version + 1,
            )
        case TombstoneLeft():
            left = (*state.tombstones, tombstone(event.core_date, event.original_serial))
            return replace(state, tombstones=left[-TOMBSTONES_MAX:])
        case _:
            assert_never(event)
