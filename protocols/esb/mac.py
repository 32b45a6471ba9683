"""MAC of a message: HMAC-SHA256 of its bytes, cut to 18 bytes, as 24 characters of base64.

In a framing with a security header the MAC stands there. In the others it stands in the header field MAC_VALUE, and is
computed over the message with those 24 characters replaced by 24 zeros.
"""

import base64
import hmac

BLANK = "0" * 24


def mac_of(key: bytes, body: bytes) -> str:
    return base64.b64encode(hmac.digest(key, body, "sha256")[:18]).decode()


def seal(key: bytes, body: bytes) -> bytes:
    """The message with its MAC in place of `BLANK`, which its header holds once and first."""
    return body.replace(BLANK.encode(), mac_of(key, body).encode(), 1)


def is_right(key: bytes, body: bytes, mac: str, *, inside: bool) -> bool:
    """Whether ``mac`` belongs to the message; ``inside``: it stands in the message itself."""
    if len(mac) != len(BLANK) or not mac.isascii():
        return False
    signed = body.replace(mac.encode(), BLANK.encode(), 1) if inside else body
    return hmac.compare_digest(mac_of(key, signed).encode(), mac.encode())
