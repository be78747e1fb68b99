"""Distributed training: the environment variables that tell each process its rank.

They are those that torchrun and paddle.distributed.launch set, and TF_CONFIG, which users or their
cluster's scheduler set, because TensorFlow has no launcher.
"""

import json
import os
import socket
from collections.abc import Mapping

HOST = "127.0.0.1"


def rank_of(framework: str, environ: Mapping[str, str] = os.environ) -> tuple[int, int]:
    """The rank of this process, counted from 0, and the number of processes; (0, 1) by default."""
    match framework:
        case "pytorch":
            return int(environ.get("RANK", 0)), int(environ.get("WORLD_SIZE", 1))
        case "paddle":
            names = "PADDLE_TRAINER_ID", "PADDLE_TRAINERS_NUM"
            return int(environ.get(names[0], 0)), int(environ.get(names[1], 1))
    config = json.loads(environ.get("TF_CONFIG", "{}"))
    if not config:
        return 0, 1
    cluster, task = config["cluster"], config["task"]
    chiefs, workers = (len(cluster.get(kind, [])) for kind in ("chief", "worker"))
    return task["index"] + (chiefs if task["type"] == "worker" else 0), chiefs + workers


def local_environments(framework: str, count: int) -> list[dict[str, str]]:
    """The environment variables of each of `count` local processes, which divide the cores."""
    if count == 1:
        return [{}]
    ends = [f"{HOST}:{port}" for port in free_ports(count)]
    cores = str(max(1, (os.cpu_count() or 1) // count))
    threads = {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", cores)}
    return [variables(framework, rank, ends) | threads for rank in range(count)]


def variables(framework: str, rank: int, ends: list[str]) -> dict[str, str]:
    """The variables for the process with this rank, as a launcher would set them.

    `ends` has the address, HOST:PORT, of each process.
    """
    count = str(len(ends))
    match framework:
        case "pytorch":
            port = ends[0].partition(":")[2]
            where = {"MASTER_ADDR": HOST, "MASTER_PORT": port, "LOCAL_RANK": str(rank)}
            return where | {"RANK": str(rank), "WORLD_SIZE": count}
        case "paddle":
            return {
                "PADDLE_TRAINER_ID": str(rank),
                "PADDLE_TRAINERS_NUM": count,
                "PADDLE_CURRENT_ENDPOINT": ends[rank],
                "PADDLE_TRAINER_ENDPOINTS": ",".join(ends),
                "PADDLE_DISTRI_BACKEND": "gloo",
            }
    task = {"type": "worker", "index": rank}
    return {"TF_CONFIG": json.dumps({"cluster": {"worker": ends}, "task": task})}


def free_ports(count: int) -> list[int]:
    """`count` free ports on this machine."""
    held = [socket.socket() for _ in range(count)]
    for each in held:
        each.bind((HOST, 0))
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports
