//! The every-step harness: a flow is played on a small engine that is killed before, after and in the middle
//! of each step, and every step is repeated. Written once; a flow says only what people do.

mod bank;
pub(crate) mod machine;

pub(crate) use self::bank::Loss;
pub(crate) use self::machine::{Crash, Machine};

/// What people do next, if there is anything: `true` when they did something. Asked again after every crash,
/// so it goes by what it sees.
pub(crate) type People = fn(&mut Machine) -> Result<bool, Crash>;

/// A flow that has to end well whatever happens.
pub(crate) struct Flow {
    /// The world before it, and what the bank will do to the requests it gets.
    pub(crate) prepare: fn() -> Machine,
    /// What people do.
    pub(crate) people: People,
    /// What has to be true in the end.
    pub(crate) end: fn(&Machine),
}

/// How near to the first crash the second one comes, in steps.
const SECOND_CRASH_WITHIN: u64 = 6;

/// Plays a flow undisturbed, crashed at each step, crashed twice, and with each step repeated.
pub(crate) fn every_step(flow: &Flow) {
    let calm = play(flow, &[], None);
    assert!(calm.points > 5, "a flow has steps");
    for first in 1..=calm.points {
        let crashed = play(flow, &[first], None);
        assert_eq!(crashed.crashes, 1, "step {first}");
        for second in first + 1..=(first + SECOND_CRASH_WITHIN).min(crashed.points) {
            assert_eq!(play(flow, &[first, second], None).crashes, 2, "steps {first} and {second}");
        }
    }
    for repeated in 1..=calm.deliveries {
        play(flow, &[], Some(repeated));
    }
}

fn play(flow: &Flow, crash_at: &[u64], repeat: Option<u64>) -> Machine {
    let mut machine = (flow.prepare)();
    machine.crash_at = crash_at.to_vec();
    machine.repeat = repeat;
    for _ in 0..2000 {
        let turn = machine.turn(flow.people);
        match turn {
            Ok(true) => {}
            Ok(false) => {
                machine.at_rest();
                (flow.end)(&machine);
                return machine;
            }
            Err(Crash) => while machine.restart().is_err() {},
        }
    }
    panic!("no end in sight, crashed at {crash_at:?}, repeated {repeat:?}: {:?}", machine.world.payments);
}
