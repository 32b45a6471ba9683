"""Settings of one ESB listener: how its consumers write, and the bounds that keep it up."""

from msgspec import Struct

from protocols.esb.dialects import ANY, DIALECTS
from protocols.esb.framing import FRAMINGS
from protocols.esb.xml import CHARSETS, DEPTH_MAX


class EsbSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``dialect`` "any" answers each message in its own dialect; errors that cannot be read, in CD.

    ``frame_timeout_s`` from a frame's first byte to its last; ``idle_timeout_s`` between frames; ``write_timeout_s``
    for a consumer that does not read. ``held_bytes_max``: of unfinished frames, over all connections.
    """

    dialect: str = "cd"
    framing: str = "digits8"
    charset: str = "utf-8"
    node: str = ""
    frame_bytes_max: int = 1024 * 1024
    depth_max: int = DEPTH_MAX
    held_bytes_max: int = 64 * 1024 * 1024
    frame_timeout_s: float = 10.0
    idle_timeout_s: float = 600.0
    write_timeout_s: float = 10.0
    handle_timeout_s: float = 40.0
    connections_max: int = 2000
    in_flight_max: int = 4096
    in_flight_max_per_connection: int = 128

    def __post_init__(self) -> None:
        for value, known in ((self.dialect, {*DIALECTS, ANY}), (self.framing, FRAMINGS), (self.charset, CHARSETS)):
            if value not in known:
                raise ValueError(f"{value!r} is none of {', '.join(sorted(known))}")
