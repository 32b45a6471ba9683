"""A yardstick's server process: frames of 8 digits, each parsed by the same hardened lxml parser and sent back.

``python -m bench.echo PORT_FILE``, until SIGTERM. What any ESB front on asyncio must do at the least; nothing else.
"""

import asyncio
import signal
import sys
from pathlib import Path

import uvloop
from lxml import etree

PREFIX = 8


def parser() -> etree.XMLParser:
    """As protocols/esb/xml.py has it."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )


class Echo(asyncio.Protocol):
    def __init__(self, xml: etree.XMLParser) -> None:
        self._xml = xml
        self._held = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's own class, not a subclass

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        held, at = self._held + data, 0
        while len(held) - at >= PREFIX:
            end = at + PREFIX + int(held[at : at + PREFIX])
            if len(held) < end:
                break
            etree.fromstring(held[at + PREFIX : end], self._xml)
            self._transport.write(held[at:end])
            at = end
        self._held = held[at:]


async def serve(port_file: Path) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    xml = parser()
    server = await loop.create_server(lambda: Echo(xml), "127.0.0.1", 0)
    port_file.with_suffix(".tmp").write_text(str(server.sockets[0].getsockname()[1]))
    port_file.with_suffix(".tmp").replace(port_file)
    await stopping.wait()
    server.close()


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1])))
