//! The evaluation as a whole: which policies, on which part of the log, how far each can be believed.

use lockstep_core::text::Sentence;

use super::bootstrap::{Blocks, Estimated, Interval, Sums, intervals};
use super::choice::{Lesson, Policy};
use super::context::{Actions, Contexts, FOLDS, entries};
use super::estimate::Ground;
use super::outcome::Outcomes;
use super::propensity::Propensities;
use super::result::{CapPoint, Estimate, Evaluated, Evaluation, Grade, Kind, Part, Settings, Span, Support};
use super::rules::PolicyProblem;
use crate::replay::features::Feature;
use crate::replay::log::Log;
use crate::replay::logging::logging;
use crate::replay::words;

/// Fewer attempts than this say nothing about other choices.
const MIN_ATTEMPTS: usize = 200;
/// Fewer orders than this in either part: nothing is learned.
const MIN_PART: usize = 100;
/// Few heavy weights: a draw from the log misses the ones the log itself missed, so that plain bootstrap intervals come out
/// too narrow. On made-up logs, stretching them by 1 + 10 / effective brings them back to what they promise.
const STRETCH: f64 = 10.0;
/// Below this effective number there is no figure, and below the other a figure on thin ground.
const NO_GROUND: f64 = 50.0;
const THIN_GROUND: f64 = 200.0;
/// The best channel is also capped at these multiples of its logged share.
const CAP_STEPS: [f64; 4] = [1.0, 2.0, 4.0, 8.0];

/// Why there is no evaluation.
#[derive(Debug, Clone)]
pub(crate) enum NoEvaluation {
    /// The log can't carry one.
    TooLittle(Sentence),
    /// The policy file is wrong.
    Policy(PolicyProblem),
}

struct Wanted {
    name: String,
    kind: Kind,
    channel: Option<usize>,
    policy: Policy,
    learned: bool,
}

struct Slice {
    rows: Vec<usize>,
    orders: Vec<usize>,
}

/// Evaluates.
pub(crate) fn evaluate(log: &Log, settings: &Settings) -> Result<Evaluation, NoEvaluation> {
    let actions = Actions::of_log(log);
    if log.attempts.len() < MIN_ATTEMPTS || actions.choices().len() < 2 {
        return Err(NoEvaluation::TooLittle(words::too_little(log.attempts.len(), actions.choices().len())));
    }
    let contexts = Contexts::of_log(log, &actions);
    let all = entries(log, &contexts, &actions, settings.seed, |_| true);
    let shares = Propensities::fit(&all, &contexts, actions.len(), |_| true);
    let chances = Outcomes::fit(&all, &contexts, actions.len(), |_| true, true);
    let ground = Ground {
        log,
        contexts: &contexts,
        actions: &actions,
        shares: &shares,
        chances: &chances,
        seed: settings.seed,
        clip: settings.clip,
        goes_on: Ground::goes_on(log, &actions),
    };
    let split = split(log, settings.train_share);
    let whole = Slice { rows: (0..log.attempts.len()).collect(), orders: (0..log.orders.len()).collect() };
    let mut wanted = vec![plain("logged", Kind::Logged, None, Policy::logged(actions.len()))];
    let best = split.as_ref().and_then(|(train, _)| best_channel(&ground, train, settings));
    let mut curve = Vec::new();
    if let (Some((train, _)), Some(best)) = (&split, best) {
        curve = learn(&ground, train, best, &mut wanted, settings);
    }
    if let Some(file) = &settings.policy {
        let policy = file.on(log, &actions).map_err(NoEvaluation::Policy)?;
        wanted.push(plain("file", Kind::File, None, policy));
    }
    for action in actions.choices() {
        let name = format!("always:{}", actions.names[action]);
        wanted.push(plain(&name, Kind::Always, Some(action), Policy::always(action, actions.len())));
    }
    wanted.push(plain("equal", Kind::Equal, None, Policy::equal(&actions)));
    let on_whole = on_slice(&ground, &wanted, &whole, settings, |wanted| !wanted.learned);
    let on_later = match &split {
        Some((_, later)) => on_slice(&ground, &wanted, later, settings, |_| true),
        None => vec![None; wanted.len()],
    };
    let cap_curve = match (&split, best) {
        (Some((_, later)), Some(best)) => curve_values(&ground, best, curve, later, settings),
        (None | Some(_), _) => Vec::new(),
    };
    let evaluated =
        wanted.iter().zip(on_whole.into_iter().zip(on_later)).map(|(wanted, (whole_log, held_out))| {
            let channel = wanted.channel.map(|at| actions.names[at].clone());
            let best = best.map(|at| actions.names[at].as_str());
            let label = words::policy(wanted.kind, channel.as_deref().or(best));
            let naive =
                wanted.channel.filter(|_| wanted.kind == Kind::Always).map(|action| naive(&ground, action));
            (wanted.name.clone(), Evaluated { kind: wanted.kind, channel, label, whole_log, held_out, naive })
        });
    Ok(Evaluation {
        policies: evaluated.collect(),
        logging: logging(log, &contexts, &actions, &shares),
        learned_on: split.as_ref().map(|(train, _)| span(log, train)),
        held_out: split.as_ref().map(|(_, later)| span(log, later)),
        best_channel: best.map(|at| actions.names[at].clone()),
        cap_curve,
        support: support(&ground),
        dropped_features: contexts.dropped.clone(),
    })
}

