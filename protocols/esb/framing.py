"""Cuts a stream of bytes into frames and puts frames together: all length prefixes of design/esb.md.

After the listener's (or client's) socket, before xml.py. Lengths count bytes. A length over the limit, a prefix that is
no number and a wrong security header are refused before anything of the body is kept.
"""

from typing import Literal, NamedTuple

from msgspec import Struct

from actors.codes import Code
from protocols.esb.errors import FrameRefused

_SECURITY = b"0030"
_MAC_BYTES = 24
_NODE_BYTES = 6
_SECURITY_BYTES = len(_SECURITY) + _MAC_BYTES + _NODE_BYTES
_BLANKS = b" \t\r\n"


class Framing(Struct, frozen=True):
    """One kind of prefix: ``size`` bytes, counting themselves or not, ``secured`` when a security header follows."""

    name: str
    size: int
    numbers: Literal["digits", "padded", "binary"] = "digits"
    counts_itself: bool = False
    secured: bool = False

    @property
    def body_bytes_max(self) -> int:
        """The longest body this prefix can announce."""
        largest: int = 256**self.size - 1 if self.numbers == "binary" else 10**self.size - 1
        return largest - (self.size if self.counts_itself else 0) - (_SECURITY_BYTES if self.secured else 0)


FRAMINGS: dict[str, Framing] = {
    f.name: f
    for f in (
        Framing("digits8", 8),
        Framing("digits4", 4),
        Framing("digits10", 10),
        Framing("chars6_inclusive", 6, numbers="padded", counts_itself=True),
        Framing("be2", 2, numbers="binary"),
        Framing("be4", 4, numbers="binary"),
        Framing("digits8_mac", 8, secured=True),
    )
}
"""By the name used in settings; ``digits8`` is the default."""

ASCII8 = FRAMINGS["digits8"]


class Frame(NamedTuple):
    """One message's bytes; ``mac`` and ``node`` are "" unless the framing has a security header."""

    body: bytes
    mac: str = ""
    node: str = ""


def pack(framing: Framing, frame: Frame) -> bytes:
    """The frame's bytes on the wire; `FrameRefused` BODY_TOO_LARGE when the prefix cannot say the length."""
    body, mac, node = frame
    length = len(body)
    if length > framing.body_bytes_max:
        raise FrameRefused(Code.BODY_TOO_LARGE, framing.name)
    if framing.secured:
        length += _SECURITY_BYTES
        body = _SECURITY + _blank_padded(mac, _MAC_BYTES) + _blank_padded(node, _NODE_BYTES) + body
    if framing.counts_itself:
        length += framing.size
    if framing.numbers == "binary":
        return length.to_bytes(framing.size, "big") + body
    digits = b"%d" % length
    return (digits.ljust(framing.size) if framing.numbers == "padded" else digits.zfill(framing.size)) + body


def _blank_padded(text: str, size: int) -> bytes:
    return text.encode("ascii", "replace").ljust(size)[:size]


class Unframer:
    """The frames in a stream, fed in any pieces: `feed`, then `next` until it gives None.

    Holds at most one frame and what came after it. `next` raises `FrameRefused`: BAD_FRAME when the stream begins with
    no frame, FRAME_DESYNC when the boundary was lost after one, BODY_TOO_LARGE over ``bytes_max``. After that the
    stream is of no use.
    """

    __slots__ = ("_buffer", "_bytes_max", "_doubted", "_framing", "_needed", "_prefix", "_seen")

    def __init__(self, framing: Framing, bytes_max: int) -> None:
        self._framing = framing
        self._bytes_max = bytes_max
        self._prefix = framing.size + (_SECURITY_BYTES if framing.secured else 0)
        self._buffer = bytearray()
        self._needed = 0
        self._seen = False
        self._doubted = False

    @property
    def held(self) -> int:
        """Bytes held that are not yet a frame given out."""
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def doubt(self) -> None:
        """The last frame was no whole document, so its length may have lied: the next must begin like one."""
        self._doubted = True

    def next(self) -> Frame | None:
        """The next whole frame, or None until more bytes come."""
        buffer = self._buffer
        if not self._needed:
            if len(buffer) < self._framing.size:
                self._check_begin()
                return None
            self._needed = self._framing.size + self._announced()
        if self._framing.secured and not _SECURITY.startswith(bytes(buffer[8:12])):
            raise self._lost()
        if self._doubted and len(buffer) > self._prefix + 1:
            first = bytes(buffer[self._prefix : self._prefix + 2])
            if first == b"</" or first[0] not in b"<\xef" + _BLANKS:
                raise self._lost()
            self._doubted = False
        if len(buffer) < self._needed:
            return None
        with memoryview(buffer) as view:
            body = bytes(view[self._prefix : self._needed])
        mac = node = ""
        if self._framing.secured:
            mac = buffer[12 : 12 + _MAC_BYTES].decode("ascii", "replace").strip()
            node = buffer[12 + _MAC_BYTES : self._prefix].decode("ascii", "replace").strip()
        del buffer[: self._needed]
        self._needed = 0
        self._seen = True
        return Frame(body, mac, node)

    def _check_begin(self) -> None:
        """Refuses a prefix that already cannot become a number, without waiting for the rest of it."""
        if self._framing.numbers == "binary" or not self._buffer:
            return
        text = bytes(self._buffer)
        if self._framing.numbers == "padded":
            text = text.rstrip(b" ")
        if not text.isdigit():
            raise self._lost()

    def _announced(self) -> int:
        """How many bytes follow the prefix, by the prefix."""
        framing = self._framing
        prefix = bytes(self._buffer[: framing.size])
        if framing.numbers == "binary":
            length = int.from_bytes(prefix, "big")
        else:
            digits = prefix.rstrip(b" ") if framing.numbers == "padded" else prefix
            if not digits.isdigit():
                raise self._lost()
            length = int(digits)
        if framing.counts_itself:
            length -= framing.size
        body = length - (_SECURITY_BYTES if framing.secured else 0)
        if body < 0:
            raise self._lost()
        if body > self._bytes_max:
            raise FrameRefused(Code.BODY_TOO_LARGE, f"{body} > {self._bytes_max}")
        return length

    def _lost(self) -> FrameRefused:
        return FrameRefused(Code.FRAME_DESYNC if self._seen else Code.BAD_FRAME)
