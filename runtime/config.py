"""The runtime's own settings, handed to every host and router (cluster/settings.py fills them)."""

from msgspec import Struct


class RuntimeConfig(Struct, frozen=True, kw_only=True):
    """Times in milliseconds unless named otherwise.

    ``silent_max_ms``: how long a dedicated process may start, or be frozen, before another takes its place.
    ``sweep_turns``: how many turns of a sweep (the day's end) may wait for their commit beside the other traffic.
    ``dedicated``: what gets a Ray actor of its own: words ``kind:loan``, ``bank:B001`` or ``id:L...``; at most
    ``dedicated_max`` of them, created one per ``dedicated_pause_ms``.
    """

    kinds: str = "runtime.registry:KINDS"
    lease_ms: int = 3000
    renew_ms: int = 1000
    batch_max: int = 400
    mailbox_max: int = 200
    live_max: int = 200_000
    memory_mb: int = 1024
    wake_poll_ms: int = 500
    effect_retry_ms: int = 3000
    effect_retry_max_ms: int = 60_000
    effect_timeout_ms: int = 20_000
    credit_messages: int = 4000
    credit_bytes: int = 16_000_000
    sends_in_flight: int = 2
    linger_ms: int = 10
    resend_ms: int = 4000
    placement_ms: int = 300
    silent_max_ms: int = 15_000
    sweep_turns: int = 400
    dedicated: tuple[str, ...] = ()
    dedicated_max: int = 32
    dedicated_pause_ms: int = 300


def wants_dedicated(config: RuntimeConfig, kind: str, bank: str, id: str) -> bool:
    """Whether the placement policy gives this actor a Ray actor of its own."""
    words = config.dedicated
    return bool(words) and (f"id:{id}" in words or f"kind:{kind}" in words or f"bank:{bank}" in words)
