#!/usr/bin/env python3
"""Asks the real kube-scheduler where pods may run, to hold Fairlead against it.

Makes random small clusters (clusters.py) at an API server. kube-scheduler tries each probe; an
extender, which is this program, answers that no node will do and names those it was offered. So a
probe is never bound, and its condition says which nodes passed all filters and, by reason, how many
did not.

  record  writes cases: one cluster with its probes and verdicts a line, gzipped
  live    makes fresh cases and runs the checker on them; a disagreement is made smaller by dropping
          what is not needed for it, and printed

kube-scheduler runs with the order of filters of later releases, so that the first failing filter is
theirs; its reasons are written in their words.
"""
import argparse
import concurrent.futures
import copy
import gzip
import http.client
import http.server
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from clusters import NAMESPACES, PROBES, Cluster, Draw, claim, manifest, volume

FILTERS = (
    "NodeUnschedulable NodeName TaintToleration NodeAffinity NodePorts NodeResourcesFit "
    "VolumeRestrictions NodeVolumeLimits VolumeBinding VolumeZone PodTopologySpread InterPodAffinity"
).split()
DEADLINE_S = 60


class Api:
    """The API server of a control plane that tests/controlplane/up.sh started."""

    def __init__(self, plane):
        def text(name):
            with open(os.path.join(plane, name), encoding="utf-8") as file:
                return file.read().strip()

        self.host = text("server").removeprefix("https://")
        self.context = ssl.create_default_context(cafile=os.path.join(plane, "ca.crt"))
        self.headers = {
            "Authorization": "Bearer " + text("admin.token"),
            "Content-Type": "application/json",
        }
        self.local = threading.local()

    def call(self, method, path, body=None, content_type=None, accept=(200, 201, 202)):
        headers = dict(self.headers)
        if content_type:
            headers["Content-Type"] = content_type
        data = None if body is None else json.dumps(body)
        for attempt in (0, 1):
            if not hasattr(self.local, "connection") or attempt:
                self.local.connection = http.client.HTTPSConnection(
                    self.host, context=self.context, timeout=30
                )
            try:
                self.local.connection.request(method, path, data, headers)
                answer = self.local.connection.getresponse()
                content = answer.read()
                break
            except (http.client.HTTPException, OSError):
                if attempt:
                    raise
        if answer.status not in accept:
            raise RuntimeError(f"{method} {path}: {answer.status} {content.decode()[:500]}")
        return json.loads(content)


# --- kube-scheduler ------------------------------------------------------------------------------


