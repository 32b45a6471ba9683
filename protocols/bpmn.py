"""BPMN 2.0 XML to a compiled `Flow`: read with lxml, checked whole, anything outside the subset refused by name.

Before it: a bank's ``flows/*.bpmn`` (cluster/bank_config.py). After it: actors/process/flow.py, which runs the result.
The subset: start and end event (none), service task, business-rule task, exclusive gateway, sequence flow. What a node
runs stands in attributes of the miaodai namespace: ``service`` (with ``mandatory`` and ``wait``), ``decision``,
``outcome`` of an end, ``version`` of the process.
"""

from typing import Any, Literal

from lxml import etree

from actors.bank import Flow, Node
from protocols.bpmn_checks import BadDiagram, check_graph

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DIAGRAM = ("http://www.omg.org/spec/BPMN/20100524/DI", "http://www.omg.org/spec/DD/20100524/DC")
MIAODAI = "urn:miaodai:bpmn:1"
BYTES_MAX = 1_000_000
DEPTH_MAX = 24
NODES_MAX = 300

NodeType = Literal["start", "end", "service", "rule", "exclusive"]
NODE_TYPES: dict[str, NodeType] = {
    "startEvent": "start",
    "endEvent": "end",
    "serviceTask": "service",
    "businessRuleTask": "rule",
    "exclusiveGateway": "exclusive",
}
ATTRIBUTES: dict[str, set[str]] = {
    "startEvent": {"isInterrupting"},
    "endEvent": set(),
    "serviceTask": {"implementation"},
    "businessRuleTask": {"implementation"},
    "exclusiveGateway": {"default", "gatewayDirection"},
    "sequenceFlow": {"sourceRef", "targetRef"},
    "process": {"isExecutable", "isClosed", "processType"},
}
OURS: dict[str, set[str]] = {
    "endEvent": {"outcome"},
    "serviceTask": {"service", "mandatory", "wait"},
    "businessRuleTask": {"decision"},
    "process": {"version"},
}
SILENT = {"documentation", "incoming", "outgoing"}
"""Children that say nothing the sequence flows do not say."""


def compile_flow(xml: bytes) -> Flow:
    """The flow of a file with exactly one process. Raises `BadDiagram` with the element's name and id."""
    process = _process(_parse(xml))
    _check_attributes(process, "process")
    nodes: dict[str, etree._Element] = {}
    edges: list[etree._Element] = []
    for child in process:
        name = _name(child)
        if name in NODE_TYPES:
            nodes[_id(child)] = child
        elif name == "sequenceFlow":
            edges.append(child)
        elif name not in SILENT:
            raise BadDiagram(f"{_label(child)} is not supported")
    ids = [_id(e) for e in (*nodes.values(), *edges)]
    if len(nodes) > NODES_MAX or len(edges) > 4 * NODES_MAX:
        raise BadDiagram(f"more than {NODES_MAX} nodes")
    if len(set(ids)) != sum(1 for c in process if _name(c) in NODE_TYPES or _name(c) == "sequenceFlow"):
        raise BadDiagram("two elements have the same id")
    version = process.get(f"{{{MIAODAI}}}version", "1")
    if not version.isascii() or not version.isdigit() or int(version) < 1:
        raise BadDiagram(f"version {version!r} is not a whole number from 1")
    compiled = {i: _node(element, edges) for i, element in nodes.items()}
    for edge in edges:
        _check_edge(edge, nodes)
    start = check_graph(compiled)
    return Flow(key=_id(process), version=int(version), start=start, nodes=compiled)


def _parse(xml: bytes) -> etree._Element:
    if len(xml) > BYTES_MAX:
        raise BadDiagram(f"larger than {BYTES_MAX} bytes")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise BadDiagram(f"not well-formed: {error.msg}") from None
    info: Any = root.getroottree().docinfo
    if info.doctype or info.internalDTD is not None:
        raise BadDiagram("DOCTYPE is forbidden")
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > DEPTH_MAX:
            raise BadDiagram(f"nested deeper than {DEPTH_MAX}")
        level = [child for element in level for child in element]
    return root