fn plain(name: &str, kind: Kind, channel: Option<usize>, policy: Policy) -> Wanted {
    Wanted { name: name.to_owned(), kind, channel, policy, learned: false }
}

/// The earlier orders and the later ones. Nothing of a later order is seen while learning.
fn split(log: &Log, train_share: f64) -> Option<(Slice, Slice)> {
    let cut = (log.orders.len() as f64 * train_share) as usize;
    if cut < MIN_PART || log.orders.len() - cut < MIN_PART {
        return None;
    }
    let (mut train, mut later) =
        (Slice { rows: Vec::new(), orders: Vec::new() }, Slice { rows: Vec::new(), orders: Vec::new() });
    // An order that is still being tried when the later part begins would tell the learner about it: its later tries are
    // left out of the lesson.
    let begin = log
        .orders
        .get(cut)
        .and_then(|order| order.first())
        .map_or(i64::MAX, |row| log.attempts[*row as usize].at_ms);
    for (index, order) in log.orders.iter().enumerate() {
        let part = if index < cut { &mut train } else { &mut later };
        part.orders.push(index);
        let rows = order.iter().map(|row| *row as usize);
        part.rows.extend(rows.filter(|row| index >= cut || log.attempts[*row].at_ms < begin));
    }
    Some((train, later))
}

/// The channel that would have collected most on the training part if everything had gone there.
fn best_channel(ground: &Ground<'_>, train: &Slice, settings: &Settings) -> Option<usize> {
    let blocks = Blocks::new(std::iter::once(0), settings.seed);
    let judged = ground.actions.choices().filter_map(|action| {
        let policy = Policy::always(action, ground.actions.len());
        let mut sums = Sums::new(1);
        let mut spread = vec![0.0; ground.actions.len()];
        let mut unused = 0.0;
        for row in &train.rows {
            sums.add(blocks.of(0), ground.attempt(&policy, *row));
            unused += ground.spread(&policy, *row, &mut spread);
        }
        let grade = grade(&sums, unused / train.rows.len() as f64, None).0;
        (grade != Grade::Refused).then(|| (action, sums.values(None).doubly))
    });
    judged.max_by(|one, other| one.1.total_cmp(&other.1)).map(|(action, _)| action)
}

