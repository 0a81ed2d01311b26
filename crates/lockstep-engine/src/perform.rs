//! Perform: do what an effect asks, within its channel's time limit, and bring the answer back as a command.

use std::time::Duration;

use futures::future::{Either, select};
use lockstep_core::audit::Who;
use lockstep_core::binding::{BindingCommand, SignAnswer};
use lockstep_core::channel::ChannelId;
use lockstep_core::effect::{
    Alarm, Effect, MoneyOrder, PaymentQuery, RefundOrder, RefundQuery, RefundWake, ReversalOrder,
    SignRequest, StatementQuery, Wake,
};
use lockstep_core::id::{EffectId, PaymentId};
use lockstep_core::payment::{
    MoneyAnswer, NoAnswer, PaymentCommand, QueryAnswer, RefundCommand, ReversalAnswer, StatementAnswer,
};
use lockstep_core::planted::{self, Bug};
use lockstep_core::time::Timestamp;
use lockstep_core::{Command, Slice};

use crate::Engine;
use crate::execute::{Executed, Request};
use crate::health::{Heard, Span};
use crate::port::{CallKey, Claim, Fault, StoredEffect};

/// Wait after the machinery failed, before the same thing is tried again.
const AFTER_FAULT: Duration = Duration::from_secs(1);
/// Wait before a channel is asked again to end a mandate.
const CANCEL_AGAIN: Duration = Duration::from_secs(300);
/// For a channel that is gone from the configuration.
const DEFAULT_LIMIT: Duration = Duration::from_secs(15);

/// Whether a once-effect may be sent.
enum Begun {
    Send,
    MayHaveBeenSent,
    NotOurs,
}

impl Engine {
    /// Performs one effect to the end. Faults of our own machinery are retried here: an answer that a channel
    /// has given is never thrown away while the process lives.
    pub(crate) async fn perform(&self, stored: StoredEffect) {
        let StoredEffect { id, effect, .. } = stored;
        if !self.may_send(id) {
            // Durable: whoever holds the bucket finds it.
            return;
        }
        match effect {
            Effect::MoveMoney(order) => self.move_money(id, order).await,
            Effect::Sign(request) => self.sign(id, request).await,
            Effect::QueryPayment(query) => self.query_payment(id, query).await,
            Effect::Reverse(order) => self.reverse(id, order).await,
            Effect::ReadStatement(query) => self.read_statement(id, query).await,
            Effect::Refund(order) => self.refund(id, order).await,
            Effect::QueryRefund(query) => self.query_refund(id, query).await,
            Effect::RequestCode(request) => {
                let sent_at = self.inner.ports.clock.now();
                let answer =
                    self.limited(&request.channel, self.inner.ports.channels.request_code(&request)).await;
                let span = self.span(sent_at);
                let answer = answer.unwrap_or(SignAnswer::NoAnswer { why: NoAnswer::TimedOut });
                let SignRequest { binding, channel, request_no, .. } = request;
                let command = BindingCommand::CodeAnswered {
                    channel: channel.clone(),
                    request_no,
                    answer: answer.clone(),
                };
                let slice = self
                    .bring_back(
                        Who::Channel { channel: channel.clone() },
                        CallKey::Binding(binding),
                        Command::Binding(command),
                        id,
                    )
                    .await;
                self.hear(&channel, slice.as_ref(), span, &Heard::Signing(&answer));
            }
            Effect::QueryMandate(request) => {
                let answer =
                    self.limited(&request.channel, self.inner.ports.channels.query_mandate(&request)).await;
                let answer = answer.unwrap_or(SignAnswer::NoAnswer { why: NoAnswer::TimedOut });
                let SignRequest { binding, channel, request_no, .. } = request;
                let command =
                    BindingCommand::MandateAnswered { channel: channel.clone(), request_no, answer };
                self.bring_back(
                    Who::Channel { channel },
                    CallKey::Binding(binding),
                    Command::Binding(command),
                    id,
                )
                .await;
            }
            Effect::CancelMandate { channel, agreement_no, .. } => {
                self.cancel_mandate(id, &channel, &agreement_no).await
            }
            Effect::Wake(wake) => {
                let (key, command) = awaken(wake);
                self.bring_back(Who::Timer, key, command, id).await;
            }
            Effect::Alarm(alarm) => {
                raise(&alarm);
                self.finish(id).await;
            }
            // The store keeps notices as deliveries; one that ends up here has nobody to be told.
            Effect::Notify { .. } => self.finish(id).await,
        }
    }

