"""The core's services on the ESB: which fields each takes and gives. Amounts in yuan with two decimals.

| service | scene | operation | request body | reply body |
| --- | --- | --- | --- | --- |
| 02003000101 | 01 | disburse 放款 | LOAN_NO CUSTOMER_NO PRODUCT AMOUNT RATE PERIODS METHOD ACCOUNT_NO | CORE_DATE CORE_SERIAL |
| 02003000102 | 01 | debit 扣款 | LOAN_NO CUSTOMER_NO AMOUNT DEBIT_MODE(F/P) PRINCIPAL INTEREST PENALTY [COMPOUND FEE] ACCOUNT_NO BUSINESS_DATE ALLOCATION[ITEM AMOUNT] | DEBITED CORE_DATE CORE_SERIAL, and where the core calculates: SPLIT_BY(CORE) PRINCIPAL INTEREST PENALTY COMPOUND FEE SURPLUS |
| 02003000103 | 01 | query 交易查询 | ORIG_CONSUMER_ID ORIG_SEQ_NO ORIG_TRAN_DATE | STATUS(S/F/P/N) + those of the original |
| 02003000104 | 01 | reverse 冲正 | LOAN_NO REVERSAL_SEQ_NO AMOUNT REASON | CORE_DATE CORE_SERIAL |
| 02003000105 | 01 | voucher 日终传票 | VOUCHER_NO BOOK_DATE PRODUCT AMOUNT LINES[ACCOUNT DEBIT CREDIT] | CORE_DATE CORE_SERIAL |
| 02003000107 | 01 | refund 退溢缴款 | LOAN_NO CUSTOMER_NO AMOUNT ACCOUNT_NO BUSINESS_DATE | CORE_DATE CORE_SERIAL |
| 02003000106 | 01 | ledger 总账查询 | LEDGER_DATE | CORE_DATE ROWS[ACCOUNT OPENING DEBIT CREDIT CLOSING]: of the asking system |

The legal entity is SYS_HEAD/LEGAL_ENTITY. A date is yyyyMMdd.
"""  # noqa: E501 (a table)

import json
from collections.abc import Callable
from datetime import date
from hashlib import blake2b

from sandbox.cd_xml import Fields, Message
from sandbox.core import codes
from sandbox.core.book import CoreBook
from sandbox.core.ledger import Line
from sandbox.core.records import Instruction, Order
from sandbox.esb_server import Reply
from sandbox.money import fen, yuan

_OPERATIONS = {
    ("02003000101", "01"): "disburse",
    ("02003000102", "01"): "debit",
    ("02003000103", "01"): "query",
    ("02003000104", "01"): "reverse",
    ("02003000105", "01"): "voucher",
    ("02003000106", "01"): "ledger",
    ("02003000107", "01"): "refund",
}


Arrived = tuple[Instruction, bool] | tuple[str, str] | tuple[str, str, str] | Reply
"""An instruction and whether it is new; consumer and sequence of a query; bank, date and consumer of a ledger query;
or the refusal of a bad message."""


class BadField(ValueError):
    """A field is missing or ill-typed; its name."""