fn learn(
    ground: &Ground<'_>,
    train: &Slice,
    best: usize,
    wanted: &mut Vec<Wanted>,
    settings: &Settings,
) -> Vec<(f64, Policy)> {
    let mut inside = vec![false; ground.log.attempts.len()];
    let mut weight = vec![0.0; ground.contexts.len()];
    for row in &train.rows {
        inside[*row] = true;
        weight[ground.contexts.of_row[*row] as usize] += 1.0;
    }
    let lesson = entries(ground.log, ground.contexts, ground.actions, settings.seed, |row| inside[row]);
    let timeless = |feature: Feature| feature != Feature::Period;
    let shares = Propensities::fit(&lesson, ground.contexts, ground.actions.len(), timeless);
    let chances = Outcomes::fit(&lesson, ground.contexts, ground.actions.len(), timeless, false);
    let lesson = Lesson {
        contexts: ground.contexts,
        actions: ground.actions,
        shares: &shares,
        chances: &chances,
        weight: &weight,
    };
    let taken = train.rows.iter().filter(|row| usize::from(ground.actions.of_row[**row]) == best).count();
    let cap = taken as f64 / train.rows.len() as f64;
    let learned = |name: &str, kind: Kind, policy: Policy| Wanted {
        learned: true,
        ..plain(name, kind, Some(best), policy)
    };
    wanted.push(learned("capped", Kind::Capped, lesson.best_capped(best, cap)));
    wanted.push(learned("without", Kind::Without, lesson.best(Some(best))));
    wanted.push(learned("per_context", Kind::PerContext, lesson.best(None)));
    let caps = CAP_STEPS.iter().map(|step| step * cap).filter(|cap| *cap < 1.0).chain([1.0]);
    std::iter::once(0.0).chain(caps).map(|cap| (cap, lesson.best_capped(best, cap))).collect()
}

fn on_slice(
    ground: &Ground<'_>,
    wanted: &[Wanted],
    slice: &Slice,
    settings: &Settings,
    take: impl Fn(&Wanted) -> bool,
) -> Vec<Option<Part>> {
    let log = ground.log;
    let blocks = Blocks::new(slice.rows.iter().map(|row| log.attempts[*row].cluster), settings.seed);
    let taken: Vec<usize> = (0..wanted.len()).filter(|at| take(&wanted[*at])).collect();
    let (mut by_attempt, mut by_order) = (Vec::new(), Vec::new());
    let mut spreads = Vec::new();
    for at in &taken {
        let policy = &wanted[*at].policy;
        let (mut attempts, mut orders) = (Sums::new(blocks.count), Sums::new(blocks.count));
        let mut shares = vec![0.0; ground.actions.len()];
        let mut unused = 0.0;
        for row in &slice.rows {
            attempts.add(blocks.of(log.attempts[*row].cluster), ground.attempt(policy, *row));
            unused += ground.spread(policy, *row, &mut shares);
        }
        let outlook = ground.outlook(policy, slice.rows.iter().copied());
        for order in &slice.orders {
            let rows = &log.orders[*order];
            let cluster = rows.first().map_or(0, |row| log.attempts[*row as usize].cluster);
            orders.add(blocks.of(cluster), ground.order(policy, rows, &outlook));
        }
        let n = slice.rows.len() as f64;
        spreads.push((shares.into_iter().map(|share| share / n).collect::<Vec<_>>(), unused / n));
        by_attempt.push(attempts);
        by_order.push(orders);
    }
    let attempts = intervals(&by_attempt, settings.draws, settings.seed);
    let orders = intervals(&by_order, settings.draws, settings.seed);
    let mut parts = vec![None; wanted.len()];
    for (index, at) in taken.iter().enumerate() {
        let (shares, unsupported) = &spreads[index];
        parts[*at] = Some(Part {
            attempts: estimate(ground, &by_attempt[index], &attempts[index], *unsupported, slice.rows.len()),
            orders: estimate(ground, &by_order[index], &orders[index], *unsupported, slice.orders.len()),
            shares: ground
                .actions
                .names
                .iter()
                .cloned()
                .zip(shares.iter().copied())
                .filter(|(_, share)| *share > 0.0)
                .collect(),
            unsupported: *unsupported,
        });
    }
    parts
}

/// One policy on the whole log.
#[cfg(test)]
pub(super) fn whole_log(ground: &Ground<'_>, policy: Policy, settings: &Settings) -> Part {
    let log = ground.log;
    let whole = Slice { rows: (0..log.attempts.len()).collect(), orders: (0..log.orders.len()).collect() };
    let logged = plain("logged", Kind::Logged, None, Policy::logged(ground.actions.len()));
    let wanted = [logged, plain("it", Kind::Always, None, policy)];
    on_slice(ground, &wanted, &whole, settings, |_| true).pop().flatten().expect("the last policy was taken")
}

