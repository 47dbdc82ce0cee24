//! The conversation: what the client says, in order, and what it gets back.

use crate::analysis::{Analysis, Document};
use crate::answers;
use crate::place;
use crate::report;
use davy_content::Content;
use davy_diag::SourceMap;
use lsp_server::{Connection, ErrorCode, Message, Notification, ProtocolError, Request, Response};
use lsp_types::notification::{
    DidChangeTextDocument, DidCloseTextDocument, DidOpenTextDocument, Exit, Notification as _,
    PublishDiagnostics,
};
use lsp_types::request::{
    Completion, Formatting, GotoDefinition, HoverRequest, Request as _, Shutdown,
};
use lsp_types::{
    CompletionOptions, CompletionParams, DidChangeTextDocumentParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DocumentFormattingParams, GotoDefinitionParams, HoverParams,
    HoverProviderCapability, OneOf, PublishDiagnosticsParams, ServerCapabilities,
    TextDocumentSyncCapability, TextDocumentSyncKind, Uri,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// What is known besides the open texts.
#[derive(Debug, Default)]
pub struct World {
    /// Macros and data sources. The names of its files should be absolute paths, so that an
    /// editor can open them.
    pub content: Content,
    /// The texts of the content.
    pub sources: SourceMap,
    /// Data models.
    pub base: Arc<davy_knowledge::Base>,
}

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("the client broke the protocol: {0}")]
    Protocol(#[from] ProtocolError),
    #[error("the client is gone")]
    Gone,
    #[error("cannot write a message: {0}")]
    Encode(#[from] serde_json::Error),
}

/// Talks with a client until it says `exit`.
pub fn serve(connection: &Connection, world: &World) -> Result<(), ServeError> {
    connection.initialize(serde_json::to_value(capabilities())?)?;
    let mut server = Server { connection, world, documents: HashMap::new(), leaving: false };
    for message in &connection.receiver {
        match message {
            Message::Request(request) => {
                let response = if server.leaving {
                    let message = "the server was told to shut down".to_owned();
                    Response::new_err(request.id, ErrorCode::InvalidRequest as i32, message)
                } else if request.method == Shutdown::METHOD {
                    server.leaving = true;
                    Response::new_ok(request.id, Value::Null)
                } else {
                    server.request(request)?
                };
                server.send(Message::Response(response))?;
            }
            Message::Notification(notification) if notification.method == Exit::METHOD => {
                return if server.leaving { Ok(()) } else { Err(ServeError::Gone) };
            }
            Message::Notification(notification) => server.notification(notification)?,
            Message::Response(_) => {}
        }
    }
    Ok(())
}

fn capabilities() -> ServerCapabilities {
    let triggers = ["|", "`", "(", "=", " "].map(str::to_owned).to_vec();
    ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Kind(
            TextDocumentSyncKind::INCREMENTAL,
        )),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(triggers),
            ..CompletionOptions::default()
        }),
        definition_provider: Some(OneOf::Left(true)),
        document_formatting_provider: Some(OneOf::Left(true)),
        ..ServerCapabilities::default()
    }
}

struct Server<'a> {
    connection: &'a Connection,
    world: &'a World,
    documents: HashMap<Uri, Document>,
    /// `shutdown` was asked for; only `exit` is awaited.
    leaving: bool,
}

impl Server<'_> {
    fn send(&self, message: Message) -> Result<(), ServeError> {
        self.connection.sender.send(message).map_err(|_| ServeError::Gone)
    }

    fn request(&self, request: Request) -> Result<Response, ServeError> {
        let Request { id, method, params } = request;
        let answer = match method.as_str() {
            HoverRequest::METHOD => self.answer(params, |p: HoverParams| {
                let at = p.text_document_position_params;
                self.about(&at.text_document.uri, |d, w| answers::hover(d, w, at.position))
            }),
            Completion::METHOD => self.answer(params, |p: CompletionParams| {
                let at = p.text_document_position;
                self.about(&at.text_document.uri, |d, w| answers::complete(d, w, at.position))
            }),
            GotoDefinition::METHOD => self.answer(params, |p: GotoDefinitionParams| {
                let at = p.text_document_position_params;
                self.about(&at.text_document.uri, |d, w| answers::definition(d, w, at.position))
            }),
            Formatting::METHOD => self.answer(params, |p: DocumentFormattingParams| {
                self.about(&p.text_document.uri, answers::format)
            }),
            _ => {
                let message = format!("no method `{method}`");
                return Ok(Response::new_err(id, ErrorCode::MethodNotFound as i32, message));
            }
        };
        Ok(match answer {
            Ok(value) => Response::new_ok(id, value),
            Err(e) => Response::new_err(id, ErrorCode::InvalidParams as i32, e.to_string()),
        })
    }

    fn answer<P: DeserializeOwned, R: serde::Serialize>(
        &self,
        params: Value,
        make: impl FnOnce(P) -> Option<R>,
    ) -> Result<Value, serde_json::Error> {
        serde_json::to_value(make(serde_json::from_value(params)?))
    }

    fn about<R>(&self, uri: &Uri, make: impl FnOnce(&Document, &World) -> Option<R>) -> Option<R> {
        make(self.documents.get(uri)?, self.world)
    }

    fn notification(&mut self, notification: Notification) -> Result<(), ServeError> {
        let Notification { method, params } = notification;
        // A notification has no answer, so one that cannot be read is passed over.
        match method.as_str() {
            DidOpenTextDocument::METHOD => {
                let Ok(p) = serde_json::from_value::<DidOpenTextDocumentParams>(params) else {
                    return Ok(());
                };
                self.changed(p.text_document.uri, p.text_document.text)
            }
            DidChangeTextDocument::METHOD => {
                let Ok(p) = serde_json::from_value::<DidChangeTextDocumentParams>(params) else {
                    return Ok(());
                };
                let uri = p.text_document.uri;
                let mut text =
                    self.documents.get(&uri).map_or_else(String::new, |d| d.text.clone());
                for change in p.content_changes {
                    match change.range {
                        Some(range) => place::replace(&mut text, range, &change.text),
                        None => text = change.text,
                    }
                }
                self.changed(uri, text)
            }
            DidCloseTextDocument::METHOD => {
                let Ok(p) = serde_json::from_value::<DidCloseTextDocumentParams>(params) else {
                    return Ok(());
                };
                self.documents.remove(&p.text_document.uri);
                self.publish(p.text_document.uri, Vec::new())
            }
            _ => Ok(()),
        }
    }

    fn changed(&mut self, uri: Uri, text: String) -> Result<(), ServeError> {
        let document = Document { path: answers::path_of(&uri), text };
        let analysis = Analysis::of(&document, self.world);
        let found = report::diagnostics(&document, &analysis, &uri);
        self.documents.insert(uri.clone(), document);
        self.publish(uri, found)
    }

    fn publish(&self, uri: Uri, diagnostics: Vec<lsp_types::Diagnostic>) -> Result<(), ServeError> {
        let params = PublishDiagnosticsParams { uri, diagnostics, version: None };
        let method = PublishDiagnostics::METHOD.to_owned();
        self.send(Message::Notification(Notification::new(method, params)))
    }
}
