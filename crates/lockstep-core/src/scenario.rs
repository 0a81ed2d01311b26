//! Scenarios: stories in text that are played against the rules, word for word. Only for tests.
//!
//! ```text
//! borrower B1 card C1 on unionpay netsunion
//! repay   R1 100.00 from C1        -> sends unionpay R1-1
//! silence R1-1                     -> unknown: channel_timeout; asks unionpay in 5s
//! repay   R1 again                 -> refused: payment_under_way
//! wait    6s                       -> asks unionpay about R1-1
//! found   R1-1 succeeded 00        -> R1-1 succeeded by query; paid; collected 100.00 of 100.00
//! ```
//!
//! A name's first letter says what it is: `B` a borrower, `C` a debit card, `A` an account, `R` an order. The
//! first payment of `R1` is `R1`, the second `R1b`, the third `R1c`; an attempt is `R1-1`. A signing is
//! `C1@unionpay`, a refund `R1/1` and its first try `R1/1-1`. `limit unionpay daily 150.00 monthly 200.00 [issuer ICBC]`
//! sets a channel's limits. A code is written with what it proves (`declined 64`), and the catalogue has to agree.

pub(crate) mod bind;
pub(crate) mod channels;
pub(crate) mod crash;
mod laws;
pub(crate) mod pay;
pub(crate) mod refund;
mod words;
pub(crate) mod world;

use self::words::Names;
use self::world::{Key, World, woken};
use crate::command::Command;
use crate::time::Timestamp;

/// Plays a scenario and compares what happens with what stands after each `->`. Lines without `->` prepare.
#[track_caller]
pub(crate) fn check(text: &str) {
    let mut stage = Stage::new();
    let mut lines: Vec<(String, Option<String>)> = Vec::new();
    let mut wrong = Vec::new();
    // What happens in one line may go on in the next, which then begins with a semicolon.
    let text = text.lines().map(str::trim).collect::<Vec<_>>().join("\n").replace("\n;", ";");
    for line in text.lines().filter(|line| !line.is_empty()) {
        let (told, expected) = match line.split_once("->") {
            Some((told, expected)) => (told, Some(expected.split_whitespace().collect::<Vec<_>>().join(" "))),
            None => (line, None),
        };
        if line.starts_with('#') {
            lines.push((line.to_owned(), None));
            continue;
        }
        let happened = stage.play(told.trim());
        if expected.as_ref().is_some_and(|expected| *expected != happened) {
            wrong.push(format!(
                "{}\n  expected {}\n  happened {happened}",
                told.trim(),
                expected.clone().unwrap()
            ));
        }
        let (verb, rest) = told.trim().split_once(' ').unwrap_or((told.trim(), ""));
        lines.push((format!("{verb:<8} {}", rest.trim()), expected.map(|_| happened)));
    }
    let width = lines
        .iter()
        .filter(|(_, happened)| happened.is_some())
        .map(|(told, _)| told.len())
        .max()
        .unwrap_or(0);
    let whole: Vec<_> = lines
        .into_iter()
        .map(|(told, happened)| match happened {
            Some(happened) => wrapped(&format!("{told:<width$} -> {happened}"), width + 4),
            None => told,
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{}\n\nThe whole scenario as it happened:\n\n{}\n",
        wrong.join("\n"),
        whole.join("\n")
    );
}

/// Breaks a line that is too long before a semicolon.
fn wrapped(line: &str, margin: usize) -> String {
    const WIDTH: usize = 98;
    let Some(end) = line.char_indices().nth(WIDTH).map(|(index, _)| index) else {
        return line.to_owned();
    };
    let before = line[..end].rfind("; ").filter(|at| *at > margin);
    let Some(at) = before.or_else(|| line[end..].find("; ").map(|at| at + end)) else {
        return line.to_owned();
    };
    let rest = format!("{:margin$}{}", "", &line[at + 2..]);
    format!("{}\n{:>margin$}{}", &line[..at], "; ", wrapped(&rest, margin).trim_start())
}

/// The world, the names in it and what was said last.
struct Stage {
    world: World,
    names: Names,
    last: Option<(Key, Command)>,
}

impl Stage {
    fn new() -> Self {
        Self { world: World::new(), names: Names::default(), last: None }
    }

    /// Plays one line and says what happened.
    fn play(&mut self, line: &str) -> String {
        let mut words = line.split_whitespace();
        let verb = words.next().unwrap_or_default();
        let words: Vec<_> = words.collect();
        match verb {
            "at" => {
                self.world.now = moment(&words.join("T"));
                String::new()
            }
            "borrower" => self.borrower(&words),
            "card" => self.card(&words),
            "wait" => self.wait(self.world.now.plus(pause(words[0]))),
            "until" => self.wait(moment(&words.join("T"))),
            "repeat" => {
                let (key, command) = self.last.clone().expect("something to repeat");
                self.run(key, command)
            }
            "limit" => self.limit(&words),
            "told" => {
                let told: Vec<_> = self.world.notices.drain(..).map(|notice| notice.kind).collect();
                told.join("; ")
            }
            "ledger" => self.ledger(),
            "bind" | "enter" | "resend" | "sign" | "amount" | "unbind" | "agree" | "withhold" => {
                self.binding_verb(verb, &words)
            }
            _ if words.first().is_some_and(|word| word.contains('@')) => self.sign_answer(verb, &words),
            _ => self.payment_verb(verb, &words),
        }
    }

    fn run(&mut self, key: Key, command: Command) -> String {
        self.last = Some((key.clone(), command.clone()));
        match self.world.run(&key, &command) {
            Ok((after, decision)) => {
                self.names.learn(&after);
                self.names.tell(&self.world, &after, &decision)
            }
            Err(refusal) => self.names.refused(&refusal),
        }
    }

    /// Lets time pass and fires the timers on the way.
    fn wait(&mut self, until: Timestamp) -> String {
        let mut happened = Vec::new();
        while let Some((due_at, wake)) = self.world.take_timer(until) {
            self.world.now = due_at;
            let (key, command) = woken(&wake);
            happened.push(self.run(key, command));
        }
        self.world.now = until;
        happened.retain(|words| words != "nothing");
        if happened.is_empty() { "nothing".to_owned() } else { happened.join("; ") }
    }

    fn ledger(&self) -> String {
        let mut accounts = std::collections::BTreeMap::<_, i64>::new();
        for entry in &self.world.ledger {
            *accounts.entry(entry.account.clone()).or_default() += entry.amount_minor;
        }
        let told: Vec<_> =
            accounts.iter().map(|(account, minor)| format!("{account} {}", words::amount(*minor))).collect();
        told.join("; ")
    }
}

/// `2026-03-02T09:00`, in Shanghai.
fn moment(text: &str) -> Timestamp {
    let seconds = if text.matches(':').count() == 1 { ":00" } else { "" };
    Timestamp::from_rfc3339(&format!("{text}{seconds}+08:00"))
        .unwrap_or_else(|| panic!("{text} is no moment"))
}

/// `250ms`, `5s`, `10m`, `2h` or `1d`.
fn pause(text: &str) -> std::time::Duration {
    let digits = text.trim_end_matches(|letter: char| letter.is_alphabetic());
    let number: u64 = digits.parse().unwrap_or_else(|_| panic!("{text} is no length of time"));
    std::time::Duration::from_millis(match &text[digits.len()..] {
        "ms" => number,
        "s" => number * 1000,
        "m" => number * 60_000,
        "h" => number * 3_600_000,
        "d" => number * 86_400_000,
        other => panic!("{other} is no unit of time"),
    })
}
