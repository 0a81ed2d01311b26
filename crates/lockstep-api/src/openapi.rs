//! The OpenAPI 3.1 document: made from the routes, completed with what every operation has in common.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa::OpenApi as _;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Content, ContentBuilder, OpenApi, PathItem, Ref, RefOr, ResponseBuilder, Schema, schema::SchemaType,
    schema::Type,
};

use crate::problem::{MEDIA_TYPE, ProblemDetails};
use crate::router;

const DESCRIPTION: &str = "\
Binds and verifies payment instruments, keeps their state, collects repayments through the channel most \
likely to work, never debits twice, and says in both languages why something failed and what to do next.\n\n\
绑定并验证支付账户，同步其状态，选择成功率最高的渠道扣款，绝不重复扣款；失败时用中英文说明原因与下一步。\n\n\
Every POST that changes something needs `Idempotency-Key`; repeat a call with the same key and body as often \
as you like. Errors are `application/problem+json` (RFC 9457). Amounts are whole minor units. Times are \
RFC 3339.";

/// What the document begins with.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Lockstep", version = "1.0.0", license(name = "Apache-2.0", identifier = "Apache-2.0")),
    servers((url = "/")),
    components(schemas(ProblemDetails)),
    tags(
        (name = "borrowers", description = "Who repays · 借款人"),
        (name = "bindings", description = "From which instrument · 绑定与签约"),
        (name = "orders", description = "What is owed · 还款单"),
        (name = "payments", description = "Collecting it · 扣款"),
        (name = "webhooks", description = "Being told · 通知"),
        (name = "admin", description = "Keys and the audit log · 管理"),
        (name = "about", description = "Channels, reasons, problems · 说明"),
        (name = "callbacks", description = "From channels · 渠道回调"),
        (name = "health", description = "For operators · 健康检查"),
    )
)]
struct Frame;

/// The document without its routes.
pub(crate) fn frame() -> OpenApi {
    let mut document = Frame::openapi();
    document.info.description = Some(DESCRIPTION.to_owned());
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("lsk_…");
    let scheme = scheme.description(Some("An API key with the scope that the operation names · 接口密钥"));
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("api_key", SecurityScheme::Http(scheme.build()));
    document
}

/// The whole document.
pub fn openapi() -> OpenApi {
    let (_, mut document) = router::parts();
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            complete(path, operation);
        }
    }
    document
}

static DOCUMENT: LazyLock<String> = LazyLock::new(|| openapi().to_json().unwrap_or_default());

/// This document · 本接口文档
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "about",
    operation_id = "getOpenApi",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Map<String, serde_json::Value>))
)]
pub(crate) async fn get_document() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str()).into_response()
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
}

/// Adds the problems an operation can answer with, read from what it takes.
fn complete(path: &str, operation: &mut Operation) {
    let secured =
        operation.security.as_ref().is_some_and(|all| all.iter().any(|one| *one != Default::default()));
    let parameters = operation.parameters.get_or_insert_default();
    let mut parameters: Vec<_> = parameters.iter_mut().filter_map(in_place).collect();
    parameters.iter_mut().for_each(|parameter| without_null(parameter));
    let has = |place: ParameterIn| parameters.iter().any(|parameter| parameter.parameter_in == place);
    let (in_path, in_query, keyed) =
        (has(ParameterIn::Path), has(ParameterIn::Query), has(ParameterIn::Header));
    let (body, callback) = (operation.request_body.is_some(), path.contains("/callbacks/"));
    let mut statuses = vec![414, 431, 500, 503];
    statuses.extend_from_slice(if secured { &[401, 403, 429] } else { &[] });
    statuses.extend_from_slice(if in_path || keyed { &[404] } else { &[] });
    statuses.extend_from_slice(if in_query || body || keyed { &[400] } else { &[] });
    statuses.extend_from_slice(if keyed { &[409, 413, 415, 422] } else { &[] });
    statuses.extend_from_slice(if body { &[413, 415, 422] } else { &[] });
    statuses.extend_from_slice(if callback { &[401] } else { &[] });
    if callback {
        statuses.retain(|status| !matches!(status, 415 | 422));
    }
    if keyed {
        mark_replayed(operation);
    }
    statuses.sort_unstable();
    statuses.dedup();
    for status in statuses {
        let response = problem_response(status);
        operation.responses.responses.insert(status.to_string(), RefOr::T(response));
    }
}

fn problem_response(status: u16) -> utoipa::openapi::Response {
    let schema = Ref::from_schema_name("Problem");
    let content: Content = ContentBuilder::new().schema(Some(schema)).build();
    let description = meaning(status);
    let response = ResponseBuilder::new().description(description).content(MEDIA_TYPE, content);
    let retry_after = || {
        let schema = utoipa::openapi::ObjectBuilder::new().schema_type(SchemaType::new(Type::Integer));
        HeaderBuilder::new().schema(Some(schema)).description(Some("Seconds to wait")).build()
    };
    match status {
        429 | 503 => response.header("Retry-After", retry_after()).build(),
        _ => response.build(),
    }
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The request can't be read · 请求无法解析",
        401 => "No valid key or signature · 未通过身份验证",
        403 => "The key lacks the scope · 权限不足",
        404 => "No such thing, or another lender's · 不存在",
        409 => "Not as things stand, or the same request is under way · 与当前状态冲突",
        413 => "The body is too large · 请求体过大",
        414 => "The address is too long · 地址过长",
        415 => "Not application/json · 内容类型不支持",
        422 => "Understood, and can't be done · 内容不可处理",
        429 => "Too many requests · 请求过于频繁",
        431 => "The headers are too large · 请求头过大",
        500 => "Our fault · 内部错误",
        _ => "Not now; repeat with the same key · 暂时不可用",
    }
}

/// A repeat's answer says that it is one.
fn mark_replayed(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && status.starts_with('2')
        {
            let schema = utoipa::openapi::ObjectBuilder::new().schema_type(SchemaType::new(Type::String));
            let header = HeaderBuilder::new().schema(Some(schema));
            let header = header.description(Some("`true` when the answer was given before")).build();
            response.headers.insert("Idempotency-Replayed".to_owned(), RefOr::T(header));
        }
    }
}

fn in_place(parameter: &mut RefOr<Parameter>) -> Option<&mut Parameter> {
    match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    }
}

/// A parameter is there or not; there is no way to send a null in an address.
fn without_null(parameter: &mut Parameter) {
    if let Some(RefOr::T(schema)) = &mut parameter.schema {
        strip_null(schema);
    }
}

fn strip_null(schema: &mut Schema) {
    if let Schema::Object(object) = schema
        && let SchemaType::Array(types) = &object.schema_type
    {
        let kept: Vec<_> = types.iter().filter(|one| **one != Type::Null).cloned().collect();
        if let [one] = kept.as_slice() {
            object.schema_type = SchemaType::new(one.clone());
        }
    }
}
