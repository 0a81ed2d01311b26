//! The lines about orders and payments.

use super::words::{amount, binding_word, moment as in_words, order_word};
use super::world::Key;
use super::{Stage, channels, moment};
use crate::catalogue::{self, Scheme};
use crate::channel::ChannelId;
use crate::command::Command;
use crate::diagnosis::diagnose;
use crate::id::{ApiKeyId, BindingId, Bucket, Mint, OrderId, PaymentId};
use crate::money::{Currency, Money};
use crate::payment::{MoneyAnswer, NoAnswer, NotSent, OriginalOutcome, Outcome, PaymentCommand, QueryAnswer, RefundCommand, ReversalAnswer, StatementAnswer};
use crate::time::Day;
use crate::order::Partial;

impl Stage {
    pub(super) fn payment_verb(&mut self, verb: &str, words: &[&str]) -> String {
        match verb {
            "owe" => self.owe(words),
            "repay" => self.repay(words),
            "withdraw" => self.run(Key::Order(self.names.orders[words[0]]), Command::CancelOrder),
            "trynow" => self.pay(words[0], PaymentCommand::TryNow),
            "refund" | "revoke" | "policy" => self.refund_verb(verb, words),
            // `R1/1` is a refund, `R1-1` an attempt.
            "approve" if words[0].contains('/') => self.refund_verb(verb, words),
            "cancel" => self.pay(words[0], PaymentCommand::Cancel),
            "status" => self.status(words[0]),
            "why" => self.why(words[0]),
            "excuse" => self.excuse(words[0]),
            "answer" => {
                let (code, amount_minor) = self.code(words);
                self.answered(words[0], MoneyAnswer::Answered { code, channel_ref: None, amount_minor })
            }
            "silence" => {
                self.answered(words[0], MoneyAnswer::NoAnswer { why: no_answer(words.get(1).copied()) })
            }
            "notsent" => {
                self.answered(words[0], MoneyAnswer::NotSent { why: not_sent(words.get(1).copied()) })
            }
            "found" => {
                let (code, amount_minor) = self.code(words);
                let original = Some(OriginalOutcome { code, channel_ref: None, amount_minor });
                let code = channels::success_code(self.scheme(words[0])).to_owned();
                self.queried(words[0], QueryAnswer::Answered { code, original })
            }
            "missing" => {
                let code = channels::not_found_code(self.scheme(words[0])).expect("a code for it").to_owned();
                self.queried(words[0], QueryAnswer::Answered { code, original: None })
            }
            "told-only" => {
                let (code, _) = self.code(words);
                self.queried(words[0], QueryAnswer::Answered { code, original: None })
            }
            "mute" => self.queried(words[0], QueryAnswer::NoAnswer { why: NoAnswer::TimedOut }),
            "notice" => {
                let (code, amount_minor) = self.code(words);
                let channel = self.channel_of(words[0]);
                if let Some((key, refund, try_no)) = self.refund_try(words[0]) {
                    let channel_ref = None;
                    let noticed =
                        RefundCommand::Noticed { refund, try_no, channel, code, channel_ref, amount_minor };
                    return self.refund_run(key, noticed);
                }
                let (payment, attempt) = self.attempt(words[0]);
                let noticed =
                    PaymentCommand::Noticed { attempt, channel, code, channel_ref: None, amount_minor };
                self.run(Key::Payment(payment), Command::Payment(noticed))
            }
            "undone" => {
                let answer = match words.get(1) {
                    None => ReversalAnswer::NoAnswer { why: NoAnswer::TimedOut },
                    Some(_) => ReversalAnswer::Answered { code: self.code(words).0 },
                };
                let (payment, attempt) = self.attempt(words[0]);
                let command = PaymentCommand::ReversalAnswered { attempt, answer };
                self.run(Key::Payment(payment), Command::Payment(command))
            }
            "statement" => self.statement(words),
            "propose" | "approve" | "retract" => self.judge(verb, words),
            "timer" => {
                let (payment, number) = self.attempt(words[1]);
                let asked = words.get(2).map_or(0, |asked| asked.parse().unwrap_or_default());
                let command = match words[0] {
                    "try" => PaymentCommand::Try { attempts: number },
                    "ask" => PaymentCommand::Ask { attempt: number, asked },
                    "deadline" => PaymentCommand::Deadline { attempt: number },
                    "reverse" => PaymentCommand::Reverse { attempt: number, sent: asked },
                    "confirm" => PaymentCommand::ConfirmDefect { attempt: number, asked },
                    "statement" => PaymentCommand::ReadStatement { attempt: number, day: day(words[2]) },
                    other => panic!("no timer {other}"),
                };
                self.run(Key::Payment(payment), Command::Payment(command))
            }
            other => panic!("no verb {other}"),
        }
    }

