//! Values that can't be, each as one sentence that names the key.

use lockstep_core::catalogue::{Disposition, look_up};

use super::{ChannelInWorld, Codes, World};

/// Wrong values; empty when the world can be used.
pub(super) fn problems(world: &World) -> Vec<String> {
    let mut found = Found(Vec::new());
    people(world, &mut found);
    faults(world, &mut found);
    for channel in &world.channels {
        one_channel(channel, &mut found);
    }
    scripts(world, &mut found);
    found.0
}

struct Found(Vec<String>);

impl Found {
    fn within(&mut self, key: &str, value: f64, low: f64, high: f64) {
        // Also catches a value that is not a number.
        if !(low..=high).contains(&value) {
            self.0.push(format!("{key}: must be between {low} and {high}, not {value}"));
        }
    }

    fn share(&mut self, key: &str, value: f64) {
        self.within(key, value, 0.0, 1.0);
    }

    fn must(&mut self, holds: bool, words: impl FnOnce() -> String) {
        if !holds {
            self.0.push(words());
        }
    }

    fn sum_to_one(&mut self, key: &str, shares: impl Iterator<Item = f64>) {
        let sum: f64 = shares.sum();
        self.must((sum - 1.0).abs() < 1e-6, || format!("{key}: the shares sum to {sum}, not to 1"));
    }
}

fn people(world: &World, found: &mut Found) {
    let arrivals = &world.given.arrivals;
    found.within("arrivals.due_hour", arrivals.due_hour, 0.0, 23.0);
    found.within("arrivals.spread_minutes", arrivals.spread_minutes, 0.0, 720.0);
    found.share("arrivals.payday_share", arrivals.payday_share);
    let days = arrivals.paydays.iter().all(|day| (1..=28).contains(day));
    found.must(days && !arrivals.paydays.is_empty(), || {
        "arrivals.paydays: name at least one day of the month, each between 1 and 28".to_owned()
    });
    found.within("arrivals.amount_median_minor", arrivals.amount_median_minor as f64, 100.0, 1_000_000_000.0);
    found.within("arrivals.amount_sigma", arrivals.amount_sigma, 0.0, 3.0);
    let funds = &world.given.funds;
    for (key, value) in [
        ("funds.short_share", funds.short_share),
        ("funds.salary_share", funds.salary_share),
        ("funds.masked_share", funds.masked_share),
        ("funds.closed_account", funds.closed_account),
    ] {
        found.share(key, value);
    }
    found.within("funds.median_days", funds.median_days, 0.01, 365.0);
    found.within("funds.sigma", funds.sigma, 0.0, 5.0);
    found.within("funds.salary_hour", funds.salary_hour, 0.0, 23.99);
    found.within("funds.salary_jitter_minutes", funds.salary_jitter_minutes, 0.0, 720.0);
    found.within("funds.stay_mean_days", funds.stay_mean_days, 0.01, 3650.0);
    found.within("lender.retry_hour", world.given.lender.retry_hour, 0.0, 23.0);
    found.within("bindings.hazard_per_year", world.given.bindings.hazard_per_year, 0.0, 50.0);
    found.share("bindings.resigned_share", world.given.bindings.resigned_share);
    found.within("bindings.resigned_after_hours", world.given.bindings.resigned_after_hours, 0.0, 2400.0);
    found.within("limits.change_per_month", world.given.limits.change_per_month, 0.0, 30.0);
    found.share("limits.covers_share", world.given.limits.covers_share);
    found.must(!world.instruments.is_empty(), || "instrument: name at least one".to_owned());
    for instrument in &world.instruments {
        let key = |field: &str| format!("instrument.{}.{field}", instrument.name);
        let (given, closed) = (&instrument.given, funds.closed_account);
        found.share(&key("limit"), given.limit);
        found.share(&key("soft_decline"), given.soft_decline);
        found.must((closed..=1.0).contains(&given.stale), || {
            format!("{}: {} must be between funds.closed_account ({closed}) and 1", key("stale"), given.stale)
        });
        let cap = given.retry_cap.as_ref();
        found.must(cap.is_none_or(|cap| cap.attempts > 0 && cap.days > 0.0), || {
            format!("{}: attempts and days must be greater than zero", key("retry_cap"))
        });
    }
}

