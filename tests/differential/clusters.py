"""Random small clusters that use every predicate which Kubernetes 1.20 knows: nodes with labels,
taints and cordons; running pods with requests, ports of the host, affinity and anti-affinity; claims
to volumes, bound ones and such that are not; and probe pods. Names and values come from few, so that
rules meet."""
import random

NAMESPACES = ("oracle", "oracle-other")
PROBES = 20  # a cluster
AMOUNTS = {"m": 1, "": 1000, "Mi": 1000 << 20, "M": 10**9, "Gi": 1000 << 30}  # in thousandths


def amount(text):
    number = text.rstrip("mMGi")
    return int(number) * AMOUNTS[text[len(number) :]]


DRIVERS = ("fast.example.com", "slow.example.com")
ZONE = "topology.kubernetes.io/zone"
CLAIMS = 6  # in each namespace


class Cluster:
    """Nodes, running pods, probes, and what their claims lead to, as manifests."""

    def __init__(self, nodes, pods, probes, storage=()):
        self.nodes, self.pods, self.probes, self.storage = nodes, pods, probes, storage


class Draw:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def one_in(self, n):
        return self.random.randrange(n) == 0

    def of(self, values):
        return self.random.choice(values)

    def some(self, values, most):
        return self.random.sample(values, self.random.randint(1, min(most, len(values))))

    def pod_labels(self):
        labels = {"app": self.of("abc")}
        if self.one_in(2):
            labels["tier"] = self.of(["web", "db"])
        return labels

    def node(self, name):
        labels = {"kubernetes.io/hostname": name}
        if not self.one_in(6):
            labels["zone"] = self.of(["z1", "z2", "z3"])
        if not self.one_in(4):
            labels["rack"] = self.of(["r1", "r2"])
        if self.one_in(2):
            labels["disk"] = self.of(["ssd", "hdd"])
        if self.one_in(2):
            labels["gen"] = self.of(["1", "2", "3", "07", "x"])
        capacity = {
            "cpu": self.of(["1", "2", "4", "1500m"]),
            "memory": self.of(["1Gi", "2Gi", "4Gi"]),
            "pods": self.of(["2", "3", "110", "110", "110", "110"]),
            "ephemeral-storage": self.of(["10Gi", "1Gi"]),
        }
        if self.one_in(2):
            capacity["nvidia.com/gpu"] = self.of(["1", "2", "8"])
        if self.one_in(4):
            capacity["example.com/nic"] = self.of(["1", "2"])
        spec = {}
        if self.one_in(5):
            spec["taints"] = [self.taint(key) for key in self.some(["k1", "k2"], 2)]
        if self.one_in(12):
            spec["unschedulable"] = True
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": labels},
            "spec": spec,
            "status": {"capacity": capacity, "allocatable": capacity},
        }

    def taint(self, key):
        taint = {"key": key, "effect": self.of(["NoSchedule", "NoExecute", "PreferNoSchedule"])}
        if self.one_in(2):
            taint["value"] = self.of(["v1", "v2"])
        return taint

    def toleration(self):
        toleration = {}
        if not self.one_in(6):
            toleration["key"] = self.of(["k1", "k2", "node.kubernetes.io/unschedulable"])
        if "key" not in toleration or self.one_in(2):
            toleration["operator"] = "Exists"
        elif self.one_in(2):
            toleration["operator"] = "Equal"
        if toleration.get("operator") != "Exists" and self.one_in(2):
            toleration["value"] = self.of(["v1", "v2"])
        if self.one_in(2):
            toleration["effect"] = self.of(["NoSchedule", "NoExecute"])
        return toleration

    def requests(self, small):
        requests = {}
        if self.one_in(2):
            requests["cpu"] = self.of(["100m", "250m"] if small else ["100m", "500m", "1", "2", "0"])
        if self.one_in(2):
            requests["memory"] = self.of(["64Mi"] if small else ["64Mi", "500M", "1Gi", "2Gi"])
        if self.one_in(8):
            requests["ephemeral-storage"] = self.of(["1Gi", "2Gi"])
        if self.one_in(6):
            requests["nvidia.com/gpu"] = self.of(["1", "2"])
        if self.one_in(12):
            requests["example.com/nic"] = "1"
        return requests

    def container(self, name, small):
        container = {"name": name, "image": "none"}
        requests = self.requests(small)
        if requests:
            limits = {k: v for k, v in requests.items() if "/" in k}
            container["resources"] = {"requests": requests, "limits": limits}
        return container

    def ports(self):
        ports = {}
        for _ in range(self.random.randint(1, 2)):
            port = {"containerPort": 80, "hostPort": self.of([8080, 8081, 9000])}
            if self.one_in(3):
                port["protocol"] = self.of(["TCP", "UDP"])
            if self.one_in(2):
                port["hostIP"] = self.of(["0.0.0.0", "127.0.0.1", "10.0.0.1"])
            ports[port["hostPort"]] = port
        return list(ports.values())

    def requirement(self, keys, node):
        key = self.of(sorted(keys))
        values = keys[key]
        op = self.of(["In", "NotIn", "Exists", "DoesNotExist"])
        if node and key == "gen" and self.one_in(2):
            return {"key": key, "operator": self.of(["Gt", "Lt"]), "values": [self.of("123")]}
        requirement = {"key": key, "operator": op}
        if op in ("In", "NotIn"):
            requirement["values"] = self.some(values, 2)
        return requirement

    def node_term(self, names):
        keys = {
            "zone": ["z1", "z2", "z3"],
            "rack": ["r1", "r2"],
            "disk": ["ssd", "hdd"],
            "gen": ["1", "2", "07", "x"],
        }
        term = {}
        if not self.one_in(6):
            term["matchExpressions"] = [
                self.requirement(keys, True) for _ in range(self.random.randint(1, 2))
            ]
        if self.one_in(6):
            term["matchFields"] = [
                {
                    "key": "metadata.name",
                    "operator": self.of(["In", "NotIn"]),
                    "values": [self.of(names)],
                }
            ]
        return term

    def pod_selector(self):
        keys = {"app": ["a", "b", "c"], "tier": ["web", "db"]}
        selector = {}
        if not self.one_in(4):
            selector["matchLabels"] = {"app": self.of("abc")}
        if self.one_in(3):
            selector["matchExpressions"] = [self.requirement(keys, False)]
        return selector

    def pod_term(self):
        term = {"topologyKey": self.of(["zone", "rack", "kubernetes.io/hostname"])}
        if not self.one_in(12):
            term["labelSelector"] = self.pod_selector()
        if self.one_in(4):
            term["namespaces"] = self.some(list(NAMESPACES), 2)
        return term

    def spread(self, nodes, selects):
        """Rules for which release 1.20 and later ones count the same pods: 1.20 also counts those on
        nodes that the pod does not select, or that lack the label of another of its rules, if they
        share a value with a node that counts."""
        keys = ["zone", "rack", "kubernetes.io/hostname"]
        if selects:
            keys = keys[2:]
        complete = [key for key in keys if all(key in n["metadata"]["labels"] for n in nodes)]
        rules = []
        for key in self.some(complete, 2) if self.one_in(2) else [self.of(keys)]:
            rule = {
                "topologyKey": key,
                "maxSkew": self.random.randint(1, 2),
                "whenUnsatisfiable": "ScheduleAnyway" if self.one_in(6) else "DoNotSchedule",
            }
            if not self.one_in(10):
                rule["labelSelector"] = self.pod_selector()
            rules.append(rule)
        return rules

    def affinity(self, names, probe):
        required = "requiredDuringSchedulingIgnoredDuringExecution"
        affinity = {}
        if probe and self.one_in(5):
            terms = [self.node_term(names) for _ in range(self.random.randint(1, 2))]
            affinity["nodeAffinity"] = {required: {"nodeSelectorTerms": terms}}
        if self.one_in(4):
            terms = [self.pod_term() for _ in range(self.random.randint(1, 2))]
            affinity["podAffinity"] = {required: terms}
        if self.one_in(4):
            terms = [self.pod_term() for _ in range(self.random.randint(1, 2))]
            affinity["podAntiAffinity"] = {required: terms}
        return affinity

    def pod(self, name, nodes, probe):
        names = [node["metadata"]["name"] for node in nodes]
        spec = {"containers": [self.container("main", not probe)]}
        metadata = {"name": name, "namespace": NAMESPACES[1 if self.one_in(5) else 0]}
        metadata["labels"] = self.pod_labels()
        if self.one_in(5):
            spec["containers"].append(self.container("side", True))
        if self.one_in(8):
            spec["initContainers"] = [self.container("init", not probe)]
        if self.one_in(4):
            self.of(spec["containers"])["ports"] = self.ports()
        affinity = self.affinity(names, probe)
        if affinity:
            spec["affinity"] = affinity
        if not probe:
            spec["nodeName"] = self.of(names)
            # Stays while it is being deleted.
            if self.one_in(8):
                metadata["finalizers"] = ["example.com/stays"]
            return manifest(metadata, spec)
        spec["schedulerName"] = "fairlead"
        if self.one_in(6):
            spec["nodeSelector"] = {"zone": self.of(["z1", "z2"])}
        if self.one_in(2):
            spec["tolerations"] = [self.toleration() for _ in range(self.random.randint(1, 2))]
        if self.one_in(2):
            selects = "nodeSelector" in spec or "nodeAffinity" in affinity
            spec["topologySpreadConstraints"] = self.spread(nodes, selects)
        return manifest(metadata, spec)

    def cluster(self):
        names = [f"n{i}" for i in range(self.random.randint(3, 7))]
        nodes = [self.node(name) for name in names]
        pods = [self.pod(f"e{i}", nodes, False) for i in range(self.random.randint(3, 12))]
        free = {n["metadata"]["name"]: dict(n["status"]["allocatable"]) for n in nodes}
        for name, amounts in free.items():
            free[name] = {key: amount(text) for key, text in amounts.items()}
        for pod in pods:
            fit(pod, free[pod["spec"]["nodeName"]])
        probes = [self.pod(f"p{i}", nodes, True) for i in range(PROBES)]
        storage = self.storage(nodes, pods + probes) if self.one_in(2) else ()
        return Cluster(nodes, pods, probes, storage)

    def storage(self, nodes, pods):
        """Volumes with claims that are bound to them, claims that are not, and CSINodes; gives
        pods claims. What release 1.20 says otherwise than later ones, or not at all, is left out:
        claims that are missing or being deleted, volumes that are missing, beta labels of zones."""
        for node in nodes:
            if self.one_in(2):
                node["metadata"]["labels"][ZONE] = self.of(["z1", "z2"])
        made = []
        for namespace in NAMESPACES:
            for i in range(CLAIMS):
                bound = i < CLAIMS - 1
                volume = f"{namespace}-v{i}" if bound else None
                if bound:
                    made.append(self.volume(volume))
                made.append(claim(namespace, f"c{i}", volume))
        for node in nodes:
            drivers = [("settled.example.com", 0)]
            drivers += [(name, self.random.randint(0, 3)) for name in DRIVERS if self.one_in(2)]
            made.append(csi_node(node["metadata"]["name"], drivers))
        for pod in pods:
            if self.one_in(2):
                continue
            number = CLAIMS if self.one_in(8) else CLAIMS - 1
            names = self.some([f"c{i}" for i in range(number)], 2)
            pod["spec"]["volumes"] = [
                {"name": name, "persistentVolumeClaim": {"claimName": name}} for name in names
            ]
        return made

    def volume(self, name):
        spec = {}
        if self.one_in(3):
            spec["hostPath"] = {"path": "/none"}
        else:
            spec["csi"] = {"driver": self.of(DRIVERS), "volumeHandle": self.of(["h1", "h2", name])}
        if self.one_in(3):
            values = self.some(["z1", "z2", "z3"], 2)
            term = {"key": self.of(["zone", ZONE]), "operator": self.of(["In", "NotIn"])}
            terms = [{"matchExpressions": [{**term, "values": values}]}]
            spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": terms}}
        labels = {ZONE: self.of(["z1", "z2", "z1__z2", "z3"])} if self.one_in(4) else {}
        return volume(name, labels, spec)


