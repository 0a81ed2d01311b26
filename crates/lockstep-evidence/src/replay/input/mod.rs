//! The lender's file: one row an attempt. A wrong row is described and left out; the rest go on.

mod columns;
mod lines;
mod value;

use std::collections::BTreeMap;
use std::io::{self, BufRead};

use lockstep_core::catalogue::Scheme;
use lockstep_core::text::Sentence;

pub use columns::{ColumnProblem, Columns, Field, Mapping};
pub use lines::MAX_RECORD;
pub use value::Wrong;

use self::columns::clipped;
use self::lines::{Lines, Record};
use super::code::{CodeBook, Known};
use super::log::{Log, LogBuilder, Outcome, Row, TooMany};

/// How to read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// What the columns are called.
    pub mapping: Mapping,
    /// Between fields; found out if not given.
    pub delimiter: Option<u8>,
    /// Zone of times without offset, and of hours and days in the report.
    pub zone: jiff::tz::TimeZone,
    /// Whose codes they are.
    pub codes: Codes,
    /// Codes that mean success, where no scheme knows them.
    pub success_codes: Vec<String>,
    /// Most rows to hold.
    pub max_rows: usize,
    /// Longest pause between tries of one inferred order, in milliseconds.
    pub order_gap_ms: i64,
}

/// Whose codes the code column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codes {
    /// Nobody's that we know: only listed.
    Raw,
    /// One scheme's.
    Scheme(Scheme),
    /// Found inside the text, each by its own shape.
    Embedded,
}

/// Why a row was left out. Never carries the value that was wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Line in the file, the header being line 1.
    pub line: u64,
    /// The file's own name of the column; `row` for the row as a whole.
    pub column: String,
    /// What is wrong and how to mend it.
    pub wrong: Wrong,
}

/// Why a file can't be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ReadProblem {
    /// Reading failed.
    #[error("reading failed: {0}")]
    Io(#[from] io::Error),
    /// The columns.
    #[error(transparent)]
    Columns(#[from] ColumnProblem),
    /// Nothing in it.
    #[error(
        "the file is empty. Its first line must name the columns, e.g. time,order,channel,amount,success"
    )]
    Empty,
    /// Not text in UTF-8.
    #[error("the file is not UTF-8 text ({0}). Save it as CSV in UTF-8")]
    Encoding(&'static str),
    /// The first line can't be a header.
    #[error("the first line is not a line of column names: {0}")]
    Header(&'static str),
    /// Too much.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// No row could be used.
    #[error(
        "none of the {rows} rows could be used. The first reason, in line {line}, column {column}: {message}"
    )]
    NothingLeft {
        /// Rows in the file.
        rows: u64,
        /// Where the first problem is.
        line: u64,
        /// In which column.
        column: String,
        /// What it is.
        message: String,
    },
    /// The header alone.
    #[error("the file has a header but no rows")]
    NoRows,
}

