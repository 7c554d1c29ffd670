#!/usr/bin/env python3
"""Prints what the micro-benchmarks measured beside their budgets.

Reads files of `--benchmark_format=json`; figures are medians over the repetitions, of CPU time (of what
the benchmark timed itself where it did) or of a counter. The exit code is 0 as long as every benchmark ran: a budget that is missed is a result.
"""
import collections
import json
import statistics
import sys

MS_PER = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3}

# Name of the benchmark, or NAME:COUNTER; budget in milliseconds (MiB for `mib`), what it stands for.
BUDGETS = [
    ("EqualPods", None, "10,000 equal 1-GPU pods, 5,000 nodes: decide"),
    ("Cold/10000", 1000.0, "100,000 pods in gangs of 1..512, 10,000 nodes: decide"),
    ("Steady/10000", None, "100 arrivals, 100 completions, 10,000 nodes: a first decision"),
    ("Stream/10000", None, "the same, 300 decisions one after another: mean"),
    ("Stream/10000:p99_ms", 5.0, "the same: p99"),
    ("CannotStart/10000", 5.0, "verdict for a 512-pod gang, full cluster of 10,000 nodes"),
    ("Quarters", 1500.0, "100,000 pods of a quarter GPU, 10,000 nodes: decide"),
    ("Near/4096", 20.0, "4,096-pod gang, zone required, block preferred, 5 levels"),
    ("Near/8", None, "512 gangs of 8, each in one rack, 10,000 nodes: decide"),
    ("Mixed", None, "5,000-pod gang of 4 shapes that only just fits 5,000 nodes"),
    ("HostPorts", None, "2,500 pods with a host port, 5,000 nodes, 20,000 pods there"),
    ("Apart/8", None, "2,000 pods in gangs of 8 that keep apart by rack, the same"),
    ("Apart/2000", None, "a gang of 2,000 that keeps apart by host, the same"),
    ("Spread/8", None, "2,000 pods in gangs of 8, spread over zones, the same"),
    ("Spread/2000", None, "a gang of 2,000, spread over zones, the same"),
    ("VerifyApart", None, "check of a plan of 2,000 pods that keep apart"),
    ("NodesForPeople", None, "report on 10,000 nodes with fragmentation"),
    ("Memory:mib", 400.0, "engine: 10,000 nodes, 100,000 running and 100,000 pending pods"),
    ("Solve/10000", 20.0, "entitlements of 10,000 leaves, depth 4, 16 resources"),
    ("Update/10000", 0.2, "the same after a leaf's backlog grew or shrank in proportion"),
    ("UpdateAny/10000", 0.2, "the same after any other change of a leaf's demand"),
    ("SolveFlat/10000", None, "entitlements of 10,000 leaves, depth 1, 16 resources"),
    ("SolveStructured/10000", None, "entitlements of 10,000 equal leaves, guarantees, limits"),
    ("OrderStep/10000", 0.02, "order of 10,000 leaves, depth 4, 16 resources: a grant"),
    ("BM_PodListProto", None, "list of 10,000 pods of 4 kB: decode protobuf"),
    ("BM_PodListJson", None, "list of 10,000 pods of 4 kB: decode JSON"),
]
# The steady case must not grow faster than this from 1,000 to 10,000 nodes.
GROWTH = ("Stream/1000", "Stream/10000", 3.0)


def medians(paths):
    """Milliseconds by benchmark, and its counters; `failed` names those that did not run."""
    times, failed = collections.defaultdict(list), []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for run in json.load(file)["benchmarks"]:
                if run.get("error_occurred"):
                    failed.append(f"{run['run_name']}: {run['error_message']}")
                elif run["run_type"] == "iteration":
                    name = run["run_name"].split("/iterations:")[0]
                    kind = "real_time" if "manual_time" in run["run_name"] else "cpu_time"
                    times[name].append(run[kind] * MS_PER[run["time_unit"]])
                    for counter in ("p99_ms", "mib"):
                        if counter in run:
                            times[f"{name}:{counter}"].append(run[counter])
    return {name: statistics.median(values) for name, values in times.items()}, failed


def line(what, measured, budget, verdict):
    print(f"{what:<58} {measured:>12} {budget:>12}  {verdict}")


def verdict(measured, budget):
    if budget is None:
        return ""
    return "ok" if measured <= budget else "MISSED"


def main():
    times, failed = medians(sys.argv[1:])
    line("case (median CPU time of one core)", "measured", "budget", "")
    for name, budget, what in BUDGETS:
        if name not in times:
            line(what, "not run", "", "")
            continue
        unit = "MiB" if name.endswith(":mib") else "ms"
        limit = "" if budget is None else f"<= {budget:g} {unit}"
        line(what, f"{times[name]:.2f} {unit}", limit, verdict(times[name], budget))
    small, large, limit = GROWTH
    if small in times and large in times:
        ratio = times[large] / times[small]
        line("growth of the steady case, 1,000 -> 10,000 nodes", f"{ratio:.2f} x",
             f"<= {limit:g} x", verdict(ratio, limit))
    named = {name for name, _, _ in BUDGETS}
    for name in sorted(set(times) - named):
        line(name, f"{times[name]:.4g} ms", "", "")
    for text in failed:
        print(f"failed: {text}", file=sys.stderr)
    return 1 if failed or not times else 0


if __name__ == "__main__":
    sys.exit(main())