    /// `statement R1-1 2026-03-02 absent`, `… notready`, `… silent` or `… succeeded 00000000 [amount 1.00]`.
    fn statement(&mut self, words: &[&str]) -> String {
        let (payment, attempt) = self.attempt(words[0]);
        let day = day(words[1]);
        let answer = match words[2] {
            "absent" => StatementAnswer::NotListed,
            "notready" => StatementAnswer::NotReady,
            "silent" => StatementAnswer::NoAnswer { why: NoAnswer::TimedOut },
            _ => {
                let line: Vec<_> =
                    words.iter().enumerate().filter(|(at, _)| *at != 1).map(|(_, one)| *one).collect();
                let (code, amount_minor) = self.code(&line);
                StatementAnswer::Listed { line: OriginalOutcome { code, channel_ref: None, amount_minor } }
            }
        };
        let command = PaymentCommand::StatementAnswered { attempt, day, answer };
        self.run(Key::Payment(payment), Command::Payment(command))
    }

    /// `propose R1-1 moved by 1`, `approve R1-1 notmoved by 2`, `retract R1-1 by 1`; a number is a person's key.
    fn judge(&mut self, verb: &str, words: &[&str]) -> String {
        let (payment, attempt) = self.attempt(words[0]);
        let by = key_of(after(words, "by").expect("whose key").parse().expect("a number"));
        let outcome = if words[1] == "moved" { Outcome::Moved } else { Outcome::NotMoved };
        let command = match verb {
            "propose" => PaymentCommand::ProposeOutcome {
                attempt,
                outcome,
                evidence: "called the bank".to_owned(),
                by,
            },
            "approve" => PaymentCommand::ApproveOutcome { attempt, outcome, by },
            _ => PaymentCommand::WithdrawProposal { attempt, by },
        };
        self.run(Key::Payment(payment), Command::Payment(command))
    }

    fn pay(&mut self, name: &str, command: PaymentCommand) -> String {
        self.run(Key::Payment(self.names.payments[name]), Command::Payment(command))
    }

    fn answered(&mut self, name: &str, answer: MoneyAnswer) -> String {
        if let Some((key, refund, try_no)) = self.refund_try(name) {
            return self.refund_run(key, RefundCommand::Answered { refund, try_no, answer });
        }
        let (payment, attempt) = self.attempt(name);
        self.run(Key::Payment(payment), Command::Payment(PaymentCommand::MoneyAnswered { attempt, answer }))
    }

    fn queried(&mut self, name: &str, answer: QueryAnswer) -> String {
        if let Some((key, refund, try_no)) = self.refund_try(name) {
            return self.refund_run(key, RefundCommand::QueryAnswered { refund, try_no, answer });
        }
        let (payment, attempt) = self.attempt(name);
        self.run(Key::Payment(payment), Command::Payment(PaymentCommand::QueryAnswered { attempt, answer }))
    }

    /// `owe R1 100.00 [by B1] [parts 20.00 [when_no_funds]] [due 2026-03-05 10:00]`
    fn owe(&mut self, words: &[&str]) -> String {
        let borrower = after(words, "by").unwrap_or("B1");
        let due_at = match words.iter().position(|word| *word == "due") {
            Some(index) => moment(&words[index + 1..].join("T")),
            None => self.world.now,
        };
        let money = Money::parse(words[1], Currency::CNY).expect("an amount");
        let reference = words[0].to_owned();
        let key = Key::NewOrder(self.names.borrowers[borrower], reference.clone());
        let partial = after(words, "parts").map(|least| Partial {
            min_minor: cents(least),
            when_no_funds: words.contains(&"when_no_funds"),
        });
        match self.world.run(&key, &Command::CreateOrder { reference, money, due_at, partial }) {
            Ok((after, _)) => {
                let order = after.order.expect("it was made");
                self.names.orders.insert(words[0].to_owned(), order.id);
                format!("due {}", in_words(order.due_at))
            }
            Err(refusal) => self.names.refused(&refusal),
        }
    }

    /// `repay R1 [again|60.00] [from C1] [via unionpay]`; makes an order of the amount if there is none.
    fn repay(&mut self, words: &[&str]) -> String {
        let binding = after(words, "from").unwrap_or("C1");
        let sum = words.get(1).filter(|word| word.starts_with(|letter: char| letter.is_ascii_digit()));
        if !self.names.orders.contains_key(words[0]) {
            let borrower = self.world.bindings[&self.names.bindings[binding]].borrower;
            let known =
                self.names.borrowers.iter().find(|(_, id)| **id == borrower).expect("a borrower").0.clone();
            self.owe(&[words[0], sum.expect("an amount"), "by", &known]);
        }
        let amount_minor = sum.map(|sum| if *sum == "0.00" { 0 } else { cents(sum) });
        let channels: Vec<ChannelId> = after(words, "via").map(super::World::channel).into_iter().collect();
        let (order, binding): (OrderId, BindingId) =
            (self.names.orders[words[0]], self.names.bindings[binding]);
        self.run(
            Key::Collect(order, binding),
            Command::Payment(PaymentCommand::Collect { amount_minor, channels }),
        )
    }