    /// What a once-effect means whose sending was interrupted by a stop of the process.
    pub(crate) async fn interrupted(&self, stored: StoredEffect) {
        let why = NoAnswer::Interrupted;
        match stored.effect {
            Effect::MoveMoney(order) => {
                self.answered(stored.id, &order, MoneyAnswer::NoAnswer { why }).await;
            }
            Effect::Sign(request) => {
                self.signed(stored.id, request, SignAnswer::NoAnswer { why }).await;
            }
            Effect::Refund(order) => {
                self.refund_answered(stored.id, order, MoneyAnswer::NoAnswer { why }).await;
            }
            Effect::QueryPayment(_)
            | Effect::Reverse(_)
            | Effect::ReadStatement(_)
            | Effect::QueryRefund(_)
            | Effect::RequestCode(_)
            | Effect::QueryMandate(_)
            | Effect::CancelMandate { .. }
            | Effect::Notify { .. }
            | Effect::Wake(_)
            | Effect::Alarm(_) => {}
        }
    }

    /// The planted bug that what was interrupted is simply sent again.
    pub(crate) async fn planted_again(&self, stored: StoredEffect) {
        match stored.effect {
            Effect::MoveMoney(order) => {
                let answer = self.limited(&order.channel, self.inner.ports.channels.move_money(&order)).await;
                let answer = answer.unwrap_or(MoneyAnswer::NoAnswer { why: NoAnswer::TimedOut });
                self.answered(stored.id, &order, answer).await;
            }
            _ => self.interrupted(stored).await,
        }
    }

    async fn move_money(&self, id: EffectId, order: MoneyOrder) {
        let begun = self.begin_sending(id).await;
        let sent_at = self.inner.ports.clock.now();
        let answer = match begun {
            Begun::Send => self.limited(&order.channel, self.inner.ports.channels.move_money(&order)).await,
            Begun::MayHaveBeenSent => Some(MoneyAnswer::NoAnswer { why: NoAnswer::Interrupted }),
            Begun::NotOurs => return,
        };
        let answer = self.planted_resend(&order, answer).await;
        let span = self.span(sent_at);
        let answer = answer.unwrap_or(MoneyAnswer::NoAnswer { why: NoAnswer::TimedOut });
        let slice = self.answered(id, &order, answer.clone()).await;
        self.hear(&order.channel, slice.as_ref(), span, &Heard::Money(&answer));
    }

    /// The planted bug that a payment is sent again under another number. In every other build this gives the answer
    /// back as it is.
    async fn planted_resend(&self, order: &MoneyOrder, answer: Option<MoneyAnswer>) -> Option<MoneyAnswer> {
        if planted::is(Bug::NewOrderNumberOnRetry) && answer.is_none() {
            let order_no = format!("{}9{}", &order.order_no[..26], &order.order_no[27..]);
            let again = MoneyOrder { order_no, ..order.clone() };
            return self.limited(&order.channel, self.inner.ports.channels.move_money(&again)).await;
        }
        answer
    }

    async fn answered(&self, id: EffectId, order: &MoneyOrder, answer: MoneyAnswer) -> Option<Slice> {
        let command = PaymentCommand::MoneyAnswered { attempt: order.attempt, answer };
        self.about_payment(order.channel.clone(), order.payment, command, id, self.inner.ports.clock.now())
            .await
    }

    async fn refund(&self, id: EffectId, order: RefundOrder) {
        let answer = match self.begin_sending(id).await {
            Begun::Send => self.limited(&order.channel, self.inner.ports.channels.refund(&order)).await,
            Begun::MayHaveBeenSent => Some(MoneyAnswer::NoAnswer { why: NoAnswer::Interrupted }),
            Begun::NotOurs => return,
        };
        let answer = answer.unwrap_or(MoneyAnswer::NoAnswer { why: NoAnswer::TimedOut });
        self.refund_answered(id, order, answer).await;
    }

