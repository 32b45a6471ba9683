"""What a system was told to do wrong: rules per system and operation, drawn for each message that arrives.

Set through sandbox/control.py or `Sandbox.set_fault`; the servers (esb_server.py, http_server.py) carry the verdict
out. Draws come from each rule's own seeded generator, so a run repeats with its seed.
"""

import random
from typing import Literal

from msgspec import Struct

FaultKind = Literal[
    "delay",  # waits delay_ms after receiving, before doing
    "down",  # refuses connections (whole system), or closes the connection the message came on
    "duplicate",  # the message is delivered twice; an ESB reply also comes twice
    "refuse",  # answers with `code`, a definite business refusal
    "timeout_after_doing",  # does it, never answers
    "lose_before_doing",  # never arrives, never answers
    "garble",  # does it, answers bytes that are no message
    "unsure",  # does it, answers "still processing"
]


class Fault(Struct, kw_only=True, forbid_unknown_fields=True):
    """``times`` None: for ever, else the next N messages it strikes. ``probability`` of striking one, 0 to 1."""

    system: str
    kind: FaultKind
    operation: str = "*"
    delay_ms: int = 0
    code: str = ""
    probability: float = 1.0
    times: int | None = None
    seed: int = 0


class Verdict(Struct):
    """What is to happen to one message; several rules add up."""

    delay_ms: int = 0
    lose: bool = False
    close: bool = False
    duplicate: bool = False
    refuse: str = ""
    silent: bool = False
    garble: bool = False
    unsure: bool = False


CALM = Verdict()


class _Rule:
    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.left = fault.times
        self.random = random.Random(fault.seed)

    def strikes(self, operation: str) -> bool:
        fault = self.fault
        if fault.operation not in ("*", operation) or self.left == 0:
            return False
        if fault.probability < 1.0 and self.random.random() >= fault.probability:
            return False
        if self.left is not None:
            self.left -= 1
        return True


class Faults:
    """The rules in force, by system."""

    def __init__(self) -> None:
        self._rules: dict[str, list[_Rule]] = {}

    def add(self, fault: Fault) -> None:
        self._rules.setdefault(fault.system, []).append(_Rule(fault))

    def clear(self, system: str = "") -> None:
        if system:
            self._rules.pop(system, None)
        else:
            self._rules.clear()

    def listed(self) -> list[Fault]:
        return [rule.fault for rules in self._rules.values() for rule in rules]

    def draw(self, system: str, operation: str) -> Verdict:
        """The verdict over a message that has just arrived."""
        rules = self._rules.get(system)
        if not rules:
            return CALM
        verdict = Verdict()
        for rule in rules:
            if rule.strikes(operation):
                _add(verdict, rule.fault)
        return verdict


def _add(verdict: Verdict, fault: Fault) -> None:
    match fault.kind:
        case "delay":
            verdict.delay_ms += fault.delay_ms
        case "down":
            verdict.close = True
        case "duplicate":
            verdict.duplicate = True
        case "refuse":
            verdict.refuse = fault.code
        case "timeout_after_doing":
            verdict.silent = True
        case "lose_before_doing":
            verdict.lose = True
        case "garble":
            verdict.garble = True
        case "unsure":
            verdict.unsure = True
