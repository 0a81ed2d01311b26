//! PostgreSQL's own measure: `pgbench` with its TPC-B-like script, on the same server, in a database of its own.

use std::io::ErrorKind;
use std::process::Command;
use std::time::Duration;

use reqwest::Url;

use crate::config::DatabaseUrl;
use crate::foundation::StartProblem;

/// Made for a run and removed after it.
const DATABASE: &str = "lockstep_pgbench";
/// Rows of the smallest table: with more than there are clients, they rarely wait for one another.
const SCALE: u32 = 50;
const CLIENTS: u32 = 32;
const THREADS: u32 = 2;
/// Shorter rounds say little.
const SHORTEST: Duration = Duration::from_secs(5);

/// A database filled for `pgbench`. It goes with this value.
pub struct Pgbench {
    address: Address,
}

impl Pgbench {
    /// Makes the database and fills it.
    ///
    /// # Errors
    /// [`StartProblem`] when the programs aren't there or the server refuses.
    pub fn fill(server: &DatabaseUrl) -> Result<Self, StartProblem> {
        let address = Address::of(server)?;
        address.run("dropdb", &["--if-exists", "--maintenance-db", &address.url, DATABASE])?;
        address.run("createdb", &["--maintenance-db", &address.url, DATABASE])?;
        let filled = Self { address };
        filled.pgbench(&["--initialize", "--quiet", "--scale", &SCALE.to_string()])?;
        Ok(filled)
    }

    /// Transactions per second over about this time.
    ///
    /// # Errors
    /// [`StartProblem`] when it fails or says nothing that can be read.
    pub fn transactions_per_s(&self, time: Duration) -> Result<f64, StartProblem> {
        let seconds = time.max(SHORTEST).as_secs().to_string();
        let (clients, threads) = (CLIENTS.to_string(), THREADS.to_string());
        let said = self.pgbench(&["--client", &clients, "--jobs", &threads, "--time", &seconds])?;
        rate(&said).ok_or_else(|| StartProblem::Usage(format!("pgbench did not say its tps:\n{said}")))
    }

    fn pgbench(&self, arguments: &[&str]) -> Result<String, StartProblem> {
        let database = self.address.database(DATABASE);
        let mut all = arguments.to_vec();
        all.push(&database);
        self.address.run("pgbench", &all)
    }
}

impl Drop for Pgbench {
    fn drop(&mut self) {
        // What can't be removed now is removed by the next run.
        let _ = self.address.run("dropdb", &["--if-exists", "--maintenance-db", &self.address.url, DATABASE]);
    }
}

/// The server, as PostgreSQL's programs take it. The password isn't among their arguments, which everybody can read.
struct Address {
    url: String,
    password: Option<String>,
}

impl Address {
    fn of(server: &DatabaseUrl) -> Result<Self, StartProblem> {
        let wrong = |_| StartProblem::Usage("the server's address can't be read".to_owned());
        let mut url = Url::parse(server.expose()).map_err(|_| wrong(()))?;
        let password = url.password().map(decoded);
        url.set_password(None).map_err(wrong)?;
        // A schema that is named there is one of the database that is measured.
        let kept: Vec<_> = url.query_pairs().into_owned().filter(|(name, _)| name != "options").collect();
        url.set_query(None);
        if !kept.is_empty() {
            url.query_pairs_mut().extend_pairs(kept);
        }
        Ok(Self { url: url.into(), password })
    }

    fn database(&self, name: &str) -> String {
        let Ok(mut url) = Url::parse(&self.url) else { return self.url.clone() };
        url.set_path(name);
        url.into()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<String, StartProblem> {
        let mut command = Command::new(program);
        command.args(arguments);
        if let Some(password) = &self.password {
            command.env("PGPASSWORD", password);
        }
        let done = command.output().map_err(|error| StartProblem::Usage(absent(program, &error)))?;
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        match done.status.success() {
            true => Ok(said(&done.stdout)),
            false => Err(StartProblem::Usage(format!("{program} failed: {}", said(&done.stderr)))),
        }
    }
}

fn absent(program: &str, error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => format!(
            "{program} was not found. It comes with PostgreSQL: on Debian and its kin, apt-get install postgresql"
        ),
        _ => format!("{program} can't be started: {error}"),
    }
}

/// The characters behind `%` signs of an address.
fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend(before.bytes());
        let byte = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(b'%'));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    bytes.extend(rest.bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The figure in a line like `tps = 1234.5 (without initial connection time)`.
fn rate(said: &str) -> Option<f64> {
    let figure = said.lines().find_map(|line| line.strip_prefix("tps = "))?;
    figure.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_figure_is_read() {
        let said =
            "latency average = 19.5 ms\ninitial connection time = 60.1 ms\ntps = 1640.25 (without initial …)";
        assert_eq!(rate(said), Some(1640.25));
        assert_eq!(rate("pgbench: error"), None);
    }

    #[test]
    fn a_password_is_no_argument() {
        let server = "postgres://me:p%40ss%2fw@127.0.0.1:5433/book?sslmode=disable&options=-c%20a%3Db"
            .parse()
            .unwrap();
        let address = Address::of(&server).unwrap();
        assert_eq!(address.password.as_deref(), Some("p@ss/w"));
        assert_eq!(address.url, "postgres://me@127.0.0.1:5433/book?sslmode=disable");
        assert_eq!(address.database("x"), "postgres://me@127.0.0.1:5433/x?sslmode=disable");
    }

    #[test]
    fn a_missing_program_is_named_with_its_package() {
        let server = "postgres://me@127.0.0.1/book".parse().unwrap();
        let error = Address::of(&server).unwrap().run("lockstep-no-such-program", &[]).unwrap_err();
        assert!(error.to_string().contains("apt-get install postgresql"), "{error}");
    }
}