    async fn refund_answered(&self, id: EffectId, order: RefundOrder, answer: MoneyAnswer) {
        let command = RefundCommand::Answered { refund: order.refund, try_no: order.try_no, answer };
        self.about_payment(
            order.channel,
            order.payment,
            PaymentCommand::Refund(command),
            id,
            self.inner.ports.clock.now(),
        )
        .await;
    }

    async fn query_refund(&self, id: EffectId, query: RefundQuery) {
        let asked_at = self.inner.ports.clock.now();
        let answer = self.limited(&query.channel, self.inner.ports.channels.query_refund(&query)).await;
        let answer = answer.unwrap_or(QueryAnswer::NoAnswer { why: NoAnswer::TimedOut });
        let command = RefundCommand::QueryAnswered { refund: query.refund, try_no: query.try_no, answer };
        self.about_payment(query.channel, query.payment, PaymentCommand::Refund(command), id, asked_at).await;
    }

    async fn sign(&self, id: EffectId, request: SignRequest) {
        let begun = self.begin_sending(id).await;
        let sent_at = self.inner.ports.clock.now();
        let answer = match begun {
            Begun::Send => self.limited(&request.channel, self.inner.ports.channels.sign(&request)).await,
            Begun::MayHaveBeenSent => Some(SignAnswer::NoAnswer { why: NoAnswer::Interrupted }),
            Begun::NotOurs => return,
        };
        let (span, channel) = (self.span(sent_at), request.channel.clone());
        let answer = answer.unwrap_or(SignAnswer::NoAnswer { why: NoAnswer::TimedOut });
        let slice = self.signed(id, request, answer.clone()).await;
        self.hear(&channel, slice.as_ref(), span, &Heard::Signing(&answer));
    }

    async fn signed(&self, id: EffectId, request: SignRequest, answer: SignAnswer) -> Option<Slice> {
        let SignRequest { binding, channel, request_no, .. } = request;
        let command = BindingCommand::SignAnswered { channel: channel.clone(), request_no, answer };
        self.bring_back(Who::Channel { channel }, CallKey::Binding(binding), Command::Binding(command), id)
            .await
    }

    async fn query_payment(&self, id: EffectId, query: PaymentQuery) {
        let sent_at = self.inner.ports.clock.now();
        let answer = self.limited(&query.channel, self.inner.ports.channels.query_payment(&query)).await;
        let span = self.span(sent_at);
        let answer = answer.unwrap_or(QueryAnswer::NoAnswer { why: NoAnswer::TimedOut });
        if planted::is(Bug::FinishedBeforeCommit) {
            self.finish(id).await;
        }
        let command = PaymentCommand::QueryAnswered { attempt: query.attempt, answer: answer.clone() };
        let slice = self.about_payment(query.channel.clone(), query.payment, command, id, sent_at).await;
        let heard = Heard::Query { attempt_sent_at: query.sent_at, answer: &answer };
        self.hear(&query.channel, slice.as_ref(), span, &heard);
    }

    /// A call that was sent then and has just ended.
    fn span(&self, sent_at: Timestamp) -> Span {
        Span { sent_at, at: self.inner.ports.clock.now() }
    }

    async fn reverse(&self, id: EffectId, order: ReversalOrder) {
        let asked_at = self.inner.ports.clock.now();
        let answer = self.limited(&order.channel, self.inner.ports.channels.reverse(&order)).await;
        let answer = answer.unwrap_or(ReversalAnswer::NoAnswer { why: NoAnswer::TimedOut });
        let command = PaymentCommand::ReversalAnswered { attempt: order.attempt, answer };
        self.about_payment(order.channel, order.payment, command, id, asked_at).await;
    }

    async fn read_statement(&self, id: EffectId, query: StatementQuery) {
        let asked_at = self.inner.ports.clock.now();
        let answer = self.limited(&query.channel, self.inner.ports.channels.read_statement(&query)).await;
        let answer = answer.unwrap_or(StatementAnswer::NoAnswer { why: NoAnswer::TimedOut });
        let (attempt, day) = (query.attempt, query.day);
        let command = PaymentCommand::StatementAnswered { attempt, day, answer };
        self.about_payment(query.channel, query.payment, command, id, asked_at).await;
    }