    /// `R1-2` is the second attempt of payment `R1`.
    fn attempt(&self, name: &str) -> (PaymentId, u16) {
        let (payment, number) = name.rsplit_once('-').expect("an attempt");
        let id = self.names.payments.get(payment).unwrap_or_else(|| panic!("no payment {payment}"));
        (*id, number.parse().expect("an attempt's number"))
    }

    fn channel_of(&self, name: &str) -> ChannelId {
        if let Some(channel) = self.refund_channel(name) {
            return channel;
        }
        let (payment, number) = self.attempt(name);
        let attempt = self.world.payments[&payment].attempt(number);
        attempt.unwrap_or_else(|| panic!("no attempt {name}")).channel.clone()
    }

    fn scheme(&self, name: &str) -> Scheme {
        self.world.book.get(&self.channel_of(name)).expect("it is configured").scheme
    }

    /// `R1-1 declined 64 [amount 99.00]`: the catalogue has to agree that 64 is a decline.
    fn code(&self, words: &[&str]) -> (String, Option<i64>) {
        let (word, code) = (words[1], words[2]);
        let disposition = catalogue::look_up(self.scheme(words[0]), code).disposition;
        assert_eq!(disposition.as_str(), word, "{code} at {}", self.channel_of(words[0]));
        (code.to_owned(), after(words, "amount").map(cents))
    }

    fn status(&self, name: &str) -> String {
        if let Some(binding) = self.names.bindings.get(name) {
            return binding_word(&self.world.bindings[binding].status());
        }
        let payment = &self.world.payments[&self.names.payments[name]];
        let Some(order) = payment.purpose.order().map(|order| &self.world.orders[&order]) else {
            return payment.status().as_str().to_owned();
        };
        let sums = format!("{} of {}", amount(order.collected_minor), amount(order.money.amount_minor));
        let surplus = match order.surplus_minor {
            0 => String::new(),
            minor => format!(", surplus {}", amount(minor)),
        };
        let surplus = match order.refunded_minor {
            0 => surplus,
            minor => format!("{surplus}, refunded {}", amount(minor)),
        };
        format!("{}; order {}, {sums}{surplus}", payment.status().as_str(), order_word(order))
    }

    fn excuse(&self, name: &str) -> String {
        match self.world.orders[&self.names.orders[name]].excused {
            None => "none".to_owned(),
            Some(excuse) => {
                let until = excuse.until.map_or(String::new(), |at| format!(" until {}", in_words(at)));
                format!("{} since {}{until}", excuse.reason, in_words(excuse.since))
            }
        }
    }

    fn why(&self, name: &str) -> String {
        let diagnosis = diagnose(&self.world.payments[&self.names.payments[name]], &self.world.book);
        let money = serde_json::to_value(diagnosis.money).expect("a word");
        let next = diagnosis.next_try_at.map_or(String::new(), |at| format!("; next {}", in_words(at)));
        let (layer, cause, actor) = (diagnosis.layer, diagnosis.cause, diagnosis.actor);
        format!("{layer}: {cause}; {actor} acts; money {}{next}", money.as_str().unwrap_or_default())
    }
}

fn day(text: &str) -> Day {
    serde_json::from_value(text.into()).expect("a day")
}

/// A person's key.
pub(crate) fn key_of(person: u8) -> ApiKeyId {
    let at = crate::time::Timestamp::from_millis(0);
    ApiKeyId::mint(&mut Mint::new(Bucket::of_tenant("lender"), at, [person; 16]))
}

pub(super) fn cents(text: &str) -> i64 {
    Money::parse(text, Currency::CNY).expect("an amount").amount_minor
}

/// The word that follows another one.
pub(super) fn after<'a>(words: &[&'a str], word: &str) -> Option<&'a str> {
    let index = words.iter().position(|known| *known == word)?;
    words.get(index + 1).copied()
}

pub(super) fn no_answer(word: Option<&str>) -> NoAnswer {
    match word {
        None => NoAnswer::TimedOut,
        Some("interrupted") => NoAnswer::Interrupted,
        Some("unreadable") => NoAnswer::Unreadable,
        Some(other) => panic!("no silence {other}"),
    }
}

pub(super) fn not_sent(word: Option<&str>) -> NotSent {
    match word {
        None => NotSent::NoConnection,
        Some("not_configured") => NotSent::NotConfigured,
        Some("no_secrets") => NotSent::NoSecrets,
        Some(other) => panic!("{other} sends nothing"),
    }
}
