"""Real messages of real banks: every family parses as its note says, and survives being written again."""

import json
from collections.abc import Iterator

import pytest
from esb_support import SAMPLES, Consumer, listening

from protocols.esb.dialects import DIALECTS, Dialect, recognise
from protocols.esb.framing import FRAMINGS, Frame, Unframer, pack
from protocols.esb.message import Fields, Items, Message, Value
from protocols.esb.xml import parse, to_bytes

EXPECTED = json.loads((SAMPLES / "expect.json").read_text())
DIALECT_OF = {
    "01": "cd", "03": "cd", "04": "cd", "05": "cd", "12": "flat", "15": "sdoroot", "21": "header_body",
    "25": "sys_head", "30b": "packet",
}  # fmt: skip
SUCH = pytest.mark.parametrize("name", sorted(EXPECTED))


def body_of(name: str) -> Frame:
    raw = (SAMPLES / name).read_bytes()
    assert len(raw) == EXPECTED[name]["bytes"]
    if not name.endswith(".msg"):
        return Frame(raw)
    framing = FRAMINGS["digits8_mac" if "mac" in EXPECTED[name]["prefix_kind"] else "digits8"]
    unframer = Unframer(framing, 1_000_000)
    unframer.feed(raw)
    frame = unframer.next()
    assert frame is not None
    assert len(frame.body) == EXPECTED[name]["body_bytes"]
    assert pack(framing, frame) == raw
    return frame


def read(name: str) -> tuple[Dialect, Message]:
    root = parse(body_of(name).body, "gb2312" if "gb2312" in name else "utf-8")
    dialect = recognise(root)
    return dialect, dialect.read(root)


def values(value: Value) -> Iterator[Value]:
    yield value
    if isinstance(value, Fields):
        for _, inner in value:
            yield from values(inner)
    elif isinstance(value, Items):
        for inner in value:
            yield from values(inner)


@SUCH
def test_header_as_expected(name: str) -> None:
    _, message = read(name)
    expected = EXPECTED[name]
    for key, canon in (
        ("service_code", "SERVICE_CODE"),
        ("scene", "SERVICE_SCENE"),
        ("consumer", "CONSUMER_ID"),
        ("ret_status", "RET_STATUS"),
    ):
        assert message.header.get(canon) == expected.get(key), key
    if "ret_code" in expected:
        assert [r.code for r in message.returns] == [expected["ret_code"]]


@SUCH
def test_dialect_is_recognised(name: str) -> None:
    assert read(name)[0] is DIALECTS[DIALECT_OF[name.split("_")[0]]]


@pytest.mark.parametrize("name", [n for n in EXPECTED if EXPECTED[n].get("fields")])
def test_nothing_of_a_cd_message_is_lost(name: str) -> None:
    """As many leaves, structs and arrays in the tree as the note counts in the document."""
    _, message = read(name)
    found = [v for tree in (*message.heads.values(), message.body) for v in values(tree)]
    expected = EXPECTED[name]
    assert sum(isinstance(v, str) for v in found) == expected["fields"]
    assert sum(isinstance(v, Items) for v in found) == expected["arrays"]
    assert sum(isinstance(v, Fields) for v in found) == expected["structs"] + 1  # the body itself


@SUCH
def test_written_again_it_reads_the_same(name: str) -> None:
    dialect, message = read(name)
    again = dialect.read(parse(to_bytes(dialect.write(message), "gb18030"), "gb18030"))
    assert again == message


def test_the_same_name_twice_is_kept() -> None:
    _, message = read("05_cd_request_local-head_dupnames_len8.msg")
    names = [name for name, _ in message.body]
    assert names.count("GLOBAL_ID") == 2
    assert message.heads["LOCAL_HEAD"].first("RET_AUTH_ARRAY") == Items([Fields([("RET_CODE", ""), ("RET_MSG", "")])])
    assert message.returns == []


def test_arrays_in_structs_in_arrays() -> None:
    _, message = read("03_cd_request_int_double_array.xml")
    outer = message.body.first("I_CRNO")
    assert isinstance(outer, Items)
    inner = outer[2]
    assert isinstance(inner, Fields)
    assert inner.first("TEST_ARRAY") == Items([Fields([("TEST@MDMLX", "6.6")]), Fields([("TEST@PGCP", "7.8")])])


def test_lists_of_each_family() -> None:
    typed = read("25_SysHead_type_array_len8_mac30.msg")[1]
    files = typed.body.first("DtlInfoAry")
    assert isinstance(files, Items)
    assert [f.text("MakeFileFlg") for f in files if isinstance(f, Fields)] == ["t_act_busi_code_map", "t_act_pub_org"]
    assert typed.heads["APP_HEAD"].first("AhrTlrInf") == Items()

    named = read("30b_gb2312_packet_body_lists.xml")[1].body.first("LoopResult")
    assert isinstance(named, Items)
    assert next(f.text("masterName") for f in named if isinstance(f, Fields)) == "大汉长沙张三"

    sdo = read("15_SDOROOT_response_reversal_fields.xml")[1].heads["APP_HEAD"].first("AUTH_USER_ID_ARRAY")
    assert sdo == Items([Fields([("AUTH_PASSWORD", ""), ("AUTH_USER_ID", "")])] * 2)

    wrapped = read("12_flat_SvcCd_login_len8.msg")[1].heads["APP_HEAD"].first("EntrTlrArr")
    assert isinstance(wrapped, Items)
    assert len(wrapped) == 1


def test_security_header() -> None:
    frame = body_of("25_SysHead_type_array_len8_mac30.msg")
    assert (frame.mac, frame.node) == ("DB+gscPjlTeu0IT7CtY/NIIr", "106100")


async def test_every_framed_sample_is_answered_in_its_own_dialect() -> None:
    for secured in (False, True):
        framing = FRAMINGS["digits8_mac" if secured else "digits8"]
        async with listening(dialect="any", framing=framing.name) as (_, port, _service):
            for name in sorted(EXPECTED):
                if not name.endswith(".msg") or ("mac" in name) != secured:
                    continue
                dialect, sent = read(name)
                consumer = await Consumer.connect(port, framing)
                consumer.send((SAMPLES / name).read_bytes())
                consumer.writer.write_eof()  # these senders half-close
                got = await consumer.reply(dialect)
                assert got is not None
                assert got.header["RET_STATUS"] == "S"
                assert got.header["SERVICE_CODE"] == sent.header["SERVICE_CODE"]
                assert got.header["CONSUMER_SEQ_NO"] == sent.header["CONSUMER_SEQ_NO"]
                assert got.fields == sent.fields
                assert await consumer.frame() is None
                await consumer.close()
