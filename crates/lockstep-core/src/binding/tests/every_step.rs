//! Binding, killed at every step.

use crate::binding::{Binding, BindingCommand, BindingStatus, MandateState, MandateTerms, Verification};
use crate::channel::Direction;
use crate::command::Command;
use crate::refusal::Refusal;
use crate::scenario::bind::{bind_command, new_borrower};
use crate::scenario::crash::{Crash, Flow, Loss, Machine, every_step};
use crate::scenario::world::{Key, World};

fn borrower() -> Machine {
    let mut machine = Machine::new();
    new_borrower(&mut machine.world, "B1");
    machine
}

fn binding(machine: &Machine) -> Option<Binding> {
    machine.world.bindings.values().next().cloned()
}

fn bind(machine: &mut Machine, name: &str, channels: &[&str]) -> Result<bool, Crash> {
    let borrower = *machine.world.borrowers.keys().next().unwrap();
    let channels: Vec<_> = channels.iter().map(|name| World::channel(name)).collect();
    let (key, command) = bind_command(&mut machine.world, borrower, name, &channels);
    machine.submit(&key, &command).map(|_| true)
}

/// The borrower enters every code that arrives, and asks for another when one was refused.
fn by_code(machine: &mut Machine) -> Result<bool, Crash> {
    let Some(binding) = binding(machine) else {
        return bind(machine, "C1", &["unionpay", "netsunion"]);
    };
    let key = Key::Binding(binding.id);
    for mandate in binding.mandates.values() {
        let channel = &mandate.channel;
        match &mandate.state {
            MandateState::AwaitingCode { expires_at, .. } if machine.world.now < *expires_at => {
                machine.enter_code(&key, channel, &mandate.request_no())?;
                return Ok(true);
            }
            MandateState::AwaitingCode { .. } | MandateState::Refused { .. } => {
                let command = Command::Binding(BindingCommand::SendCode { channel: channel.clone() });
                if let Err(Refusal::CodeTooSoon { free_at }) = machine.submit(&key, &command)? {
                    machine.world.now = free_at;
                }
                return Ok(true);
            }
            _ => {}
        }
    }
    Ok(false)
}

/// The borrower reads the amount from a statement.
fn by_deposit(machine: &mut Machine) -> Result<bool, Crash> {
    let Some(binding) = binding(machine) else {
        return bind(machine, "A1", &["bankdirect"]);
    };
    let key = Key::Binding(binding.id);
    if let Verification::AwaitingAmount { .. } = &binding.verification {
        let amount_minor = machine.bank.executed[0].money.amount_minor;
        let command = Command::Binding(BindingCommand::ConfirmAmount { amount_minor });
        return machine.submit(&key, &command).map(|_| true);
    }
    let refused =
        binding.mandates.values().find(|mandate| matches!(mandate.state, MandateState::Refused { .. }));
    if let Some(mandate) = refused {
        let (channel, terms): (_, MandateTerms) = (mandate.channel.clone(), mandate.terms.clone());
        let command = Command::Binding(BindingCommand::AddMandate { channel, terms });
        return machine.submit(&key, &command).map(|_| true);
    }
    Ok(false)
}

/// Every mandate holds, under the number that the bank gave it.
fn all_live(machine: &Machine) {
    let binding = binding(machine).unwrap();
    assert_eq!(binding.status(), BindingStatus::Usable);
    for mandate in binding.mandates.values() {
        let agreement_no = mandate.agreement_no().expect("it holds");
        assert_eq!(machine.bank.signed.get(&mandate.request_no()).map(String::as_str), Some(agreement_no));
    }
    assert_eq!(machine.world.bindings.len(), 1);
    assert!(machine.bank.executed.iter().all(|order| order.direction == Direction::PayOut));
}

#[test]
fn binding_by_code() {
    every_step(&Flow { prepare: borrower, people: by_code, end: all_live });
}

#[test]
fn binding_by_deposit() {
    let end = |machine: &Machine| {
        all_live(machine);
        assert_eq!(machine.bank.executed.len(), 1, "one deposit");
    };
    every_step(&Flow { prepare: borrower, people: by_deposit, end });
}

#[test]
fn binding_by_deposit_whose_answer_is_lost() {
    let prepare = || {
        let mut machine = borrower();
        machine.bank.losses.push_back(Loss::Answer);
        machine
    };
    every_step(&Flow { prepare, people: by_deposit, end: all_live });
}