class CoreService:
    """Messages to orders, instructions to replies; idempotent by consumer and sequence."""

    system = "core"

    def __init__(self, book: CoreBook) -> None:
        self.book = book

    def operation(self, service_code: str, scene: str) -> str:
        return _OPERATIONS.get((service_code, scene), "")

    def arrive(self, operation: str, message: Message) -> Arrived:
        """The instruction is in the core's hands: from now on a query finds it, as processing."""
        try:
            if operation == "query":
                return _text(message.body, "ORIG_CONSUMER_ID"), _text(message.body, "ORIG_SEQ_NO")
            if operation == "ledger":
                date, consumer = _date(message.body, "LEDGER_DATE"), _text(message.head, "CONSUMER_ID")
                return _text(message.head, "LEGAL_ENTITY"), date, consumer
            order = _READ[operation](message)
        except ValueError as error:
            return Reply(code=codes.BAD_FIELD, message=f"字段缺失或格式错误: {error}")
        instruction, new = self.book.receive(order)
        if instruction.order.digest != order.digest:
            return Reply(code=codes.OTHER_CONTENT)
        return instruction, new

    def answer(self, operation: str, arrived: Arrived, refuse: str) -> Reply:
        if isinstance(arrived, Reply):
            return arrived
        if len(arrived) == 3:
            return Reply(code=refuse) if refuse else self._ledger(*arrived)
        first, second = arrived
        if isinstance(first, str):
            return Reply(code=refuse) if refuse else self._query(first, str(second))
        return self._instruct(first, bool(second), refuse)

    def _instruct(self, instruction: Instruction, new: bool, refuse: str) -> Reply:
        if new and refuse in codes.TECHNICAL:
            self.book.forget(instruction)
            return Reply(code=refuse)
        if new:
            self.book.settle(instruction, refuse)
        if instruction.status == "P":
            return Reply(code=codes.PROCESSING)
        return Reply(code=instruction.code, body=_outcome(instruction), number=instruction.serial)

    def _query(self, consumer: str, sequence: str) -> Reply:
        instruction = self.book.find(consumer, sequence)
        if instruction is not None:
            original = {"STATUS": instruction.status, "LOAN_NO": instruction.order.loan_no}
            if instruction.status != "P":
                original |= {"ORIG_RET_CODE": instruction.code, "AMOUNT": yuan(instruction.order.amount_fen)}
                original |= _outcome(instruction)
            return Reply(body=original)
        if self.book.buried(consumer, sequence):
            return Reply(body={"STATUS": "F", "ORIG_RET_CODE": codes.REVERSED_BEFORE})
        return Reply(body={"STATUS": "N"})

    def _ledger(self, bank: str, date: str, consumer: str) -> Reply:
        rows = self.book.books.ledger.day_rows(bank, date, consumer)
        return Reply(
            body={
                "CORE_DATE": self.book.date(bank).replace("-", ""),
                "ROWS": [
                    {
                        "ACCOUNT": row.account,
                        "OPENING": yuan(row.opening_fen),
                        "DEBIT": yuan(row.debit_fen),
                        "CREDIT": yuan(row.credit_fen),
                        "CLOSING": yuan(row.closing_fen),
                    }
                    for row in rows
                ],
            }
        )


def _outcome(instruction: Instruction) -> Fields:
    if instruction.status != "S":
        return {}
    booked: Fields = {
        "DEBITED": yuan(instruction.moved_fen),
        "CORE_DATE": instruction.core_date.replace("-", ""),
        "CORE_SERIAL": instruction.serial,
    }
    if instruction.calculated:
        split = instruction.split
        booked |= {
            "SPLIT_BY": "CORE",
            "PRINCIPAL": yuan(split.principal_fen),
            "INTEREST": yuan(split.interest_fen),
            "PENALTY": yuan(split.penalty_fen),
            "COMPOUND": yuan(split.compound_fen),
            "FEE": yuan(split.fee_fen),
            "SURPLUS": yuan(split.surplus_fen),
        }
    return booked


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadField(name)
    return value.strip()


def _date(fields: Fields, name: str) -> str:
    """A date yyyyMMdd as yyyy-mm-dd."""
    text = _text(fields, name)
    if len(text) != 8 or not text.isdigit():
        raise BadField(name)
    return date.fromisoformat(text).isoformat()


def _items(fields: Fields, name: str) -> list[Fields]:
    """An array of structs; empty when it is not there."""
    value = fields.get(name) or []
    if not isinstance(value, list):
        raise BadField(name)
    return value


def _digest(operation: str, body: Fields) -> str:
    content = json.dumps([operation, body], sort_keys=True, ensure_ascii=False)
    return blake2b(content.encode(), digest_size=12).hexdigest()


