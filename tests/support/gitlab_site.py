"""A stand-in for GitLab's API: the few calls that our template makes, on a socket."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

TOKEN = "glpat-of-the-bot"  # noqa: S105 - made up
BOT = 7
PAGE = 2
PIPELINE = 900


@dataclass
class GitLab:
    """What the site knows; ``url`` is where its API is."""

    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    artifacts: dict[str, bytes] = field(default_factory=dict)
    kept_notes: dict[str, str] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What it says of a job other than of the one that plans the request !5."""
    approved_by: dict[int, str] = field(default_factory=dict)
    author: int = 50
    timed: bool = True
    """Whether it tells when somebody approved, as newer versions do."""
    parents: list[str] = field(default_factory=list)
    """What any commit is told to merge."""
    moved: str = ""
    """Where it sends whoever asks for a plan that was kept."""
    tokens: list[str | None] = field(default_factory=list)
    """What came as a token, call by call."""

    def approve(self, iid: int, who: int) -> None:
        """Let somebody approve: GitLab writes a note of its own about it."""
        one = self.note(iid, who, "approved this merge request")
        one["system"] = True
        self.approved_by[who] = one["created_at"]

    def job(self, number: str) -> dict[str, Any]:
        """Give a job: one that planned the head of !5, but for what it says of it."""
        head = next(one["sha"] for one in self.requests if one["iid"] == 5)
        usual = {
            "id": int(number),
            "name": "connectsync-plan",
            "status": "success",
            "ref": "refs/merge-requests/5/head",
            "commit": {"id": head},
            "pipeline": {"id": PIPELINE + int(number), "project_id": 1, "sha": head},
        }
        return usual | self.jobs.get(number, {})

    def note(self, iid: int, author: int, body: str) -> dict[str, Any]:
        """Let somebody write a note."""
        number = len(self.notes) + 1
        at = f"2027-01-15T10:{number:02}:00.000Z"
        one = {
            "id": number,
            "iid": iid,
            "author": {"id": author},
            "body": body,
            "system": False,
            "created_at": at,
            "updated_at": at,
        }
        self.notes.append(one)
        return one

    def answer(  # noqa: PLR0911 - a call each
        self, method: str, path: str, body: Any
    ) -> tuple[int, Any]:
        """Answer a call; a list is given page by page by whoever calls this."""
        project = "/projects/1"
        if path == "/user":
            return 200, {"id": BOT}
        if found := re.fullmatch(rf"{project}/merge_requests/(\d+)/notes", path):
            if method == "POST":
                return 201, self.note(int(found[1]), BOT, body["body"])
            return 200, [one for one in self.notes if one["iid"] == int(found[1])]
        if found := re.fullmatch(rf"{project}/merge_requests/\d+/notes/(\d+)", path):
            note = self.notes[int(found[1]) - 1]
            note["body"] = body["body"]
            note["updated_at"] = f"2027-01-15T10:{len(self.notes):02}:30.000Z"
            return 200, note
        if re.fullmatch(rf"{project}/merge_requests/\d+", path):
            return 200, {"author": {"id": self.author}}
        if re.fullmatch(rf"{project}/merge_requests/\d+/approvals", path):
            approved = [
                {"user": {"id": one}}
                | ({"approved_at": at} if self.timed and at else {})
                for one, at in self.approved_by.items()
            ]
            return 200, {"approved_by": approved}
        if re.fullmatch(rf"{project}/repository/commits/\w+/merge_requests", path):
            return 200, self.requests
        return self._answer_of_jobs(project, path)

    def _answer_of_jobs(self, project: str, path: str) -> tuple[int, Any]:
        if found := re.fullmatch(rf"{project}/jobs/(\d+)", path):
            return 200, self.job(found[1])
        if re.fullmatch(rf"{project}/merge_requests/5/pipelines", path):
            return 200, [{"id": PIPELINE + int(one)} for one in self.kept_notes]
        if found := re.fullmatch(rf"{project}/repository/commits/(\w+)", path):
            return 200, {"id": found[1], "parent_ids": self.parents}
        if found := re.fullmatch(rf"{project}/jobs/(\d+)/artifacts/plan.json", path):
            return 200, self.artifacts[found[1]]
        if found := re.fullmatch(rf"{project}/jobs/(\d+)/artifacts/note.md", path):
            return 200, self.kept_notes[found[1]].encode()
        return 404, {"message": f"there is no {path}"}


@contextmanager
def gitlab() -> Iterator[GitLab]:
    """Serve a site."""
    site = GitLab()

    class Handler(BaseHTTPRequestHandler):
        def _answered(self) -> None:
            site.tokens.append(self.headers["PRIVATE-TOKEN"])
            if self.headers["PRIVATE-TOKEN"] != TOKEN:
                self._said(401, b"{}")
                return
            if site.moved and self.path.endswith("/plan.json"):
                self.send_response(302)
                self.send_header("Location", f"{site.moved}/elsewhere")
                self.end_headers()
                return
            path, _, query = self.path.removeprefix("/api/v4").partition("?")
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else None
            status, data = site.answer(self.command, path, body)
            following = ""
            if isinstance(data, list):
                page = re.search(r"\bpage=(\d+)", query)
                first = (int(page[1]) - 1 if page else 0) * PAGE
                following = str(first // PAGE + 2) if data[first + PAGE :] else ""
                data = data[first : first + PAGE]
            raw = data if isinstance(data, bytes) else json.dumps(data).encode()
            self._said(status, raw, following)

        def _said(self, status: int, raw: bytes, following: str = "") -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.send_header("X-Next-Page", following)
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_PUT = _answered  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}/api/v4"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
