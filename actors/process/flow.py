"""Pure token interpreter over a compiled `Flow`: from a finished node to the next one that must be waited for or ends.

A flow comes from protocols/bpmn.py, which has refused what could get stuck; actors/process/lifecycle.py calls `walk`
after every finished activity. Gateways and rules are passed in one go: a step costs microseconds.
"""

from collections.abc import Callable
from typing import NamedTuple

from actors.bank import Flow, Node

STEPS_MAX = 1_000
"""A compiled flow has no loop without a service; more steps than this in one go mean a bug."""


class Walk(NamedTuple):
    """``path``: ids of the nodes entered, in order, ``at`` included. ``at``: a service to run, or an end."""

    path: tuple[str, ...]
    at: Node


def walk(flow: Flow, finished: str, decide: Callable[[Node], None], holds: Callable[[str], bool]) -> Walk:
    """Follow the token from ``finished``: ``decide`` runs a rule node, ``holds`` tells whether a condition is true."""
    node = flow.nodes[finished]
    path: list[str] = []
    for _ in range(STEPS_MAX):
        node = flow.nodes[_next(node, holds)]
        path.append(node.id)
        if node.type in ("service", "end"):
            return Walk(tuple(path), node)
        if node.type == "rule":
            decide(node)
    raise AssertionError(f"flow {flow.key}@{flow.version} loops at {node.id}")


def _next(node: Node, holds: Callable[[str], bool]) -> str:
    """The first outgoing edge in document order whose condition holds, else the default."""
    for target, condition in node.flows:
        if not condition or holds(condition):
            return target
    return node.default
