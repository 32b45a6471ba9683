"""One connection of the ESB socket: frames out of it while there is room, replies into it as they are ready.

Part of listener.py. A frame that can be answered is answered, whatever is wrong with it; when the boundary is lost it
is said and the connection closed. Nothing that a consumer sends raises out of here, and what it may hold is bounded.
"""

import asyncio
import traceback
from typing import TYPE_CHECKING, NamedTuple, cast

import structlog

from actors.codes import Code
from protocols.esb.answer import Reply, refusal
from protocols.esb.errors import EsbRefused, FrameRefused
from protocols.esb.framing import Frame, Unframer
from protocols.esb.message import Message

if TYPE_CHECKING:
    from protocols.esb.listener import EsbListener

log = structlog.get_logger(__name__)
_WRITE_HIGH_BYTES = 256 * 1024
_LINGER_S = 1.0


class Request(NamedTuple):
    """One request: the message, its bytes and its MAC (of the security header; "" when the framing has none)."""

    message: Message
    raw: bytes
    mac: str = ""
    secured: bool = False


def log_bug(error: Exception) -> None:
    at = traceback.extract_tb(error.__traceback__)[-1]  # never the message: it may hold personal data
    log.error("esb request failed", error=type(error).__name__, at=f"{at.filename}:{at.lineno}")


