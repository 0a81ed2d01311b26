//! `POST /v1/bindings`

use axum::extract::State;
use axum::response::Response;
use lockstep_core::Command;
use lockstep_core::binding::{Bind, BindingCommand, Instrument};
use lockstep_core::id::{BindingId, BorrowerId, TenantId, VaultItemId};
use lockstep_core::sensitive::{CardNumber, HolderName, IdNumber, Mobile};
use lockstep_engine::port::{CallKey, Sealed};
use lockstep_vault::WrappedDataKey;
use serde::Deserialize;
use utoipa::ToSchema;

use super::terms::TermsInput;
use super::view::{BindingView, Kind};
use super::wanted::Wanted;
use crate::app::{App, Run, Turn};
use crate::http::{Call, Caller, IdempotencyHeader, Input, RequestKey, Write, some_object};
use crate::owned::visible;
use crate::problem::Problem;

/// A new binding. Number, name, document number and phone go straight into the vault and are never shown
/// again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBinding {
    /// Whose it is.
    #[schema(pattern = "^bor_[0-9A-HJKMNP-TV-Z]{26}$", example = "bor_0A01KJP3Q8ZB00000000000000")]
    pub(super) borrower_id: String,
    /// Debit card, credit card or bank account. Left out, a card's kind is read from its number.
    pub(super) kind: Option<Kind>,
    /// The card or account number, 12–20 digits; spaces and hyphens are understood.
    #[schema(value_type = String, min_length = 12, max_length = 40, example = "6222020000000000000")]
    pub(super) card_number: CardNumber,
    /// The holder's name as the bank knows it.
    #[schema(value_type = String, min_length = 2, max_length = 50, example = "张三")]
    pub(super) holder_name: HolderName,
    /// The holder's document number. May be left out for a bank account only.
    #[schema(value_type = Option<String>, min_length = 15, max_length = 40, example = "11010519491231002X")]
    pub(super) id_number: Option<IdNumber>,
    /// The phone reserved at the bank. May be left out for a bank account only.
    #[schema(value_type = Option<String>, min_length = 11, max_length = 30, example = "13800138000")]
    pub(super) mobile: Option<Mobile>,
    /// Channels to sign on, in order of preference; left out or empty, all that can.
    #[schema(max_items = 8, example = json!(["unionpay"]))]
    pub(super) channels: Option<Vec<String>>,
    /// What the borrower agrees to.
    #[serde(default, deserialize_with = "some_object")]
    pub(super) terms: Option<TermsInput>,
    /// Whether the borrower agrees that it may be debited where another instrument of theirs can't; left out, no.
    pub(super) stand_in: Option<bool>,
}

impl Input for CreateBinding {}

/// Bind an instrument · 绑定银行卡或账户
#[utoipa::path(
    post,
    path = "/v1/bindings",
    tag = "bindings",
    operation_id = "createBinding",
    params(IdempotencyHeader),
    request_body = CreateBinding,
    responses((status = 201, description = "The binding; its verification goes on", body = BindingView)),
    security(("api_key" = ["write"]))
)]
pub(crate) async fn create_binding(
    State(app): State<App>,
    caller: Caller<Write>,
    call: Call<CreateBinding>,
) -> Result<Response, Problem> {
    let wanted = Wanted::of(&app, caller.tenant, call.body).await?;
    let borrower =
        visible(app.state.queries.borrower(caller.tenant, wanted.borrower).await?, caller.tenant)?.id;
    let data_key = data_key(&app, caller.tenant, borrower).await?;
    bind(&app, &caller, call.key, wanted, data_key).await
}

/// The borrower's wrapped data key. A first one is made by one call at a time, until it is stored: an item
/// sealed with another one than is stored could never be opened.
async fn data_key(
    app: &App,
    tenant: TenantId,
    borrower: BorrowerId,
) -> Result<(WrappedDataKey, Option<Turn>), Problem> {
    if let Some(key) = app.state.shelf.wrapped_key(borrower).await? {
        return Ok((key.parse()?, None));
    }
    let turn = app.first_key_turn(borrower.bucket()).await;
    let key = match app.state.shelf.wrapped_key(borrower).await? {
        Some(key) => key.parse()?,
        None => app.state.vault.new_borrower_key(&tenant.to_string(), &borrower.to_string())?,
    };
    Ok((key, Some(turn)))
}

async fn bind(
    app: &App,
    caller: &Caller<Write>,
    key: RequestKey,
    wanted: Wanted,
    (data_key, turn): (WrappedDataKey, Option<Turn>),
) -> Result<Response, Problem> {
    let mut mint = app.mint(wanted.borrower.bucket());
    let (id, item) = (BindingId::mint(&mut mint), VaultItemId::mint(&mut mint));
    let tenant = caller.tenant.to_string();
    let owner = wanted.borrower.to_string();
    let bytes = app.state.vault.seal_item(&tenant, &owner, &data_key, &item.to_string(), &wanted.data)?;
    let fingerprint = app.state.vault.card_index(&tenant, &wanted.card.normalized);
    let instrument = Instrument {
        kind: wanted.kind,
        issuer: wanted.card.issuer.map(|issuer| issuer.code.to_owned()),
        masked: wanted.card.masked,
        vault_item: item,
        fingerprint: fingerprint.clone(),
    };
    let bind =
        Bind { id, instrument, channels: wanted.channels, terms: wanted.terms, stand_in: wanted.stand_in };
    let run = Run {
        tenant: caller.tenant,
        who: caller.who(),
        key,
        load: CallKey::NewBinding { borrower: wanted.borrower, fingerprint },
        command: Command::Binding(BindingCommand::Bind(bind)),
        sealed: vec![Sealed { borrower: wanted.borrower, item, wrapped_key: data_key.to_string(), bytes }],
        turn,
        status: 201,
    };
    let now = app.now();
    app.run(run, move |slice| slice.binding.as_ref().map(|binding| BindingView::of(binding, now))).await
}
