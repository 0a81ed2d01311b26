//! Perfect information over the same hidden truth: the first channel and moment that work, in one attempt.

use super::super::desk::{Log, Sent};
use super::super::truth::Truth;
use super::super::{DAY_MS, HOUR_MS};

/// Hours of the window.
const HOURS: i64 = 10 * DAY_MS / HOUR_MS;

/// What the oracle makes of every order.
pub(crate) fn logs(truth: &Truth<'_>) -> Vec<Log> {
    (0..truth.orders.len()).map(|order| one(truth, order)).collect()
}

fn one(truth: &Truth<'_>, order: usize) -> Log {
    match first_success(truth, order) {
        Some(sent) => Log { collected_at: Some(sent.at), moved_minor: sent.amount_minor, sent: vec![sent] },
        // Whoever knows that nothing works doesn't try.
        None => Log::default(),
    }
}

/// The first moment, on the due moment's own hourly grid and at the edges of the funds, and channel that work.
pub(crate) fn first_success(truth: &Truth<'_>, order: usize) -> Option<Sent> {
    let latent = &truth.orders[order];
    let end = latent.due + 10 * DAY_MS;
    let hours = (0..HOURS).map(|hour| latent.due + hour * HOUR_MS);
    let arrivals = latent.funds.iter().map(|(from, _)| *from);
    let mut moments: Vec<i64> =
        hours.chain(arrivals).filter(|at| (latent.due..end).contains(at) && latent.funded(*at)).collect();
    moments.sort_unstable();
    moments.into_iter().find_map(|at| {
        (0..truth.world.channels.len()).find_map(|channel| {
            let outcome = truth.attempt(order, channel, at, latent.amount_minor, 1.0);
            let sent = Sent { at, channel: channel as u8, amount_minor: latent.amount_minor, outcome };
            outcome.paid.then_some(sent)
        })
    })
}
