"""Frames out of a stream: every prefix, any chunking, lies about the length."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.codes import Code
from protocols.esb.errors import FrameRefused
from protocols.esb.framing import FRAMINGS, Frame, Framing, Unframer, pack

EACH = pytest.mark.parametrize("framing", FRAMINGS.values(), ids=list(FRAMINGS))
MAC = "A" * 24


def frames(unframer: Unframer) -> list[Frame]:
    found = []
    while (frame := unframer.next()) is not None:
        found.append(frame)
    return found


def fed(framing: Framing, data: bytes, bytes_max: int = 10_000) -> Unframer:
    unframer = Unframer(framing, bytes_max)
    unframer.feed(data)
    return unframer


@EACH
def test_prefix_as_documented(framing: Framing) -> None:
    expected = {
        "digits8": b"00000005<a/>\n",
        "digits4": b"0005<a/>\n",
        "digits10": b"0000000005<a/>\n",
        "chars6_inclusive": b"11    <a/>\n",
        "be2": b"\x00\x05<a/>\n",
        "be4": b"\x00\x00\x00\x05<a/>\n",
        "digits8_mac": b"000000390030" + MAC.encode() + b"N01   <a/>\n",
    }
    assert pack(framing, Frame(b"<a/>\n", MAC, "N01")) == expected[framing.name]


@given(
    bodies=st.lists(st.binary(max_size=300).map(lambda b: b"<" + b + "你".encode()), min_size=1, max_size=6),
    cuts=st.lists(st.integers(1, 97), min_size=1, max_size=40),
    framing=st.sampled_from(list(FRAMINGS.values())),
)
@settings(max_examples=200, deadline=None)
def test_any_chunking_gives_the_same_frames(bodies: list[bytes], cuts: list[int], framing: Framing) -> None:
    secured = framing.secured
    sent = [Frame(body, MAC if secured else "", "N00001" if secured else "") for body in bodies]
    stream = b"".join(pack(framing, frame) for frame in sent)
    unframer = Unframer(framing, 10_000)
    got, at, turn = [], 0, 0
    while at < len(stream):
        size = cuts[turn % len(cuts)]
        unframer.feed(stream[at : at + size])
        got += frames(unframer)
        at, turn = at + size, turn + 1
    assert got == sent
    assert unframer.held == 0


@EACH
def test_over_the_limit_is_refused_by_the_prefix_alone(framing: Framing) -> None:
    wire = pack(framing, Frame(b"x" * 101, MAC))
    with pytest.raises(FrameRefused) as refused:
        fed(framing, wire[: framing.size], bytes_max=100).next()
    assert refused.value.code is Code.BODY_TOO_LARGE


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("digits8", b"GET / HTTP/1.1\r\n"),
        ("digits8", b"G"),
        ("digits8", b"0000-005<a/>\n"),
        ("digits8", b"+0000005<a/>\n"),
        ("digits8", "００００００００".encode()),
        ("chars6_inclusive", b"5     "),
        ("chars6_inclusive", b" 11   <a/>\n"),
        ("digits8_mac", b"00000033" + b"0030"),
        ("digits8_mac", b"000000500031"),
        ("digits8_mac", b"0000005000x"),
    ],
)
def test_no_frame_at_all(name: str, data: bytes) -> None:
    with pytest.raises(FrameRefused) as refused:
        fed(FRAMINGS[name], data).next()
    assert refused.value.code is Code.BAD_FRAME


def test_after_a_frame_a_wrong_prefix_is_a_lost_boundary() -> None:
    unframer = fed(FRAMINGS["digits8"], b"00000003<a></a>00000004<b/>")
    assert unframer.next() == Frame(b"<a>")
    with pytest.raises(FrameRefused) as refused:
        unframer.next()
    assert refused.value.code is Code.FRAME_DESYNC


def test_the_rest_of_a_doubtful_frame_is_no_frame_even_if_it_begins_with_digits() -> None:
    """A length too short by chance leaves digits in front: what follows must begin like a document."""
    unframer = fed(FRAMINGS["digits8"], b"00000010<a>123456700000004</a>")
    assert unframer.next() == Frame(b"<a>1234567")
    unframer.doubt()
    with pytest.raises(FrameRefused) as refused:
        unframer.next()
    assert refused.value.code is Code.FRAME_DESYNC


def test_an_empty_frame_is_a_frame() -> None:
    assert frames(fed(FRAMINGS["digits8"], b"0000000000000002<>")) == [Frame(b""), Frame(b"<>")]


@pytest.mark.parametrize(("name", "size"), [("digits4", 10_000), ("be2", 65_536)])
def test_a_body_the_prefix_cannot_announce(name: str, size: int) -> None:
    with pytest.raises(FrameRefused):
        pack(FRAMINGS[name], Frame(b"x" * size))


def test_long_frame_in_small_pieces_costs_linear_time() -> None:
    """8 MiB in 1 KiB pieces; copying the buffer each time would move 32 GiB."""
    body = b"x" * (8 << 20)
    wire = pack(FRAMINGS["digits8"], Frame(body))
    unframer = Unframer(FRAMINGS["digits8"], 16 << 20)
    began = time.process_time()
    got = []
    for at in range(0, len(wire), 1024):
        unframer.feed(wire[at : at + 1024])
        got += frames(unframer)
    assert time.process_time() - began < 2
    assert len(got) == 1
    assert got[0].body == body
