//! The due list: one row an order. A wrong row is described and left out; the rest go on.

use std::collections::BTreeSet;
use std::io::Read;

use lockstep_core::channel::ChannelId;
use lockstep_core::check::{Finding, Severity, check_card, check_id_number, check_mobile, check_name};
use lockstep_core::id::BindingId;
use lockstep_core::money::{AmountError, Currency, Money};
use lockstep_core::sensitive::{CardNumber, HolderName, IdNumber, Mobile};
use lockstep_core::text::Sentence;
use lockstep_core::time::{Timestamp, Zone};

/// Columns that must be there.
const REQUIRED: [&str; 4] = ["order", "borrower", "amount", "due_date"];
/// All columns that mean something.
pub const COLUMNS: [&str; 11] = [
    "order",
    "borrower",
    "binding",
    "card_number",
    "holder_name",
    "id_number",
    "mobile",
    "channels",
    "amount",
    "currency",
    "due_date",
];
/// Minute of the day at which an order given as a date falls due, Shanghai time.
const DUE_MINUTE: u16 = 9 * 60;
const MAX_REFERENCE: usize = 64;

/// An order to collect.
#[derive(Debug)]
pub struct DueRow {
    /// Line in the file, the header being line 1.
    pub line: u64,
    /// The lender's own name for the order.
    pub order: String,
    /// The lender's own name for the borrower.
    pub borrower: String,
    /// From what.
    pub instrument: FromWhat,
    /// Channels in order of preference; empty for all that can.
    pub channels: Vec<ChannelId>,
    /// How much.
    pub money: Money,
    /// When it is due.
    pub due_at: Timestamp,
}

/// What an order is collected from.
#[derive(Debug)]
pub enum FromWhat {
    /// A binding that exists.
    Binding(BindingId),
    /// A card, bound first if it isn't yet.
    Card(Box<NewCard>),
}

/// A card to bind.
#[derive(Debug)]
pub struct NewCard {
    /// Number, digits only.
    pub number: CardNumber,
    /// First six and last four.
    pub masked: String,
    /// The bank's code, if the prefix is known.
    pub issuer: Option<String>,
    /// Whether it is a credit card.
    pub credit: bool,
    /// Name on the account.
    pub holder_name: HolderName,
    /// Document number.
    pub id_number: IdNumber,
    /// Reserved phone.
    pub mobile: Mobile,
}

/// Why a row was left out. Never carries the value that was wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Line in the file, the header being line 1.
    pub line: u64,
    /// The order's reference, if it could be read.
    pub order: String,
    /// Which column.
    pub field: String,
    /// Stable code.
    pub code: String,
    /// What is wrong and how to mend it.
    pub message: Sentence,
}

/// A whole file, read.
#[derive(Debug, Default)]
pub struct DueList {
    /// Rows to collect.
    pub rows: Vec<DueRow>,
    /// Rows left out, each with every problem found.
    pub rejects: Vec<Reject>,
    /// Rows in the file.
    pub total: u64,
}

impl DueList {
    /// Moves rows that name a channel which isn't there to the rejects.
    pub fn reject_unknown_channels(&mut self, known: &[String]) {
        let (good, bad): (Vec<_>, Vec<_>) = std::mem::take(&mut self.rows).into_iter().partition(|row| {
            row.channels.iter().all(|channel| known.iter().any(|name| name == channel.as_str()))
        });
        self.rows = good;
        self.rejects.extend(bad.into_iter().map(|row| Reject {
            line: row.line,
            order: row.order,
            field: "channels".to_owned(),
            code: "unknown_channel".to_owned(),
            message: Sentence::new(
                format!("没有这个渠道，可用的有：{}", known.join("、")),
                format!("names a channel that is not configured. There are: {}", known.join(", ")),
            ),
        }));
        self.rejects.sort_by_key(|reject| reject.line);
    }
}

/// Why a file can't be read at all.
#[derive(Debug, thiserror::Error)]
pub enum FileProblem {
    /// Columns are missing.
    #[error(
        "the file has no column {0:?}. The first line must name the columns: {all}",
        all = COLUMNS.join(", ")
    )]
    MissingColumn(&'static str),
    /// A column that means nothing here.
    #[error("the file has an unknown column {0:?}. Known columns are: {all}", all = COLUMNS.join(", "))]
    UnknownColumn(String),
    /// A column that is named twice.
    #[error("the file has the column {0:?} twice")]
    RepeatedColumn(String),
    /// The first line can't be read.
    #[error("the first line can't be read: {0}. Save the file as CSV in UTF-8 with a line of column names")]
    NoHeader(csv::Error),
}