fn faults(world: &World, found: &mut Found) {
    let given = &world.given;
    found.share("soft.persistent_share", given.soft.persistent_share);
    found.share("soft.shared_share", given.soft.shared_share);
    found.within("soft.persistent_hours", given.soft.persistent_hours, 1.0, 2400.0);
    found.within("outages.per_channel_month", given.outages.per_channel_month, 0.0, 1000.0);
    found.within("outages.short_median_minutes", given.outages.short_median_minutes, 0.1, 100_000.0);
    found.within("outages.short_sigma", given.outages.short_sigma, 0.0, 3.0);
    found.share("outages.long_share", given.outages.long_share);
    found.within("outages.long_mean_hours", given.outages.long_mean_hours, 0.1, 2400.0);
    found.sum_to_one("outages.severity", given.outages.severity.iter().map(|severity| severity.share));
    for severity in &given.outages.severity {
        found.share("outages.severity.works", severity.works);
        found.share("outages.severity.share", severity.share);
    }
    found.within("issuers.outages_per_month", given.issuers.outages_per_month, 0.0, 1000.0);
    found.sum_to_one("issuers.share", given.issuers.share.values().copied());
    for (name, share) in &given.issuers.share {
        found.share(&format!("issuers.share.{name}"), *share);
    }
    found.must(given.issuers.share.len() <= 64, || "issuers.share: at most 64 issuers".to_owned());
    found.share("technical.unreached_share", given.technical.unreached_share);
    let unknown = &given.unknown;
    found.share("unknown.normal", unknown.normal);
    found.share("unknown.in_outage", unknown.in_outage);
    found.share("unknown.paid_share", unknown.paid_share);
    found.share("unknown.tail_share", unknown.tail_share);
    found.within("unknown.resolve_median_minutes", unknown.resolve_median_minutes, 0.1, 10_000.0);
    found.within("unknown.resolve_sigma", unknown.resolve_sigma, 0.0, 3.0);
    let [from, to] = unknown.tail_days;
    found.must((0.0..=30.0).contains(&from) && (from..=30.0).contains(&to), || {
        "unknown.tail_days: two numbers of days, the smaller first, at most 30".to_owned()
    });
    found.within("storm.load_per_query", given.storm.load_per_query, 0.0, 1_000_000.0);
    found.within("storm.half_life_minutes", given.storm.half_life_minutes, 0.1, 100_000.0);
    found.within("storm.overload_at", given.storm.overload_at, 0.1, 1e9);
}

fn one_channel(channel: &ChannelInWorld, found: &mut Found) {
    let (name, given) = (channel.capability.id.as_str(), &channel.given);
    let key = |field: &str| format!("channel.{name}.{field}");
    found.share(&key("technical"), given.technical);
    found.within(&key("answers_after_s"), given.answers_after_s, 0.0, 600.0);
    found.must(given.status_cap.per_window > 0 && given.status_cap.window_s > 0, || {
        format!("{}: per_window and window_s must be greater than zero", key("status_cap"))
    });
    for span in &given.daily_closed {
        clock(&key("daily_closed"), &span.from, &span.to, found);
    }
    for weekly in &given.maintenance {
        clock(&key("maintenance"), &weekly.from, &weekly.to, found);
        found.must(super::super::truth::weekday(&weekly.weekday).is_some(), || {
            format!(
                "{}: {:?} is no weekday; write monday to sunday",
                key("maintenance.weekday"),
                weekly.weekday
            )
        });
    }
    found.0.extend(
        channel.capability.problems().into_iter().map(|words| format!("channel.{name}.capability: {words}")),
    );
    found.must(channel.capability.collect.is_some(), || {
        format!("{}: is missing: the channel couldn't collect", key("capability.collect"))
    });
    found.must(channel.capability.query.is_some(), || {
        format!("{}: is missing: an unknown could never be resolved", key("capability.query"))
    });
    let undoes = channel.capability.reversal.is_some() || channel.capability.statement.is_some();
    found.must(!undoes, || {
        format!("{}: this world has neither reversals nor statements; leave both out", key("capability"))
    });
    let signs = channel.capability.sign.as_ref().is_some_and(|rules| rules.sms_code.is_some());
    found.must(signs, || {
        format!("{}: is missing: no mandate could be signed", key("capability.sign.sms_code"))
    });
    codes(channel, &given.codes, found);
}

