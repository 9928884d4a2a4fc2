"""An editor in miniature: speaks the protocol with `cnndsl lsp` in a process of its own.

It knows JSON-RPC alone and nothing of the server's libraries; positions are in UTF-16 units.
"""

from __future__ import annotations

import itertools
import json
import queue
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

Json = Any
TIMEOUT = 30
REFRESHING = {
    "workspace": {"inlayHint": {"refreshSupport": True}, "codeLens": {"refreshSupport": True}},
    "textDocument": {"publishDiagnostics": {"relatedInformation": True}},
}


class Refused(Exception):
    """The server answered a request with an error."""


class Client:
    """One session with a server; `slowest` is the longest time that an answer took, by method."""

    def __init__(self, folder: Path, capabilities: Json = None):
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cnndsl", "lsp", "--stdio"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.ids = itertools.count(1)
        self.messages: queue.Queue[Json] = queue.Queue()
        self.diagnostics: dict[tuple[str, int | None], list[Json]] = {}
        self.logged: list[str] = []
        self.refreshed = 0
        self.slowest: dict[str, float] = {}
        self.versions: dict[str, int] = {}
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.capabilities = self.request(
            "initialize",
            {
                "processId": None,
                "rootUri": folder.as_uri(),
                "workspaceFolders": [{"uri": folder.as_uri(), "name": folder.name}],
                "capabilities": capabilities or {},
            },
        )["capabilities"]
        self.notify("initialized", {})

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.wait()
        self.reader.join(TIMEOUT)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()

    # --- the wire ---------------------------------------------------------------------

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while header := stream.readline():
            length = 0
            while header.strip():
                name, _, value = header.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
                header = stream.readline()
            self.messages.put(json.loads(stream.read(length)))
        self.messages.put(None)

    def _send(self, message: Json) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        stream = self.process.stdin
        assert stream is not None
        stream.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        stream.flush()

    def _next(self) -> Json:
        """The next message, after what the server tells or asks by itself was dealt with."""
        message = self.messages.get(timeout=TIMEOUT)
        if message is None:
            raise EOFError("the server has ended")
        params = message.get("params")
        match message.get("method"):
            case "textDocument/publishDiagnostics":
                self.diagnostics[params["uri"], params.get("version")] = params["diagnostics"]
            case "window/logMessage" | "window/showMessage":
                self.logged.append(params["message"])
                assert "bug" not in params["message"], params["message"]
            case "workspace/inlayHint/refresh" | "workspace/codeLens/refresh":
                self.refreshed += 1
                self._send({"id": message["id"], "result": None})
        return message

    def request(self, method: str, params: Json) -> Json:
        number = next(self.ids)
        started = time.perf_counter()
        self._send({"id": number, "method": method, "params": params})
        while True:
            message = self._next()
            if message.get("id") == number and "method" not in message:
                break
        taken = time.perf_counter() - started
        self.slowest[method] = max(taken, self.slowest.get(method, 0))
        if "error" in message:
            raise Refused(message["error"]["message"])
        return message["result"]

    def notify(self, method: str, params: Json) -> None:
        self._send({"method": method, "params": params})

    # --- documents --------------------------------------------------------------------

    def open(self, path: Path, text: str | None = None) -> str:
        """Opens a file, with a text that differs from what the disk has; returns its URI."""
        uri = path.as_uri()
        self.forget(uri)
        self.versions[uri] = 1
        text = path.read_text(encoding="utf-8") if text is None else text
        item = {"uri": uri, "languageId": "cnn", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return uri

    def forget(self, uri: str) -> None:
        """Diagnostics of a document that are to come again."""
        for key in [key for key in self.diagnostics if key[0] == uri]:
            del self.diagnostics[key]

    def change(self, uri: str, text: str) -> None:
        self.versions[uri] += 1
        document = {"uri": uri, "version": self.versions[uri]}
        changes = [{"text": text}]
        params = {"textDocument": document, "contentChanges": changes}
        self.notify("textDocument/didChange", params)

    def close(self, uri: str) -> None:
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def wait(self, uri: str) -> list[Json]:
        """The diagnostics of the newest version of a document."""
        key = uri, self.versions[uri]
        while key not in self.diagnostics:
            self._next()
        return self.diagnostics[key]

    def wait_for(self, uri: str, codes: list[str]) -> list[Json]:
        """The diagnostics of a document, once they are those of `codes`."""
        while [each["code"] for each in self.wait(uri)] != codes:
            self._next()
        return self.wait(uri)

    def ask(self, method: str, uri: str, **params: Json) -> Json:
        """A request about a document."""
        return self.request(f"textDocument/{method}", {"textDocument": {"uri": uri}, **params})

    def hints(self, uri: str) -> list[Json]:
        whole = {"start": {"line": 0, "character": 0}, "end": {"line": 10**6, "character": 0}}
        return self.ask("inlayHint", uri, range=whole)

    def stop(self) -> int:
        """Ends the session as an editor does; returns the exit code of the server."""
        self.request("shutdown", None)
        self.notify("exit", None)
        return self.process.wait(TIMEOUT)


def position(text: str, offset: int) -> Json:
    """A place of a text as the protocol has it."""
    line = text.count("\n", 0, offset)
    start = text.rfind("\n", 0, offset) + 1
    return {"line": line, "character": len(text[start:offset].encode("utf-16-le")) // 2}


def place(text: str, mark: str, nth: int = 0, inside: int = 0) -> Json:
    """The position of the n-th `mark` in a text, `inside` characters into it."""
    offset = -1
    for _ in range(nth + 1):
        offset = text.index(mark, offset + 1)
    return position(text, offset + inside)


def applied(text: str, edits: list[Json]) -> str:
    """A text after edits of the protocol."""
    lines = text.split("\n")
    starts = list(itertools.accumulate((len(line) + 1 for line in lines), initial=0))

    def offset(at: Json) -> int:
        if at["line"] >= len(lines):
            return len(text)
        line = lines[at["line"]]
        units = line.encode("utf-16-le")[: 2 * at["character"]]
        return starts[at["line"]] + len(units.decode("utf-16-le"))

    ranges = [(offset(e["range"]["start"]), offset(e["range"]["end"]), e["newText"]) for e in edits]
    for start, end, new in sorted(ranges, reverse=True):
        text = text[:start] + new + text[end:]
    return text
