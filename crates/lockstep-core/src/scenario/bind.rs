//! The lines about borrowers and bindings.

use super::pay::{after, no_answer, not_sent};
use super::world::{Key, World};
use super::{Stage, channels};
use crate::binding::{
    Bind, Binding, BindingCommand, CodeRef, Instrument, InstrumentKind, MandateTerms, SignAnswer,
    Verification,
};
use crate::catalogue;
use crate::channel::ChannelId;
use crate::command::Command;
use crate::effect::Effect;
use crate::id::{BindingId, BorrowerId, Mint, VaultItemId};
use crate::time::Timestamp;

/// A new binding's command. The same name is the same instrument.
pub(crate) fn bind_command(
    world: &mut World,
    borrower: BorrowerId,
    name: &str,
    channels: &[ChannelId],
) -> (Key, Command) {
    let mut mint = Mint::new(borrower.bucket(), world.now, world.seed());
    let kind = if name.starts_with('A') { InstrumentKind::BankAccount } else { InstrumentKind::DebitCard };
    let instrument = Instrument {
        kind,
        issuer: Some("ICBC".to_owned()),
        masked: "622202******1234".to_owned(),
        vault_item: VaultItemId::mint(&mut mint),
        fingerprint: format!("fingerprint of {name}"),
    };
    let fingerprint = instrument.fingerprint.clone();
    let (id, channels) = (BindingId::mint(&mut mint), channels.to_vec());
    let bind = Bind { id, instrument, channels, terms: terms(None, None), stand_in: false };
    (Key::NewBinding(borrower, fingerprint), Command::Binding(BindingCommand::Bind(bind)))
}

fn terms(max_amount_minor: Option<i64>, valid_until: Option<Timestamp>) -> MandateTerms {
    let far = || Timestamp::from_rfc3339("2031-01-01T00:00:00+08:00").expect("a moment");
    MandateTerms {
        payee: "示例汽车金融".to_owned(),
        purpose: "车贷还款".to_owned(),
        condition: "每月一次".to_owned(),
        max_amount_minor,
        daily_minor: None,
        monthly_minor: None,
        valid_until: valid_until.unwrap_or_else(far),
    }
}

/// Makes a borrower known.
pub(crate) fn new_borrower(world: &mut World, reference: &str) -> BorrowerId {
    let reference = reference.to_owned();
    let command = Command::CreateBorrower { tenant: world.tenant, reference: reference.clone() };
    let (slice, _) = world.run(&Key::Reference(reference), &command).expect("a new borrower");
    slice.borrower.expect("it was made").id
}

/// A card that was signed by code on every channel already; of this nobody is told again.
pub(crate) fn bound_card(
    world: &mut World,
    borrower: BorrowerId,
    name: &str,
    channels: &[ChannelId],
    (max_amount_minor, valid_until): (Option<i64>, Option<Timestamp>),
) -> BindingId {
    let (key, mut command) = bind_command(world, borrower, name, channels);
    if let Command::Binding(BindingCommand::Bind(bind)) = &mut command {
        bind.terms = terms(max_amount_minor, valid_until);
    }
    let (slice, _) = world.run(&key, &command).expect("a new binding");
    let id = slice.binding.expect("it was made").id;
    let key = Key::Binding(id);
    for channel in channels {
        let code = channels::success_code(world.book.get(channel).expect("configured").scheme).to_owned();
        let agreement_no = Some(format!("AG-{name}-{channel}"));
        let (channel, request_no) = (channel.clone(), world.bindings[&id].mandates[channel].request_no());
        let yes = |agreement_no| SignAnswer::Answered { code: code.clone(), channel_ref: None, agreement_no };
        let texted = BindingCommand::CodeAnswered {
            channel: channel.clone(),
            request_no: request_no.clone(),
            answer: yes(None),
        };
        let entered =
            BindingCommand::ConfirmCode { channel: channel.clone(), code: CodeRef("code-1".to_owned()) };
        let signed = BindingCommand::SignAnswered { channel, request_no, answer: yes(agreement_no) };
        for command in [texted, entered, signed] {
            world.run(&key, &Command::Binding(command)).expect("it goes well");
        }
    }
    world.notices.clear();
    id
}

impl Stage {
    /// `card C2 for B1 on netsunion`: one more card, bound by code.
    pub(super) fn card(&mut self, words: &[&str]) -> String {
        let borrower = self.names.borrowers[after(words, "for").expect("for whom")];
        let binding = bound_card(&mut self.world, borrower, words[0], &channels_of(words), (None, None));
        self.names.bindings.insert(words[0].to_owned(), binding);
        String::new()
    }

    /// `borrower B1 [card C1 on unionpay netsunion [max 50.00] [ends 2026-03-05T00:00]]`: bound by code.
    pub(super) fn borrower(&mut self, words: &[&str]) -> String {
        let borrower = new_borrower(&mut self.world, words[0]);
        self.names.borrowers.insert(words[0].to_owned(), borrower);
        if let Some(card) = after(words, "card") {
            let max = after(words, "max").map(|max| max.replace('.', "").parse().expect("an amount"));
            let ends = after(words, "ends").map(super::moment);
            let binding = bound_card(&mut self.world, borrower, card, &channels_of(words), (max, ends));
            self.names.bindings.insert(card.to_owned(), binding);
        }
        String::new()
    }

