//! The one entrance to the rules.

use crate::binding::{self, BindingCommand};
use crate::borrower::BorrowerEvent;
use crate::decision::{Decision, Facts, Slice};
use crate::id::{BorrowerId, Bucket, OrderId, TenantId};
use crate::money::Money;
use crate::notice;
use crate::order::{OrderEvent, OrderState, Partial};
use crate::payment::{self, PaymentCommand};
use crate::refusal::Refusal;
use crate::time::Timestamp;

/// Everything that can be asked of the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Make a borrower known.
    CreateBorrower {
        /// The lender.
        tenant: TenantId,
        /// The lender's own name for the borrower.
        reference: String,
    },
    /// Make an order known (its borrower in the slice).
    CreateOrder {
        /// The lender's own name for the order.
        reference: String,
        /// The whole amount.
        money: Money,
        /// When it is due.
        due_at: Timestamp,
        /// Whether it may be collected in parts; `None`: only whole.
        partial: Option<Partial>,
    },
    /// Take an order back.
    CancelOrder,
    /// Something about a binding.
    Binding(BindingCommand),
    /// Something about a payment.
    Payment(PaymentCommand),
}

impl Command {
    /// What the audit log calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CreateBorrower { .. } => "borrower.create",
            Self::CreateOrder { .. } => "order.create",
            Self::CancelOrder => "order.cancel",
            Self::Binding(command) => match command {
                BindingCommand::Bind(_) => "binding.create",
                BindingCommand::AddMandate { .. } => "binding.add_mandate",
                BindingCommand::SendCode { .. } => "binding.send_code",
                BindingCommand::CodeAnswered { .. } => "binding.code_answered",
                BindingCommand::ConfirmCode { .. } => "binding.confirm_code",
                BindingCommand::SignAnswered { .. } => "binding.sign_answered",
                BindingCommand::AskMandate { .. } => "binding.ask_mandate",
                BindingCommand::MandateAnswered { .. } => "binding.mandate_answered",
                BindingCommand::ConfirmAmount { .. } => "binding.confirm_amount",
                BindingCommand::AgreeStandIn => "binding.agree_stand_in",
                BindingCommand::WithdrawStandIn => "binding.withdraw_stand_in",
                BindingCommand::Unbind => "binding.unbind",
            },
            Self::Payment(command) => match command {
                PaymentCommand::Collect { .. } => "payment.create",
                PaymentCommand::CollectPart { .. } => "payment.collect_part",
                PaymentCommand::Try { .. } => "payment.try",
                PaymentCommand::TryNow => "payment.try_now",
                PaymentCommand::MoneyAnswered { .. } => "payment.money_answered",
                PaymentCommand::Ask { .. } => "payment.ask",
                PaymentCommand::CheckClosed { .. } => "payment.check_closed",
                PaymentCommand::QueryAnswered { .. } => "payment.query_answered",
                PaymentCommand::Noticed { .. } => "payment.noticed",
                PaymentCommand::Deadline { .. } => "payment.deadline",
                PaymentCommand::Reverse { .. } => "payment.reverse",
                PaymentCommand::ReversalAnswered { .. } => "payment.reversal_answered",
                PaymentCommand::ReadStatement { .. } => "payment.read_statement",
                PaymentCommand::StatementAnswered { .. } => "payment.statement_answered",
                PaymentCommand::ConfirmDefect { .. } => "payment.confirm_defect",
                PaymentCommand::ProposeOutcome { .. } => "payment.propose_outcome",
                PaymentCommand::ApproveOutcome { .. } => "payment.approve_outcome",
                PaymentCommand::WithdrawProposal { .. } => "payment.withdraw_proposal",
                PaymentCommand::Cancel => "payment.cancel",
                PaymentCommand::Refund(command) => command.name(),
            },
        }
    }
}

/// Decides: what happened, and what has to be done about it. A pure function; it never panics.
///
/// # Errors
/// A [`Refusal`] when the rules say no. Nothing has happened then.
pub fn decide(slice: &Slice, command: &Command, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    let mut decision = match command {
        Command::CreateBorrower { tenant, reference } => create_borrower(slice, *tenant, reference, facts)?,
        Command::CreateOrder { reference, money, due_at, partial } => {
            create_order(slice, reference, *money, *due_at, *partial, facts)?
        }
        Command::CancelOrder => cancel_order(slice, facts)?,
        Command::Binding(command) => binding::decide(slice, command, facts)?,
        Command::Payment(command) => payment::decide(slice, command, facts)?,
    };
    notice::add(slice, &mut decision, facts);
    Ok(decision)
}

fn create_borrower(
    slice: &Slice,
    tenant: TenantId,
    reference: &str,
    facts: &Facts<'_>,
) -> Result<Decision, Refusal> {
    if let Some(borrower) = &slice.borrower {
        return Err(Refusal::BorrowerExists { borrower: borrower.id });
    }
    let id = BorrowerId::mint(&mut facts.mint(Bucket::of(tenant, reference)));
    let mut decision = Decision::nothing();
    decision.event(BorrowerEvent::Created { id, tenant, reference: reference.to_owned(), at: facts.now });
    Ok(decision)
}

fn create_order(
    slice: &Slice,
    reference: &str,
    money: Money,
    due_at: Timestamp,
    partial: Option<Partial>,
    facts: &Facts<'_>,
) -> Result<Decision, Refusal> {
    let borrower = slice.borrower.as_ref().ok_or(Refusal::BorrowerNotFound)?;
    if let Some(order) = &slice.order {
        return Err(Refusal::OrderExists { order: order.id });
    }
    if partial.is_some_and(|partial| !(1..=money.amount_minor).contains(&partial.min_minor)) {
        return Err(Refusal::AmountNotAllowed);
    }
    let mut decision = Decision::nothing();
    decision.event(OrderEvent::Created {
        id: OrderId::mint(&mut facts.mint(borrower.id.bucket())),
        tenant: borrower.tenant,
        borrower: borrower.id,
        reference: reference.to_owned(),
        money,
        due_at,
        partial,
        at: facts.now,
    });
    Ok(decision)
}

fn cancel_order(slice: &Slice, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    let order = slice.order.as_ref().ok_or(Refusal::OrderNotFound)?;
    match &order.state {
        OrderState::Open => {
            let mut decision = Decision::nothing();
            decision.event(OrderEvent::Cancelled { at: facts.now });
            Ok(decision)
        }
        OrderState::Collecting { payment } => Err(Refusal::PaymentUnderWay { payment: *payment }),
        OrderState::Collected { .. } => Err(Refusal::OrderCollected),
        OrderState::Cancelled { .. } => Ok(Decision::nothing()),
    }
}
