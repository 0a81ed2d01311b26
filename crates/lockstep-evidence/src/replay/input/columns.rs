//! Which column is what: by our names, by a lender's own names (`--map`), or by names that others commonly use.

use std::collections::BTreeMap;

use serde::Serialize;

/// What a column can mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// When the attempt was made.
    Time,
    /// The lender's name for the order; inferred if there is none.
    Order,
    /// The lender's name for the borrower.
    Borrower,
    /// The bank behind the card or account.
    Issuer,
    /// Where it was sent.
    Channel,
    /// How much, as a decimal.
    Amount,
    /// ISO 4217.
    Currency,
    /// Whether the money moved.
    Success,
    /// The channel's code.
    Code,
    /// With which probability the channel was chosen.
    Propensity,
    /// What the attempt cost.
    Cost,
    /// The payer's country.
    Country,
    /// Kind or brand of card.
    Card,
    /// Whether the payer was authenticated (3-D Secure).
    Threeds,
}

impl Field {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 14] = [
        Self::Time,
        Self::Order,
        Self::Borrower,
        Self::Issuer,
        Self::Channel,
        Self::Amount,
        Self::Currency,
        Self::Success,
        Self::Code,
        Self::Propensity,
        Self::Cost,
        Self::Country,
        Self::Card,
        Self::Threeds,
    ];

    /// Our name for the column.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Order => "order",
            Self::Borrower => "borrower",
            Self::Issuer => "issuer",
            Self::Channel => "channel",
            Self::Amount => "amount",
            Self::Currency => "currency",
            Self::Success => "success",
            Self::Code => "code",
            Self::Propensity => "propensity",
            Self::Cost => "cost",
            Self::Country => "country",
            Self::Card => "card",
            Self::Threeds => "threeds",
        }
    }

    /// Names that exports of others commonly use. A guess is always said.
    const fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::Time => &[
                "tmsp",
                "timestamp",
                "datetime",
                "date_time",
                "created_at",
                "attempted_at",
                "时间",
                "交易时间",
            ],
            Self::Order => &[
                "order_id",
                "order_no",
                "orderid",
                "purchase_id",
                "payment_id",
                "订单号",
                "还款单号",
                "还款单",
            ],
            Self::Borrower => &["borrower_id", "customer", "customer_id", "user_id", "借款人", "客户号"],
            Self::Issuer => &["issuer_bank", "bank", "issuing_bank", "bin", "发卡行", "银行"],
            Self::Channel => &["psp", "provider", "gateway", "acquirer", "processor", "渠道", "支付渠道"],
            Self::Amount => &["amt", "value", "金额", "交易金额"],
            Self::Currency => &["ccy", "币种"],
            Self::Success => &["succeeded", "is_success", "result", "status", "outcome", "结果", "状态"],
            Self::Code => {
                &["response_code", "resp_code", "respcode", "decline_code", "error_code", "应答码", "响应码"]
            }
            Self::Propensity => &["probability", "choice_probability", "share_ppm"],
            Self::Cost => &["fee", "手续费"],
            Self::Country => &["country_code", "国家"],
            Self::Card => &["card_brand", "brand", "scheme", "card_type", "卡种"],
            Self::Threeds => &["tds", "3ds", "3d_secured", "3d_secure", "three_ds"],
        }
    }

    /// The field of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

/// Why the columns make no sense. Says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ColumnProblem {
    /// `--map` can't be read.
    #[error(
        "--map: {0}. Write field=header pairs separated by commas, e.g. time=tmsp,channel=PSP, or name a .toml file of them"
    )]
    Map(String),
    /// `--map` names a field that doesn't exist.
    #[error("--map: there is no field {0:?}. Fields: {fields}", fields = field_names())]
    UnknownField(String),
    /// `--map` names a header that isn't there.
    #[error("--map: the file has no column {header:?} for {field}. Its columns: {columns}")]
    NoSuchHeader {
        /// Our name.
        field: &'static str,
        /// The header asked for.
        header: String,
        /// What there is.
        columns: String,
    },
    /// Two columns with one name that matters.
    #[error("the file has the column {0:?} twice. Rename one")]
    Twice(String),
    /// One column for two fields.
    #[error("the column {0:?} can't be two fields at once. Mend --map")]
    Shared(String),
    /// A column is missing.
    #[error(
        "no column for {field}. The file has: {columns}. Say which one it is: --map \"{field}=<header>\""
    )]
    Missing {
        /// Our name.
        field: &'static str,
        /// What there is.
        columns: String,
    },
    /// Neither success nor code.
    #[error(
        "no column says whether an attempt succeeded. The file has: {0}. Say --map \"success=<header>\", or \
         --map \"code=<header>\" with --scheme or --success-codes"
    )]
    NoOutcome(String),
    /// Codes without a key to them.
    #[error(
        "there is a column of codes but none that says success. Say what the codes are (--scheme) or which ones mean \
         success (--success-codes 00,0000)"
    )]
    CodesWithoutMeaning,
}

fn field_names() -> String {
    Field::ALL.map(Field::name).join(", ")
}

/// What the lender says about its columns: field to header. An empty header says that there is no such column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping(BTreeMap<Field, String>);