    pub(super) fn binding_verb(&mut self, verb: &str, words: &[&str]) -> String {
        let (name, channel) = match words[0].split_once('@') {
            Some((name, channel)) => (name, Some(World::channel(channel))),
            None => (words[0], None),
        };
        if verb == "bind" {
            return self.bind(name, words);
        }
        let key = Key::Binding(self.names.bindings[name]);
        let named = || channel.clone().expect("a channel");
        let command = match verb {
            "enter" => BindingCommand::ConfirmCode { channel: named(), code: CodeRef("code-1".to_owned()) },
            "resend" => BindingCommand::SendCode { channel: named() },
            "sign" => BindingCommand::AddMandate { channel: named(), terms: terms(None, None) },
            "unbind" => BindingCommand::Unbind,
            "agree" => BindingCommand::AgreeStandIn,
            "withhold" => BindingCommand::WithdrawStandIn,
            "amount" => {
                let amount_minor = match &self.binding(name).verification {
                    Verification::AwaitingAmount { amount_minor, .. } if words[1] == "right" => *amount_minor,
                    Verification::AwaitingAmount { amount_minor, .. } => amount_minor % 99 + 1,
                    _ => 1,
                };
                BindingCommand::ConfirmAmount { amount_minor }
            }
            other => panic!("no verb {other}"),
        };
        self.run(key, Command::Binding(command))
    }

    /// `bind C1 for B1 on unionpay netsunion`
    fn bind(&mut self, name: &str, words: &[&str]) -> String {
        let borrower = self.names.borrowers[after(words, "for").expect("for whom")];
        let (key, command) = bind_command(&mut self.world, borrower, name, &channels_of(words));
        if let Command::Binding(BindingCommand::Bind(bind)) = &command {
            self.names.bindings.entry(name.to_owned()).or_insert(bind.id);
            let told = self.run(key, command.clone());
            if !told.starts_with("refused") {
                self.names.bindings.insert(name.to_owned(), bind.id);
            }
            return told;
        }
        unreachable!("bind_command binds")
    }

    fn binding(&self, name: &str) -> &Binding {
        &self.world.bindings[&self.names.bindings[name]]
    }

    /// `answer C1@unionpay succeeded 00 [bare] [round 1]`, `silence …`, `notsent …`, `codelost …`.
    pub(super) fn sign_answer(&mut self, verb: &str, words: &[&str]) -> String {
        let (name, channel) = words[0].split_once('@').expect("a signing");
        let (binding, channel) = (self.names.bindings[name], World::channel(channel));
        let asked = self.world.effects.iter().rev().find_map(|row| match &row.planned.effect {
            Effect::RequestCode(request) if request.binding == binding && request.channel == channel => {
                Some((0, request.request_no.clone()))
            }
            Effect::Sign(request) if request.binding == binding && request.channel == channel => {
                Some((1, request.request_no.clone()))
            }
            Effect::QueryMandate(request) if request.binding == binding && request.channel == channel => {
                Some((2, request.request_no.clone()))
            }
            _ => None,
        });
        let (step, request_no) = asked.unwrap_or_else(|| panic!("nothing was asked of {}", words[0]));
        // An answer to an earlier round comes late.
        let request_no = match after(words, "round") {
            Some(round) => format!("{}{round:0>2}", &request_no[..request_no.len() - 2]),
            None => request_no,
        };
        let answer = match verb {
            "answer" => {
                let scheme = self.world.book.get(&channel).expect("configured").scheme;
                assert_eq!(
                    catalogue::look_up(scheme, words[2]).disposition.as_str(),
                    words[1],
                    "{}",
                    words[2]
                );
                let holds = step > 0 && words[1] == "succeeded" && words.get(3) != Some(&"bare");
                let agreement_no = holds.then(|| format!("AG-{name}-{channel}"));
                SignAnswer::Answered { code: words[2].to_owned(), channel_ref: None, agreement_no }
            }
            "silence" => SignAnswer::NoAnswer { why: no_answer(words.get(1).copied()) },
            "notsent" => SignAnswer::NotSent { why: not_sent(words.get(1).copied()) },
            "codelost" => SignAnswer::CodeLost,
            other => panic!("no verb {other} for a signing"),
        };
        let command = match step {
            0 => BindingCommand::CodeAnswered { channel, request_no, answer },
            1 => BindingCommand::SignAnswered { channel, request_no, answer },
            _ => BindingCommand::MandateAnswered { channel, request_no, answer },
        };
        self.run(Key::Binding(binding), Command::Binding(command))
    }
}

/// The channels after `on`.
fn channels_of(words: &[&str]) -> Vec<ChannelId> {
    let rest = words.iter().skip_while(|word| **word != "on").skip(1);
    rest.take_while(|word| !["max", "ends"].contains(*word)).map(|word| World::channel(word)).collect()
}
