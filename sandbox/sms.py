"""SMS 短信平台 over HTTP: ``POST /v1/send`` stores the message; the control port shows what was sent to a phone."""

from typing import Any

import msgspec
from msgspec import Struct

from sandbox.once import Once, OtherContent


class SendRequest(Struct, kw_only=True):
    """``template`` is filled in by the platform with ``params``."""

    bank: str
    phone: str
    template: str
    params: dict[str, Any] = {}


class Sent(Struct):
    """One message as it left for the phone."""

    message_id: str
    bank: str
    phone: str
    template: str
    params: dict[str, Any]


class Sms:
    """Messages sent, oldest first."""

    system = "sms"

    def __init__(self) -> None:
        self.once = Once()
        self.sent: list[Sent] = []

    def operation(self, path: str) -> str:
        return "send" if path == "/v1/send" else ""

    def answer(self, operation: str, request_id: str, body: bytes, refuse: str) -> tuple[int, object]:
        if refuse:
            return 422, {"code": refuse}
        try:
            request = msgspec.json.decode(body, type=SendRequest)
            return 200, self.once.answer(request_id, operation, request.bank, body, lambda: self._send(request))
        except msgspec.DecodeError as error:
            return 400, {"code": "bad_request", "detail": str(error)}
        except OtherContent:
            return 409, {"code": "other_content"}

    def _send(self, request: SendRequest) -> dict[str, Any]:
        message_id = f"SMS{len(self.sent) + 1:012d}"
        self.sent.append(Sent(message_id, request.bank, request.phone, request.template, request.params))
        return {"message_id": message_id}
