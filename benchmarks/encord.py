"""Server time a request of the platform's protocol, over the notebook's requests on a hundred images.

    python -m benchmarks.encord [IMAGES]

The requests are those that the clients make for every image, signed as they sign them; the time is that of the
application, from the first byte to the last, without a network and without the client's own.
"""

import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.encord.caller import Caller
from tests.encord.conftest import draw

from captionjudge.encord.app import app_of
from captionjudge.encord.host import open_host
from captionjudge.project import Project
from captionjudge.store import keys


class Timed:
    """Keeps how long the application takes for each request."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.worked: defaultdict[str, list[float]] = defaultdict(list)
        self.spent: defaultdict[str, list[float]] = defaultdict(list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        begun, worked = time.perf_counter(), time.process_time()
        await self.app(scope, receive, send)
        if scope["type"] == "http":
            parts = [part for part in scope["path"].split("/") if part and part.count("-") != 4]
            what = f"{scope['method']} {'/'.join(parts)}"
            self.spent[what].append((time.perf_counter() - begun) * 1000)
            # One request at a time: all that the process works meanwhile is for this one.
            self.worked[what].append((time.process_time() - worked) * 1000)


def main() -> None:
    images = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as name, Project.init(Path(name) / "project", "notebook") as project:
        project.import_images(draw(Path(name) / "images", images))
        host = open_host(project.setup)
        timed = Timed(app_of(host))
        agent = Caller(timed, Ed25519PrivateKey.generate())
        project.setup.database.write(
            lambda batch: keys.add(batch, project.setup.project_id, "agent", agent.public, "agent")
        )
        with agent.client:
            work(agent, project, host)
    every = sorted(time_ for times in timed.spent.values() for time_ in times)
    print(f"{images} images, {len(every)} requests: median {float(np.median(every)):.2f} ms, ", end="")
    print(f"95 % below {every[int(len(every) * 0.95)]:.2f} ms, all {sum(every) / 1000:.1f} s")
    worked = [time_ for times in timed.worked.values() for time_ in times]
    print(f"  of which the processor worked: median {float(np.median(worked)):.2f} ms, all {sum(worked) / 1000:.1f} s")
    for what, times in sorted(timed.spent.items()):
        half = len(times) // 2
        grown = f"{float(np.median(times[:half] or times)):.2f} -> {float(np.median(times[half:])):.2f}"
        cpu = float(np.median(timed.worked[what]))
        print(f"  {len(times):5d} x {float(np.median(times)):6.2f} ms, worked {cpu:5.2f}   halves {grown:16s} {what}")


def work(agent: Caller, project: Project, host: Any) -> None:
    id_, about = project.setup.project_id, ("project", project.setup.project_id)
    stages = {each["title"]: each for each in agent.get(f"projects/{id_}").json["workflow"]["stages"]}

    def at(title: str) -> str:
        return f"projects/{id_}/workflow/stages/{stages[title]['uuid']}"

    def proceed(title: str, *tasks: str) -> None:
        way = stages[title]["pathways"][0]["uuid"]
        actions = [{"taskUuid": each, "action": "PATHWAY_ACTION", "pathwayUuid": way} for each in tasks]
        agent.post(f"{at(title)}/actions", actions)

    steps: list[tuple[str, str, list[str]]] = [("LLM1", "Text_8B", []), ("LLM2", "Text_16B", ["LLM1"])]
    for title, kind, before in steps:
        waiting = agent.get(f"{at(title)}/tasks").results
        data = [each["dataHash"] for each in waiting]
        rows = agent.old("labelrowmetadata", "GET", None, {"data_hashes": data, "include_client_metadata": True}, about)
        agent.old("labelrow", "PUT", data, {"multi_request": True}, about)
        for row in rows:
            if row["data_type"] == "IMAGE":
                new = describe(agent, host, row, kind, about)
                for stage in (*before, title):
                    (task,) = agent.get(f"{at(stage)}/tasks", dataHashes=new).results
                    proceed(stage, task["uuid"])
        proceed(title, *(each["uuid"] for each in waiting))
    waiting = agent.get(f"{at('LLM as Judge')}/tasks").results
    proceed("LLM as Judge", *(each["uuid"] for each in waiting))


def describe(agent: Caller, host: Any, row: Any, kind: str, about: tuple[str, str]) -> str:
    project, item, folder = about[1], row["backing_item_uuid"], host.folder_id
    agent.get(f"projects/{project}/datasets")
    agent.old("dataset", "GET", host.dataset_id, {"dataset_access_settings": {}}, ("dataset", host.dataset_id))
    signed = agent.get(f"storage/items/{item}", signUrl="True").json
    agent.plain("GET", signed["signedUrl"])
    agent.get(f"storage/folders/{folder}")
    metadata = {"Tag": item, "Data Type": "Image"}
    agent.call("PATCH", f"storage/folders/{folder}/items/{item}", {"clientMetadata": metadata})
    (url,) = agent.post(f"storage/folders/{folder}/upload-signed-urls", {"itemType": "plainText", "count": 1}).results
    agent.plain("PUT", url["signedUrl"], f"A square of {item}.".encode())
    file = {"title": f"{kind} of {item}", "placeholderItemUuid": url["itemUuid"], "objectUrl": ""}
    body = {"dataItems": {"text": [{**file, "clientMetadata": {"Tag": item, "Data Type": kind}}]}}
    job = agent.post(f"storage/folders/{folder}/data-upload-jobs", body).json
    (made,) = agent.get(f"storage/folders/{folder}/data-upload-jobs/{job}").json["itemsWithNames"]
    payload = {"item_uuids": [made["itemUuid"]], "duplicates_behavior": "DUPLICATE"}
    (new,) = agent.old("datasetlinkitems", "POST", host.dataset_id, payload, ("dataset", host.dataset_id))
    agent.old("labelrowmetadata", "GET", None, {"data_hashes": [new["data_hash"]]}, about)
    agent.old("labelrow", "PUT", [new["data_hash"]], {"multi_request": True}, about)
    data: str = new["data_hash"]
    return data


if __name__ == "__main__":
    main()
