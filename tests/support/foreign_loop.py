"""A worker of the official client's, for its own environment: claims, works for a moment, reports, until it is killed.

Prints a line for what it was given and a line for each report that the hub has acknowledged.  Its pool and its name
come as arguments; ``TASKCLUSTER_*`` say where the hub is.
"""

import sys
import time

import taskcluster
from taskcluster.exceptions import TaskclusterConnectionError, TaskclusterRestFailure

pool, name = sys.argv[1:]
options = taskcluster.optionsFromEnvironment({"maxRetries": 0})


def told(*words):
    print(*words, flush=True)


def work(claim):
    task_id, run_id = claim["status"]["taskId"], claim["runId"]
    told("claimed", task_id, run_id)
    time.sleep(0.05)
    worker = taskcluster.Queue({**options, "credentials": claim["credentials"]})
    while True:
        try:
            worker.reportCompleted(task_id, run_id)
        except TaskclusterConnectionError:
            time.sleep(0.1)
        except TaskclusterRestFailure as error:
            return told("refused", task_id, run_id, error.status_code)
        else:
            return told("reported", task_id, run_id)


while True:
    try:
        answer = taskcluster.Queue(options).claimWork(pool, {"workerGroup": "g", "workerId": name, "tasks": 2})
    except TaskclusterConnectionError:
        time.sleep(0.1)
        continue
    for claim in answer["tasks"]:
        work(claim)