class Connection(asyncio.Protocol):
    """One connection. Reads while there is room: not too many in flight, and the consumer reads its replies."""

    def __init__(self, listener: "EsbListener") -> None:
        self._listener = listener
        self._settings = listener.settings
        self._loop = asyncio.get_running_loop()
        self._unframer = Unframer(listener.framing, listener.settings.frame_bytes_max)
        self._transport: asyncio.Transport | None = None
        self._in_flight = 0
        self._held = 0
        self._ended = False  # the consumer has half-closed
        self._finishing = False  # no more frames are taken; closed when nothing is in flight
        self._lingering = False  # said goodbye; what still comes is thrown away
        self._choked = False  # the consumer does not read
        self._reading = True
        self._frames = 0
        self._timed_frame = -1
        self._frame_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._idle_timer: asyncio.TimerHandle | None = None
        self._busy_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class, not a subclass
        self._transport.set_write_buffer_limits(high=_WRITE_HIGH_BYTES)
        listener = self._listener
        full = len(listener.open) >= self._settings.connections_max
        listener.open.add(self)
        if full or listener.stopping:
            listener.counts.connections_refused += 1
            self._give_up(Code.OVERLOADED if full else Code.UNAVAILABLE)
            return
        listener.counts.connections += 1
        self._busy_at = self._loop.time()
        self._idle_timer = self._loop.call_later(self._settings.idle_timeout_s, self._check_idle)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        for timer in (self._frame_timer, self._write_timer, self._idle_timer):
            if timer is not None:
                timer.cancel()
        self._listener.held_bytes -= self._held
        self._held = 0
        self._listener.closed(self)

    def data_received(self, data: bytes) -> None:
        if self._lingering:
            return
        self._listener.counts.bytes_in += len(data)
        self._unframer.feed(data)
        self._pump()

    def eof_received(self) -> bool:
        """Half-close: what is in flight is still answered. A frame cut off by it is an error."""
        self._ended = True
        if self._lingering and self._transport is not None:
            self._transport.close()
        elif not self._finishing and self._unframer.held:
            self._give_up(Code.BAD_FRAME, "EOF")
        elif not self._in_flight:
            self._close()
        return True  # closed by us, when the last reply is out

    def pause_writing(self) -> None:
        self._choked = True
        self._write_timer = self._loop.call_later(self._settings.write_timeout_s, self.abort)
        self._regulate()

    def resume_writing(self) -> None:
        self._choked = False
        if self._write_timer is not None:
            self._write_timer.cancel()
        self._pump()

    def finish(self) -> None:
        """Take no more frames; close when nothing is in flight."""
        self._finishing = True
        self._regulate()
        if not self._in_flight and self._transport is not None:
            self._close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _pump(self) -> None:
        """Take whole frames while there is room for them, then see to reading and to the clock of a partial one."""
        if self._transport is None:
            return
        while self._room():
            try:
                frame = self._unframer.next()
            except FrameRefused as error:
                self._give_up(error.code, error.where)
                break
            if frame is None:
                break
            self._frames += 1
            self._take(frame)
        self._account()
        self._regulate()

    def _room(self) -> bool:
        return (
            self._transport is not None
            and not self._choked
            and not self._finishing
            and not self._lingering
            and self._in_flight < self._settings.in_flight_max_per_connection
        )

    def _take(self, frame: Frame) -> None:
        listener = self._listener
        listener.counts.frames_in += 1
        self._busy_at = self._loop.time()
        message: Message | None = None
        try:
            message = listener.read(frame)
            if listener.in_flight < self._settings.in_flight_max:
                request = Request(message, frame.body, frame.mac, listener.framing.secured)
                self._in_flight += 1
                listener.in_flight += 1
                task = self._loop.create_task(self._serve(request))
                listener.tasks.add(task)
                task.add_done_callback(listener.tasks.discard)
                return
            reply = refusal(Code.OVERLOADED)
        except EsbRefused as error:
            if not frame.body.rstrip().endswith(b">"):
                self._unframer.doubt()
            reply = refusal(error.code, error.where)
        except Exception as error:  # a message must never take the listener down
            log_bug(error)
            reply = refusal(Code.INTERNAL)
        self._send(message, reply)

    async def _serve(self, request: Request) -> None:
        try:
            reply = await self._listener.answer(request)
        finally:
            self._in_flight -= 1
            self._listener.in_flight -= 1
        self._send(request.message, reply)
        if self._finishing or (self._ended and not self._in_flight and not self._unframer.held):
            if not self._in_flight:
                self._close()
        else:
            self._pump()

    def _send(self, request: Message | None, reply: Reply) -> None:
        counts = self._listener.counts
        if reply.code is not None:
            counts.errors[reply.code.word] += 1
        if self._transport is None or self._transport.is_closing() or self._lingering:
            counts.replies_dropped += 1
            return
        wire = self._listener.wire(request, reply)
        counts.frames_out += 1
        counts.bytes_out += len(wire)
        self._transport.write(wire)

    def _give_up(self, code: Code, where: str = "") -> None:
        """Say why, then close: at once when nothing is in flight, else after it is answered."""
        self._send(None, refusal(code, where))
        self._finishing = True
        if not self._in_flight:
            self._close()

    def _close(self) -> None:
        """Close so that the last reply arrives: end our side, throw away what still comes, for a moment."""
        transport = self._transport
        if transport is None or transport.is_closing() or self._lingering:
            return
        if self._ended or not transport.can_write_eof():
            transport.close()
        else:
            self._lingering = True
            transport.write_eof()
            self._reading = True
            transport.resume_reading()
        if self._frame_timer is not None:
            self._frame_timer.cancel()
        wait_s = self._settings.write_timeout_s if transport.get_write_buffer_size() else _LINGER_S
        self._frame_timer = self._loop.call_later(wait_s, self.abort)

    def _account(self) -> None:
        """Keep the sum of unfinished bytes over all connections bounded."""
        listener = self._listener
        held = self._unframer.held
        listener.held_bytes += held - self._held
        self._held = held
        if held > _WRITE_HIGH_BYTES and listener.held_bytes > self._settings.held_bytes_max and not self._finishing:
            self._give_up(Code.OVERLOADED)

    def _regulate(self) -> None:
        """Stop reading when there is no room; run the clock of a partial frame only while we read."""
        if self._transport is None or self._lingering or self._transport.is_closing():
            return
        room = self._room()
        if room != self._reading:
            self._reading = room
            if room:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()
        partial = room and self._unframer.held > 0
        if self._frame_timer is not None and (not partial or self._timed_frame != self._frames):
            self._frame_timer.cancel()
            self._frame_timer = None
        if partial and self._frame_timer is None:
            self._timed_frame = self._frames
            self._frame_timer = self._loop.call_later(self._settings.frame_timeout_s, self._frame_late)

    def _frame_late(self) -> None:
        self._frame_timer = None
        self._give_up(Code.FRAME_TIMEOUT)

    def _check_idle(self) -> None:
        idle_s = self._loop.time() - self._busy_at
        if not self._in_flight and not self._unframer.held and idle_s >= self._settings.idle_timeout_s:
            self._finishing = True
            self._close()
            return
        wait_s = max(0.05, self._settings.idle_timeout_s - idle_s)
        self._idle_timer = self._loop.call_later(wait_s, self._check_idle)