class Extender(http.server.BaseHTTPRequestHandler):
    """Lets no node pass; the reason names the node, so that the condition of the pod does."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        args = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        names = args.get("nodenames") or args.get("NodeNames") or []
        answer = json.dumps(
            {"nodenames": [], "failedNodes": {name: f"passed {name}" for name in names}}
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class KubeScheduler:
    def __init__(self, plane, folder):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Extender)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"127.0.0.1:{free_port()}"
        config = {
            "apiVersion": "kubescheduler.config.k8s.io/v1beta1",
            "kind": "KubeSchedulerConfiguration",
            "clientConnection": {
                "kubeconfig": os.path.join(plane, "admin.kubeconfig"),
                "qps": 5000,
                "burst": 5000,
            },
            "leaderElection": {"leaderElect": False},
            "percentageOfNodesToScore": 100,
            "podInitialBackoffSeconds": 1,
            "podMaxBackoffSeconds": 1,
            "healthzBindAddress": address,
            "metricsBindAddress": address,
            "profiles": [
                {
                    "schedulerName": "fairlead",
                    "plugins": {
                        "filter": {
                            "disabled": [{"name": "*"}],
                            "enabled": [{"name": name} for name in FILTERS],
                        },
                        "postFilter": {"disabled": [{"name": "*"}]},
                    },
                }
            ],
            "extenders": [
                {
                    "urlPrefix": f"http://127.0.0.1:{server.server_port}",
                    "filterVerb": "filter",
                    "nodeCacheCapable": True,
                }
            ],
        }
        path = os.path.join(folder, "kube-scheduler.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        self.log_path = os.path.join(folder, "kube-scheduler.log")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [
                    os.path.join(plane, "bin", "kube-scheduler"),
                    "--config=" + path,
                    "--secure-port=0",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def check(self):
        if self.process.poll() is not None:
            with open(self.log_path, encoding="utf-8", errors="replace") as log:
                raise RuntimeError("kube-scheduler ended:\n" + log.read()[-3000:])

    def stop(self):
        self.process.terminate()
        self.process.wait()


# --- asking --------------------------------------------------------------------------------------


def in_later_words(reason):
    """A reason of release 1.20 as later ones say it; None for one that they leave out."""
    taint = re.fullmatch(r"node\(s\) had taint (\{.*\}), that the pod didn't tolerate", reason)
    if taint:
        return "node(s) had untolerated taint " + taint.group(1)
    if reason == "node(s) didn't match Pod's node affinity":
        return reason + "/selector"
    if reason.startswith("node(s) didn't match pod affinity/anti-affinity"):
        return None
    if reason == "node(s) had volume node affinity conflict":
        return "node(s) didn't match PersistentVolume's node affinity"
    return reason


def verdict(message, nodes):
    """Nodes that passed, and the number of the others by reason."""
    text = re.fullmatch(r"0/(\d+) nodes are available: (.*)\.", message)
    if not text or int(text.group(1)) != nodes:
        return None
    passed, reasons = [], {}
    for part in re.split(r", (?=\d+ )", text.group(2)):
        count, reason = part.split(" ", 1)
        if reason.startswith("passed "):
            passed.append(reason.removeprefix("passed "))
            continue
        reason = in_later_words(reason)
        if reason is not None:
            reasons[reason] = reasons.get(reason, 0) + int(count)
    return sorted(passed), reasons


def pick(source, keys):
    return {key: source[key] for key in keys if key in source}


def trimmed(item):
    """What can matter to a scheduler of a node or a pod that the server returned."""
    metadata = pick(
        item["metadata"], ["name", "namespace", "uid", "labels", "deletionTimestamp"]
    )
    if "allocatable" in item.get("status", {}):
        spec = pick(item["spec"], ["taints", "unschedulable"])
        return {"metadata": metadata, "spec": spec, "status": pick(item["status"], ["allocatable"])}
    spec = pick(
        item["spec"],
        "nodeName nodeSelector affinity tolerations topologySpreadConstraints schedulerName".split(),
    )
    claims = [v for v in item["spec"].get("volumes", []) if "persistentVolumeClaim" in v]
    if claims:
        spec["volumes"] = claims
    for field in ("containers", "initContainers"):
        if field in item["spec"]:
            spec[field] = [pick(c, ["name", "resources", "ports"]) for c in item["spec"][field]]
    return {"metadata": metadata, "spec": spec, "status": pick(item["status"], ["phase"])}


def trimmed_storage(item):
    """The same of a claim, a volume or a CSINode."""
    metadata = pick(item["metadata"], ["name", "namespace", "labels", "annotations"])
    keys = "accessModes csi drivers nodeAffinity storageClassName volumeName".split()
    return {"metadata": metadata, "spec": pick(item["spec"], keys)}


STORAGE = {  # kind -> path; {} = the namespace
    "PersistentVolumeClaim": "/api/v1/namespaces/{}/persistentvolumeclaims",
    "PersistentVolume": "/api/v1/persistentvolumes",
    "CSINode": "/apis/storage.k8s.io/v1/csinodes",
}


class Oracle:
    def __init__(self, plane, folder):
        self.api = Api(plane)
        self.pool = concurrent.futures.ThreadPoolExecutor(4)
        self.serial = 0
        for name in NAMESPACES:
            body = {"metadata": {"name": name}}
            self.api.call("POST", "/api/v1/namespaces", body, accept=(201, 409))
        self.clear()
        self.scheduler = KubeScheduler(plane, folder)

    def close(self):
        self.scheduler.stop()
        self.clear()

    def each(self, work, items):
        list(self.pool.map(work, items))

    def create(self, item):
        if item["kind"] == "Node":
            self.api.call("POST", "/api/v1/nodes", item)
        elif item["kind"] in STORAGE:
            path = STORAGE[item["kind"]].format(item["metadata"].get("namespace"))
            self.api.call("POST", path, item)
        else:
            self.api.call("POST", self.pods_path(item), item)

    @staticmethod
    def pods_path(item):
        return f"/api/v1/namespaces/{item['metadata']['namespace']}/pods"

    def pods(self):
        lists = [self.api.call("GET", f"/api/v1/namespaces/{ns}/pods") for ns in NAMESPACES]
        return [item for each in lists for item in each["items"]]

    def stored(self):
        """Kind, path and object of all that claims lead to."""
        for kind, template in STORAGE.items():
            for path in sorted({template.format(namespace) for namespace in NAMESPACES}):
                for item in self.api.call("GET", path)["items"]:
                    yield kind, f"{path}/{item['metadata']['name']}", item

    def clear(self):
        def drop(pod):
            path = f"{self.pods_path(pod)}/{pod['metadata']['name']}"
            if pod["metadata"].get("finalizers"):
                patch = {"metadata": {"finalizers": None}}
                kind = "application/merge-patch+json"
                self.api.call("PATCH", path, patch, kind, accept=(200, 404))
            body = {"gracePeriodSeconds": 0}
            self.api.call("DELETE", path, body, accept=(200, 202, 404))

        def drop_node(node):
            self.api.call("DELETE", "/api/v1/nodes/" + node["metadata"]["name"], accept=(200, 404))

        def drop_storage(path):
            # In this order, for controllers put finalizers back while nothing is being deleted.
            self.api.call("DELETE", path, accept=(200, 202, 404))
            patch, kind = {"metadata": {"finalizers": None}}, "application/merge-patch+json"
            self.api.call("PATCH", path, patch, kind, accept=(200, 404))

        self.each(drop, self.pods())
        self.each(drop_storage, [path for _, path, _ in self.stored()])
        nodes = self.api.call("GET", "/api/v1/nodes")["items"]
        self.each(drop_node, nodes)

    def wait_until(self, what, ready):
        deadline = time.monotonic() + DEADLINE_S
        while True:
            self.scheduler.check()
            answer = ready()
            if answer is not None:
                return answer
            if time.monotonic() > deadline:
                raise RuntimeError(f"no sign of {what} after {DEADLINE_S} s")
            time.sleep(0.02)

    def condition(self, pod):
        for condition in pod.get("status", {}).get("conditions", []):
            if condition["type"] == "PodScheduled":
                return condition.get("message", "")
        return ""

    def settle(self, cluster):
        """Waits until kube-scheduler knows the nodes and pods that were made: a pod that tolerates
        everything and wants nothing sees them all."""
        self.serial += 1
        marker = manifest(
            {"name": f"marker{self.serial}", "namespace": NAMESPACES[0]},
            {
                "containers": [{"name": "main", "image": "none"}],
                "schedulerName": "fairlead",
                "tolerations": [{"operator": "Exists"}],
            },
        )
        if cluster.storage:
            # Only a scheduler that has seen the last claim, the last volume and every CSINode finds
            # that this one can be attached nowhere.
            csi = {"driver": "settled.example.com", "volumeHandle": "settled"}
            self.create(volume("settled", {}, {"csi": csi}))
            self.create(claim(NAMESPACES[0], "settled", "settled"))
            source = {"claimName": "settled"}
            marker["spec"]["volumes"] = [{"name": "v", "persistentVolumeClaim": source}]
        path = self.pods_path(marker)
        wanted = f"0/{len(cluster.nodes)} nodes are available: "
        self.create(marker)
        name = marker["metadata"]["name"]

        def seen():
            text = self.condition(self.api.call("GET", f"{path}/{name}"))
            if not text.startswith(wanted) or (cluster.storage and "passed " in text):
                return None
            return True

        self.wait_until("the nodes at kube-scheduler", seen)
        self.api.call("DELETE", f"{path}/{name}", {"gracePeriodSeconds": 0})

    def ask(self, cluster):
        """The case: what the server made of the cluster, and kube-scheduler's verdicts."""
        self.clear()
        self.each(self.create, copy.deepcopy(cluster.storage))
        self.each(self.create, copy.deepcopy(cluster.nodes))
        self.each(self.create, copy.deepcopy(cluster.pods))
        for pod in cluster.pods:
            if "finalizers" in pod["metadata"]:
                path = f"{self.pods_path(pod)}/{pod['metadata']['name']}"
                self.api.call("DELETE", path, {"gracePeriodSeconds": 0})
        self.settle(cluster)
        self.each(self.create, copy.deepcopy(cluster.probes))
        names = {probe["metadata"]["name"] for probe in cluster.probes}

        def decided():
            pods = self.pods()
            probes = [pod for pod in pods if pod["metadata"]["name"] in names]
            if all(verdict(self.condition(p), len(cluster.nodes)) for p in probes):
                return pods
            return None

        pods = self.wait_until("a verdict about every probe", decided)
        probes = []
        for pod in sorted(pods, key=lambda p: (len(p["metadata"]["name"]), p["metadata"]["name"])):
            if pod["metadata"]["name"] not in names:
                continue
            passed, reasons = verdict(self.condition(pod), len(cluster.nodes))
            probes.append({"pod": trimmed(pod), "passed": passed, "reasons": reasons})
        storage = {}
        for kind, _, item in self.stored():
            storage.setdefault(kind, []).append(trimmed_storage(item))
        return {
            **storage,
            "nodes": [trimmed(n) for n in self.api.call("GET", "/api/v1/nodes")["items"]],
            "pods": [trimmed(p) for p in pods if p["metadata"]["name"].startswith("e")],
            "probes": probes,
        }