/// Reads a due list. `today` decides about birth dates in ID numbers.
///
/// # Errors
/// [`FileProblem`] when the file as a whole makes no sense. Wrong rows are no error.
pub fn read(file: impl Read, today: jiff::civil::Date) -> Result<DueList, FileProblem> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(file);
    let columns = columns(reader.headers().map_err(FileProblem::NoHeader)?)?;
    let mut list = DueList::default();
    let mut seen = BTreeSet::new();
    for record in reader.byte_records() {
        list.total += 1;
        let line = list.total + 1;
        let mut row = Row { line, order: String::new(), rejects: Vec::new() };
        let parsed = match record {
            Ok(record) => row.parse(&columns, &record, &mut seen, today),
            Err(error) => {
                row.reject(
                    "row",
                    "row_unreadable",
                    bilingual("这一行无法读取，请检查引号和分隔符", &error.to_string()),
                );
                None
            }
        };
        match parsed {
            Some(due) if row.rejects.is_empty() => list.rows.push(due),
            _ => list.rejects.append(&mut row.rejects),
        }
    }
    Ok(list)
}

fn bilingual(zh: &str, en: &str) -> Sentence {
    Sentence::new(zh, en)
}

fn columns(header: &csv::StringRecord) -> Result<Vec<&'static str>, FileProblem> {
    let mut columns = Vec::new();
    for name in header {
        let name = name.trim_start_matches('\u{feff}').trim();
        let Some(known) = COLUMNS.into_iter().find(|known| *known == name) else {
            return Err(FileProblem::UnknownColumn(name.chars().take(40).collect()));
        };
        if columns.contains(&known) {
            return Err(FileProblem::RepeatedColumn(known.to_owned()));
        }
        columns.push(known);
    }
    match REQUIRED.into_iter().find(|required| !columns.contains(required)) {
        Some(missing) => Err(FileProblem::MissingColumn(missing)),
        None => Ok(columns),
    }
}

struct Row {
    line: u64,
    order: String,
    rejects: Vec<Reject>,
}

impl Row {
    fn reject(&mut self, field: &str, code: &str, message: Sentence) {
        let (line, order) = (self.line, self.order.clone());
        self.rejects.push(Reject { line, order, field: field.to_owned(), code: code.to_owned(), message });
    }

    fn findings(&mut self, findings: &[Finding]) {
        for finding in findings.iter().filter(|finding| finding.severity == Severity::Error) {
            self.reject(&finding.field.clone(), finding.code.as_str(), finding.message.into());
        }
    }

