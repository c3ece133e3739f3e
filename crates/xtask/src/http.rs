//! The little HTTP that xtask needs: a server on 127.0.0.1 and a client for one request.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

/// A body that is whole in memory.
pub(crate) type Body = Full<Bytes>;

/// A response that came in whole.
pub(crate) type Answer = Response<Bytes>;

const CLIENT_LIMIT: Duration = Duration::from_secs(30);

/// Answers requests.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Answers one request.
    fn handle(
        &self,
        request: Request<Incoming>,
        from: SocketAddr,
    ) -> impl Future<Output = Response<Body>> + Send;
}

/// Listens on 127.0.0.1; port 0 is any free one.
pub(crate) async fn listen(port: u16) -> Result<(TcpListener, u16)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .with_context(|| format!("port {port} of 127.0.0.1 cannot be listened on"))?;
    let port = listener.local_addr().context("a listening socket has no address")?.port();
    Ok((listener, port))
}

/// Serves HTTP/1.1 until it is dropped.
pub(crate) async fn serve(listener: TcpListener, handler: Arc<impl Handler>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        // A connection that failed while it waited concerns only its client.
        let Ok((stream, from)) = listener.accept().await else { continue };
        let handler = Arc::clone(&handler);
        connections.spawn(async move {
            let service = service_fn(|request| async {
                Ok::<_, Infallible>(handler.handle(request, from).await)
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            // The client is gone: there is nobody to tell.
            let _gone = connection.await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Sends one request and takes the whole answer.
pub(crate) async fn send(request: Request<Body>) -> Result<Answer> {
    let uri = request.uri().clone();
    tokio::time::timeout(CLIENT_LIMIT, exchange(request, &uri))
        .await
        .with_context(|| format!("{} did not answer in time", place(&uri)))?
        .with_context(|| format!("{} did not answer", place(&uri)))
}

async fn exchange(mut request: Request<Body>, uri: &Uri) -> Result<Answer> {
    let host = uri.host().context("the URL names no host")?;
    let port = uri.port_u16().unwrap_or(80);
    let stream = TcpStream::connect((host, port)).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    if let Some(authority) = uri.authority() {
        request.headers_mut().insert(hyper::header::HOST, authority.as_str().parse()?);
    }
    *request.uri_mut() = uri.path_and_query().map_or("/", |target| target.as_str()).parse()?;
    let (parts, body) = sender.send_request(request).await?.into_parts();
    let bytes = body.collect().await?.to_bytes();
    connection.abort();
    Ok(Response::from_parts(parts, bytes))
}

/// What may be said of a URL: its query may hold a ticket.
fn place(uri: &Uri) -> String {
    format!("http://{}{}", uri.authority().map_or("", |authority| authority.as_str()), uri.path())
}

/// A short answer.
pub(crate) fn text(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(Full::from(text.to_owned()));
    *response.status_mut() = status;
    response
}