/// What was read.
#[derive(Debug)]
pub struct Reading {
    /// The attempts.
    pub log: Log,
    /// Which column is what.
    pub columns: Columns,
    /// The delimiter.
    pub delimiter: u8,
    /// Rows in the file.
    pub rows: u64,
    /// Rows left out.
    pub rejected: u64,
    /// Why, counted: column and code, with how many and an example's line and message.
    pub reasons: BTreeMap<(String, &'static str), (u64, u64, Sentence)>,
    /// Rows where the success column and the code disagree.
    pub contradictions: u64,
}

/// Reads a log. `on_reject` hears of every problem, `on_progress` of the bytes read so far, now and then.
///
/// # Errors
/// [`ReadProblem`] when the file as a whole makes no sense. Wrong rows are no error.
pub fn read(
    input: impl BufRead,
    options: &ReadOptions,
    mut on_reject: impl FnMut(&Reject) -> io::Result<()>,
    mut on_progress: impl FnMut(u64),
) -> Result<Reading, ReadProblem> {
    let mut lines = Lines::new(input, options.delimiter)?;
    let header = header(lines.next()?)?;
    let codes_have_meaning = options.codes != Codes::Raw || !options.success_codes.is_empty();
    let columns = Columns::find(&header, &options.mapping, codes_have_meaning)?;
    let mut reader = Reader {
        columns: &columns,
        options,
        header: &header,
        codes: CodeBook::new(options.codes, &options.success_codes),
        problems: Vec::new(),
        contradictions: 0,
        ppm: columns.read.get("propensity").is_some_and(|name| name.to_lowercase().ends_with("ppm")),
    };
    let mut builder = LogBuilder::new(options.max_rows);
    let (mut rows, mut rejected) = (0_u64, 0_u64);
    let mut reasons = BTreeMap::new();
    let mut first: Option<Reject> = None;
    while let Some((line, record)) = lines.next()? {
        rows += 1;
        if rows.is_multiple_of(4096) {
            on_progress(lines.bytes());
        }
        match reader.row(line, record) {
            Some(row) if reader.problems.is_empty() => {
                builder.push(&row)?;
                continue;
            }
            Some(_) | None => {}
        }
        rejected += 1;
        for (column, wrong) in reader.problems.drain(..) {
            let reject = Reject { line, column, wrong };
            on_reject(&reject)?;
            let counted = reasons
                .entry((reject.column.clone(), reject.wrong.code))
                .or_insert_with(|| (0, line, reject.wrong.message.clone()));
            counted.0 += 1;
            first.get_or_insert(reject);
        }
    }
    on_progress(lines.bytes());
    if rows == rejected {
        return Err(first.map_or(ReadProblem::NoRows, |reject| ReadProblem::NothingLeft {
            rows,
            line: reject.line,
            column: reject.column,
            message: reject.wrong.message.en,
        }));
    }
    let (contradictions, codes) = (reader.contradictions, reader.codes);
    let log = builder.finish(&columns, codes, options.order_gap_ms, options.zone.clone());
    Ok(Reading { log, delimiter: lines.delimiter(), columns, rows, rejected, reasons, contradictions })
}

fn header(first: Option<(u64, Record)>) -> Result<Vec<String>, ReadProblem> {
    let fields = match first {
        None => return Err(ReadProblem::Empty),
        Some((_, Record::Fields(fields))) => fields,
        Some((_, Record::TooLong)) => return Err(ReadProblem::Header("it is longer than 64 KB")),
        Some((_, Record::OpenQuote)) => return Err(ReadProblem::Header("a quote is never closed")),
    };
    if fields.iter().any(|field| field.starts_with(b"\xff\xfe") || field.starts_with(b"\xfe\xff")) {
        return Err(ReadProblem::Encoding("it begins like UTF-16"));
    }
    if fields.iter().any(|field| field.contains(&0)) {
        return Err(ReadProblem::Encoding("it holds zero bytes"));
    }
    let text =
        |field: Vec<u8>| String::from_utf8(field).map_err(|_| ReadProblem::Encoding("the first line isn't"));
    fields.into_iter().map(text).collect()
}

struct Reader<'a> {
    columns: &'a Columns,
    options: &'a ReadOptions,
    header: &'a [String],
    codes: CodeBook,
    problems: Vec<(String, Wrong)>,
    contradictions: u64,
    ppm: bool,
}

