"""`cnndsl lsp`: the features of the protocol, each handed to its module."""

from __future__ import annotations

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from cnndsl._version import __version__
from cnndsl.editor.document import Document, View
from cnndsl.editor.hints import code_lenses, inlay_hints
from cnndsl.editor.report import quick_fixes, reported
from cnndsl.editor.session import Session
from cnndsl.format import Misformatted, format_source
from cnndsl.syntax.decode import decode_text


class Server(LanguageServer):
    """The server; `session` has the documents.

    The editor sends whole texts: a spec is small, and nothing can get out of step.
    """

    def __init__(self) -> None:
        super().__init__("cnndsl", __version__, types.TextDocumentSyncKind.Full)
        self.session = Session(self)

    # --- what the session tells -------------------------------------------------------

    def settled(self, document: Document, *, late: bool) -> None:
        if document.current is not None:
            found = reported(document, document.current)
            self.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(document.uri, found, document.version)
            )
        if late:
            workspace = self.client_capabilities.workspace
            if workspace and workspace.inlay_hint and workspace.inlay_hint.refresh_support:
                self.workspace_inlay_hint_refresh(None)
            if workspace and workspace.code_lens and workspace.code_lens.refresh_support:
                self.workspace_code_lens_refresh(None)

    def failed(self, document: Document, error: Exception) -> None:
        message = f"this is a bug in cnndsl: {type(error).__name__}: {error}"[:500]
        self.window_log_message(types.LogMessageParams(types.MessageType.Error, message))

    # --- what features ask ------------------------------------------------------------

    def waits_for_hints(self) -> bool:
        """Whether an answer must be complete, because the editor cannot be told to ask again."""
        workspace = self.client_capabilities.workspace
        hints = workspace.inlay_hint if workspace else None
        return not (hints and hints.refresh_support)

    async def sound(self, uri: str) -> View | None:
        """The newest analysis with networks, for figures."""
        if self.waits_for_hints():
            document = await self.session.get(uri, patience=None)
        else:
            document = await self.session.get(uri)
        return None if document is None else document.view(document.sound)


server = Server()


@server.feature(types.TEXT_DOCUMENT_DID_OPEN)
async def did_open(ls: Server, params: types.DidOpenTextDocumentParams) -> None:
    opened = params.text_document
    encoding = ls.workspace.position_encoding or types.PositionEncodingKind.Utf16
    ls.session.open(Document(opened.uri, opened.text, opened.version, encoding))


@server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
async def did_change(ls: Server, params: types.DidChangeTextDocumentParams) -> None:
    changed = params.text_document
    text = ls.workspace.get_text_document(changed.uri).source
    ls.session.change(changed.uri, text, changed.version)


@server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
async def did_close(ls: Server, params: types.DidCloseTextDocumentParams) -> None:
    uri = params.text_document.uri
    ls.session.close(uri)
    ls.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))


@server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
async def did_change_watched_files(ls: Server, params: types.DidChangeWatchedFilesParams) -> None:
    ls.session.recheck(list(ls.session.documents.values()))


@server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
async def inlay_hint(ls: Server, params: types.InlayHintParams) -> list[types.InlayHint]:
    view = await ls.sound(params.text_document.uri)
    if view is None:
        return []
    offset = view.positions.offset
    return inlay_hints(view, offset(params.range.start), offset(params.range.end))


@server.feature(types.TEXT_DOCUMENT_CODE_LENS)
async def code_lens(ls: Server, params: types.CodeLensParams) -> list[types.CodeLens]:
    view = await ls.sound(params.text_document.uri)
    return [] if view is None else code_lenses(view)


_QUICK_FIXES = types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])


@server.feature(types.TEXT_DOCUMENT_CODE_ACTION, _QUICK_FIXES)
async def code_action(ls: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
    document = await ls.session.get(params.text_document.uri)
    if document is None or document.current is None or not document.is_settled:
        return []
    return quick_fixes(document, document.current, params.range)


@server.feature(types.TEXT_DOCUMENT_FORMATTING)
async def formatting(
    ls: Server, params: types.DocumentFormattingParams
) -> list[types.TextEdit] | None:
    document = ls.session.documents.get(params.text_document.uri)
    if document is None:
        return None
    before = document.plain
    after = await ls.session.run(_formatted, document.name, before)
    if after is None or after == before or document.plain != before:
        return None
    return [types.TextEdit(document.positions.whole(), after)]


def _formatted(name: str, text: str) -> str | None:
    """The text in its one layout; None where it does not parse."""
    source, _ = decode_text(name, text)
    try:
        return None if source is None else format_source(source).text
    except Misformatted:
        return None
