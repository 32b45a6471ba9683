"""What a compiled flow must be before a bank may run it: one start, no dead end, no endless loop, whole gateways."""

from collections.abc import Iterable

from actors.bank import Node

OUTCOMES = ("approved", "refused", "paid_out", "failed")


class BadDiagram(ValueError):
    """The diagram is not well-formed, not in the subset, or could get stuck; the text names the element."""


def check_graph(nodes: dict[str, Node]) -> str:
    """Id of the one start node. Raises `BadDiagram`."""
    starts = [n.id for n in nodes.values() if n.type == "start"]
    if len(starts) != 1:
        raise BadDiagram(f"{len(starts)} start events, there must be one")
    for node in nodes.values():
        _check_node(node)
        if starts[0] in targets(node):
            raise BadDiagram(f"{node.id!r} leads back into the start event")
    reached = _closure(starts, {n.id: targets(n) for n in nodes.values()})
    if lost := sorted(nodes.keys() - reached):
        raise BadDiagram(f"not reachable from the start: {', '.join(lost)}")
    back: dict[str, list[str]] = {i: [] for i in nodes}
    for node in nodes.values():
        for target in targets(node):
            back[target].append(node.id)
    ending = _closure([n.id for n in nodes.values() if n.type == "end"], back)
    if stuck := sorted(nodes.keys() - ending):
        raise BadDiagram(f"no end is reachable from: {', '.join(stuck)}")
    _check_loops(nodes)
    return starts[0]


def targets(node: Node) -> list[str]:
    """All nodes an edge of ``node`` leads to, the default last."""
    return [t for t, _ in node.flows] + ([node.default] if node.default else [])


def _check_node(node: Node) -> None:
    where = f"{node.type} {node.id!r}"
    if node.type == "end":
        if node.flows:
            raise BadDiagram(f"{where} has an outgoing flow")
        if node.outcome not in OUTCOMES:
            raise BadDiagram(f"{where} needs an outcome of {', '.join(OUTCOMES)}, not {node.outcome!r}")
    elif node.type == "exclusive":
        _check_gateway(node, where)
    elif len(node.flows) != 1:
        raise BadDiagram(f"{where} has {len(node.flows)} outgoing flows, there must be one")
    elif node.flows[0][1]:
        raise BadDiagram(f"the flow out of {where} has a condition; only gateways choose")
    if node.type == "service" and not node.service:
        raise BadDiagram(f"{where} names no service")
    if node.type == "rule" and not node.decision:
        raise BadDiagram(f"{where} names no decision")


def _check_gateway(node: Node, where: str) -> None:
    if len(targets(node)) == 0:
        raise BadDiagram(f"{where} has no outgoing flow")
    if len(targets(node)) == 1:
        if node.default or node.flows[0][1]:
            raise BadDiagram(f"{where} has a single flow: no condition and no default belong there")
        return
    if not node.default:
        raise BadDiagram(f"{where} has no default flow")
    if any(not condition for _, condition in node.flows):
        raise BadDiagram(f"{where} has a flow without a condition that is not its default")


def _closure(seeds: Iterable[str], edges: dict[str, list[str]]) -> set[str]:
    seen: set[str] = set()
    todo = list(seeds)
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            todo += edges[node]
    return seen


def _check_loops(nodes: dict[str, Node]) -> None:
    """A loop must pass a service that is waited for, else one turn of the actor might never end."""
    left = {n.id: set(targets(n)) for n in nodes.values() if not (n.type == "service" and n.wait)}
    while left:
        inside = set().union(*left.values())
        free = [i for i, out in left.items() if not (out & left.keys()) or i not in inside]
        if not free:
            raise BadDiagram(f"a loop without a service to wait for: {', '.join(sorted(left))}")
        for i in free:
            del left[i]
