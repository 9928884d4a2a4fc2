"""`cnndsl lsp`: the features of the protocol, each handed to its module."""

from __future__ import annotations

import asyncio

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer

from cnndsl._version import __version__
from cnndsl.editor import navigation
from cnndsl.editor.completion import completions, documented, signature_help
from cnndsl.editor.cursor import cursor
from cnndsl.editor.document import Document, View, path_of
from cnndsl.editor.hints import code_lenses, inlay_hints
from cnndsl.editor.hover import hover as hover_at
from cnndsl.editor.layout import formatted
from cnndsl.editor.records import Sightings
from cnndsl.editor.rename import Unnameable, changes_of, is_new, prove
from cnndsl.editor.report import quick_fixes, reported
from cnndsl.editor.session import Session
from cnndsl.editor.used import paths


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

    def takes_snippets(self) -> bool:
        asked = self.client_capabilities.text_document
        item = asked.completion.completion_item if asked and asked.completion else None
        return bool(item and item.snippet_support)

    def folders(self) -> list[str]:
        """The folders of the workspace."""
        uris = list(self.workspace.folders) or [self.workspace.root_uri or ""]
        return [path for path in map(path_of, uris) if path]

    async def named(self, uri: str) -> View | None:
        """The newest text that parses, for names."""
        document = await self.session.read(uri)
        return None if document is None else document.view(document.named)

    async def parsed(self, uri: str) -> View | None:
        """The newest analysis of a text that parses, for names with figures."""
        document = await self.session.get(uri)
        return None if document is None else document.view(document.parsed)

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


# --- figures --------------------------------------------------------------------------


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


@server.feature(types.TEXT_DOCUMENT_HOVER)
async def hover(ls: Server, params: types.HoverParams) -> types.Hover | None:
    for view in (
        await ls.sound(params.text_document.uri),
        await ls.named(params.text_document.uri),
    ):
        found = view and hover_at(view, view.positions.offset(params.position))
        if found:
            return found
    return None


# --- names ----------------------------------------------------------------------------


@server.feature(types.TEXT_DOCUMENT_DEFINITION)
async def definition(ls: Server, params: types.DefinitionParams) -> list[types.Location]:
    view = await ls.named(params.text_document.uri)
    if view is None:
        return []
    offset = view.positions.offset(params.position)
    return navigation.definition(view, offset, ls.session.uri)


@server.feature(types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
async def document_highlight(
    ls: Server, params: types.DocumentHighlightParams
) -> list[types.DocumentHighlight]:
    view = await ls.named(params.text_document.uri)
    if view is None:
        return []
    return navigation.highlights(view, view.positions.offset(params.position))


@server.feature(types.TEXT_DOCUMENT_REFERENCES)
async def references(ls: Server, params: types.ReferenceParams) -> list[types.Location]:
    view = await ls.named(params.text_document.uri)
    offset = None if view is None else view.positions.offset(params.position)
    found = None if view is None or offset is None else navigation.found_at(view, offset)
    if view is None or found is None:
        return []
    programs = await ls.session.symbols(ls.folders())
    present = ls.session.present()
    home = present.home(found)
    every = present.spots(home, programs) if home else []
    defining = params.context.include_declaration
    return navigation.locations(every, view.document.encoding, ls.session.uri, defining=defining)


_RENAMING = types.RenameOptions(prepare_provider=True)


@server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
async def prepare_rename(ls: Server, params: types.PrepareRenameParams) -> types.Range | None:
    view = await ls.named(params.text_document.uri)
    if view is None:
        return None
    found = navigation.found_at(view, view.positions.offset(params.position))
    where = found and view.alignment.range_to_new(found.span.start, found.span.end)
    return view.positions.range(*where) if where else None


@server.feature(types.TEXT_DOCUMENT_RENAME, _RENAMING)
async def rename(ls: Server, params: types.RenameParams) -> types.WorkspaceEdit | None:
    for uri in list(ls.session.documents):
        await ls.session.read(uri, patience=None)
    document = ls.session.documents.get(params.text_document.uri)
    view = None if document is None else document.view(document.named)
    if document is None or view is None or view.source.text != document.plain:
        raise JsonRpcInvalidParams("this spec does not parse: what is wrong with it goes first")
    found = navigation.found_at(view, view.positions.offset(params.position))
    if found is None or found.symbol.span.source.is_zoo:
        raise JsonRpcInvalidParams("this is no name of the spec's own")
    if found.symbol.kind == "argument":  # of an op that is a class
        raise JsonRpcInvalidParams("the class of this op has the argument under this name")
    folders, new = ls.folders(), params.new_name
    programs, texts = await ls.session.symbols(folders, exact=True), ls.session.texts()
    present = ls.session.present()
    home = present.home(found)
    try:
        spots = present.spots(home, programs) if home else []
        changes = changes_of(found.symbol.name, new, spots)
        if home and not is_new(new, programs):
            await ls.session.run(prove, home, changes, new, folders, texts)
    except Unnameable as error:
        raise JsonRpcInvalidParams(str(error)) from None
    return navigation.edited(changes, document.encoding, ls.session.uri)


@server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
async def document_symbol(
    ls: Server, params: types.DocumentSymbolParams
) -> list[types.DocumentSymbol]:
    view = await ls.parsed(params.text_document.uri)
    return [] if view is None else navigation.outline(view)


# --- writing --------------------------------------------------------------------------

_IN_PATHS = ['"', "/"]  # where these bring up a list; elsewhere they stand for other things
_COMPLETING = types.CompletionOptions([".", "(", *_IN_PATHS], resolve_provider=True)
_SIGNATURES = types.SignatureHelpOptions(trigger_characters=["(", ","])


@server.feature(types.TEXT_DOCUMENT_COMPLETION, _COMPLETING)
async def completion(ls: Server, params: types.CompletionParams) -> types.CompletionList:
    document = ls.session.documents.get(params.text_document.uri)
    if document is None:
        return types.CompletionList(False, [])
    positions = document.positions
    offset = positions.offset(params.position)
    at = cursor(positions.text, offset)
    if at.path is not None:
        found = await asyncio.to_thread(paths, at, offset, positions, document.real)
        return types.CompletionList(False, found)
    if params.context and params.context.trigger_character in _IN_PATHS:
        return types.CompletionList(False, [])
    seen = document.sound.sightings if document.sound else Sightings()
    items = completions(at, document.program, seen, ls.takes_snippets())
    return types.CompletionList(False, items)


@server.feature(types.COMPLETION_ITEM_RESOLVE)
async def resolve_completion(ls: Server, item: types.CompletionItem) -> types.CompletionItem:
    for document in ls.session.documents.values():
        documented(item, document.program)
    return item


@server.feature(types.TEXT_DOCUMENT_SIGNATURE_HELP, _SIGNATURES)
async def signature(ls: Server, params: types.SignatureHelpParams) -> types.SignatureHelp | None:
    document = ls.session.documents.get(params.text_document.uri)
    if document is None:
        return None
    at = cursor(document.plain, document.positions.offset(params.position))
    return signature_help(at, document.program)


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
    after = await asyncio.to_thread(formatted, document.name, before)
    if after is None or after == before or document.plain != before:
        return None
    return [types.TextEdit(document.positions.whole(), after)]
