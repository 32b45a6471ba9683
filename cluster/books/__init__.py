"""The books: closing a day, sheets and ledgers, daily vouchers to the core, agreement with the core's ledger.

postings -> close.py (ledger_day, voucher drafts) -> send.py (to the core) -> compare.py (differences, finally closed).
"""
