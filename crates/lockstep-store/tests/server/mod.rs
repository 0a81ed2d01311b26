//! A PostgreSQL server for these tests: started once, ended with this process.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

struct Server {
    url: String,
    /// Its standard input ends with this process, and the server with that.
    _process: Child,
}

fn server() -> &'static str {
    static SERVER: OnceLock<Server> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/postgres.sh");
        let mut process = Command::new(script)
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the script starts");
        let mut url = String::new();
        let output = process.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut url).expect("its address");
        assert!(url.starts_with("postgres://"), "the server did not start: {url:?}");
        Server { url: url.trim().to_owned(), _process: process }
    });
    &server.url
}

/// The address of a database of one's own (a schema of its own, which is quicker made).
pub(crate) async fn empty_database() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let url = server();
    let schema = format!("case_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let client = connect(url).await;
    client.batch_execute(&format!("CREATE SCHEMA {schema}")).await.expect("a schema");
    format!("{url}&options=-c%20search_path%3D{schema}")
}

/// A connection of one's own to an address, for statements by hand.
pub(crate) async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("connects");
    tokio::spawn(connection);
    client
}

/// A database of one's own, with the stand-in for Citus in it.
#[allow(dead_code, reason = "each test program has this module, and one of them distributes")]
pub(crate) async fn database_with_citus() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let url = server();
    let name = format!("spread_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    connect(url).await.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a database");
    let (place, rest) = url.rsplit_once('/').expect("an address with a database");
    let options = rest.split_once('?').map_or(String::new(), |(_, options)| format!("?{options}"));
    let url = format!("{place}/{name}{options}");
    connect(&url).await.batch_execute(include_str!("citus.sql")).await.expect("the stand-in");
    url
}