def volume(name, labels, spec):
    metadata = {"name": name, "labels": labels}
    spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], **spec}
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": spec}


def claim(namespace, name, bound_to):
    """One that is not bound is too large for any volume, so that no controller binds it."""
    metadata = {"name": name, "namespace": namespace}
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi" if bound_to else "1Ti"}},
        "storageClassName": "",
    }
    if bound_to:
        spec["volumeName"] = bound_to
        metadata["annotations"] = {"pv.kubernetes.io/bind-completed": "yes"}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}


def csi_node(name, drivers):
    drivers = [{"name": d, "nodeID": name, "allocatable": {"count": n}} for d, n in drivers]
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "CSINode",
        "metadata": {"name": name},
        "spec": {"drivers": drivers},
    }


def fit(pod, free):
    """Drops the requests that would overbook the node. A pod that asks for none of what is
    overbooked is kept out by Kubernetes 1.20, but not by later releases."""
    for container in pod["spec"]["containers"] + pod["spec"].get("initContainers", []):
        resources = container.get("resources", {"requests": {}, "limits": {}})
        for key, text in list(resources["requests"].items()):
            if free.get(key, 0) >= amount(text):
                free[key] -= amount(text)
                continue
            for amounts in resources.values():
                amounts.pop(key, None)


def manifest(metadata, spec):
    spec["terminationGracePeriodSeconds"] = 0
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