impl Reader<'_> {
    fn problem(&mut self, field: Field, wrong: Wrong) {
        let column = self.columns.index(field).and_then(|index| self.header.get(index));
        let column = column.map_or_else(|| field.name().to_owned(), |name| clipped(name.trim()));
        self.problems.push((column, wrong));
    }

    fn whole_row(&mut self, code: &'static str, zh: &str, en: &str) -> Option<Row> {
        self.problems.push(("row".to_owned(), value::wrong(code, zh, en)));
        None
    }

    fn row(&mut self, line: u64, record: Record) -> Option<Row> {
        let fields = match record {
            Record::Fields(fields) => fields,
            Record::TooLong => {
                return self.whole_row(
                    "row_too_long",
                    "超过 64 KB，请检查换行和引号",
                    "is longer than 64 KB. Check line ends and quotes",
                );
            }
            Record::OpenQuote => {
                return self.whole_row("open_quote", "引号没有闭合", "has a quote that is never closed");
            }
        };
        if fields.len() != self.columns.width {
            let (have, want) = (fields.len(), self.columns.width);
            let zh = format!("应有 {want} 列，实际 {have} 列，请检查分隔符和引号");
            return self.whole_row(
                "wrong_column_count",
                &zh,
                &format!("has {have} columns instead of {want}. Check delimiters and quotes"),
            );
        }
        let mut cells = Vec::with_capacity(fields.len());
        for field in fields {
            match String::from_utf8(field) {
                Ok(cell) => cells.push(cell),
                Err(_) => {
                    return self.whole_row(
                        "not_utf8",
                        "不是 UTF-8 编码，请另存为“CSV UTF-8”",
                        "is not UTF-8. Save the file as CSV UTF-8",
                    );
                }
            }
        }
        let cell = |field: Field| {
            self.columns.index(field).and_then(|index| cells.get(index)).map_or("", String::as_str)
        };
        let time = value::time(cell(Field::Time), &self.options.zone);
        let outcome = self.outcome(cell(Field::Success), cell(Field::Code));
        let (outcome, code) = self.checked(Field::Success, outcome).unwrap_or((Outcome::Failed, None));
        let mut row = Row { line, outcome, code, ..Row::default() };
        row.at_ms = self.checked(Field::Time, time).unwrap_or_default();
        row.channel = self.required(Field::Channel, value::name_not_card(cell(Field::Channel)));
        row.order = self.optional(Field::Order, value::name(cell(Field::Order)));
        row.borrower = self.optional(Field::Borrower, value::name(cell(Field::Borrower)));
        row.issuer = self.optional(Field::Issuer, value::name_not_card(cell(Field::Issuer)));
        row.country = self.optional(Field::Country, value::name(cell(Field::Country)));
        row.card = self.optional(Field::Card, value::name_not_card(cell(Field::Card)));
        row.threeds = self.optional(Field::Threeds, value::name(cell(Field::Threeds)));
        row.currency = self.optional(Field::Currency, currency(cell(Field::Currency)));
        let number = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        row.amount_e4 =
            number(cell(Field::Amount)).and_then(|text| self.checked(Field::Amount, value::amount(&text)));
        row.cost = number(cell(Field::Cost)).and_then(|text| self.checked(Field::Cost, value::cost(&text)));
        if self.columns.has(Field::Propensity) {
            let propensity = value::propensity(cell(Field::Propensity), self.ppm);
            row.propensity = self.checked(Field::Propensity, propensity);
        }
        Some(row)
    }

    fn checked<T>(&mut self, field: Field, value: Result<T, Wrong>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(wrong) => {
                self.problem(field, wrong);
                None
            }
        }
    }

    fn optional(&mut self, field: Field, value: Result<Option<&str>, Wrong>) -> Option<String> {
        let owned = value.map(|name| name.map(str::to_owned));
        self.checked(field, owned).flatten()
    }

    fn required(&mut self, field: Field, value: Result<Option<&str>, Wrong>) -> String {
        let present = value.and_then(|name| {
            name.map(str::to_owned).ok_or_else(|| value::wrong("empty", "不能为空", "must not be empty"))
        });
        self.checked(field, present).unwrap_or_default()
    }

    /// The success column decides; without it, or where it is empty, the code.
    fn outcome(&mut self, success: &str, code: &str) -> Result<(Outcome, Option<u16>), Wrong> {
        let said = if success.is_empty() { None } else { Some(value::success(success)?) };
        let code = value::name(code).unwrap_or_default();
        let known: Option<Known> = code.map(|code| self.codes.look_up(code));
        let by_code = known.and_then(|known| known.outcome);
        if let (Some(said), Some(coded)) = (said, by_code) {
            let differ = said != coded && said != Outcome::Unknown && coded != Outcome::Unknown;
            self.contradictions += u64::from(differ);
        }
        let outcome = said.or(by_code).ok_or_else(|| {
            let zh = "既没有结果，也没有可识别的应答码";
            value::wrong("no_outcome", zh, "has neither an outcome nor a code that tells it")
        })?;
        Ok((outcome, known.map(|known| known.index)))
    }
}

fn currency(text: &str) -> Result<Option<&str>, Wrong> {
    if text.is_empty() || (text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())) {
        return Ok(Some(text).filter(|text| !text.is_empty()));
    }
    Err(value::wrong(
        "bad_currency",
        "应为三位大写字母的币种代码，如 CNY",
        "must be an ISO 4217 code of three capitals, e.g. CNY",
    ))
}

/// A decimal as the amount column has it, in ten thousandths.
pub(super) fn amount_e4(text: &str) -> Option<i64> {
    value::amount(text).ok()
}

#[cfg(test)]
mod tests;
