"""CA 电子签名 over HTTP: ``POST /v1/sign`` issues an event certificate and signs a hash; ``POST /v1/verify``.

事件型证书: each signing act gets a certificate of its own, whose P-256 key signs once and is thrown away; the public
key stays under the certificate number. The signature is ECDSA over the SHA-256 given (not hashed again), DER, base64.
"""

import base64
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import Struct

from sandbox.once import Once, OtherContent

_CHINA = timezone(timedelta(hours=8))
_CURVE = ec.SECP256R1()
_ALGORITHM = ec.ECDSA(Prehashed(SHA256()))


class SignRequest(Struct, kw_only=True):
    """``contract_hash``: SHA-256 of the contract's text, hex."""

    bank: str
    name: str
    identity: str
    contract_hash: str


class VerifyRequest(Struct, kw_only=True):
    certificate_no: str
    contract_hash: str
    signature: str


class Certificate(Struct):
    """``public_key``: the uncompressed point, hex. ``subject``: name with the identity's last four digits."""

    subject: str
    public_key: str
    issued_at: str


class Ca:
    """Certificates issued so far, by number."""

    system = "ca"

    def __init__(self) -> None:
        self.once = Once()
        self.certificates: dict[str, Certificate] = {}

    def operation(self, path: str) -> str:
        return {"/v1/sign": "sign", "/v1/verify": "verify"}.get(path, "")

    def answer(self, operation: str, request_id: str, body: bytes, refuse: str) -> tuple[int, object]:
        if refuse:
            return 422, {"code": refuse}
        try:
            if operation == "verify":
                return 200, {"valid": self.verify(msgspec.json.decode(body, type=VerifyRequest))}
            request = msgspec.json.decode(body, type=SignRequest)
            digest = bytes.fromhex(request.contract_hash)
            if len(digest) != 32 or not request.name or len(request.identity) != 18:
                return 422, {"code": "identity_not_verified"}
            return 200, self.once.answer(request_id, operation, request.bank, body, lambda: self._sign(request, digest))
        except OtherContent:
            return 409, {"code": "other_content"}
        except ValueError as error:
            return 400, {"code": "bad_request", "detail": str(error)}

    def verify(self, request: VerifyRequest) -> bool:
        """Whether the certificate's key made this signature over this hash."""
        certificate = self.certificates.get(request.certificate_no)
        if certificate is None:
            return False
        key = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, bytes.fromhex(certificate.public_key))
        try:
            key.verify(base64.b64decode(request.signature), bytes.fromhex(request.contract_hash), _ALGORITHM)
        except (InvalidSignature, ValueError):
            return False
        return True

    def _sign(self, request: SignRequest, digest: bytes) -> dict[str, Any]:
        key = ec.generate_private_key(_CURVE)
        now = datetime.now(_CHINA)
        number = f"EC{now:%Y%m%d}{len(self.certificates) + 1:010d}"
        point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        signed_at = now.isoformat(timespec="milliseconds")
        subject = f"{request.name} {request.identity[-4:]}"
        self.certificates[number] = Certificate(subject, point.hex(), signed_at)
        signature = base64.b64encode(key.sign(digest, _ALGORITHM)).decode()
        return {"certificate_no": number, "signature": signature, "signed_at": signed_at}
