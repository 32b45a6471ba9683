"""``python -m sandbox --port-file F``: the outside systems and the control port, until SIGINT or SIGTERM.

The port file (JSON of `Ports`) is written when everything listens. ``--book`` keeps the books over restarts.
``--port core=9101`` fixes a port, several times.
"""

import argparse
import asyncio
import signal
from pathlib import Path

import uvloop

from sandbox.control import Control
from sandbox.keep import dump, load
from sandbox.town import Ports, Sandbox, ports_json

_KEEP_EVERY_S = 5.0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", action="append", default=[], metavar="SYSTEM=PORT")
    parser.add_argument("--book", type=Path, default=None)
    return parser.parse_args()


def _ports(wanted: list[str]) -> Ports:
    ports = Ports()
    for text in wanted:
        system, _, port = text.partition("=")
        if system not in Ports.__struct_fields__ or not port.isdigit():
            raise SystemExit(f"--port {text}: SYSTEM=PORT with one of {', '.join(Ports.__struct_fields__)}")
        setattr(ports, system, int(port))
    return ports


async def _serve(arguments: argparse.Namespace) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stopping.set)
    ports = _ports(arguments.port)
    control_port = ports.control
    box = await Sandbox.start(arguments.host, ports)
    if arguments.book is not None:
        load(box, arguments.book)
    control = Control(box)
    await control.open(arguments.host, control_port)
    beside = arguments.port_file.with_name(arguments.port_file.name + ".tmp")
    beside.write_bytes(ports_json(box.ports))
    beside.replace(arguments.port_file)
    await _until(stopping, box, arguments.book)
    await control.close()
    await box.stop()


async def _until(stopping: asyncio.Event, box: Sandbox, book: Path | None) -> None:
    """Wait for the end; meanwhile keep the books when messages came in, and once more at the end."""
    kept = box.messages()
    while not stopping.is_set():
        try:
            await asyncio.wait_for(stopping.wait(), _KEEP_EVERY_S)
        except TimeoutError:
            if book is not None and box.messages() != kept:
                kept = box.messages()
                dump(box, book)
    if book is not None:
        dump(box, book)


if __name__ == "__main__":
    uvloop.run(_serve(_arguments()))
