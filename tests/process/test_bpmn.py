"""Promise: what is outside the subset, unsafe or could get stuck is refused by name; the rest compiles."""

import pytest
from diagrams import diagram, flow

from cluster.bank_config import DEFAULT_FOLDER
from protocols.bpmn import BPMN, BYTES_MAX, NODES_MAX, compile_flow
from protocols.bpmn_checks import BadDiagram

START = '<startEvent id="s"/>'
END = '<endEvent id="e" miaodai:outcome="approved"/>'
TASK = '<serviceTask id="t" name="T" miaodai:service="x"/>'
GATE = '<exclusiveGateway id="g" default="g_e_0"/>'


def test_nodes_edges_and_our_attributes_come_through() -> None:
    compiled = compile_flow(
        diagram(
            START,
            "<documentation>words</documentation>",
            '<serviceTask id="t" name="T" miaodai:service="x" miaodai:mandatory="false" miaodai:wait="false"/>',
            '<businessRuleTask id="r" miaodai:decision="d"/>',
            GATE,
            END,
            '<endEvent id="f" miaodai:outcome="failed"/>',
            flow("s", "t"),
            flow("t", "r"),
            flow("r", "g"),
            flow("g", "f", "a &lt; 1", 1),
            flow("g", "e"),
        )
    )
    assert (compiled.key, compiled.version, compiled.start) == ("p", 1, "s")
    assert compiled.nodes["t"].flows == (("r", ""),)
    assert (compiled.nodes["t"].mandatory, compiled.nodes["t"].wait, compiled.nodes["t"].service) == (False, False, "x")
    assert (compiled.nodes["g"].flows, compiled.nodes["g"].default) == ((("f", "a < 1"),), "e")
    assert compiled.nodes["f"].outcome == "failed"
    assert compiled.nodes["r"].decision == "d"


def test_a_loop_back_through_a_service_is_fine() -> None:
    compile_flow(
        diagram(START, TASK, GATE, END, flow("s", "t"), flow("t", "g"), flow("g", "t", "again", 1), flow("g", "e"))
    )


def test_drawing_data_beside_the_process_is_borne() -> None:
    xml = diagram(START, END, flow("s", "e")).replace(
        b"</definitions>",
        b'<d:BPMNDiagram xmlns:d="http://www.omg.org/spec/BPMN/20100524/DI"><d:BPMNPlane/></d:BPMNDiagram></definitions>',
    )
    assert len(compile_flow(xml).nodes) == 2


@pytest.mark.parametrize(
    ("elements", "named"),
    [
        (('<userTask id="u"/>',), "userTask 'u'"),
        (('<parallelGateway id="u"/>',), "parallelGateway 'u'"),
        (('<boundaryEvent id="u" attachedToRef="t"/>',), "boundaryEvent 'u'"),
        (('<scriptTask id="u"><script>x</script></scriptTask>',), "scriptTask 'u'"),
        (('<x:thing xmlns:x="urn:x" id="u"/>',), "thing 'u'"),
        (("<laneSet/>",), "laneSet"),
    ],
)
def test_an_element_outside_the_subset_is_refused_by_name(elements: tuple[str, ...], named: str) -> None:
    with pytest.raises(BadDiagram, match=named):
        compile_flow(diagram(START, TASK, END, flow("s", "t"), flow("t", "e"), *elements))


@pytest.mark.parametrize(
    ("task", "named"),
    [
        ('<serviceTask id="t" miaodai:service="x"><multiInstanceLoopCharacteristics/></serviceTask>', "multiInstance"),
        ('<serviceTask id="t" miaodai:service="x" isForCompensation="true"/>', "isForCompensation"),
        ('<serviceTask id="t" miaodai:service="x" miaodai:retries="3"/>', "retries"),
        ('<serviceTask id="t" miaodai:service="x" xmlns:c="urn:c" c:class="Evil"/>', "class"),
        ('<serviceTask id="t" miaodai:service="x" miaodai:wait="maybe"/>', "wait"),
        ('<serviceTask id="t"/>', "'t' names no service"),
        ('<businessRuleTask id="t"/>', "'t' names no decision"),
        ('<serviceTask miaodai:service="x"/>', "serviceTask has no id"),
    ],
)
def test_what_a_task_may_not_say(task: str, named: str) -> None:
    with pytest.raises(BadDiagram, match=named):
        compile_flow(diagram(START, task, END, flow("s", "t"), flow("t", "e")))