def _process(root: etree._Element) -> etree._Element:
    if root.tag != f"{{{BPMN}}}definitions":
        raise BadDiagram(f"the root is {_label(root)}, not definitions of BPMN 2.0")
    found = None
    for child in root:
        space = etree.QName(child).namespace
        if space in DIAGRAM:
            continue
        if _name(child) == "process" and found is None:
            found = child
        elif _name(child) not in SILENT:
            raise BadDiagram(f"{_label(child)} is not supported beside one process")
    if found is None:
        raise BadDiagram("no process")
    return found


def _node(element: etree._Element, edges: list[etree._Element]) -> Node:
    name, own = _name(element), _id(element)
    _check_attributes(element, name)
    for child in element:
        if _name(child) not in SILENT:
            raise BadDiagram(f"{_label(child)} in {_label(element)} is not supported")
    outgoing = [e for e in edges if e.get("sourceRef") == own]
    default = element.get("default", "")
    targets = {_id(e): e.get("targetRef", "") for e in outgoing}
    if default and default not in targets:
        raise BadDiagram(f"the default {default!r} of {_label(element)} is not one of its flows")
    if any(_condition(e) for e in outgoing if _id(e) == default):
        raise BadDiagram(f"the default flow of {_label(element)} has a condition")
    return Node(
        id=own,
        name=element.get("name", ""),
        type=NODE_TYPES[name],
        service=_ours(element, "service"),
        decision=_ours(element, "decision"),
        outcome=_ours(element, "outcome"),
        mandatory=_flag(element, "mandatory"),
        wait=_flag(element, "wait"),
        flows=tuple((targets[_id(e)], _condition(e)) for e in outgoing if _id(e) != default),
        default=targets.get(default, ""),
    )


def _condition(edge: etree._Element) -> str:
    text = ""
    for child in edge:
        if _name(child) == "conditionExpression":
            text = (child.text or "").strip()
            if not text or len(child):
                raise BadDiagram(f"the condition of {_label(edge)} is empty")
        elif _name(child) not in SILENT:
            raise BadDiagram(f"{_label(child)} in {_label(edge)} is not supported")
    return text


def _check_edge(edge: etree._Element, nodes: dict[str, etree._Element]) -> None:
    _check_attributes(edge, "sequenceFlow")
    for end in ("sourceRef", "targetRef"):
        if edge.get(end) not in nodes:
            raise BadDiagram(f"{end} {edge.get(end)!r} of {_label(edge)} is no node of the process")


def _check_attributes(element: etree._Element, name: str) -> None:
    for key in element.attrib:
        q = etree.QName(key)
        known = OURS.get(name, set()) if q.namespace == MIAODAI else ATTRIBUTES[name] | {"id", "name"}
        if q.namespace not in (None, MIAODAI) or q.localname not in known:
            raise BadDiagram(f"attribute {q.localname} of {_label(element)} is not supported")


def _ours(element: etree._Element, attribute: str) -> str:
    return element.get(f"{{{MIAODAI}}}{attribute}", "").strip()


def _flag(element: etree._Element, attribute: str) -> bool:
    text = _ours(element, attribute) or "true"
    if text not in ("true", "false"):
        raise BadDiagram(f"{attribute} of {_label(element)} is {text!r}, not true or false")
    return text == "true"


def _id(element: etree._Element) -> str:
    own = element.get("id", "")
    if not own:
        raise BadDiagram(f"a {_name(element)} has no id")
    return own


def _name(element: etree._Element) -> str:
    """Local name of a BPMN element; of a foreign one with its namespace, so that it is never taken for BPMN."""
    q = etree.QName(element)
    return q.localname if q.namespace == BPMN else f"{{{q.namespace}}}{q.localname}"


def _label(element: etree._Element) -> str:
    own = element.get("id")
    return f"{_name(element)} {own!r}" if own else _name(element)
