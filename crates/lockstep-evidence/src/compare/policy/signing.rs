//! A borrower with a card bound on all channels, made by the production rules from commands.

use lockstep_core::binding::{
    Bind, BindingCommand, CodeRef, Instrument, InstrumentKind, MandateTerms, SignAnswer,
};
use lockstep_core::channel::ChannelId;
use lockstep_core::id::{BindingId, Bucket, Mint, TenantId, VaultItemId};
use lockstep_core::refusal::Refusal;
use lockstep_core::time::Timestamp;
use lockstep_core::{Command, Facts, Slice, decide};

use super::super::world::World;

/// A borrower of this issuer whose mandates hold on every channel of the world.
pub(super) fn bound(world: &World, issuer: &str, facts: &Facts<'_>) -> Result<Slice, Refusal> {
    let mut mint = Mint::new(Bucket::of_tenant("compare"), facts.now, facts.seed);
    let tenant = TenantId::mint(&mut mint);
    let reference = format!("a borrower of {issuer}");
    let mut slice = step(&Slice::default(), &Command::CreateBorrower { tenant, reference }, facts)?;
    let channels: Vec<_> = world.channels.iter().map(|channel| channel.capability.id.clone()).collect();
    let bucket =
        slice.borrower.as_ref().map_or(Bucket::of_tenant("compare"), |borrower| borrower.id.bucket());
    let mut mint = Mint::new(bucket, facts.now, facts.seed);
    let instrument = Instrument {
        kind: InstrumentKind::DebitCard,
        issuer: Some(issuer.to_owned()),
        masked: "622202******1234".to_owned(),
        vault_item: VaultItemId::mint(&mut mint),
        fingerprint: issuer.to_owned(),
    };
    let bind = Bind {
        id: BindingId::mint(&mut mint),
        instrument,
        channels: channels.clone(),
        terms: terms(),
        stand_in: false,
    };
    slice = step(&slice, &Command::Binding(BindingCommand::Bind(bind)), facts)?;
    for channel in &channels {
        slice = sign(world, &slice, channel, facts)?;
    }
    Ok(slice)
}

/// The borrower signs again on a channel whose mandate has ended.
pub(super) fn sign_again(
    world: &World,
    slice: &Slice,
    channel: &ChannelId,
    facts: &Facts<'_>,
) -> Result<Slice, Refusal> {
    let wanted = BindingCommand::AddMandate { channel: channel.clone(), terms: terms() };
    let slice = step(slice, &Command::Binding(wanted), facts)?;
    sign(world, &slice, channel, facts)
}

/// The channel texts a code, the borrower enters it, the channel says yes.
fn sign(world: &World, slice: &Slice, channel: &ChannelId, facts: &Facts<'_>) -> Result<Slice, Refusal> {
    let known = world.channels.iter().find(|known| known.capability.id == *channel);
    let code = known.map(|known| known.given.codes.success.clone()).unwrap_or_default();
    let mandate = slice.binding.as_ref().and_then(|binding| binding.mandates.get(channel));
    let request_no = mandate.map(lockstep_core::binding::Mandate::request_no).unwrap_or_default();
    let yes = |agreement_no| SignAnswer::Answered { code: code.clone(), channel_ref: None, agreement_no };
    let texted = BindingCommand::CodeAnswered {
        channel: channel.clone(),
        request_no: request_no.clone(),
        answer: yes(None),
    };
    let entered =
        BindingCommand::ConfirmCode { channel: channel.clone(), code: CodeRef("a code".to_owned()) };
    let agreement_no = Some(format!("agreement on {channel}"));
    let signed =
        BindingCommand::SignAnswered { channel: channel.clone(), request_no, answer: yes(agreement_no) };
    [texted, entered, signed]
        .into_iter()
        .try_fold(slice.clone(), |slice, command| step(&slice, &Command::Binding(command), facts))
}

fn step(slice: &Slice, command: &Command, facts: &Facts<'_>) -> Result<Slice, Refusal> {
    Ok(slice.after(&decide(slice, command, facts)?))
}

fn terms() -> MandateTerms {
    MandateTerms {
        payee: "a lender".to_owned(),
        purpose: "repayment".to_owned(),
        condition: "when due".to_owned(),
        max_amount_minor: None,
        daily_minor: None,
        monthly_minor: None,
        valid_until: Timestamp::from_rfc3339("2036-01-01T00:00:00+08:00")
            .unwrap_or(Timestamp::from_millis(i64::MAX)),
    }
}