@pytest.mark.parametrize(
    ("elements", "named"),
    [
        ((TASK, END, flow("t", "e")), "0 start events"),
        ((START, '<startEvent id="s2"/>', END, flow("s", "e"), flow("s2", "e")), "2 start events"),
        ((START, '<startEvent id="s2"><timerEventDefinition/></startEvent>', END), "timerEventDefinition"),
        ((START, END), "start 's' has 0 outgoing"),
        ((START, TASK, END, flow("s", "e")), "service 't' has 0 outgoing"),
        ((START, TASK, END, flow("s", "t"), flow("t", "e"), flow("t", "e", "", 1)), "'t' has 2 outgoing"),
        ((START, TASK, END, flow("s", "t"), flow("t", "e", "a")), "'t' has a condition"),
        ((START, TASK, END, flow("s", "e"), flow("t", "e")), "not reachable from the start: t"),
        ((START, TASK, END, flow("s", "t"), flow("t", "t")), "not reachable from the start: e"),
        ((START, TASK, flow("s", "t"), flow("t", "t")), "no end is reachable"),
        ((START, END, flow("s", "e"), flow("e", "s")), "outgoing"),
        ((START, TASK, END, flow("s", "t"), flow("t", "x")), "targetRef 'x'"),
        ((START, TASK, END, flow("s", "t"), flow("t", "s")), "back into the start"),
        ((START, '<endEvent id="e"/>', flow("s", "e")), "needs an outcome"),
        ((START, '<endEvent id="e" miaodai:outcome="happy"/>', flow("s", "e")), "happy"),
        ((START, START, END, flow("s", "e")), "same id"),
        ((START, END, flow("s", "e"), flow("s", "e")), "same id"),
    ],
)
def test_graphs_that_could_get_stuck(elements: tuple[str, ...], named: str) -> None:
    with pytest.raises(BadDiagram, match=named):
        compile_flow(diagram(*elements))


@pytest.mark.parametrize(
    ("gateway", "flows", "named"),
    [
        ('<exclusiveGateway id="g"/>', (), "no outgoing"),
        ('<exclusiveGateway id="g"/>', (flow("g", "e", "a"), flow("g", "f", "b")), "no default"),
        (GATE, (flow("g", "e"), flow("g", "f")), "without a condition"),
        (GATE, (flow("g", "e", "a"), flow("g", "f", "b")), "default flow .* has a condition"),
        (GATE, (flow("g", "f", "b"),), "is not one of its flows"),
        (GATE, (flow("g", "e"),), "single flow"),
        ('<exclusiveGateway id="g"/>', (flow("g", "e", "a"),), "single flow"),
        (GATE, (flow("g", "e"), flow("g", "f", " ")), "condition .* is empty"),
    ],
)
def test_gateways_must_be_whole(gateway: str, flows: tuple[str, ...], named: str) -> None:
    with pytest.raises(BadDiagram, match=named):
        compile_flow(
            diagram(START, gateway, END, END.replace('"e"', '"f"'), flow("s", "g"), *flows),
        )


def test_a_loop_that_waits_for_nothing_is_refused() -> None:
    fire_and_forget = TASK.replace("/>", ' miaodai:wait="false"/>')
    for task in ('<businessRuleTask id="t" miaodai:decision="d"/>', fire_and_forget):
        with pytest.raises(BadDiagram, match="a loop without a service to wait for: g, t"):
            compile_flow(
                diagram(START, task, GATE, END, flow("s", "t"), flow("t", "g"), flow("g", "t", "a", 1), flow("g", "e"))
            )


@pytest.mark.parametrize(
    ("xml", "named"),
    [
        (b"", "not well-formed"),
        (b"<definitions", "not well-formed"),
        (b"\xff\xfe\x00", "not well-formed"),
        (b"<definitions/>", "root"),
        (f'<definitions xmlns="{BPMN}"/>'.encode(), "no process"),
        (f'<definitions xmlns="{BPMN}"><collaboration id="c"/></definitions>'.encode(), "collaboration 'c'"),
        (f'<definitions xmlns="{BPMN}"><process/></definitions>'.encode(), "process has no id|0 start events"),
        (f'<definitions xmlns="{BPMN}"><process id="a"/><process id="b"/></definitions>'.encode(), "process 'b'"),
        (b"<!DOCTYPE d><definitions/>", "DOCTYPE"),
        (b'<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/hostname">]><d>&a;</d>', "DOCTYPE|not well-formed"),
        (
            b'<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]><d>&b;&b;&b;</d>',
            "DOCTYPE|not well-formed",
        ),
        ("<!DOCTYPE d><d/>".encode("utf-16"), "DOCTYPE"),
        (b"<a>" * 200 + b"</a>" * 200, "nested deeper"),
        (b"<a>" * 9000 + b"</a>" * 9000, "not well-formed|nested deeper"),
        (b" " * (BYTES_MAX + 1), "larger than"),
    ],
)
def test_bytes_that_are_no_safe_diagram(xml: bytes, named: str) -> None:
    with pytest.raises(BadDiagram, match=named):
        compile_flow(xml)


def test_too_many_nodes_and_versions_that_are_none() -> None:
    many = [TASK.replace('"t"', f'"t{i}"') for i in range(NODES_MAX)]
    with pytest.raises(BadDiagram, match="more than"):
        compile_flow(diagram(START, *many, END))
    for version in ("0", "-1", "x", "1.0", "²"):
        xml = diagram(START, END, flow("s", "e")).decode()
        xml = xml.replace('isExecutable="true"', f'isExecutable="true" miaodai:version="{version}"')
        with pytest.raises(BadDiagram, match="version"):
            compile_flow(xml.encode())


def test_no_comment_changes_a_condition() -> None:
    text = "<!-- a -->1 == 1"
    compiled = compile_flow(
        diagram(START, GATE, END, END.replace('"e"', '"f"'), flow("s", "g"), flow("g", "f", text, 1), flow("g", "e"))
    )
    assert compiled.nodes["g"].flows == (("f", "1 == 1"),)


@pytest.mark.parametrize("file", sorted(DEFAULT_FOLDER.rglob("*.bpmn")), ids=lambda f: f.name)
def test_shipped_files_compile(file: object) -> None:
    compile_flow(file.read_bytes())  # type: ignore[attr-defined]