def _disburse(message: Message) -> Order:
    head, body = message.head, message.body
    return Order(
        operation="disburse",
        consumer=_text(head, "CONSUMER_ID"),
        sequence=_text(head, "CONSUMER_SEQ_NO"),
        bank=_text(head, "LEGAL_ENTITY"),
        digest=_digest("disburse", body),
        loan_no=_text(body, "LOAN_NO"),
        account=_text(body, "ACCOUNT_NO"),
        amount_fen=fen(_text(body, "AMOUNT")),
        customer_no=_text(body, "CUSTOMER_NO"),
        product=_text(body, "PRODUCT"),
        annual_rate=_text(body, "RATE"),
        periods=int(_text(body, "PERIODS")),
        method=_text(body, "METHOD"),
    )


def _debit(message: Message) -> Order:
    head, body = message.head, message.body
    return Order(
        operation="debit",
        consumer=_text(head, "CONSUMER_ID"),
        sequence=_text(head, "CONSUMER_SEQ_NO"),
        bank=_text(head, "LEGAL_ENTITY"),
        digest=_digest("debit", body),
        loan_no=_text(body, "LOAN_NO"),
        account=_text(body, "ACCOUNT_NO"),
        amount_fen=fen(_text(body, "AMOUNT")),
        parts=(fen(_text(body, "PRINCIPAL")), fen(_text(body, "INTEREST")), fen(_text(body, "PENALTY"))),
        compound_fen=fen(str(body.get("COMPOUND") or "0")),
        fee_fen=fen(str(body.get("FEE") or "0")),
        partial=_text(body, "DEBIT_MODE") == "P",
        allocation=tuple((_text(item, "ITEM"), fen(_text(item, "AMOUNT"))) for item in _items(body, "ALLOCATION")),
    )


def _reverse(message: Message) -> Order:
    head, body = message.head, message.body
    return Order(
        operation="reverse",
        consumer=_text(head, "CONSUMER_ID"),
        sequence=_text(head, "CONSUMER_SEQ_NO"),
        bank=_text(head, "LEGAL_ENTITY"),
        digest=_digest("reverse", body),
        loan_no=_text(body, "LOAN_NO"),
        amount_fen=fen(_text(body, "AMOUNT")),
        original=_text(body, "REVERSAL_SEQ_NO"),
    )


def _refund(message: Message) -> Order:
    head, body = message.head, message.body
    return Order(
        operation="refund",
        consumer=_text(head, "CONSUMER_ID"),
        sequence=_text(head, "CONSUMER_SEQ_NO"),
        bank=_text(head, "LEGAL_ENTITY"),
        digest=_digest("refund", body),
        loan_no=_text(body, "LOAN_NO"),
        account=_text(body, "ACCOUNT_NO"),
        amount_fen=fen(_text(body, "AMOUNT")),
        customer_no=_text(body, "CUSTOMER_NO"),
    )


def _voucher(message: Message) -> Order:
    head, body = message.head, message.body
    lines = (
        Line(_text(item, "ACCOUNT"), fen(str(item.get("DEBIT") or "0")), fen(str(item.get("CREDIT") or "0")))
        for item in _items(body, "LINES")
    )
    return Order(
        operation="voucher",
        consumer=_text(head, "CONSUMER_ID"),
        sequence=_text(head, "CONSUMER_SEQ_NO"),
        bank=_text(head, "LEGAL_ENTITY"),
        digest=_digest("voucher", body),
        amount_fen=fen(_text(body, "AMOUNT")),
        product=_text(body, "PRODUCT"),
        lines=tuple(lines),
        book_date=_date(body, "BOOK_DATE"),
    )


_READ: dict[str, Callable[[Message], Order]] = {
    "disburse": _disburse,
    "debit": _debit,
    "reverse": _reverse,
    "voucher": _voucher,
    "refund": _refund,
}
