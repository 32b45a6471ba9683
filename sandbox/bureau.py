"""Credit bureau 征信查询平台 on the ESB: a personal credit report from the identity number's hash, or as preset.

| service | scene | request body | reply body |
| --- | --- | --- | --- |
| 03003000201 | 01 | NAME ID_TYPE(10) ID_NO REASON(01/02) AUTH_VERSION | REPORT_NO REPORT_TIME SCORE OVERDUE_NOW MONTHS_OVERDUE_MAX INQUIRIES_3M UNSECURED_ELSEWHERE MONTHLY_DUE ACCOUNTS[] |

Sums in yuan. The same person gets the same report, the same request number the same report number.
"""  # noqa: E501 (a table)

import json
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

from msgspec import Struct

from sandbox.cd_xml import Fields, Message
from sandbox.core import codes
from sandbox.esb_server import Reply
from sandbox.money import yuan
from sandbox.once import Once, OtherContent

_CHINA = timezone(timedelta(hours=8))
_REASONS = frozenset({"01", "02"})  # 01 post-loan, 02 approval
_NO_PERSON = "BR1001"
_NO_CONSENT = "BR1002"


class Report(Struct, kw_only=True, forbid_unknown_fields=True):
    """What a report says; sums in fen. ``score`` 0..1000."""

    score: int = 720
    overdue_now_fen: int = 0
    months_overdue_max: int = 0
    inquiries_3m: int = 1
    unsecured_fen_elsewhere: int = 0
    monthly_due_fen: int = 0


class Bureau:
    """Reports by identity number. `presets`: identity number (or "*" for everybody else) -> `Report`."""

    system = "bureau"

    def __init__(self) -> None:
        self.once = Once()
        self.presets: dict[str, Report] = {}

    def operation(self, service_code: str, scene: str) -> str:
        return "report" if (service_code, scene) == ("03003000201", "01") else ""

    def arrive(self, operation: str, message: Message) -> Message:
        return message

    def answer(self, operation: str, arrived: Message, refuse: str) -> Reply:
        head, body = arrived.head, arrived.body
        if refuse:
            return Reply(code=refuse, message="征信查询被拒绝")
        identity, sequence = body.get("ID_NO", ""), head.get("CONSUMER_SEQ_NO", "")
        if not sequence or len(identity) != 18 or not body.get("NAME"):
            return Reply(code=_NO_PERSON, message="查询要素不全")
        if not body.get("AUTH_VERSION") or body.get("REASON") not in _REASONS:
            return Reply(code=_NO_CONSENT, message="无有效授权或查询原因不正确")
        content = json.dumps(body, sort_keys=True).encode()
        key = f"{head.get('CONSUMER_ID', '')}|{sequence}"
        try:
            fields = self.once.answer(
                key, operation, head.get("LEGAL_ENTITY", ""), content, lambda: self._report(identity)
            )
        except OtherContent:
            return Reply(code=codes.OTHER_CONTENT)
        return Reply(body=fields, number=fields["REPORT_NO"])

    def _report(self, identity: str) -> Fields:
        report = self.presets.get(identity) or self.presets.get("*") or drawn_report(identity)
        now = datetime.now(_CHINA)
        number = f"{now:%Y%m%d}{len(self.once.requests):014d}"
        return {
            "REPORT_NO": number,
            "REPORT_TIME": f"{now:%Y%m%d%H%M%S}",
            "SCORE": str(report.score),
            "OVERDUE_NOW": yuan(report.overdue_now_fen),
            "MONTHS_OVERDUE_MAX": str(report.months_overdue_max),
            "INQUIRIES_3M": str(report.inquiries_3m),
            "UNSECURED_ELSEWHERE": yuan(report.unsecured_fen_elsewhere),
            "MONTHLY_DUE": yuan(report.monthly_due_fen),
            "ACCOUNTS": _accounts(report),
        }


def drawn_report(identity: str) -> Report:
    """A report drawn by the hash of the identity number, the same for ever: about 6 of 100 are bad (overdue now, or
    three months and more once), half owe nothing elsewhere, the rest 2,000 to 80,000 yuan unsecured."""
    h = sha256(f"bureau|{identity}".encode()).digest()
    if h[0] < 15:
        return Report(
            score=380 + h[1] % 120,
            overdue_now_fen=(h[2] % 2) * (50_000 + h[3] * 3_000),
            months_overdue_max=3 + h[4] % 4,
            inquiries_3m=4 + h[5] % 8,
            unsecured_fen_elsewhere=(20 + h[6] % 100) * 100_000,
            monthly_due_fen=(20 + h[6] % 100) * 6_000,
        )
    owed = 0 if h[1] < 128 else (2 + h[2] % 79) * 100_000
    return Report(
        score=600 + (h[3] + h[4]) * 300 // 510,
        months_overdue_max=1 if h[5] < 26 else 0,
        inquiries_3m=h[6] % 4,
        unsecured_fen_elsewhere=owed,
        monthly_due_fen=owed // 20,
    )


def _accounts(report: Report) -> list[dict[str, Any]]:
    """One account row for what is owed elsewhere, as the report's credit section lists it."""
    if not report.unsecured_fen_elsewhere:
        return []
    return [
        {
            "LENDER_TYPE": "商业银行",
            "KIND": "个人消费贷款",
            "BALANCE": yuan(report.unsecured_fen_elsewhere),
            "MONTHLY_DUE": yuan(report.monthly_due_fen),
            "CLASS": "正常" if not report.overdue_now_fen else "关注",
            "OVERDUE_NOW": yuan(report.overdue_now_fen),
            "MONTHS_OVERDUE_MAX": str(report.months_overdue_max),
        }
    ]
