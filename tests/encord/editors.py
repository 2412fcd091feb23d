"""Agents behind a URL, the messages that call them, and the command line of `encord_agents`."""
# mypy: ignore-errors
# It is checked by running: the packages that it imports are those of another environment.

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated, Any

from encord.objects.ontology_labels_impl import LabelRowV2
from encord.project import Project
from encord.storage import StorageItem
from encord.user_client import EncordUserClient
from encord_agents import FrameData
from encord_agents.cli.main import app as commands
from encord_agents.core.data_model import LabelRowInitialiseLabelsArgs, LabelRowMetadataIncludeArgs
from encord_agents.fastapi import dep_label_row
from encord_agents.fastapi.cors import EncordCORSMiddleware
from encord_agents.fastapi.dependencies import (
    dep_asset,
    dep_client,
    dep_label_row_with_args,
    dep_project,
    dep_single_frame,
    dep_storage_item,
)
from encord_agents.fastapi.utils import verify_auth
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from recorder import NEWEST, only_newest, proof, world
from resources import NOWHERE
from typer.testing import CliRunner

OURS = "http://127.0.0.1.*"


def make_app() -> FastAPI:
    if NEWEST:
        from encord_agents.fastapi.cors import get_encord_app

        return get_encord_app(custom_cors_regex=OURS)
    made = FastAPI()
    made.add_middleware(EncordCORSMiddleware, allow_origin_regex=OURS)
    return made


app = make_app()
metadata = dep_label_row_with_args(
    LabelRowMetadataIncludeArgs(include_client_metadata=True), LabelRowInitialiseLabelsArgs(include_signed_url=True)
)


@app.post("/look")
def look(
    frame_data: FrameData,
    project: Annotated[Project, Depends(dep_project)],
    row: Annotated[LabelRowV2, Depends(dep_label_row)],
    more: Annotated[LabelRowV2, Depends(metadata)],
    frame: Annotated[Any, Depends(dep_single_frame)],
    asset: Annotated[Path, Depends(dep_asset)],
    item: Annotated[StorageItem, Depends(dep_storage_item)],
    client: Annotated[EncordUserClient, Depends(dep_client)],
) -> dict[str, Any]:
    assert row.is_labelling_initialised
    assert (asset.suffix, asset.read_bytes()[1:4]) == (".png", b"PNG")
    assert client.get_storage_item(row.backing_item_uuid).uuid == item.uuid
    return {
        "project": project.title,
        "title": row.data_title,
        "type": more.client_metadata["Data Type"],
        "shape": list(frame.shape),
        "frame": frame_data.frame,
    }


def payload(project: str | None = None) -> dict[str, Any]:
    row = min((each for each in world.old.list_label_rows_v2() if each.data_title.endswith(".png")), key=_title)
    return {"projectHash": project or str(world.old.project_hash), "dataHash": row.data_hash, "frame": 0}


def _title(row: LabelRowV2) -> str:
    return row.data_title


@proof
def an_agent_behind_a_url_gets_all_it_asks_for():
    verify_auth()
    answered = TestClient(app).post("/look", json=payload(), headers={"Origin": os.environ["ENCORD_DOMAIN"]})
    assert answered.status_code == 200, answered.text
    assert answered.json() == {
        "project": world.old.title,
        "title": "photo-000.png",
        "type": "Image",
        "shape": [30, 40, 3],
        "frame": 0,
    }
    assert answered.headers["access-control-allow-origin"] == os.environ["ENCORD_DOMAIN"]


@only_newest
def a_test_call_and_refusals_are_answered_as_the_editor_expects():
    from encord_agents.core.exceptions import EncordEditorAgentException

    @app.post("/refuse")
    def refuse(row: Annotated[LabelRowV2, Depends(dep_label_row)]) -> None:
        raise EncordEditorAgentException("not this one")

    client = TestClient(app)
    assert client.post("/look", headers={"X-Encord-Editor-Agent": "test"}).status_code == 200
    refused = client.post("/refuse", json=payload())
    assert (refused.status_code, refused.json()["message"]) == (400, "not this one")
    assert client.post("/refuse", json=payload(NOWHERE)).status_code == 403


@only_newest
def an_agent_for_a_serverless_service_runs_too():
    from encord_agents.aws import editor_agent
    from encord_agents.core.data_model import EditorAgentResponse

    @editor_agent()
    def handler(frame_data: FrameData, row: LabelRowV2, item: StorageItem) -> EditorAgentResponse:
        return EditorAgentResponse(message=f"{row.data_title} {item.mime_type}", decision="First caption")

    answered = handler({"headers": {}, "body": json.dumps(payload())}, None)
    assert answered["statusCode"] == 200
    assert json.loads(answered["body"]) == {"message": "photo-000.png image/png", "decision": "First caption"}
    assert handler({"headers": {}, "body": json.dumps(payload(NOWHERE))}, None)["statusCode"] == 403


@only_newest
def the_message_that_work_waits_is_taken_for_what_it_is_and_a_changed_one_is_not():
    """The test's process received it from the server; here it arrives at the clients' own receiver."""
    from encord_agents.core.webhooks import AgentStageWorkReason, TaskNotification
    from encord_agents.fastapi import dep_task_notification_with_args

    told = json.loads(Path(os.environ["DELIVERY"]).read_text())
    secret = Depends(dep_task_notification_with_args(secret=told["secret"]))

    @app.post("/work")
    def work(notification: Annotated[TaskNotification, secret]) -> dict[str, Any]:
        assert isinstance(notification.reason, AgentStageWorkReason)
        return {
            "project": str(notification.project_hash),
            "stage": world.old.workflow.get_stage(uuid=notification.stage_uuid).title,
            "count": notification.pending_count,
        }

    client = TestClient(app)
    taken = client.post("/work", content=told["body"], headers=told["headers"])
    assert (taken.status_code, taken.json()) == (200, told["expected"])
    assert client.post("/work", content=told["body"] + " ", headers=told["headers"]).status_code == 401


class _Forward(BaseHTTPRequestHandler):
    """Brings what arrives at a port to the application."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        answered = TestClient(app).post(self.path, content=body, headers={"content-type": "application/json"})
        self.send_response(answered.status_code)
        self.end_headers()
        self.wfile.write(answered.content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(commands, list(arguments), env={"COLUMNS": "400"})


@only_newest
def the_command_line_prints_a_projects_stages():
    """Before 0.2 it asked the platform's own host, whatever ENCORD_DOMAIN said."""
    printed = invoke("print", "agent-nodes", str(world.old.project_hash)).output
    assert [name in printed for name in ("LLM1", "LLM2", "LLM as Judge", "Human Review")] == [True, True, True, False]


@proof
def the_command_line_prints_the_system():
    assert "encord-agents version" in invoke("print", "system-info").output


@proof
def the_command_line_calls_a_local_agent_with_an_editor_url_of_the_platforms_own_host_only():
    """The pattern for URLs is written into the client, host and all: only the ids in it are looked at."""
    ids = payload()
    path = f"label_editor/{ids['projectHash']}/{ids['dataHash']}/0"
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Forward)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        port = str(server.server_address[1])
        called = invoke("test", "local", "look", f"https://app.encord.com/{path}", "--port", port)
        assert called.exit_code == 0, called.output
        assert "photo-000.png" in called.output
        ours = invoke("test", "local", "look", f"{os.environ['ENCORD_DOMAIN']}/{path}", "--port", port)
        assert ours.exit_code == 1
    finally:
        server.shutdown()
        server.server_close()
