"""One go of the token: from a finished activity through rules and gateways to the next wait or the end, as events.

Called by actors/process/lifecycle.py when a process starts and whenever an activity ends. What is chosen and computed
here is written into `TokenMoved`, so that `evolve` only copies.
"""

from typing import Any

from actors.bank import Flow, Node
from actors.codes import Code, Sort
from actors.process.events import ProcessEnded, TokenMoved
from actors.process.flow import walk
from actors.process.results import annual_rate, check_decision
from actors.process.scope import Scope, inputs
from actors.process.services import SERVICES, effect_of
from actors.turn import Context, EffectRequested, Event, RuleFailed

ENDS_REFUSED = (Sort.REFUSED, Sort.CONFLICT)
"""A mandatory service refused with such a code makes the process "refused"; with any other, "failed"."""


class Advance:
    """The events of one go. ``outcome``: code word of the service that has just ended ("" done)."""

    def __init__(self, scope: Scope, flow: Flow, ctx: Context) -> None:
        self._scope = scope
        self._flow = flow
        self._ctx = ctx
        self._outcomes: dict[str, str] = {}
        self._outcome = ""
        self._path: list[str] = []
        self._requests: list[Event] = []

    def from_start(self) -> list[Event]:
        return self._go(self._flow.start)

    def after(self, node: Node, code: Code | None) -> list[Event]:
        """The service of ``node`` has ended: ``code`` None when it was done."""
        self._note(node.service, code)
        if code is not None and node.mandatory:
            return self._end(_status_of(code))
        return self._go(node.id)

    def _go(self, finished: str) -> list[Event]:
        try:
            return self._follow(finished)
        except RuleFailed as error:
            self._outcomes["rules"] = Code.RULE_FAILED.word
            return self._end("failed", str(error))

    def _follow(self, finished: str) -> list[Event]:
        while True:
            path, node = walk(self._flow, finished, self._decide, self._holds)
            self._path += path
            if node.type == "end":
                return self._end(node.outcome)
            effect_id = self._ctx.effect_id(len(self._requests))
            request = SERVICES[node.service].ask(self._scope, self._ctx, effect_id)
            if isinstance(request, Code):
                self._note(node.service, request)
                if node.mandatory:
                    return self._end(_status_of(request))
            else:
                effect = effect_of(request, self._ctx, len(self._requests))
                self._requests.append(EffectRequested(effect=effect))
                if node.wait:
                    return [self._moved(effect.id), *self._requests]
            finished = node.id

    def _note(self, service: str, code: Code | None) -> None:
        self._outcome = "" if code is None else code.word
        self._outcomes[service] = self._outcome

    def _inputs(self) -> dict[str, Any]:
        return {**inputs(self._scope, self._ctx), "outcome": {"code": self._outcome}}

    def _decide(self, node: Node) -> None:
        result = self._ctx.rules.decide(node.decision, self._inputs())
        self._scope.learn({node.decision: check_decision(node.decision, result)})

    def _holds(self, condition: str) -> bool:
        value = self._ctx.rules.expression(condition, self._inputs())
        if not isinstance(value, bool):
            raise RuleFailed(f"condition {condition!r} is {type(value).__name__}, neither true nor false")
        return value

    def _moved(self, waits_for: str) -> TokenMoved:
        return TokenMoved(
            path=tuple(self._path), outcomes=self._outcomes, learnt=self._scope.learnt, waits_for=waits_for
        )

    def _end(self, status: str, detail: str = "") -> list[Event]:
        known = self._scope.variables
        verdicts = [v["reasons"] for v in known.values() if isinstance(v, dict) and "reasons" in v]
        codes = [c for c in (*self._scope.outcomes.values(), *self._outcomes.values()) if c]
        reasons = dict.fromkeys([*(r for reasons in verdicts for r in reasons), *codes])
        approved = status == "approved"
        ended = ProcessEnded(
            status=status,
            reasons=tuple(reasons),
            limit_fen=known["limit"]["limit_fen"] if approved and "limit" in known else 0,
            annual_rate=annual_rate(known["price"]["rate_bp"]) if approved and "price" in known else "",
            score=known["score"]["points"] if "score" in known else 0,
            detail=detail,
            at_ms=self._ctx.now_ms,
        )
        return [self._moved(""), *self._requests, ended]


def _status_of(code: Code) -> str:
    return "refused" if code.sort in ENDS_REFUSED else "failed"
