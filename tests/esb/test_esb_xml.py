"""Hostile and odd XML: nothing expanded, nothing fetched, charsets checked, depth and number bounded."""

import time

import pytest

from actors.codes import Code
from protocols.esb.dialects import CD, DIALECTS
from protocols.esb.errors import EsbRefused
from protocols.esb.xml import TAGS_MAX, parse

LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]><service>&d;</service>"""
XXE = b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><service>&x;</service>'


def code_of(raw: bytes, charset: str = "utf-8") -> Code:
    with pytest.raises(EsbRefused) as refused:
        parse(raw, charset)
    return refused.value.code


@pytest.mark.parametrize(
    "raw",
    [
        LAUGHS,
        XXE,
        b'<!DOCTYPE r SYSTEM "http://127.0.0.1:1/x.dtd"><service/>',
        b"<service>&unknown;</service>",
        b"<!DOCTYPE service><service/>",
    ],
)
def test_doctype_and_entities(raw: bytes) -> None:
    assert code_of(raw) is Code.XML_FORBIDDEN


@pytest.mark.parametrize(
    "raw",
    [b"", b"   ", b"hello", b"<a>", b"<a></b>", b"<a/><b/>", b"<a/>x", b'<a b="1" b="2"/>', b"<a>\x01</a>",
     b"<a>&#1;</a>", b"{}", b"<", b"<a b=1/>"],
)  # fmt: skip
def test_not_well_formed(raw: bytes) -> None:
    assert code_of(raw) is Code.MALFORMED


def test_depth() -> None:
    assert parse(b"<a>" * 32 + b"</a>" * 32, "utf-8").tag == "a"
    assert code_of(b"<a>" * 33 + b"</a>" * 33) is Code.XML_TOO_DEEP
    assert code_of(b"<a>" * 5000 + b"</a>" * 5000) is Code.XML_TOO_DEEP


def test_number_of_elements() -> None:
    began = time.process_time()
    assert code_of(b"<a>" + b"<b/>" * TAGS_MAX + b"</a>") is Code.BODY_TOO_LARGE
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("raw", "charset"),
    [
        ("<a>你</a>".encode("gbk"), "utf-8"),
        (b"<a>\xff\xfe</a>", "gbk"),
        (b'<?xml version="1.0" encoding="UTF-8"?><a>x</a>', "gb18030"),
        ("<?xml version='1.0' encoding='GBK'?><a>x</a>".encode("gbk"), "utf-8"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe9</a>', "utf-8"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><a>e</a>', "utf-8"),
        ('<?xml version="1.0" encoding="UTF-16"?><a>x</a>'.encode("utf-16"), "utf-8"),
    ],
)
def test_wrong_charset(raw: bytes, charset: str) -> None:
    assert code_of(raw, charset) is Code.WRONG_CHARSET


@pytest.mark.parametrize(
    ("raw", "charset", "text"),
    [
        ("<a>镕𠮷</a>".encode("gb18030"), "gb2312", "镕𠮷"),
        ("<?xml version='1.0' encoding='gb2312'?><a>镕</a>".encode("gbk"), "gbk", "镕"),
        ("\ufeff<?xml version='1.0' encoding='utf-8' standalone='yes'?><a>你</a>".encode(), "utf-8", "你"),
        ("\r\n  <a>你</a>\r\n".encode(), "utf-8", "你"),
        (b"<a>x<!-- c -->y<![CDATA[<z>]]><?p q?>w</a>", "utf-8", "xy<z>w"),
    ],
)
def test_what_real_senders_do_is_borne(raw: bytes, charset: str, text: str) -> None:
    assert parse(raw, charset).text == text


@pytest.mark.parametrize(
    "raw",
    [
        b"<other/>",
        b"<service><sys-header><data><field>1</field></data></sys-header></service>",
        b'<service><sys-header/><body><data name="A"><what/></data></body></service>',
        b"<service><sys-header><wrong/></sys-header></service>",
    ],
)
def test_well_formed_but_no_cd_message(raw: bytes) -> None:
    with pytest.raises(EsbRefused) as refused:
        CD.read(parse(raw, "utf-8"))
    assert refused.value.code is Code.MALFORMED


def test_missing_attributes_local_head_and_odd_shapes() -> None:
    raw = (
        '<service><sys-header><data name="SYS_HEAD"><struct><data name="SERVICE_CODE"><field>S1</field></data>'
        '<data name="RET_LIST"><array><struct><data name="RET_CODE"><field length="99">E1</field></data></struct>'
        '</array></data></struct></data></sys-header><local-head><data name="LOCAL_HEAD"><struct/></data></local-head>'
        '<body><data name="ACCT_NO."><field type="string">1</field></data><data name="EMPTY"/></body></service>'
    )
    message = CD.read(parse(raw.encode(), "utf-8"))
    assert message.header["SERVICE_CODE"] == "S1"
    assert [r.code for r in message.returns] == ["E1"]
    assert message.body == [("ACCT_NO.", "1"), ("EMPTY", "")]


@pytest.mark.parametrize(
    "head",
    [
        "<TranRetSt>F</TranRetSt><RetInf><RetCd>E1</RetCd><RetMsg>m</RetMsg></RetInf>",
        "<RetMsgArryList><RetMsgArry><RetCd>E1</RetCd><RetMsg>m</RetMsg></RetMsgArry></RetMsgArryList>",
        "<array><Ret><RetCd>E1</RetCd><RetMsg>m</RetMsg></Ret></array>",
        "<RET><SDO><RET_CODE>E1</RET_CODE><RET_MSG>m</RET_MSG></SDO></RET>",
        "<RET_CODE>E1</RET_CODE><RET_MSG>m</RET_MSG>",
    ],
)
def test_return_lists_of_many_shapes(head: str) -> None:
    raw = f"<service><SYS_HEAD><SvcCd>S</SvcCd>{head}</SYS_HEAD><BODY/></service>"
    assert DIALECTS["flat"].read(parse(raw.encode(), "utf-8")).returns == [("E1", "m")]
