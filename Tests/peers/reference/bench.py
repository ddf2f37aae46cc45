"""Times decisions of cedarpy beside ours, on the same machine in the same run. Started by Tests/peers/cedar --bench."""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time

import cedarpy

NOTES = """
Median of all requests of a workload, one thread, no decision cached. Policies and entities are parsed before.
reeve         `reeve bench decisions`: a request of typed values in, the decision with reasons out; compiled form, as nodes decide
tree          the same by our tree-walking evaluator
engine        the reference's own measure of its evaluation (`authz_duration_micros`), whole microseconds, rounded down
call          one call of cedarpy's is_authorized from Python, what a program in Python waits for: besides the evaluation it reads
              the request and its context from JSON, writes the answer as JSON, and Python reads that
engine/reeve  how many times longer the reference's evaluation takes; where the engine shows 0 µs there is no ratio
"""
COLUMNS = ("workload", "policies", "requests", "allowed", "reeve ns", "tree ns", "engine ns", "call ns", "engine/reeve")


def ours(reeve, folder, rounds):
    command = [reeve, "bench", "decisions", str(folder), "--rounds", str(rounds), "--json"]
    result = subprocess.run(command, text=True, stdout=subprocess.PIPE)
    if not result.stdout.strip():
        raise SystemExit(f"{' '.join(command)} printed nothing (status {result.returncode})")
    return json.loads(result.stdout)


def theirs(folder):
    """How many are allowed, and the medians of the engine's and of the whole time, in nanoseconds."""
    policies = cedarpy.PolicySet.from_str((folder / "policies.cedar").read_text())
    entities = cedarpy.Entities.from_json_str((folder / "entities.json").read_text())
    requests = [json.loads(line) for line in (folder / "requests.jsonl").read_text().splitlines()]
    for request in requests:
        request["context"] = json.dumps(request.get("context", {}))
    for request in requests[:20]:  # the first ones are slower
        cedarpy.is_authorized(request, policies, entities)
    allowed, engine, call = 0, [], []
    for request in requests:
        start = time.perf_counter_ns()
        answer = cedarpy.is_authorized(request, policies, entities)
        call.append(time.perf_counter_ns() - start)
        engine.append(answer.metrics["authz_duration_micros"] * 1000)
        allowed += answer.allowed
    return allowed, statistics.median(engine), statistics.median(call)


def row(reeve, folder, rounds):
    our = ours(reeve, folder, rounds)
    allowed, engine, call = theirs(folder)
    fast, tree = our["compiled"]["medianNanoseconds"], our["tree-walking"]["medianNanoseconds"]
    agree = allowed == our["compiled"]["allowed"]
    cells = (
        folder.name, our["policies"], our["requests"], allowed if agree else f"{our['compiled']['allowed']} and {allowed}",
        fast, tree, round(engine), round(call), f"{engine / fast:.0f}" if engine else "",
    )
    return [str(cell) for cell in cells], agree


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--reeve", required=True)
    parser.add_argument("--workloads", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    options, _ = parser.parse_known_args()
    folders = sorted(file.parent for file in options.workloads.glob("*/requests.jsonl"))
    if not folders:
        raise SystemExit(f"{options.workloads} holds no workload")
    rows, all_agree = [list(COLUMNS)], True
    for folder in folders:
        print(f"measuring {folder.name}", file=sys.stderr, flush=True)
        cells, agree = row(options.reeve, folder, options.rounds)
        rows.append(cells)
        all_agree = all_agree and agree
    widths = [max(len(cells[place]) for cells in rows) for place in range(len(COLUMNS))]
    for cells in rows:
        print("  ".join(cell.ljust(width) if place == 0 else cell.rjust(width) for place, (cell, width) in enumerate(zip(cells, widths))))
    print(NOTES)
    if not all_agree:
        print("The decisions differ.", file=sys.stderr)
    return 0 if all_agree else 1


if __name__ == "__main__":
    sys.exit(main())
