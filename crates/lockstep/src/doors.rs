//! The doors of the API: connections are few enough to serve and none may stand in the door without speaking.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// A connection that has not sent its next request's headers within this time is closed, so that slow senders
/// can't use up all places.
const HEADERS_WITHIN: Duration = Duration::from_secs(20);
/// Wait after the system refused to hand out a connection (no file handles, say).
const AFTER_REFUSAL: Duration = Duration::from_millis(100);

/// Serves connections, at most `max_connections` at once (the rest wait in the system's queue), until `stop`
/// resolves; then lets those that are under way finish their request.
pub async fn open(
    listener: TcpListener,
    app: Router,
    max_connections: usize,
    stop: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(max_connections));
    let open = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, stream) = tokio::select! {
            () = &mut stop => break,
            (place, accepted) = accepted => match accepted {
                Ok((stream, _)) => (place, stream),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(AFTER_REFUSAL).await;
                    continue;
                }
            },
        };
        // Answers are small; waiting to fill a packet only costs time.
        let _ = stream.set_nodelay(true);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS_WITHIN)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app.clone()));
        let served = open.watch(connection);
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = served.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    open.shutdown().await;
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::sync::oneshot;

    use super::*;

    async fn house(max: usize) -> (std::net::SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let slow = || async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            "done"
        };
        let app = Router::new().route("/", get(|| async { "hello" })).route("/slow", get(slow));
        let serving = tokio::spawn(open(listener, app, max, async {
            let _ = stopped.await;
        }));
        (address, stop, serving)
    }

    async fn ask(stream: &mut TcpStream, path: &str) -> String {
        stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await.unwrap();
        let mut buffer = [0; 1024];
        let read = stream.read(&mut buffer).await.unwrap();
        String::from_utf8_lossy(&buffer[..read]).into_owned()
    }

    #[tokio::test(start_paused = true)]
    async fn who_stands_in_the_door_without_speaking_is_sent_away() {
        let (address, _stop, _serving) = house(1).await;
        let mut silent = TcpStream::connect(address).await.unwrap();
        silent.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
        let mut rest = Vec::new();
        silent.read_to_end(&mut rest).await.unwrap();
        assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));
        let mut next = TcpStream::connect(address).await.unwrap();
        assert!(ask(&mut next, "/").await.contains("hello"), "the place is free again");
    }

    #[tokio::test]
    async fn more_than_the_most_wait_for_a_place() {
        let (address, _stop, _serving) = house(1).await;
        let mut first = TcpStream::connect(address).await.unwrap();
        assert!(ask(&mut first, "/").await.contains("hello"));
        let mut second = TcpStream::connect(address).await.unwrap();
        let waiting = tokio::time::timeout(Duration::from_millis(100), ask(&mut second, "/")).await;
        assert!(waiting.is_err(), "no place yet");
        drop(first);
        let mut third = TcpStream::connect(address).await.unwrap();
        drop(second);
        assert!(ask(&mut third, "/").await.contains("hello"));
    }

    #[tokio::test]
    async fn stopping_lets_a_request_finish() {
        let (address, stop, serving) = house(8).await;
        let mut busy = TcpStream::connect(address).await.unwrap();
        let asked = tokio::spawn(async move { ask(&mut busy, "/slow").await });
        tokio::time::sleep(Duration::from_millis(50)).await;
        stop.send(()).unwrap();
        assert!(asked.await.unwrap().contains("done"));
        serving.await.unwrap();
    }
}
