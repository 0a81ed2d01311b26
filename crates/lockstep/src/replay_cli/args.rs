//! `lockstep replay`: its flags, with help that teaches.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::cli::Language;

/// `lockstep replay`
#[derive(Debug, Args)]
#[command(
    after_help = "Example, with another system's headers:\n  lockstep replay attempts.csv --map \"time=tmsp,channel=PSP,threeds=tds\" --html report.html\n\nColumns (first line of the file, any order, UTF-8; others are ignored):\n  time        2026-03-02 09:00:00, RFC 3339 or Unix time                          required\n  channel     where the attempt was sent                                          required\n  success     1/0, true/false, success/failed/unknown                             this or code\n  code        the channel's code; --scheme or --success-codes says what it means\n  order       your name for the order; without it, tries are grouped by amount, country, card and gap\n  amount      decimal without grouping, e.g. 1250.00\n  borrower  issuer  currency  country  card  threeds                              what is known beforehand\n  propensity  probability with which the channel was chosen, if you know it\n  cost        what the attempt cost\n\nA wrong row is described in the rejects file and left out; the rest go on. Read the lines “capped” and “without” first:\nthey say what is left when the best channel can't simply take everything. Methods and limits: docs/replay.md.\n\nExit status: 0 done, 1 the file or a flag makes no sense, 2 wrong usage, 3 done, but more rows than --max-rejects were left out."
)]
pub struct ReplayArgs {
    /// The log: one row an attempt.
    pub file: PathBuf,
    /// What the columns are called: "time=tmsp,channel=PSP", or a .toml file of such lines. An empty name hides a column.
    #[arg(long, value_name = "FIELD=HEADER,…|FILE.toml")]
    pub map: Option<String>,
    /// Between columns: comma, semicolon, tab, pipe or one character. Default: found out.
    #[arg(long, value_parser = delimiter)]
    pub delimiter: Option<u8>,
    /// Zone of times without offset, and of hours and days in the report.
    #[arg(long, value_name = "ZONE", default_value = "Asia/Shanghai")]
    pub tz: String,
    /// Whose codes the code column holds: unionpay_acp, network_pb, epcc_trxstatus, onebank_pcc, iso8583_f39, or auto
    /// to find them inside the text.
    #[arg(long, value_name = "NAME")]
    pub scheme: Option<String>,
    /// Codes that mean success, where no scheme knows them.
    #[arg(long, value_name = "CODE,…", value_delimiter = ',')]
    pub success_codes: Vec<String>,
    /// Longest pause between tries of one purchase, where the file names no orders: 60s, 5min, 1h.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub order_gap: Duration,
    /// Your own policy to evaluate (TOML, see docs/replay.md).
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Share of the orders, by time, that policies are learned on; the rest judges them.
    #[arg(long, default_value_t = 0.5, value_parser = share)]
    pub train_share: f64,
    /// Draws behind each interval.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(100..=20_000))]
    pub draws: u32,
    /// Largest weight of one attempt.
    #[arg(long, default_value_t = 50.0, value_parser = clip)]
    pub clip: f64,
    /// The same seed gives the same figures.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Most rows to read.
    #[arg(long, default_value_t = 10_000_000)]
    pub max_rows: usize,
    /// Share of left-out rows from which on the exit status is 3.
    #[arg(long, default_value_t = 0.2, value_parser = share)]
    pub max_rejects: f64,
    /// Where rejected rows go (CSV). Default: the log's name with .rejects.csv, in this folder.
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Write the report as one self-contained HTML page.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Print the figures as one JSON object instead of tables.
    #[arg(long)]
    pub json: bool,
    /// Language of tables and page.
    #[arg(long, value_enum, default_value = "en")]
    pub lang: Language,
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text {
        "comma" => Ok(b','),
        "semicolon" => Ok(b';'),
        "tab" | "\\t" => Ok(b'\t'),
        "pipe" => Ok(b'|'),
        _ => match text.as_bytes() {
            [byte]
                if byte.is_ascii()
                    && !byte.is_ascii_alphanumeric()
                    && !matches!(byte, b'"' | b'\n' | b'\r') =>
            {
                Ok(*byte)
            }
            _ => Err("use comma, semicolon, tab, pipe or one character that is no letter, digit or quote"
                .to_owned()),
        },
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let bad = || "write a time like 60s, 5min or 1h, up to 30 days".to_owned();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().map_err(|_| bad())?;
    let unit = match text[digits..].trim() {
        "" | "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(bad()),
    };
    number
        .checked_mul(unit)
        .filter(|seconds| *seconds <= 30 * 86_400)
        .map(Duration::from_secs)
        .ok_or_else(bad)
}

fn share(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().unwrap_or(f64::NAN);
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err("must be a share from 0 to 1".to_owned()) }
}

fn clip(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().unwrap_or(f64::NAN);
    if (1.0..=1e6).contains(&value) {
        Ok(value)
    } else {
        Err("must be a number from 1 to 1,000,000".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_and_nonsense_is_refused() {
        assert_eq!(duration("60s"), Ok(Duration::from_secs(60)));
        assert_eq!(duration("5min"), Ok(Duration::from_secs(300)));
        for wrong in ["", "s", "-1s", "1y", "99999999999999999999s", "31d"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        assert_eq!(delimiter("tab"), Ok(b'\t'));
        for wrong in ["", "a", "\"", ",,", "，"] {
            assert!(delimiter(wrong).is_err(), "{wrong}");
        }
        assert!(share("1.2").is_err() && share("NaN").is_err() && clip("inf").is_err());
    }
}
