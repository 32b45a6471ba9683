"""Small BPMN files made by seed for the oracle test, and the way SpiffWorkflow walks a diagram."""

import io
import re
from collections.abc import Callable
from random import Random
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
HEAD = (
    f'<definitions xmlns="{BPMN}" xmlns:miaodai="urn:miaodai:bpmn:1" id="d" targetNamespace="t">'
    '<process id="p" isExecutable="true">'
)
TAIL = "</process></definitions>"
STEPS_MAX = 60
MADE = ("startEvent", "endEvent", "serviceTask", "businessRuleTask", "exclusiveGateway")


def diagram(*elements: str) -> bytes:
    return (HEAD + "".join(elements) + TAIL).encode()


def flow(source: str, target: str, condition: str = "", number: int = 0) -> str:
    inside = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
    name = f"{source}_{target}_{number}"
    return f'<sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">{inside}</sequenceFlow>'


def random_diagram(seed: int) -> bytes:
    """Up to a dozen nodes, edges anywhere, back too; may be one that the compiler refuses."""
    random = Random(seed)
    inner = [f"n{i}" for i in range(random.randint(1, 9))]
    ends = [f"e{i}" for i in range(random.randint(1, 2))]
    elements = ['<startEvent id="s"/>', '<serviceTask id="t" miaodai:service="x"/>']
    elements += [flow("s", "t"), flow("t", inner[0])]
    elements += [f'<endEvent id="{e}" miaodai:outcome="approved"/>' for e in ends]
    for i, node in enumerate(inner):
        ahead = inner[i + 1 :] + ends
        kind = random.choice(["service", "rule", "gateway", "gateway"])
        if kind == "service":
            elements += [f'<serviceTask id="{node}" miaodai:service="x"/>', flow(node, random.choice(ahead[:3]))]
        elif kind == "rule":
            elements += [f'<businessRuleTask id="{node}" miaodai:decision="x"/>', flow(node, random.choice(ahead[:3]))]
        else:
            targets = [random.choice(ahead[:4]) for _ in range(random.randint(1, 3))]
            if random.random() < 0.4:
                targets.insert(0, random.choice(inner))
            last = len(targets) - 1
            default = f' default="{node}_{targets[last]}_{last}"' if last else ""
            elements.append(f'<exclusiveGateway id="{node}"{default}/>')
            for number, target in enumerate(targets):
                condition = f"v == {number}" if number < last else ""
                elements.append(flow(node, target, condition, number))
    return diagram(*elements)


def spiff_path(xml: bytes, values: Callable[[int], dict[str, Any]]) -> list[str]:
    """Nodes in the order SpiffWorkflow enters them; the k-th task sets ``values(k)``."""
    root = etree.fromstring(xml)
    for task in ("serviceTask", "businessRuleTask"):
        for element in root.iter(f"{{{BPMN}}}{task}"):
            element.tag = f"{{{BPMN}}}manualTask"
    for element in root.iter(f"{{{BPMN}}}conditionExpression"):
        element.text = re.sub(r"([a-z_]+)\.([a-z_]+)", r"\1['\2']", element.text)  # Python's way to say the same
    ids = {e.get("id") for e in root.iter() if etree.QName(e).localname in (*MADE, "manualTask")}
    process = root.find(f"{{{BPMN}}}process")
    assert process is not None
    parser = BpmnParser()
    parser.add_bpmn_io(io.BytesIO(etree.tostring(root)))
    workflow = BpmnWorkflow(parser.get_spec(process.get("id")))
    path: list[str] = []
    done = 0
    while not workflow.is_completed() and len(path) < STEPS_MAX:
        task = next(workflow.get_tasks_iterator(state=TaskState.READY))
        if task.task_spec.manual:
            task.data.update(values(done))
            done += 1
        task.run()
        if task.task_spec.bpmn_id in ids:
            path.append(task.task_spec.bpmn_id)
    return path
