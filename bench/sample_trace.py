"""Writes the sample trace of bench/traces: a made-up week of four teams, the same on every run."""
import gzip
import random
import sys

TEAMS = [("research", 3), ("product", 2), ("data", 2), ("students", 4)]
# weight, pods, GPUs, thousandths, mCPU, MiB, models, median seconds
KINDS = [
    (30, 1, 1, 250, 4000, 16384, "T4", 600),
    (30, 1, 1, 1000, 8000, 65536, "", 900),
    (15, 1, 4, 1000, 16000, 131072, "", 900),
    (12, 1, 8, 1000, 64000, 524288, "H100", 1200),
    (6, 2, 8, 1000, 64000, 524288, "H100", 1800),
    (2, 4, 8, 1000, 64000, 524288, "H100", 2400),
    (20, 1, 0, 1000, 8000, 32768, "", 600),
]


def main(path):
    draw = random.Random(7)
    rows = []
    for number in range(4000):
        day, second = draw.randrange(7), draw.randrange(86400)
        if draw.random() < 0.5:
            second = int(draw.gauss(50400, 9000)) % 86400
        team = draw.choices([t for t, _ in TEAMS], [w for _, w in TEAMS])[0]
        _, pods, gpus, milli, cpu, memory, model, median = draw.choices(KINDS, [k[0] for k in KINDS])[0]
        seconds = max(5, min(172800, int(median * draw.lognormvariate(0, 1.2))))
        rows.append((day * 86400 + second, team, f"user{draw.randrange(12)}", seconds, pods, cpu, memory, gpus, milli, model))
    rows.sort()
    lines = ["id,tenant,queue,user,submit_s,duration_s,pods,cpu_milli,memory_mib,gpus,gpu_milli,gpu_model,priority"]
    for number, (at, team, user, seconds, *rest) in enumerate(rows):
        lines.append(",".join(map(str, (f"job-{number}", team, team, user, at, seconds, *rest, 0))))
    text = ("\n".join(lines) + "\n").encode()
    with open(path, "wb") as file, gzip.GzipFile("", "wb", 9, file, 0) as out:
        out.write(text)


main(sys.argv[1])