    async fn about_payment(
        &self,
        channel: ChannelId,
        payment: PaymentId,
        command: PaymentCommand,
        id: EffectId,
        asked_at: Timestamp,
    ) -> Option<Slice> {
        let (who, key) = (Who::Channel { channel }, CallKey::Payment(payment));
        self.bring_back_asked(who, key, Command::Payment(command), id, Some(asked_at)).await
    }

    async fn cancel_mandate(&self, id: EffectId, channel: &ChannelId, agreement_no: &str) {
        let ended =
            self.limited(channel, self.inner.ports.channels.cancel_mandate(channel, agreement_no)).await;
        if ended == Some(true) {
            return self.finish(id).await;
        }
        let due_at = self.inner.ports.clock.now().plus(CANCEL_AGAIN);
        if let Err(fault) = self.inner.ports.store.postpone(id, due_at).await {
            tracing::error!(%fault, "could not put an effect off; the next scan finds it");
        }
    }

    /// Runs a call with its channel's time limit; `None` when the limit passed.
    pub(crate) async fn limited<T>(
        &self,
        channel: &ChannelId,
        call: impl Future<Output = T> + Send,
    ) -> Option<T> {
        let limit =
            self.inner.book.get(channel).map(|capability| Duration::from_millis(capability.call_timeout_ms));
        let clock = &self.inner.ports.clock;
        let timer = clock.sleep_until(clock.now().plus(limit.unwrap_or(DEFAULT_LIMIT)));
        match select(Box::pin(call), timer).await {
            Either::Left((answer, _)) => Some(answer),
            Either::Right(((), _)) => None,
        }
    }

    /// Whether nobody else can be working on an effect. After a long pause of this process somebody may.
    fn may_send(&self, id: EffectId) -> bool {
        self.inner.tenure.may_send(id.bucket(), self.inner.ports.clock.now())
    }

    /// Marks a once-effect as being sent, with a claim that is drawn here and kept nowhere else: after a fault, or a pause
    /// in which the mark may have been made, finding that claim on it proves that nobody has sent it. Another one's may
    /// stand there when the bucket has been away meanwhile; then it is treated as sent.
    async fn begin_sending(&self, id: EffectId) -> Begun {
        let ports = &self.inner.ports;
        let mut claim = Claim::drawn(ports.seeds.draw());
        let mut unsure = false;
        loop {
            match ports.store.begin_sending(id, ports.clock.now(), claim).await {
                Ok(true) if self.may_send(id) => return Begun::Send,
                // It took so long that another node may hold the bucket by now. Whether it does, the store says.
                Ok(true) => ports.clock.sleep_until(ports.clock.now().plus(AFTER_FAULT)).await,
                Ok(false) if unsure && !planted::is(Bug::UnsureMarkIgnored) => return Begun::MayHaveBeenSent,
                Ok(false) => return Begun::NotOurs,
                Err(fault) => self.wait_after(&fault, "begin_sending").await,
            }
            unsure = true;
            if planted::is(Bug::UnsureMarkIgnored) {
                claim = Claim::drawn(ports.seeds.draw());
            }
        }
    }

    async fn finish(&self, id: EffectId) {
        if let Err(fault) = self.inner.ports.store.finish(id).await {
            tracing::error!(%fault, "could not finish an effect; it will be repeated");
        }
    }

    /// Brings an answer back as a command, for as long as it takes. Returns the slice after it, if it changed one.
    async fn bring_back(&self, who: Who, key: CallKey, command: Command, id: EffectId) -> Option<Slice> {
        self.bring_back_asked(who, key, command, id, None).await
    }