# --- commands ------------------------------------------------------------------------------------


def line(case):
    return json.dumps(case, separators=(",", ":"), sort_keys=True) + "\n"


def check(checker, cases):
    """The checker's exit code and what it prints."""
    text = "".join(line(case) for case in cases)
    run = subprocess.run([checker, "-"], input=text.encode(), stdout=subprocess.PIPE, check=False)
    if run.returncode not in (0, 1):
        raise RuntimeError(f"{checker} ended with {run.returncode}: {run.stdout.decode()}")
    return run.returncode, run.stdout.decode()


def pieces(tree, path=()):
    """Paths to all parts of a manifest's spec, outer ones first."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in list(items):
        if path + (key,) not in (("schedulerName",), ("nodeName",), ("containers",)):
            yield path + (key,)
        if isinstance(value, (dict, list)):
            yield from pieces(value, path + (key,))


def without(tree, path):
    tree = copy.deepcopy(tree)
    at = tree
    for key in path[:-1]:
        at = at[key]
    del at[path[-1]]
    return tree


def smaller(cluster):
    """Clusters with one thing less."""
    for i in range(len(cluster.pods)):
        rest = cluster.pods[:i] + cluster.pods[i + 1 :]
        yield Cluster(cluster.nodes, rest, cluster.probes, cluster.storage)
    for node in cluster.nodes:
        name = node["metadata"]["name"]
        if len(cluster.nodes) > 1 and all(p["spec"]["nodeName"] != name for p in cluster.pods):
            rest = [n for n in cluster.nodes if n is not node]
            yield Cluster(rest, cluster.pods, cluster.probes, cluster.storage)
    for field in ("probes", "pods"):
        for i, pod in enumerate(getattr(cluster, field)):
            for path in pieces(pod["spec"]):
                made = Cluster(
                    cluster.nodes, list(cluster.pods), list(cluster.probes), cluster.storage
                )
                getattr(made, field)[i] = {**pod, "spec": without(pod["spec"], path)}
                yield made


def reduce(oracle, checker, cluster):
    """A cluster with one probe that disagrees, from which nothing can be dropped, and its case."""
    def disagrees(candidate):
        try:
            case = oracle.ask(candidate)
        except RuntimeError:  # the server refuses it
            return None
        return case if check(checker, [case])[0] else None

    case = None
    for probe in cluster.probes:
        candidate = Cluster(cluster.nodes, cluster.pods, [probe], cluster.storage)
        case = disagrees(candidate)
        if case:
            cluster = candidate
            break
    if not case:
        return None
    tries, found = 0, True
    while found and tries < 400:
        found = False
        for candidate in smaller(cluster):
            tries += 1
            made = disagrees(candidate)
            if made:
                cluster, case, found = candidate, made, True
                break
    return case


def progress(done, total):
    if sys.stderr.isatty():
        print(f"\r{done}/{total} clusters", end="\n" if done == total else "", file=sys.stderr)


def record(oracle, args):
    with gzip.GzipFile(args.out, "wb", 9, mtime=0) as file:
        seed = args.seed
        for number in range(args.clusters):
            cluster, seed = Draw(seed).cluster(), seed + 1
            while args.volumes and not cluster.storage:
                cluster, seed = Draw(seed).cluster(), seed + 1
            file.write(line(oracle.ask(cluster)).encode())
            progress(number + 1, args.clusters)
    print(f"{args.clusters * PROBES} cases in {args.out}")
    return 0


def live(oracle, args):
    print(f"seed {args.seed}")
    for number in range(args.clusters):
        cluster = Draw(args.seed + number).cluster()
        code, output = check(args.checker, [oracle.ask(cluster)])
        progress(number + 1, args.clusters)
        if code == 0:
            continue
        print(f"cluster {args.seed + number} disagrees:\n{output}")
        case = reduce(oracle, args.checker, cluster)
        if case is None:
            print("asked again, it does not")
        else:
            print("the smallest found:\n" + line(case) + check(args.checker, [case])[1])
        return 1
    print(f"{args.clusters * PROBES} fresh cases, all agree")
    return 0


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["record", "live"])
    parser.add_argument("--plane", required=True, help="directory of tests/controlplane/up.sh")
    parser.add_argument("--clusters", type=int, default=6, help=f"of {PROBES} probes each")
    parser.add_argument("--seed", type=int, help="of the first cluster (default: from the clock)")
    parser.add_argument("--out", help="for record: the file to write")
    parser.add_argument("--volumes", action="store_true", help="record only clusters with volumes")
    parser.add_argument("--checker", help="for live: the program differential_check")
    args = parser.parse_args()
    needed = "out" if args.command == "record" else "checker"
    if getattr(args, needed) is None:
        parser.error(f"{args.command} needs --{needed}")
    if args.seed is None:
        args.seed = int(time.time()) % 1_000_000 * 1000
    with tempfile.TemporaryDirectory() as folder:
        oracle = Oracle(args.plane, folder)
        try:
            return (record if args.command == "record" else live)(oracle, args)
        finally:
            oracle.close()


if __name__ == "__main__":
    sys.exit(main())
