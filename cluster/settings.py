"""Every setting, typed: a TOML file and the environment become one `Settings` (cluster/settings_load.py reads them).

Keys are ``[section] key`` in the file and ``MIAODAI_SECTION_KEY`` in the environment, which wins; unknown ones are
refused. Times end in ``_ms`` or ``_s``, sizes in ``_mb`` or ``_bytes``. Empty URLs mean: start embedded servers.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from runtime.config import RuntimeConfig

Port = Annotated[int, Meta(ge=0, le=65535)]
"""0: any free port (fronts), or the sandbox's (outside systems)."""
Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""


class DatabaseSettings(Section, frozen=True, kw_only=True):
    """``url``: postgresql://...; empty starts an embedded PostgreSQL in ``data_dir``."""

    url: str = ""


class RedisSettings(Section, frozen=True, kw_only=True):
    """``url``: redis://...; empty starts an embedded server. Redis may vanish at any moment: slower, never wrong."""

    url: str = ""


class RaySettings(Section, frozen=True, kw_only=True):
    """``address`` as `ray.init` takes it (RAY_ADDRESS too); ``local`` starts Ray here.

    ``num_hosts`` 0: one host a core, at most 4. ``cpus`` 0: what the machine has.
    ``release`` names detached actors, so that old code is never handed back.
    """

    address: str = "local"
    num_hosts: Count = 0
    num_gateways: Positive = 1
    cpus: Count = 0
    release: str = "dev"


class RestSettings(Section, frozen=True, kw_only=True):
    """The REST front; each gateway after the first takes the next port when ``port`` is not 0."""

    host: str = "127.0.0.1"
    port: Port = 8080


class Listener(Section, frozen=True, kw_only=True):
    """One ESB port. ``framing``: digits8, digits4, digits10, chars6_inclusive, be2, be4, digits8_mac."""

    port: Port = 9080
    dialect: str = "cd"
    framing: str = "digits8"
    charset: str = "utf-8"


class EsbSettings(Section, frozen=True, kw_only=True):
    """The ESB front. ``read_timeout_ms``: for the rest of a begun frame; ``idle_timeout_ms``: between frames."""

    host: str = "127.0.0.1"
    listeners: tuple[Listener, ...] = (Listener(),)
    body_bytes_max: Positive = 1_048_576
    depth_max: Positive = 32
    in_flight_max: Positive = 64
    connections_max: Positive = 1024
    read_timeout_ms: Positive = 5_000
    idle_timeout_ms: Positive = 300_000


class Endpoint(Section, frozen=True, kw_only=True):
    """Where an outside system listens; ``port`` 0: the sandbox that we start ourselves."""

    host: str = "127.0.0.1"
    port: Port = 0
    timeout_ms: Positive = 5_000


class OutsideSettings(Section, frozen=True, kw_only=True):
    """The outside systems of the main job: core banking, credit bureau, big-data risk, electronic signature, SMS."""

    core: Endpoint = Endpoint()
    bureau: Endpoint = Endpoint()
    risk: Endpoint = Endpoint()
    ca: Endpoint = Endpoint()
    sms: Endpoint = Endpoint()


class ChannelSettings(Section, frozen=True, kw_only=True):
    """Who may call. ``kind``: hmac (signed REST requests), bearer (a token over REST), esb (``id`` is its CONSUMER_ID).

    ``banks`` and ``operations`` list what it may, ``["*"]`` for all. ``rate``: requests a second in all (0: no limit).
    ``secret`` is key or token; empty: derived from the master key, shown by ``miaodai config channels``.
    ``signed`` false: an esb channel without MAC, only on a loopback address.
    """

    id: str
    kind: Literal["hmac", "bearer", "esb"]
    secret: str = ""
    banks: tuple[str, ...]
    operations: tuple[str, ...]
    rate: Count = 0
    signed: bool = True


class EodSettings(Section, frozen=True, kw_only=True):
    """The day's end. ``times``: words ``bank=HH:MM``, China's time, at which `miaodai up` runs it; none by default.

    A time before noon closes the day before. ``remind_from``..``remind_to``: when reminders may leave.
    ``settle_s``: how long debits under way are waited for. Daily sheets go to ``data_dir``/files.
    """

    times: tuple[str, ...] = ()
    remind_from: str = "08:00"
    remind_to: str = "21:00"
    settle_s: Count = 30


class SecretsSettings(Section, frozen=True, kw_only=True):
    """``master_key``: 64 hex digits; empty makes one in ``data_dir`` (mode 0600). Losing it loses all personal data."""

    master_key: str = ""


DEFAULT_CHANNELS = (
    ChannelSettings(id="mobile", kind="hmac", banks=("*",), operations=("*",)),
    ChannelSettings(id="teller", kind="bearer", banks=("*",), operations=("*",)),
    ChannelSettings(id="counter", kind="esb", banks=("*",), operations=("*",)),
    ChannelSettings(id="trial", kind="esb", banks=("*",), operations=("list_products",), signed=False),
)


class Settings(Section, frozen=True, kw_only=True):
    """All settings; the defaults serve `make up` on one machine."""

    data_dir: str = "var"
    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    ray: RaySettings = RaySettings()
    runtime: RuntimeConfig = RuntimeConfig()
    rest: RestSettings = RestSettings()
    esb: EsbSettings = EsbSettings()
    outside: OutsideSettings = OutsideSettings()
    eod: EodSettings = EodSettings()
    channels: tuple[ChannelSettings, ...] = DEFAULT_CHANNELS
    secrets: SecretsSettings = SecretsSettings()


SECRET_KEYS = ("secret", "master_key")
"""Keys never shown; a password inside a URL is masked too."""
