//! Writes the example log to standard output: cargo run -p lockstep-evidence --example make_attempts > examples/attempts.csv
//!
//! A made-up month of three channels. Everything in it is invented: which channel is good for which bank, a morning on
//! which one of them was down, borrowers without money, and a few rows as wrong as real exports have them.

use std::io::Write as _;

const ORDERS: u64 = 2400;
const START: i64 = 1_772_409_600; // 2026-03-02 08:00 in Shanghai
const CHANNELS: [&str; 3] = ["unionpay", "netsunion", "bankdirect"];
const ISSUERS: [&str; 5] = ["ICBC", "CCB", "ABC", "CMB", "PSBC"];

struct Dice(u64);

impl Dice {
    fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (value ^ (value >> 31)) % below
    }
}

/// Shares of the channels in percent: bankdirect is used mostly for one bank.
const fn shares(issuer: usize) -> [u64; 3] {
    match issuer {
        3 => [35, 25, 40],
        _ => [55, 37, 8],
    }
}

/// Chance of success in percent, once there is money.
const fn chance(channel: usize, issuer: usize) -> u64 {
    match (channel, issuer) {
        (0, 4) => 55,
        (0, _) => 82,
        (1, 3) => 60,
        (1, _) => 84,
        (2, 3) => 94,
        (_, _) => 91,
    }
}

fn main() -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut dice = Dice(20_260_302);
    writeln!(out, "time,order,borrower,issuer,channel,amount,currency,success,code,propensity,cost")?;
    for order in 0..ORDERS {
        let issuer = [0, 0, 0, 1, 1, 2, 3, 3, 4, 1][dice.below(10) as usize];
        let day = order * 28 / ORDERS;
        let mut at = START + day as i64 * 86_400 + dice.below(12 * 3600) as i64;
        let amount = 200 + dice.below(48) * 50;
        let broke = dice.below(100) < if amount > 1500 { 16 } else { 8 };
        let tries = 1 + dice.below(3);
        for number in 0..tries {
            let shares = shares(issuer);
            let drawn = dice.below(100);
            let channel = if drawn < shares[0] { 0 } else { 1 + usize::from(drawn >= shares[0] + shares[1]) };
            // On the tenth day unionpay is down between nine and eleven.
            let since_morning = at - START;
            let down = channel == 0 && (10 * 86_400 + 3600..10 * 86_400 + 3 * 3600).contains(&since_morning);
            let lucky = dice.below(100) < chance(channel, issuer);
            let code = match (down, broke, lucky) {
                (true, _, _) => ["03", "02"][dice.below(2) as usize],
                (false, true, _) => "64",
                (false, false, true) => "00",
                (false, false, false) => ["60", "63", "30", "33", "01", "60", "04"][dice.below(7) as usize],
            };
            let success = match code {
                "00" => "success",
                "02" | "03" | "04" => "unknown",
                _ => "failed",
            };
            let time = local(at);
            let cost = ["0.60", "0.50", "0.90"][channel];
            writeln!(
                out,
                "{time},LN-{order:05},B-{:04},{},{},{amount}.00,CNY,{success},{code},0.{:02},{cost}",
                order % 700,
                ISSUERS[issuer],
                CHANNELS[channel],
                shares[channel],
            )?;
            if success == "success" {
                break;
            }
            at += [1800, 7200, 86_400][number.min(2) as usize] + dice.below(600) as i64;
        }
        // As real exports have them.
        match order {
            400 => writeln!(
                out,
                "2026-03-06 25:10:00,LN-X1,B-0001,ICBC,unionpay,100.00,CNY,failed,64,0.55,0.60"
            )?,
            900 => writeln!(
                out,
                "2026-03-12 10:10:00,LN-X2,B-0002,CCB,netsunion,\"1,250.00\",CNY,failed,64,0.37,0.50"
            )?,
            1500 => writeln!(out, "2026-03-19 10:10:00,LN-X3,B-0003,CCB,,300.00,CNY,failed,64,0.37,0.50")?,
            1501 => writeln!(out, "2026-03-19 10:11:00,LN-X4,B-0003,CCB,netsunion,300.00,CNY")?,
            _ => {}
        }
    }
    out.flush()
}

/// Wall time in Shanghai, eight hours ahead of UTC all year.
fn local(epoch_s: i64) -> String {
    let moment = jiff::Timestamp::from_second(epoch_s + 8 * 3600).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    moment.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