fn clock(key: &str, from: &str, to: &str, found: &mut Found) {
    let minutes = super::super::truth::minutes;
    let ordered = matches!((minutes(from), minutes(to)), (Some(from), Some(to)) if from < to);
    found.must(ordered, || {
        format!("{key}: {from:?} to {to:?} is no span of a day; write \"HH:MM\", the earlier first")
    });
}

/// Each code has to mean in the production's catalogue what it stands for here.
fn codes(channel: &ChannelInWorld, codes: &Codes, found: &mut Found) {
    use Disposition::{Declined, NotFound, QueryAgain, Succeeded, Unknown};
    let expected: [(&str, Option<&String>, &[Disposition]); 11] = [
        ("success", Some(&codes.success), &[Succeeded]),
        ("no_funds", Some(&codes.no_funds), &[Declined]),
        ("do_not_honour", Some(&codes.do_not_honour), &[Declined]),
        ("limit", Some(&codes.limit), &[Declined]),
        ("stale", Some(&codes.stale), &[Declined]),
        ("account_closed", Some(&codes.account_closed), &[Declined]),
        ("technical", codes.technical.as_ref(), &[Declined]),
        ("closed", codes.closed.as_ref(), &[Declined]),
        ("too_many", Some(&codes.too_many), &[Declined]),
        ("processing", Some(&codes.processing), &[Unknown, QueryAgain]),
        ("not_executed", Some(&codes.not_executed), &[Declined, NotFound]),
    ];
    let (scheme, name) = (channel.capability.scheme, &channel.capability.id);
    for (field, code, allowed) in expected {
        let Some(code) = code else { continue };
        let verdict = look_up(scheme, code);
        found.must(verdict.known && allowed.contains(&verdict.disposition), || {
            let allowed: Vec<_> = allowed.iter().map(|word| word.as_str()).collect();
            let means = if verdict.known { verdict.disposition.as_str() } else { "nothing known" };
            format!(
                "channel.{name}.codes.{field}: {code:?} means {means} in scheme {scheme}, not {}",
                allowed.join(" or ")
            )
        });
    }
}

fn scripts(world: &World, found: &mut Found) {
    let channels = |key: &str, names: &[String], found: &mut Found| {
        for name in names {
            found.must(world.channel(name).is_some(), || {
                format!("{key}.channels: there is no channel {name:?}")
            });
        }
    };
    for script in &world.given.scripted {
        channels("scripted", &script.channels, found);
        for name in &script.issuers {
            let known = world.issuers.iter().any(|(issuer, _)| issuer == name);
            found.must(known, || format!("scripted.issuers: there is no issuer {name:?}"));
        }
        found.share("scripted.works", script.works);
        found.within("scripted.hours", script.hours, 0.0, 100_000.0);
        found.must(script.every_days != Some(0), || "scripted.every_days: must be at least 1".to_owned());
        found.must(super::super::truth::minutes(&script.start).is_some(), || {
            format!("scripted.start: {:?} is no time of the day; write \"HH:MM\"", script.start)
        });
    }
    for drift in &world.given.drift {
        channels("drift", &drift.channels, found);
        found.share("drift.points", drift.points);
        found.within("drift.over_days", drift.over_days, 0.01, 1000.0);
        found.must(drift.until_day >= drift.first_day, || {
            "drift.until_day: must not be before first_day".to_owned()
        });
    }
    found.must((1..=16).contains(&world.channels.len()), || "channel: between 1 and 16 channels".to_owned());
}