fn curve_values(
    ground: &Ground<'_>,
    best: usize,
    curve: Vec<(f64, Policy)>,
    later: &Slice,
    settings: &Settings,
) -> Vec<CapPoint> {
    let name = &ground.actions.names[best];
    let logged = plain("logged", Kind::Logged, None, Policy::logged(ground.actions.len()));
    let caps: Vec<f64> = curve.iter().map(|(cap, _)| *cap).collect();
    let learned = curve.into_iter().map(|(_, policy)| plain("cap", Kind::Capped, None, policy));
    let wanted: Vec<Wanted> = std::iter::once(logged).chain(learned).collect();
    let parts = on_slice(ground, &wanted, later, settings, |_| true);
    let parts = parts.into_iter().skip(1).flatten();
    let point = |(cap, part): (f64, Part)| CapPoint {
        cap,
        used: part.shares.get(name).copied().unwrap_or(0.0),
        attempts: part.attempts,
    };
    caps.into_iter().zip(parts).map(point).collect()
}

fn estimate(
    ground: &Ground<'_>,
    sums: &Sums,
    values: &Estimated,
    unsupported: f64,
    units: usize,
) -> Estimate {
    let (grade, why) = grade(sums, unsupported, Some(values));
    let shown = grade != Grade::Refused;
    let wider = 1.0 + STRETCH / sums.effective().max(1.0);
    let share = |interval: Interval| interval.stretched(wider).as_share();
    let logged = values.doubly.value - values.gain.value;
    Estimate {
        units: units as u64,
        snips: shown.then(|| share(values.snips)),
        doubly_robust: shown.then(|| share(values.doubly)),
        gain: shown.then(|| values.gain.stretched(wider).as_gain_over(logged)),
        ips: shown.then_some(values.ips),
        cost_per_success: (shown && ground.log.has_costs).then_some(values.cost_per_success),
        effective: sums.effective(),
        largest_weight: sums.largest,
        clipped_share: sums.clipped(),
        grade,
        why,
    }
}

/// How far an estimate can be believed, and why not further.
fn grade(sums: &Sums, unsupported: f64, values: Option<&Estimated>) -> (Grade, Vec<Sentence>) {
    let (effective, clipped) = (sums.effective(), sums.clipped());
    let mut why = Vec::new();
    let mut grade = Grade::Sound;
    let mut mark = |to: Grade, reason: Sentence| {
        grade = grade.max(to);
        why.push(reason);
    };
    if unsupported > 0.02 {
        let to = if unsupported > 0.2 { Grade::Refused } else { Grade::Thin };
        mark(to, words::unsupported(unsupported));
    }
    if effective < THIN_GROUND {
        let to = if effective < NO_GROUND { Grade::Refused } else { Grade::Thin };
        mark(to, words::few_effective(effective));
    }
    if clipped > 0.05 {
        mark(Grade::Thin, words::clipped(clipped));
    }
    if let Some(values) = values {
        let apart = values.snips.low > values.doubly.high || values.doubly.low > values.snips.high;
        if apart {
            mark(Grade::Thin, words::estimators_differ());
        }
    }
    (grade, why)
}

fn naive(ground: &Ground<'_>, action: usize) -> f64 {
    let own = || {
        ground
            .log
            .attempts
            .iter()
            .zip(&ground.actions.of_row)
            .filter(|(_, taken)| usize::from(**taken) == action)
    };
    own().filter(|(attempt, _)| attempt.succeeded()).count() as f64 / own().count().max(1) as f64
}

fn support(ground: &Ground<'_>) -> Vec<Support> {
    let all = ground.log.attempts.len() as f64;
    let choices = ground.actions.choices();
    choices
        .map(|action| {
            let unused = |context: &&u32| ground.shares.of(FOLDS, **context)[action] < 0.01;
            Support {
                channel: ground.actions.names[action].clone(),
                attempts: ground.actions.counts[action],
                share: ground.actions.counts[action] as f64 / all,
                unused_in: ground.contexts.of_row.iter().filter(unused).count() as f64 / all,
            }
        })
        .collect()
}

fn span(log: &Log, slice: &Slice) -> Span {
    let times = || slice.rows.iter().map(|row| log.attempts[*row].at_ms);
    let show = |at: Option<i64>| at.map(|at| log.rfc3339(at)).unwrap_or_default();
    Span {
        orders: slice.orders.len() as u64,
        attempts: slice.rows.len() as u64,
        from: show(times().min()),
        to: show(times().max()),
    }
}