impl Mapping {
    /// From `time=tmsp,channel=PSP`.
    ///
    /// # Errors
    /// [`ColumnProblem`] that names the pair.
    pub fn from_pairs(text: &str) -> Result<Self, ColumnProblem> {
        let mut map = Self::default();
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let Some((field, header)) = pair.split_once('=') else {
                return Err(ColumnProblem::Map(format!("{:?} has no equals sign", clipped(pair))));
            };
            map.put(field.trim(), header.trim())?;
        }
        Ok(map)
    }

    /// From a TOML file of `field = "header"` lines.
    ///
    /// # Errors
    /// [`ColumnProblem`] that says what is wrong.
    pub fn from_toml(text: &str) -> Result<Self, ColumnProblem> {
        let pairs: BTreeMap<String, String> =
            toml::from_str(text).map_err(|error| ColumnProblem::Map(error.message().to_owned()))?;
        let mut map = Self::default();
        for (field, header) in pairs {
            map.put(&field, header.trim())?;
        }
        Ok(map)
    }

    fn put(&mut self, field: &str, header: &str) -> Result<(), ColumnProblem> {
        let known = Field::named(field).ok_or_else(|| ColumnProblem::UnknownField(clipped(field)))?;
        if self.0.insert(known, header.to_owned()).is_some() {
            return Err(ColumnProblem::Map(format!("{field} is given twice")));
        }
        Ok(())
    }
}

/// Where each field stands in a row.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    at: BTreeMap<Field, usize>,
    /// Field and the header it was read from.
    pub read: BTreeMap<&'static str, String>,
    /// Fields whose header was guessed.
    pub guessed: Vec<&'static str>,
    /// Headers that mean nothing here.
    pub ignored: Vec<String>,
    /// How many columns the header has.
    pub width: usize,
}

impl Columns {
    /// Finds the columns in a header.
    ///
    /// # Errors
    /// [`ColumnProblem`] that says what to do.
    pub fn find(header: &[String], map: &Mapping, codes_have_meaning: bool) -> Result<Self, ColumnProblem> {
        let mut columns = Self { width: header.len(), ..Self::default() };
        let mut taken: BTreeMap<usize, Field> = BTreeMap::new();
        for (field, wanted) in &map.0 {
            if wanted.is_empty() {
                continue;
            }
            let index = columns.locate(header, wanted)?.ok_or_else(|| ColumnProblem::NoSuchHeader {
                field: field.name(),
                header: clipped(wanted),
                columns: listed(header),
            })?;
            columns.take(*field, index, header, &mut taken)?;
        }
        for field in Field::ALL.into_iter().filter(|field| !map.0.contains_key(field)) {
            if let Some(index) =
                columns.locate(header, field.name())?.filter(|index| !taken.contains_key(index))
            {
                columns.take(field, index, header, &mut taken)?;
            }
        }
        for field in Field::ALL.into_iter().filter(|field| !map.0.contains_key(field)) {
            if columns.at.contains_key(&field) {
                continue;
            }
            for alias in field.aliases() {
                if let Some(index) = columns.locate(header, alias)?.filter(|index| !taken.contains_key(index))
                {
                    columns.take(field, index, header, &mut taken)?;
                    columns.guessed.push(field.name());
                    break;
                }
            }
        }
        columns.ignored = header
            .iter()
            .enumerate()
            .filter(|(index, _)| !taken.contains_key(index))
            .map(|(_, name)| clipped(name))
            .collect();
        columns.check(header, codes_have_meaning)?;
        Ok(columns)
    }

    fn locate(&self, header: &[String], wanted: &str) -> Result<Option<usize>, ColumnProblem> {
        let exact = |name: &&String| name.trim() == wanted;
        let loose = |name: &&String| name.trim().eq_ignore_ascii_case(wanted);
        let count = |test: &dyn Fn(&&String) -> bool| header.iter().filter(|name| test(name)).count();
        let index = |test: &dyn Fn(&&String) -> bool| header.iter().position(|name| test(&name));
        match (count(&exact), count(&loose)) {
            (1, _) => Ok(index(&exact)),
            (0, 0) => Ok(None),
            (0, 1) => Ok(index(&loose)),
            _ => Err(ColumnProblem::Twice(clipped(wanted))),
        }
    }

    fn take(
        &mut self,
        field: Field,
        index: usize,
        header: &[String],
        taken: &mut BTreeMap<usize, Field>,
    ) -> Result<(), ColumnProblem> {
        let name = header.get(index).map(|name| clipped(name.trim())).unwrap_or_default();
        if taken.insert(index, field).is_some() {
            return Err(ColumnProblem::Shared(name));
        }
        self.at.insert(field, index);
        self.read.insert(field.name(), name);
        Ok(())
    }

    fn check(&self, header: &[String], codes_have_meaning: bool) -> Result<(), ColumnProblem> {
        for field in [Field::Time, Field::Channel] {
            if !self.has(field) {
                return Err(ColumnProblem::Missing { field: field.name(), columns: listed(header) });
            }
        }
        match (self.has(Field::Success), self.has(Field::Code)) {
            (false, false) => Err(ColumnProblem::NoOutcome(listed(header))),
            (false, true) if !codes_have_meaning => Err(ColumnProblem::CodesWithoutMeaning),
            (true, _) | (false, true) => Ok(()),
        }
    }

    /// Whether the file has it.
    pub fn has(&self, field: Field) -> bool {
        self.at.contains_key(&field)
    }

    /// Where it stands in a row.
    pub fn index(&self, field: Field) -> Option<usize> {
        self.at.get(&field).copied()
    }
}

/// A foreign text short enough to be shown.
pub(super) fn clipped(text: &str) -> String {
    let shown: String = text.chars().filter(|character| !character.is_control()).take(40).collect();
    if text.chars().count() > 40 { format!("{shown}…") } else { shown }
}

fn listed(header: &[String]) -> String {
    let mut names: Vec<_> = header.iter().take(40).map(|name| clipped(name.trim())).collect();
    if header.len() > 40 {
        names.push("…".to_owned());
    }
    names.join(", ")
}
