"""``python -m bench [--only repay,esb] [--quick]``: one JSON line each on stdout, progress on stderr."""

import argparse
import importlib
import json
import sys

from bench.machine import machine
from bench.world import say
from cluster.logs import setup_logs

BENCHES = {
    "repay": "repay",
    "instant_loan": "instant_loan",
    "esb": "esb",
    "memory": "live",
    "activation": "live",
    "actor_per_loan": "actor_per_loan",
    "eod": "eod",
    "growth": "growth",
    "schedule": "schedule",
}
"""What ``--only`` takes, and the file that measures it (one file may measure two at once)."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--only", default="", help=f"comma separated, of: {', '.join(BENCHES)}")
    parser.add_argument("--quick", action="store_true", help="shorter blocks, fewer rounds: for a look only")
    arguments = parser.parse_args()
    wanted = [name for name in arguments.only.split(",") if name] or list(BENCHES)
    if unknown := [name for name in wanted if name not in BENCHES]:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    setup_logs(quiet=True)
    print(json.dumps({"machine": machine()}), flush=True)
    failed = 0
    for file in dict.fromkeys(BENCHES[name] for name in wanted):
        say(f"== {', '.join(name for name in wanted if BENCHES[name] == file)}")
        for line in importlib.import_module(f"bench.{file}").run(quick=arguments.quick):
            print(json.dumps(line, ensure_ascii=False), flush=True)
            failed += not line.get("invariants_ok", True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