    fn parse(
        &mut self,
        columns: &[&'static str],
        record: &csv::ByteRecord,
        seen: &mut BTreeSet<String>,
        today: jiff::civil::Date,
    ) -> Option<DueRow> {
        if record.len() != columns.len() {
            let zh = format!("应有 {} 列，实际 {} 列，请检查逗号和引号", columns.len(), record.len());
            let en =
                format!("has {} columns instead of {}. Check commas and quotes", record.len(), columns.len());
            self.reject("row", "wrong_column_count", Sentence::new(zh, en));
            return None;
        }
        let Ok(record) = csv::StringRecord::from_byte_record(record.clone()) else {
            let zh = "不是 UTF-8 编码，请在 Excel 中另存为“CSV UTF-8”后再试";
            self.reject("row", "not_utf8", bilingual(zh, "is not UTF-8. Save the file as CSV UTF-8"));
            return None;
        };
        let cell = |name: &str| {
            let index = columns.iter().position(|column| *column == name);
            index.and_then(|index| record.get(index)).unwrap_or("")
        };
        self.order = self.reference("order", cell("order"));
        let borrower = self.reference("borrower", cell("borrower"));
        if !self.order.is_empty() && !seen.insert(self.order.clone()) {
            let zh = "文件中已有相同编号的还款单，每笔只能出现一次";
            self.reject(
                "order",
                "duplicate_order",
                bilingual(zh, "appears twice in the file. Keep one row per order"),
            );
        }
        let money = self.money(cell("amount"), cell("currency"));
        let due_at = self.due_at(cell("due_date"));
        let channels = self.channels(cell("channels"));
        let instrument = self.instrument(&cell, today);
        let (line, order) = (self.line, self.order.clone());
        Some(DueRow {
            line,
            order,
            borrower,
            instrument: instrument?,
            channels,
            money: money?,
            due_at: due_at?,
        })
    }

    fn reference(&mut self, field: &str, text: &str) -> String {
        if text.is_empty() {
            self.reject(field, "missing", bilingual("不能为空，请填写", "is empty. Fill it in"));
            return String::new();
        }
        if text.chars().count() > MAX_REFERENCE || text.chars().any(char::is_control) {
            let zh = "最长 64 个字符，且不能含控制字符";
            self.reject(
                field,
                "malformed",
                bilingual(zh, "has at most 64 characters and no control characters"),
            );
            return String::new();
        }
        text.to_owned()
    }

    fn money(&mut self, amount: &str, currency: &str) -> Option<Money> {
        let code = if currency.is_empty() { "CNY" } else { currency };
        let Some(currency) = Currency::from_code(code) else {
            let zh = "不是 ISO 4217 币种代码，例如 CNY";
            self.reject("currency", "unknown_currency", bilingual(zh, "is not an ISO 4217 code such as CNY"));
            return None;
        };
        match Money::parse(amount, currency) {
            Ok(money) => Some(money),
            Err(error) => {
                let (code, zh) = match error {
                    AmountError::NotANumber => {
                        ("not_a_number", "不是金额，请填写如 1250.00 的数字，不带千分位和货币符号")
                    }
                    AmountError::NotPositive => ("not_positive", "金额必须大于零"),
                    AmountError::TooManyDecimals => ("too_many_decimals", "小数位超过该币种允许的位数"),
                    AmountError::TooLarge => ("too_large", "金额超出可受理的上限"),
                };
                self.reject("amount", code, Sentence::new(zh, error.to_string()));
                None
            }
        }
    }

    fn due_at(&mut self, text: &str) -> Option<Timestamp> {
        let dashed = text.replace('/', "-");
        let day = dashed.parse::<jiff::civil::Date>().ok().filter(|_| text.len() == 10);
        let moment = day.map(|day| Zone::shanghai().moment(day, DUE_MINUTE));
        let moment = moment.or_else(|| Timestamp::from_rfc3339(text));
        if moment.is_none() {
            let zh = "不是日期，请填写如 2026-03-02 的日期，或带时区的 RFC 3339 时间";
            let en = "is not a date such as 2026-03-02 or an RFC 3339 time with its offset";
            self.reject("due_date", "not_a_date", bilingual(zh, en));
        }
        moment
    }

    fn channels(&mut self, text: &str) -> Vec<ChannelId> {
        let mut channels = Vec::new();
        for name in text.split(';').map(str::trim).filter(|name| !name.is_empty()) {
            match ChannelId::try_from(name) {
                Ok(channel) => channels.push(channel),
                Err(problem) => {
                    let zh = "渠道名只能由 2 到 32 个小写字母、数字和下划线组成，多个渠道用分号隔开";
                    let en = format!("{problem}; several channels are separated by semicolons");
                    self.reject("channels", "malformed", Sentence::new(zh, en));
                }
            }
        }
        channels
    }

    fn instrument<'a>(
        &mut self,
        cell: &impl Fn(&str) -> &'a str,
        today: jiff::civil::Date,
    ) -> Option<FromWhat> {
        let (binding, number) = (cell("binding"), cell("card_number"));
        if !binding.is_empty() {
            let parsed = binding.parse();
            if parsed.is_err() {
                let zh = "不是绑定编号（形如 bnd_ 加 26 个字符）";
                self.reject(
                    "binding",
                    "malformed",
                    bilingual(zh, "is not a binding id (bnd_ and 26 characters)"),
                );
            }
            return parsed.ok().map(FromWhat::Binding);
        }
        if number.is_empty() {
            let zh = "请填写 binding（已有绑定）或 card_number、holder_name、id_number、mobile（新卡四要素）";
            let en = "is empty. Fill in binding, or card_number, holder_name, id_number and mobile";
            self.reject("binding", "missing", bilingual(zh, en));
            return None;
        }
        let card = check_card(&CardNumber::new(number.to_owned()));
        let name = check_name(&HolderName::new(cell("holder_name").to_owned()));
        let id = check_id_number(&IdNumber::new(cell("id_number").to_owned()), today);
        let mobile = check_mobile(&Mobile::new(cell("mobile").to_owned()));
        for findings in [&card.findings, &name.findings, &id.findings, &mobile.findings] {
            self.findings(findings);
        }
        let card = card.facts?;
        Some(FromWhat::Card(Box::new(NewCard {
            number: card.normalized,
            masked: card.masked,
            issuer: card.issuer.map(|issuer| issuer.code.to_owned()),
            credit: matches!(
                card.kind,
                lockstep_core::check::CardKind::Credit | lockstep_core::check::CardKind::SemiCredit
            ),
            holder_name: name.facts?.normalized,
            id_number: id.facts?.normalized,
            mobile: mobile.facts?.normalized,
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: jiff::civil::Date = jiff::civil::date(2026, 3, 2);
    const HEADER: &str = "order,borrower,card_number,holder_name,id_number,mobile,amount,currency,due_date";

    fn read_rows(rows: &str) -> DueList {
        read(format!("{HEADER}\n{rows}").as_bytes(), TODAY).unwrap()
    }

    fn codes(rows: &str) -> Vec<(u64, String, String)> {
        let rejects = read_rows(rows).rejects;
        rejects.into_iter().map(|reject| (reject.line, reject.field, reject.code)).collect()
    }

    #[test]
    fn a_good_row_is_read() {
        let list = read_rows(
            "L1-3,B-1,6222020000000000000,王伟,11010519491231002X,13800138000,1250.00,,2026-03-02\n",
        );
        assert!(list.rejects.is_empty(), "{:?}", list.rejects);
        assert_eq!(list.rows[0].money.amount_minor, 125_000);
        assert_eq!(list.rows[0].due_at.to_rfc3339(), "2026-03-02T01:00:00.000Z");
    }

    #[test]
    fn every_mistake_names_row_and_field_and_the_rest_go_on() {
        let good = "6222020000000000000,王伟,11010519491231002X,13800138000";
        let rows = format!(
            "A,B-1,{good},0,CNY,2026-03-02\n\
             B,B-1,{good},12.345,CNY,2026-03-02\n\
             C,B-1,{good},10,XXX,2026-03-02\n\
             D,B-1,{good},10,CNY,02.03.2026\n\
             E,B-1,{good},10,CNY,2026-03-02\n\
             E,B-1,{good},10,CNY,2026-03-02\n\
             F,B-1,6222020000000000001,王伟,11010519491231002X,13800138000,10,CNY,2026-03-02\n\
             G,B-1,,,,,10,CNY,2026-03-02\n\
             ,B-1,{good},10,CNY,2026-03-02\n\
             H,B-1\n"
        );
        let found = codes(&rows);
        let expected = [
            (2, "amount", "not_positive"),
            (3, "amount", "too_many_decimals"),
            (4, "currency", "unknown_currency"),
            (5, "due_date", "not_a_date"),
            (7, "order", "duplicate_order"),
            (9, "binding", "missing"),
            (10, "order", "missing"),
            (11, "row", "wrong_column_count"),
        ];
        for (line, field, code) in expected {
            assert!(
                found.contains(&(line, field.to_owned(), code.to_owned())),
                "{line} {field} {code}: {found:?}"
            );
        }
        assert!(found.iter().any(|(line, field, _)| *line == 8 && field == "card_number"), "{found:?}");
        assert_eq!(read_rows(&rows).rows.len(), 1);
    }

    #[test]
    fn no_reject_repeats_what_was_typed() {
        let list =
            read_rows("A,B-1,6222020000000000001,<王伟>,110105194912310020,23800138000,1,CNY,2026-03-02\n");
        let said = format!("{:?}", list.rejects);
        for secret in ["6222020000000000001", "王伟", "110105194912310020", "23800138000"] {
            assert!(!said.contains(secret), "{said}");
        }
        assert!(list.rejects.len() >= 3, "{said}");
    }

    #[test]
    fn a_foreign_encoding_is_said() {
        let mut bytes = format!("{HEADER}\n").into_bytes();
        bytes.extend(
            b"A,B-1,6222020000000000000,\xcd\xf5\xce\xb0,11010519491231002X,13800138000,1,CNY,2026-03-02\n",
        );
        let list = read(bytes.as_slice(), TODAY).unwrap();
        assert_eq!(list.rejects[0].code, "not_utf8");
    }

    #[test]
    fn a_wrong_header_is_said_at_once() {
        assert!(matches!(
            read("order,borrower\n".as_bytes(), TODAY),
            Err(FileProblem::MissingColumn("amount"))
        ));
        assert!(matches!(read("order,iban\n".as_bytes(), TODAY), Err(FileProblem::UnknownColumn(_))));
        assert!(read("\u{feff}order,borrower,amount,due_date,binding\n".as_bytes(), TODAY).is_ok());
    }
}
