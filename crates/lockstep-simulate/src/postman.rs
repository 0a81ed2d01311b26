//! Carries the banks' notices to the process, again and again until they are taken; and what others send in their name.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lockstep_channels::callback::{Notice, verify_notice};
use lockstep_channels::sandbox::sign::{self, Role};
use lockstep_channels::{ChannelConfig, ChannelKey};
use lockstep_core::channel::ChannelId;
use lockstep_core::payment::Payment;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Clock, Seeds};
use lockstep_engine::{ChannelNotice, Incoming};
use lockstep_sim::port::{SharedSandbox, SignedNotice};
use lockstep_sim::runtime::VirtualClock;
use lockstep_sim::sandbox::DueNotice;
use lockstep_store::MemoryStore;

use crate::chance::Chance;
use crate::node::{Node, Nodes};
use crate::swarm::{Kind, Swarm};
use crate::trace::{Broken, Trace};

/// How often the postman looks when no notice is announced.
const IDLE_ROUND: Duration = Duration::from_secs(60);
/// A bank gives a notice up after so many tries: the best part of a day.
const MOST_TRIES: u32 = 2_000;

/// The postman.
pub struct Postman {
    /// To whom.
    pub nodes: Arc<Nodes>,
    /// From whom.
    pub banks: Arc<SharedSandbox>,
    /// The world's time.
    pub clock: VirtualClock,
    /// The channels as configured.
    pub configs: Vec<ChannelConfig>,
    /// Where it is written down.
    pub trace: Arc<Trace>,
    /// What is going on, for those who forge.
    pub rows: Arc<MemoryStore>,
    /// Which faults are on.
    pub swarm: Swarm,
}

/// What became of a notice at the door.
enum Door {
    Taken,
    TurnedAway,
    NobodyThere,
}

impl Postman {
    /// Goes round for ever.
    pub async fn run(self) {
        let chance = Chance::of(self.swarm.seed, "postman");
        let mut bag: BTreeMap<(Timestamp, u64), (DueNotice, u32)> = BTreeMap::new();
        let mut done: Vec<DueNotice> = Vec::new();
        let mut replayable: Vec<SignedNotice> = Vec::new();
        let mut number = 0;
        let mut next_mischief = self.clock.now();
        loop {
            let now = self.clock.now();
            for notice in self.banks.with(|sandbox| sandbox.due_notices(now)) {
                number += 1;
                bag.insert((now, number), (notice, 0));
            }
            while let Some(((at, key), (notice, tries))) = bag.pop_first() {
                if at > now {
                    bag.insert((at, key), (notice, tries));
                    break;
                }
                let Some(signed) = self.banks.seal_notice(&notice, now) else { continue };
                replayable.push(signed.clone());
                let door = self.knock(&signed).await;
                match door {
                    Door::NobodyThere | Door::TurnedAway if tries < MOST_TRIES => {
                        let later = now.plus(Duration::from_millis(chance.between(5_000, 60_000)));
                        bag.insert((later, key), (notice, tries + 1));
                    }
                    Door::Taken => done.push(notice),
                    Door::NobodyThere | Door::TurnedAway => {}
                }
            }
            if now >= next_mischief && now < self.swarm.heals_at() {
                next_mischief = now.plus(Duration::from_millis(chance.between(60_000, 900_000)));
                self.mischief(&chance, &done, &mut replayable).await;
            }
            let next = self.banks.with(|sandbox| sandbox.next_due());
            let next = [next, bag.first_key_value().map(|((at, _), _)| *at)].into_iter().flatten().min();
            let now = self.clock.now();
            let (round, soon) = (now.plus(IDLE_ROUND), now.plus(Duration::from_millis(1)));
            self.clock.sleep_until(next.map_or(round, |next| next.clamp(soon, round))).await;
        }
    }

    async fn knock(&self, signed: &SignedNotice) -> Door {
        let node = self.nodes.door();
        let Some(notice) = self.verified(node, signed) else { return Door::TurnedAway };
        let incoming = incoming(signed.channel.clone(), notice, &signed.body);
        let received =
            node.process.call(|engine| Box::pin(async move { engine.receive(&incoming).await })).await;
        match received {
            Ok(Ok(_)) => Door::Taken,
            Ok(Err(_)) | Err(_) => Door::NobodyThere,
        }
    }

    fn verified(&self, node: &Node, signed: &SignedNotice) -> Option<Notice> {
        let config = self.configs.iter().find(|config| config.capability.id == signed.channel)?;
        verify_notice(config, &signed.header_map(), &signed.body, node.wall.now()).ok()
    }

    async fn mischief(&self, chance: &Chance, done: &[DueNotice], replayable: &mut Vec<SignedNotice>) {
        let now = self.clock.now();
        if self.swarm.strength(Kind::CallbackForged) > 0 {
            self.forge(chance).await;
        }
        if self.swarm.strength(Kind::CallbackReplayed) > 0 {
            for signed in replayable.iter().rev().take(3) {
                self.trace.struck(now, None, Kind::CallbackReplayed.name());
                self.knock(signed).await;
            }
        }
        replayable.clear();
        if self.swarm.strength(Kind::BankFileResent) > 0 && chance.one_in(3) {
            for notice in done.iter().rev().take(100) {
                self.trace.struck(now, None, Kind::BankFileResent.name());
                if let Some(signed) = self.banks.seal_notice(notice, now) {
                    self.knock(&signed).await;
                }
            }
        }
    }

    /// Somebody who knows an order's number, but not the key, says that it was paid.
    async fn forge(&self, chance: &Chance) {
        let live = self.rows.all_payments().into_iter().filter(|payment| payment.status().is_live());
        let live: Vec<Payment> = live.collect();
        let Some(payment) = live.get(usize::try_from(chance.below(live.len() as u64)).unwrap_or(0)) else {
            return;
        };
        let Some(attempt) = payment.last_attempt() else { return };
        let Some(config) = self.configs.iter().find(|config| config.capability.id == attempt.channel) else {
            return;
        };
        let now = self.clock.now();
        let code = match attempt.channel.as_str() {
            "netsunion" => "00000000",
            "bankdirect" => "PCC00000",
            _ => "00",
        };
        let body = serde_json::json!({
            "message_id": format!("forged-{}", now.as_millis()),
            "order_no": attempt.order_no,
            "code": code,
            "channel_ref": null,
            "amount_minor": payment.money.amount_minor,
        });
        let body = body.to_string().into_bytes();
        let key = ChannelKey::new("a forger's key, which is not the channel's".to_owned());
        let nonce = sign::nonce(&chance.draw());
        let headers = sign::sign(&key, Role::Notice(&config.capability.id), now, &nonce, &body);
        self.trace.struck(now, Some(&payment.id.to_string()), Kind::CallbackForged.name());
        let signed = SignedNotice { channel: attempt.channel.clone(), headers, body };
        if self.verified(self.nodes.first(), &signed).is_some() {
            let words = format!("a forged notice about {} was let in", attempt.order_no);
            self.trace.found(now, Broken::Forged, Some(&payment.id.to_string()), format_args!("{words}"));
            self.knock(&signed).await;
        }
    }
}

/// A verified notice as the engine takes it.
fn incoming(channel: ChannelId, notice: Notice, raw: &[u8]) -> Incoming {
    Incoming {
        message_id: notice.message_id,
        notice: ChannelNotice {
            channel,
            order_no: notice.order_no,
            code: notice.code,
            channel_ref: notice.channel_ref,
            amount_minor: notice.amount_minor,
        },
        raw: String::from_utf8_lossy(raw).into_owned(),
    }
}