    /// As before, with the moment at which the question was asked: an answer proves only what was so then, however long
    /// it takes to write it down.
    async fn bring_back_asked(
        &self,
        who: Who,
        key: CallKey,
        command: Command,
        id: EffectId,
        asked_at: Option<Timestamp>,
    ) -> Option<Slice> {
        loop {
            let mut request = Request::internal(who.clone(), key.clone(), command.clone(), id);
            request.asked_at = asked_at;
            if planted::is(Bug::FinishedBeforeCommit)
                && matches!(command, Command::Payment(PaymentCommand::QueryAnswered { .. }))
            {
                request.done = None;
            }
            match self.execute(request).await {
                Ok(Executed::Elsewhere(_)) => {
                    // The node that holds the bucket now has found it being sent, and asks the channel itself.
                    tracing::warn!(
                        command = command.name(),
                        "an answer came after the bucket had gone to another node"
                    );
                    return None;
                }
                Ok(executed) => return executed.slice(),
                Err(fault) => self.wait_after(&fault, command.name()).await,
            }
        }
    }

    async fn wait_after(&self, fault: &Fault, command: &str) {
        tracing::error!(%fault, command, "the machinery failed; trying again");
        let clock = &self.inner.ports.clock;
        clock.sleep_until(clock.now().plus(AFTER_FAULT)).await;
    }
}

fn awaken(wake: Wake) -> (CallKey, Command) {
    match wake {
        Wake::TryPayment { payment, attempts } => {
            (CallKey::Payment(payment), Command::Payment(PaymentCommand::Try { attempts }))
        }
        Wake::AskPayment { payment, attempt, asked } => {
            (CallKey::Payment(payment), Command::Payment(PaymentCommand::Ask { attempt, asked }))
        }
        Wake::CheckClosed { payment, attempt } => {
            (CallKey::Payment(payment), Command::Payment(PaymentCommand::CheckClosed { attempt }))
        }
        Wake::UnknownDeadline { payment, attempt } => {
            (CallKey::Payment(payment), Command::Payment(PaymentCommand::Deadline { attempt }))
        }
        Wake::ReverseAttempt { payment, attempt, sent } => {
            (CallKey::Payment(payment), Command::Payment(PaymentCommand::Reverse { attempt, sent }))
        }
        Wake::ReadStatement { payment, attempt, day } => {
            (CallKey::Payment(payment), Command::Payment(PaymentCommand::ReadStatement { attempt, day }))
        }
        Wake::ConfirmDefect { payment, attempt, asked } => {
            (CallKey::Payment(payment), Command::Payment(PaymentCommand::ConfirmDefect { attempt, asked }))
        }
        Wake::Refund { payment, refund, wake } => {
            let command = match wake {
                RefundWake::Try { tries } => RefundCommand::Try { refund, tries },
                RefundWake::Ask { try_no, asked } => RefundCommand::AskAbout { refund, try_no, asked },
                RefundWake::Deadline { try_no } => RefundCommand::Deadline { refund, try_no },
                RefundWake::CheckClosed { try_no } => RefundCommand::CheckClosed { refund, try_no },
            };
            (CallKey::Payment(payment), Command::Payment(PaymentCommand::Refund(command)))
        }
        Wake::CollectPart { order, binding, amount_minor, channels } => (
            CallKey::Collect { order, binding },
            Command::Payment(PaymentCommand::CollectPart { amount_minor, channels }),
        ),
        Wake::AskMandate { binding, channel, asked } => {
            (CallKey::Binding(binding), Command::Binding(BindingCommand::AskMandate { channel, asked }))
        }
    }
}

fn raise(alarm: &Alarm) {
    match alarm {
        Alarm::UnknownTooLong { payment, attempt } => {
            tracing::error!(%payment, attempt, alarm = "unknown_too_long", "an unknown outcome has outlived its deadline");
        }
        Alarm::SurplusMoney { payment, amount_minor, .. } => {
            tracing::error!(%payment, amount_minor, alarm = "surplus_money", "money moved that has to go back");
        }
        Alarm::DefectiveSuccess { payment } => {
            tracing::error!(%payment, alarm = "defective_success", "money moved, but the channel calls it flawed");
        }
        Alarm::DecisionContradicted { payment, attempt } => {
            tracing::error!(%payment, attempt, alarm = "decision_contradicted", "people said that money moved, and the channel has proven that it did not");
        }
        Alarm::Refund { payment, refund, trouble } => {
            tracing::error!(%payment, refund, ?trouble, alarm = "refund", "a refund needs a person");
        }
    }
}
