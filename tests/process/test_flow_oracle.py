"""Promise: our interpreter takes the path that SpiffWorkflow takes, on the shipped flows and on made ones."""

from pathlib import Path
from random import Random
from typing import Any

import pytest
from diagrams import STEPS_MAX, random_diagram, spiff_path

from actors.bank import BankTerms, Flow, Node
from actors.process.flow import walk
from cluster.bank_config import DEFAULT_FOLDER
from protocols.bpmn import compile_flow
from protocols.bpmn_checks import BadDiagram
from runtime.rules import BankRules

RULES = BankRules(BankTerms(code="x", name_zh="", name_en="", province=""))
SHIPPED = sorted(DEFAULT_FOLDER.rglob("*.bpmn"))


class Values:
    """What the k-th task of a run sets: for made diagrams ``v``, for shipped ones everything their gateways read."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __call__(self, k: int) -> dict[str, Any]:
        random = Random(f"{self._seed}/{k}")
        passed = {name: {"passed": random.random() < 0.8} for name in VERDICTS}
        return {"v": random.randint(0, 2), "outcome": {"code": random.choice(["", "", "x"])}, **passed}


VERDICTS = ("admission", "anti_fraud", "credit", "score", "limit")


def our_path(flow: Flow, values: Values) -> list[str]:
    path = [flow.start]
    variables: dict[str, Any] = {}
    done = 0

    def run(node: Node) -> None:
        nonlocal done
        variables.update(values(done))
        done += 1

    while len(path) < STEPS_MAX:
        entered, node = walk(flow, path[-1], run, lambda text: bool(RULES.expression(text, variables)))
        path += entered
        if node.type == "end":
            break
        run(node)
    return path[:STEPS_MAX]


@pytest.mark.parametrize("file", SHIPPED, ids=lambda f: f"{f.parent.parent.name}/{f.stem}")
def test_the_same_path_on_shipped_flows(file: Path) -> None:
    xml = file.read_bytes()
    flow = compile_flow(xml)
    seen = set()
    for seed in range(60):
        path = our_path(flow, Values(seed))
        assert path == spiff_path(xml, Values(seed)), seed
        seen |= set(path)
    assert seen == flow.nodes.keys(), "every node was passed at least once"


def test_the_same_path_on_made_diagrams() -> None:
    compared = lengths = 0
    for seed in range(400):
        xml = random_diagram(seed)
        try:
            flow = compile_flow(xml)
        except BadDiagram:
            continue
        for run in range(3):
            path = our_path(flow, Values(run))
            assert path == spiff_path(xml, Values(run)), f"seed {seed} run {run}"
            lengths += len(path)
        compared += 1
    assert compared >= 40, f"only {compared} made diagrams compile"
    assert lengths / compared > 9
