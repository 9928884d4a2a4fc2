"""The open documents, and the one thread in which the compiler looks at them.

The compiler raises Python's recursion limit and stops its garbage collector for a while: two of it
at once would disturb each other.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, Protocol, TypeVar

from cnndsl.editor.analysis import analyse
from cnndsl.editor.document import Document, uri_of

_P = ParamSpec("_P")
_T = TypeVar("_T")

PATIENCE = 0.08  # seconds that an answer waits for an analysis before it uses an older one


class Listener(Protocol):
    """Who is told what was found."""

    def settled(self, document: Document, *, late: bool) -> None:
        """A document was analysed; `late` says that older answers of it were given, or hold no
        more although its text is the same."""

    def failed(self, document: Document, error: Exception) -> None:
        """The compiler has a bug: this document could not be analysed."""


class Session:
    """The documents by their URIs. All methods belong to the thread of the event loop."""

    def __init__(self, listener: Listener):
        self.documents: dict[str, Document] = {}
        self._listener = listener
        self._compiler = ThreadPoolExecutor(1, "compiler")
        self._waiting: dict[str, None] = {}  # to be analysed, in this order
        self._work: asyncio.Task[None] | None = None
        self._settled: dict[str, asyncio.Event] = {}
        self._late: set[str] = set()

    def open(self, document: Document) -> None:
        self.documents[document.uri] = document
        self._settled[document.uri] = asyncio.Event()
        self._changed(document)

    def change(self, uri: str, text: str, version: int) -> None:
        if document := self.documents.get(uri):
            document.change(text, version)
            self._settled[uri].clear()
            self._changed(document)

    def close(self, uri: str) -> None:
        """Forgets a document: what uses it sees the file again."""
        self._settled.pop(uri, asyncio.Event()).set()
        self._waiting.pop(uri, None)
        if document := self.documents.pop(uri, None):
            self.recheck(self._users(document))

    def recheck(self, documents: Iterable[Document]) -> None:
        """Analyses documents again whose text is the same, and whose files are not."""
        for document in documents:
            self._late.add(document.uri)
            self._analyse_later(document)

    async def run(self, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """The result of a function of the compiler, in its thread."""
        call = asyncio.get_running_loop().run_in_executor
        return await call(self._compiler, lambda: function(*args, **kwargs))

    async def get(self, uri: str, patience: float | None = PATIENCE) -> Document | None:
        """An open document, analysed if that takes no longer than `patience` (None: any time)."""
        document = self.documents.get(uri)
        if document is not None and not document.is_settled:
            if patience is not None and document.seconds > patience:
                patience = 0  # it would be in vain
            try:
                async with asyncio.timeout(patience):
                    await self._settled[uri].wait()
            except TimeoutError:
                self._late.add(uri)
        return document

    def texts(self) -> dict[str, str]:
        """The texts of the open documents that are files, by their real paths."""
        return {d.real: d.text for d in self.documents.values() if d.real is not None}

    def uri(self, path: str) -> str:
        """What the editor calls a file, by its real path."""
        known = (d.uri for d in self.documents.values() if d.real == path)
        return next(known, None) or uri_of(path)

    def _users(self, changed: Document) -> list[Document]:
        others = (d for d in self.documents.values() if d is not changed)
        return [d for d in others if d.current and changed.real in d.current.needed]

    def _changed(self, document: Document) -> None:
        self._analyse_later(document)
        self.recheck(self._users(document))

    def _analyse_later(self, document: Document) -> None:
        self._waiting[document.uri] = None
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._analyse_all())

    async def _analyse_all(self) -> None:
        while self._waiting:
            uri = next(iter(self._waiting))
            del self._waiting[uri]
            await self._analyse(self.documents[uri])

    async def _analyse(self, document: Document) -> None:
        version, text = document.version, document.text
        texts = self.texts()
        started = time.perf_counter()
        try:
            analysis = await self.run(analyse, document.path, document.name, text, texts)
            document.settle(analysis, version, time.perf_counter() - started)
        except Exception as error:  # a bug of ours must not end the session
            document.analysed = version
            self._listener.failed(document, error)
        is_open = self.documents.get(document.uri) is document
        if is_open and document.is_settled:
            late = document.uri in self._late
            self._late.discard(document.uri)
            self._settled[document.uri].set()
            self._listener.settled(document, late=late)
