"""Puts a reply together: the request's numbers echoed, the return status and list, our number, the body.

After service.py (or the listener's own refusals), before the dialect writes it and framing.py frames it.
"""

from msgspec import Struct

from actors.codes import Code
from protocols.esb import mac as macs
from protocols.esb.dialects import Dialect
from protocols.esb.framing import Frame, Framing, pack
from protocols.esb.message import Fields, Message, Return
from protocols.esb.xml import to_bytes
from protocols.problems import esb_code

SUCCESS = Return("000000", "交易成功")
_ECHOED = (
    "SERVICE_CODE",
    "SERVICE_SCENE",
    "CONSUMER_ID",
    "CONSUMER_SEQ_NO",
    "TRAN_DATE",
    "TRAN_TIMESTAMP",
    "GLOBAL_SEQ_NO",
    "ORG_SYS_ID",
    "ORG_SEQ_NO",
)


class Reply(Struct, frozen=True, kw_only=True):
    """What a service answers. ``code`` None is success; ``text`` is RET_MSG of a refusal.

    ``number``: PROVIDER_SEQ_NO. ``key``: the channel's MAC key, when it has one: the reply is signed with it.
    """

    code: Code | None = None
    text: str = ""
    body: Fields = Fields()
    number: str = ""
    key: bytes = b""


def refusal(code: Code, where: str = "") -> Reply:
    """An error of the front itself; ``where`` is shown to the consumer."""
    return Reply(code=code, text=f"{code.zh}：{where}" if where else code.zh)


def message_of(dialect: Dialect, request: Message | None, reply: Reply) -> Message:
    """The reply as a message; without a request (it could not be read) there is nothing to echo."""
    names = dialect.header_names
    head = Fields()
    if request is not None:
        given = request.given_names
        head.extend((given[canon], request.header[canon]) for canon in _ECHOED if canon in given)
    head.extend((name, marks[1]) for name, marks in dialect.marks.items())
    if reply.number:
        head.append((names["PROVIDER_SEQ_NO"], reply.number))
    head.append((names["RET_STATUS"], "S" if reply.code is None else "F"))
    found = SUCCESS if reply.code is None else Return(esb_code(reply.code), reply.text or reply.code.zh)
    name, value = dialect.returns([found])
    if name:
        head.append((name, value))
    elif isinstance(value, Fields):
        head.extend(value)
    return Message({"SYS_HEAD": head}, reply.body, reply=True)


def frame_of(framing: Framing, dialect: Dialect, charset: str, node: str, message: Message, key: bytes) -> bytes:
    """A message as it goes out, signed when there is a key; `FrameRefused` when the prefix cannot say its length."""
    inside = bool(key) and not framing.secured
    if inside:
        message.heads.setdefault("SYS_HEAD", Fields()).insert(0, (dialect.header_names["MAC_VALUE"], macs.BLANK))
    raw = to_bytes(dialect.write(message), charset)
    if inside:
        raw = macs.seal(key, raw)
    return pack(framing, Frame(raw, macs.mac_of(key, raw) if key and framing.secured else "", node))
