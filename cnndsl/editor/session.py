"""The open documents, and the one thread in which the compiler looks at them.

An analysis is made in steps: between them its thread does what an answer waits for, and a text that
has moved on is not analysed to the end.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, Protocol, TypeVar

from cnndsl.editor.analysis import Analysis, analysing
from cnndsl.editor.document import Document, uri_of
from cnndsl.editor.layout import formatted
from cnndsl.editor.present import Present
from cnndsl.editor.scopes import Symbols
from cnndsl.editor.workspace import Closed, specs

_P = ParamSpec("_P")
_T = TypeVar("_T")

PATIENCE = 0.08  # seconds that an answer waits for an analysis before it uses an older one

_IDLE = 1.0  # seconds after which nobody writes
_UNTIDY = 4  # analyses after which garbage is looked for even so


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
        self._read: dict[str, asyncio.Event] = {}
        self._settled: dict[str, asyncio.Event] = {}
        self._late: set[str] = set()
        self._closed = Closed()
        self._tidying: asyncio.Task[None] | None = None
        self._untidy = 0  # analyses since garbage was looked for

    def open(self, document: Document) -> None:
        self.documents[document.uri] = document
        self._read[document.uri] = asyncio.Event()
        self._settled[document.uri] = asyncio.Event()
        self._changed(document)

    def change(self, uri: str, text: str, version: int) -> None:
        if document := self.documents.get(uri):
            document.change(text, version)
            self._read[uri].clear()
            self._settled[uri].clear()
            self._changed(document)

    def close(self, uri: str) -> None:
        """Forgets a document: what uses it sees the file again."""
        for events in (self._read, self._settled):
            events.pop(uri, asyncio.Event()).set()
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
            if not await _happens(self._settled[uri], patience):
                self._late.add(uri)
        return document

    async def read(self, uri: str, patience: float | None = PATIENCE) -> Document | None:
        """The same for who asks for names alone, which are known much sooner."""
        document = self.documents.get(uri)
        if document is not None and not document.is_read:
            if patience is not None and document.reading > patience:
                patience = 0
            await _happens(self._read[uri], patience)
        return document

    def texts(self) -> dict[str, str]:
        """The texts of the open documents that are files, by their real paths."""
        return {d.real: d.text for d in self.documents.values() if d.real is not None}

    def present(self) -> Present:
        """The texts of now, with plain newlines, as spans count in them."""
        return Present({d.real: d.plain for d in self.documents.values() if d.real is not None})

    async def symbols(self, folders: Sequence[str], *, exact: bool = False) -> list[Symbols]:
        """The names of all programs: of the open documents as far as they are known by now, or
        with `exact` only of those whose text of now parses."""
        texts = self.texts()
        paths = await asyncio.to_thread(specs, folders, texts)
        closed = self._closed.known(paths, texts)
        if closed is None:
            closed = await self.run(self._closed.symbols, paths, texts)
        named = [(document, document.named) for document in self.documents.values()]
        is_known = [a.symbols for d, a in named if a and (not exact or a.source.text == d.plain)]
        return [*is_known, *closed]

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
            if self._tidying is not None:
                self._tidying.cancel()
            uri = next(iter(self._waiting))
            del self._waiting[uri]
            document = self.documents[uri]
            await self._analyse(document)
            self._untidy += 1
            if self._untidy >= _UNTIDY or not document.is_settled:
                gc.collect(1)  # of what is new; little, where an analysis was left
                self._untidy = 0
        self._tidying = asyncio.create_task(self._tidy())

    async def _tidy(self) -> None:
        """What takes longer than an answer may of a long spec, once nobody writes: looks for the
        cycles that analyses have left, and lays out what somebody may want laid out."""
        await asyncio.sleep(_IDLE)
        gc.collect()
        self._untidy = 0
        for document in list(self.documents.values()):
            await asyncio.to_thread(formatted, document.name, document.plain)

    async def _analyse(self, document: Document) -> None:
        version = document.version
        found: Analysis | None = None
        steps = analysing(document.path, document.name, document.text, self.texts())
        seconds = 0.0
        try:
            done = False
            while not done:
                if self._is_overtaken(document):
                    return
                started = time.perf_counter()
                done, analysis = await self.run(_next, steps)
                seconds += time.perf_counter() - started
                if analysis is not None:
                    found = analysis
                    document.learn(found, version, seconds)
                    self._tell_read(document)
            if found is not None:  # the last one is all
                document.settle(found, version, seconds)
        except Exception as error:  # a bug of ours must not end the session
            document.analysed = document.read = version
            self._tell_read(document)
            self._listener.failed(document, error)
        is_open = self.documents.get(document.uri) is document
        if is_open and document.is_settled:
            late = document.uri in self._late
            self._late.discard(document.uri)
            self._settled[document.uri].set()
            self._listener.settled(document, late=late)

    def _is_overtaken(self, document: Document) -> bool:
        """Whether a document was closed, or is to be looked at again."""
        is_open = self.documents.get(document.uri) is document
        return not is_open or document.uri in self._waiting

    def _tell_read(self, document: Document) -> None:
        if document.is_read and document.uri in self._read:
            self._read[document.uri].set()


def _next(steps: Iterator[Analysis | None]) -> tuple[bool, Analysis | None]:
    """One step of an analysis: whether it was the last one, and what is known more."""
    for step in steps:
        return False, step
    return True, None


async def _happens(event: asyncio.Event, patience: float | None) -> bool:
    """Waits so many seconds at most; None: any time."""
    try:
        async with asyncio.timeout(patience):
            await event.wait()
    except TimeoutError:
        return False
    return True
